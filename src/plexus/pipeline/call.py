"""One request as the client made it, and what goes back. Free of any web framework."""

from collections.abc import AsyncIterator
from functools import cached_property

from msgspec import Struct

from plexus.core.json import JSONError, loads
from plexus.core.raw_object import RawObject
from plexus.ir.chat import ChatRequest
from plexus.ir.errors import InvalidRequest
from plexus.keys.key import Key
from plexus.pipeline.snapshot import Snapshot
from plexus.protocols import WireProtocol


class Call(Struct, kw_only=True, dict=True):
    """A client's request, read as far as routing needs. Its configuration is the one it started with."""

    protocol: WireProtocol
    body: RawObject
    model: str
    stream: bool
    headers: list[tuple[bytes, bytes]]
    """As sent, names in lower case."""
    request_id: str
    key: Key
    attribution: str | None
    snapshot: Snapshot
    started: float
    """Monotonic, in seconds."""
    array: bool = False
    """The client wants a stream as a JSON array."""

    @cached_property
    def request(self) -> ChatRequest:
        """The canonical request; read only when something needs it.

        Raises:
            InvalidRequest: naming the field.
        """
        try:
            content = loads(self.body.body)
        except JSONError as error:  # a number or a text that JSON has and nobody can hold
            raise InvalidRequest("", f"the body cannot be read: {error}") from None
        return self.protocol.decode_request(content, self.model, self.stream)

    @property
    def strict(self) -> bool:
        """Whether the client would rather be refused than lose anything (`x-plexus-strict: true`)."""
        return (b"x-plexus-strict", b"true") in self.headers


class Answer:
    """What goes back to the client: a whole body, or pieces of a stream."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes | AsyncIterator[bytes]) -> None:
        """Headers without lengths and framing; the web layer adds those."""
        self.status, self.headers, self.body = status, headers, body
