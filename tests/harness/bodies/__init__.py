"""The shape of a protocol's hand-written bodies: one small valid answer, told whole and as a stream. No faults here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.harness.wire import dumps, sse

USAGE = (11, 7)
"""Input and output tokens every answer reports, however long it is."""


class Event(NamedTuple):
    """One event of a stream: its SSE name ("" where the protocol gives none) and its data."""

    name: str
    data: dict[str, Any]

    def frame(self, end: bytes = b"\n") -> bytes:
        """The event on the wire."""
        return sse(dumps(self.data), self.name, end)


class Call(NamedTuple):
    """A tool call: id, name, arguments as JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """What a valid upstream of one protocol says. `ending` are bytes that follow the last event."""

    unary: Callable[[str, str], dict[str, Any]]
    """Model, text → an answer."""
    events: Callable[[str, Sequence[str]], list[Event]]
    """Model, pieces of text → a stream; one event for each piece."""
    unary_calls: Callable[[str, Sequence[Call]], dict[str, Any]]
    """Model, tool calls → an answer."""
    call_events: Callable[[str, Sequence[Call]], list[Event]]
    """Model, tool calls → a stream."""
    error: Callable[[int, str], dict[str, Any]]
    """Status, message → the vendor's error body."""
    stream_error: Callable[[str], Event]
    """Message → the event by which the vendor says that a stream failed."""
    empty: Callable[[str], dict[str, Any]]
    """Model → an answer that says nothing."""
    failed: Callable[[str], dict[str, Any]]
    """Model → an answer whose stop reason says that it failed."""
    usage_names: tuple[str, ...]
    """Field names under which usage is told."""
    opening: int
    """Number of events before the first one that carries content."""
    ending: bytes = b""
