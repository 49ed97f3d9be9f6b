"""Events to response: what a stream said, as one answer. Also the running account of a stream that was cut short."""

from msgspec.structs import replace as _copy

from plexus.ir.chat import Alternative, ChatResponse, StopReason, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import (
    Event,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    SignatureDelta,
    StreamError,
    TextDelta,
)
from plexus.ir.parts import Media, Part, Text, Thinking, TokenLogprob, ToolCall

_PIECES = 1024
"""Pieces of a text that are kept apart: each takes sixty bytes, though it may be a single character."""


class Fold:
    """Collects events. `response` may be read at any time; `fault` is set when the stream ended in an error."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self.fault: Fault | None = None
        self.ended = False
        self._start = ResponseStart()
        self._end: ResponseEnd | None = None
        self._usage: Usage | None = None
        self._parts: dict[int, Part] = {}
        self._choices: dict[int, int] = {}
        self._texts: dict[int, list[str]] = {}
        self._logprobs: dict[int, list[TokenLogprob]] = {}
        self._whole: ChatResponse | None = None

    def take(self, response: ChatResponse) -> None:
        """Take in an answer that came whole, instead of events."""
        self._whole = response
        self._usage = response.usage
        self.ended = True

    def add(self, event: Event) -> None:
        """Take in the next event."""
        match event:
            case TextDelta():
                self._grow(event)
            case PartStart(index, part, choice):
                self._parts[index] = _copy(part)  # the encoder reads the same shell
                self._choices[index] = choice
            case SignatureDelta(index, signature):
                signed = self._parts.get(index)
                if isinstance(signed, Text | Media | Thinking | ToolCall):
                    signed.signature = signature
            case PartEnd():
                self._end_part(event)
            case ResponseStart():
                self._start = event
                self._usage = event.usage
            case ResponseEnd():
                self._end = event
                self.ended = True
                self._usage = event.usage or self._usage
            case StreamError(fault, usage):
                self.fault = fault
                self._usage = usage or self._usage

    def _grow(self, event: TextDelta) -> None:
        pieces = self._texts.setdefault(event.index, [])
        pieces.append(event.text)
        if len(pieces) == _PIECES:
            pieces[:] = ["".join(pieces)]
        if event.logprobs:
            self._logprobs.setdefault(event.index, []).extend(event.logprobs)

    def _end_part(self, event: PartEnd) -> None:
        part = self._parts.get(event.index)
        if isinstance(part, Text) and event.citations:
            part.citations = event.citations
        if event.extras and isinstance(part, Text | Thinking | ToolCall):
            part.extras = {**(part.extras or {}), **event.extras}

    def _collected(self, choice: int) -> list[Part]:
        parts = []
        for index in sorted(self._parts):
            if self._choices[index] == choice:
                part = self._parts[index]
                said = "".join(self._texts.get(index, ()))
                if isinstance(part, ToolCall):
                    part.arguments = part.arguments + said
                elif isinstance(part, Text | Thinking):
                    part.text = part.text + said
                if isinstance(part, Text) and index in self._logprobs:
                    part.logprobs = self._logprobs[index]
                self._texts.pop(index, None)
                parts.append(part)
        return parts

    @property
    def model(self) -> str:
        """The model's id as the upstream told it; empty when it did not."""
        return self._whole.model if self._whole is not None else self._start.model

    @property
    def stop_reason(self) -> StopReason | None:
        """Why the first choice ended; None while it has not, and when nothing was said."""
        if self._whole is not None:
            return self._whole.stop_reason
        return self._end.stop_reason if self._end is not None else None

    @property
    def usage(self) -> Usage | None:
        """The latest usage the stream told."""
        return self._usage

    @property
    def response(self) -> ChatResponse:
        """What has been said so far; complete once `ended`."""
        if self._whole is not None:
            return self._whole
        end = self._end or ResponseEnd()
        stops: dict[int, StopReason | None] = dict(end.other_stops)
        for choice in self._choices.values():
            if choice:
                stops.setdefault(choice, None)
        return ChatResponse(
            parts=self._collected(0),
            stop_reason=end.stop_reason,
            stop_sequence=end.stop_sequence,
            usage=self._usage,
            id=self._start.id,
            model=self._start.model,
            created=self._start.created,
            alternatives=[Alternative(parts=self._collected(c), stop_reason=stops[c]) for c in sorted(stops)],
            protocol=self._start.protocol,
            extras={**(self._start.extras or {}), **(end.extras or {})} or None,
        )


def fold(events: list[Event]) -> ChatResponse:
    """The response a complete stream of events amounts to."""
    account = Fold()
    for event in events:
        account.add(event)
    return account.response
