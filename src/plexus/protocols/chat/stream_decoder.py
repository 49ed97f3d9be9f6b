"""Frames of a chat completion stream to events: what a chunk means for the whole answer. Parts grow in `stream_choice.py`.

The end waits for `[DONE]` or for the upstream to close, because usage may follow the finish reason in any later chunk.
Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from typing import Any

from plexus.core import json
from plexus.core.sse import Frame
from plexus.ir.chat import StopReason, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import Event, ResponseEnd, ResponseStart, StreamError
from plexus.ir.exchange import Reading
from plexus.protocols.chat.citations import read_sources
from plexus.protocols.chat.errors import error_in, named_error
from plexus.protocols.chat.response import created_in, usage_in
from plexus.protocols.chat.stream_choice import Account, ChoiceReader

Wire = dict[str, Any]

_KNOWN = frozenset(
    {
        "id",
        "object",
        "created",
        "model",
        "choices",
        "usage",
        "service_tier",
        "search_results",
        "citations",
        "x_groq",
        "obfuscation",
    }
)


class StreamDecoder:
    """Reads one stream. `done` once its ending or an error was seen; `finished` once every choice has ended."""

    def __init__(self, reading: Reading) -> None:
        self.done = False
        self._account = Account(reading)
        self._choices: dict[int, ChoiceReader] = {}
        self._first: ChoiceReader | None = None
        self._usage: Usage | None = None
        self._started = False
        self._extras: Wire = {}

    @property
    def finished(self) -> bool:
        """Whether every choice that began has its finish reason: only bookkeeping can follow."""
        return bool(self._choices) and all(choice.stop is not None for choice in self._choices.values())

    def feed(self, frame: Frame) -> list[Event]:
        """The events of one frame: none for bookkeeping and for what cannot be read."""
        if self.done:
            return []
        data = frame.data
        try:
            chunk = json.loads(data)
        except json.JSONError:
            if data.strip() == b"[DONE]":
                return self._finish(told=True)
            try:
                chunk = json.loads_lenient(data)
            except json.JSONError:
                return []
        if not isinstance(chunk, dict):
            return []
        if frame.event == "error" or "error" in chunk:
            fault = error_in(chunk) or (named_error(chunk) if frame.event == "error" else None)
            if fault is not None:
                return self._fail(fault)
        return self._read(chunk)

    def end(self) -> list[Event]:
        """The upstream closed: the normal end when every choice had its finish reason, else the stream was cut."""
        return [] if self.done else self._finish()

    def _read(self, chunk: Wire) -> list[Event]:
        choices = chunk.get("choices")
        usage = chunk.get("usage")
        if usage is not None or "x_groq" in chunk:
            self._usage = usage_in(chunk) or self._usage
        if "search_results" in chunk or "citations" in chunk:
            self._account.sources = read_sources(chunk) or self._account.sources
        if not choices or not isinstance(choices, list):
            return self._read_bare(chunk)
        events: list[Event] = []
        if not self._started:
            events.append(self._start(chunk))
        for choice in choices:
            if isinstance(choice, dict):
                self._read_choice(choice, events)
        if self._account.fault is not None:
            return [*events, *self._fail(self._account.fault)]
        return events

    def _read_choice(self, choice: Wire, events: list[Event]) -> None:
        number = choice.get("index")
        reader = self._first if number == 0 else None
        if reader is None:
            reader = self._reader(number if isinstance(number, int) and number > 0 else 0)
        if "usage" in choice:
            self._usage = usage_in({}, choice) or self._usage
        reader.read(choice, events)

    def _reader(self, number: int) -> ChoiceReader:
        reader = self._choices.get(number)
        if reader is None:
            reader = self._choices[number] = ChoiceReader(number, self._account)
            if number == 0:
                self._first = reader
        return reader

    def _start(self, chunk: Wire) -> ResponseStart:
        self._started = True
        extras = {key: value for key, value in chunk.items() if key not in _KNOWN and value is not None}
        identity, model = chunk.get("id"), chunk.get("model")
        return ResponseStart(
            id=identity if isinstance(identity, str) else "",
            model=model if isinstance(model, str) else "",
            created=created_in(chunk),
            protocol="chat",
            extras=extras or None,
        )

    def _read_bare(self, chunk: Wire) -> list[Event]:
        """A chunk without choices: usage, a filter's verdict, or an error that does not call itself so."""
        if "choices" not in chunk and "usage" not in chunk and not self._started:
            fault = error_in(chunk)
            if fault is not None:
                return self._fail(fault)
        return []

    def _finish(self, *, told: bool = False) -> list[Event]:
        """The end, which is whole when every choice said why it ended.

        Where the upstream says `[DONE]` itself, an answer without a finish reason is whole all the same: OpenAI's audio
        models and some of OpenRouter's providers end like that.
        """
        if not self.finished and not (told and any(choice.spoke for choice in self._choices.values())):
            why = "the stream ended before the answer did" if self._choices else "the stream held no answer"
            return self._fail(Fault(kind="upstream", status=502, message=why, code="truncated"))
        self.done = True
        events: list[Event] = []
        for choice in self._choices.values():
            choice.close(events)
        stops: dict[int, StopReason | None] = {number: choice.ended for number, choice in self._choices.items()}
        first = self._choices.get(0)
        events.append(
            ResponseEnd(
                stop_reason=stops.pop(0, None),
                stop_sequence=first.stop_sequence if first is not None else None,
                usage=self._usage,
                other_stops=stops,
            )
        )
        return events

    def _fail(self, fault: Fault) -> list[Event]:
        self.done = True
        return [StreamError(fault, self._usage)]
