"""An upstream's stream of `GenerateContentResponse` objects to events. Ends when the connection does: Gemini has no end mark.

A `finishReason` is not the end: some models send one with every chunk. What a candidate said last stands, and a stream
whose candidates never finished was cut. Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from typing import Any

from plexus.core.json import JSONError, dumps, loads_lenient
from plexus.core.sse import Frame
from plexus.ir.chat import StopReason
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
from plexus.ir.exchange import Reading
from plexus.ir.parts import Part, Signature, Text, Thinking, ToolCall
from plexus.protocols.gemini.answer import (
    Ending,
    created_of,
    is_blocked,
    read_stop_of,
    rest_of_answer,
    rest_of_candidate,
)
from plexus.protocols.gemini.citations import read_citations
from plexus.protocols.gemini.decode_part import Source, kind_of_part, read_call, read_part
from plexus.protocols.gemini.errors import fault_of
from plexus.protocols.gemini.ids import id_by_seed
from plexus.protocols.gemini.logprobs import read_logprobs
from plexus.protocols.gemini.partial_args import add_pieces
from plexus.protocols.gemini.protojson import Wire, fields_of, text_of
from plexus.protocols.gemini.usage import read_usage


class _Open:
    """The part of a candidate that is growing."""

    __slots__ = ("arguments", "index", "kind", "said", "signed")

    def __init__(self, index: int, kind: str) -> None:
        self.index = index
        self.kind = kind  # "text", "thinking" or "call" (arguments in pieces)
        self.signed = False
        self.said: list[str] = []
        self.arguments: Wire = {}


class StreamDecoder:
    """Frames to events. With `whole`, texts said side by side stay parts of their own, as in a unary answer."""

    def __init__(self, reading: Reading, *, whole: bool = False) -> None:
        """A stream not yet begun."""
        self.done = False
        self._reading = reading
        self._whole = whole
        self._source = Source(origin=reading.origin, sign=self._sign, call_id=self._next_id, names=reading.tool_names)
        self._started = False
        self._count = 0
        self._ids = 0
        self._taken: set[str] = set()
        self._usage: Wire = {}
        self._open: dict[int, _Open] = {}
        self._endings: dict[int, Ending] = {}
        self._extras: Wire = {}

    def _sign(self, value: str) -> Signature:
        return Signature(value, self._reading.origin)

    def _next_id(self) -> str:
        self._ids += 1
        return id_by_seed(self._reading.seed, self._ids)

    def feed(self, frame: Frame) -> list[Event]:
        """The events of one chunk. A frame that is no JSON object (`[DONE]` of imitators) means nothing."""
        if self.done:
            return []
        try:
            body = loads_lenient(frame.data)
        except JSONError:
            return []
        events: list[Event] = []
        for item in body if isinstance(body, list) else [body]:
            if isinstance(item, dict) and not self.done:
                self.take(item, events)
        return events

    def take(self, body: Wire, events: list[Event]) -> None:
        """Add the events of one response object."""
        if body.get("error") and not body.get("candidates"):
            events.append(self._fail(fault_of(body["error"], 0)))
            return
        usage = body.get("usageMetadata") or body.get("usage_metadata")
        if isinstance(usage, dict) and ("totalTokenCount" in usage or not self._usage or _COUNTED & usage.keys()):
            self._usage = usage  # cumulative: the last report stands, as a whole, so that its total adds up
        if not self._started:
            self._start(body, events)
        if not body.keys() <= _KNOWN:
            self._extras.update(rest_of_answer(body))
        candidates = body.get("candidates")
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict):
                self._candidate(candidate, events)

    def _start(self, body: Wire, events: list[Event]) -> None:
        self._started = True
        wire = fields_of(body)
        events.append(
            ResponseStart(
                id=text_of(wire.get("responseId")),
                model=text_of(wire.get("modelVersion")),
                created=created_of(wire.get("createTime")),
                usage=None if self._whole else read_usage(self._usage),  # a whole answer says it at its end
            )
        )

    def _candidate(self, candidate: Wire, events: list[Event]) -> None:
        choice = candidate.get("index")
        choice = choice if isinstance(choice, int) and 0 <= choice < _CANDIDATES else 0
        ending = self._endings.get(choice)
        if ending is None:
            ending = self._endings[choice] = Ending()
        content = candidate.get("content")
        first = len(events)
        if isinstance(content, dict):
            parts = content.get("parts")
            for part in parts if isinstance(parts, list) else ():
                if isinstance(part, dict):
                    self._part(part, choice, events)
        if not candidate.keys() <= _PLAIN:
            wire = fields_of(candidate)
            rest_of_candidate(wire, ending)
            if "logprobsResult" in wire:
                _attach(read_logprobs(wire["logprobsResult"]), events[first:])

    def _part(self, part: Wire, choice: int, events: list[Event]) -> None:
        if len(part) == 1 and "text" in part:  # nearly every part of every stream
            self._grow("text", part["text"], None, choice, events, None)
            return
        wire = fields_of(part)
        if kind_of_part(wire) == "functionCall" and isinstance(wire["functionCall"], dict):
            call = fields_of(wire["functionCall"])
            if "willContinue" in call or "partialArgs" in call or not text_of(call.get("name")):
                self._piece_of_call(wire, call, choice, events)
                return
        read = read_part(wire, self._source)
        match read:
            case Text():
                self._grow("text", read.text, read.signature, choice, events, read)
            case Thinking():
                self._grow("thinking", read.text, read.signature, choice, events, read)
            case None:
                return
            case _:
                self._whole_part(read, choice, events)

    def _grow(
        self, kind: str, text: Any, signature: Signature | None, choice: int, events: list[Event], shell: Part | None
    ) -> None:
        text = text if isinstance(text, str) else ""
        if not text and signature is None:
            return
        part = self._open.get(choice)
        extras = getattr(shell, "extras", None)
        continues = part is not None and part.kind == kind and not part.signed and not extras
        if part is None or not continues or (self._whole and text):
            self._close(choice, events)
            part = self._open[choice] = _Open(self._count, kind)
            self._count += 1
            fresh: Part = Text(text="", extras=extras) if kind == "text" else Thinking(summary=True, extras=extras)
            events.append(PartStart(part.index, fresh, choice))
        if text:
            part.said.append(text)
            events.append(TextDelta(part.index, text))
        if signature is not None:
            part.signed = True
            events.append(SignatureDelta(part.index, signature))

    def _whole_part(self, part: Part, choice: int, events: list[Event]) -> None:
        self._close(choice, events)
        index = self._count
        self._count += 1
        if not isinstance(part, ToolCall):
            events += [PartStart(index, part, choice), PartEnd(index)]
            return
        self._called(part, choice)
        said, signature = part.arguments, part.signature
        part.arguments, part.signature = "", None
        events += [PartStart(index, part, choice), TextDelta(index, said)]
        if signature is not None:
            events.append(SignatureDelta(index, signature))
        events.append(PartEnd(index))

    def _called(self, call: ToolCall, choice: int) -> None:
        """Take note of a call. Its result is found by its id, so that no other call may have the same."""
        self._endings[choice].called = True
        if call.id in self._taken:
            call.id = self._next_id()
        self._taken.add(call.id)

    def _piece_of_call(self, wire: Wire, call: Wire, choice: int, events: list[Event]) -> None:
        part = self._open.get(choice)
        name = text_of(call.get("name"))
        if name:
            part = self._begin_call(wire, name, call.get("id"), choice, events)
        elif part is None or part.kind != "call":
            # The end of a call that was never begun; with arguments, a call of nobody knows which function.
            self._endings[choice].nameless |= bool(call.get("args") or call.get("partialArgs"))
            return
        args = call.get("args")
        if isinstance(args, dict):
            part.arguments.update(args)
        add_pieces(part.arguments, call.get("partialArgs"))
        if not call.get("willContinue"):
            self._close(choice, events)

    def _begin_call(self, wire: Wire, name: str, given: Any, choice: int, events: list[Event]) -> _Open:
        self._close(choice, events)
        shell = read_call(wire, {"name": name, "id": given}, self._source)
        self._called(shell, choice)
        signature, shell.signature, shell.arguments = shell.signature, None, ""
        part = self._open[choice] = _Open(self._count, "call")
        self._count += 1
        events.append(PartStart(part.index, shell, choice))
        if signature is not None:
            events.append(SignatureDelta(part.index, signature))
        return part

    def _close(self, choice: int, events: list[Event], *, cited: bool = False) -> None:
        """End the growing part. Sources are told with the last chunk, so only a text that is still open can be given them."""
        part = self._open.pop(choice, None)
        if part is None:
            return
        if part.kind == "call":
            events.append(TextDelta(part.index, dumps(part.arguments).decode()))
        about = self._endings[choice].extras if cited and part.kind == "text" else {}
        events.append(PartEnd(part.index, read_citations(about, "".join(part.said)) if about else []))

    def _fail(self, fault: Fault) -> StreamError:
        self.done = True
        return StreamError(fault, read_usage(self._usage))

    def end(self) -> list[Event]:
        """The closing events, or the error that the stream was cut."""
        if self.done:
            return []
        blocked = is_blocked(self._extras)
        finished = bool(self._endings) and all(ending.reason for ending in self._endings.values())
        if not finished and not (blocked and not self._endings):
            message = "The upstream's stream ended before the answer was complete."
            return [self._fail(Fault(kind="upstream", status=502, message=message, code="truncated"))]
        return self.conclude()

    def conclude(self) -> list[Event]:
        """The closing events, whether or not every candidate said why it ended."""
        blocked = is_blocked(self._extras)
        events: list[Event] = []
        for choice, ending in self._endings.items():
            last = self._open.get(choice)
            spoken = last is not None and last.kind == "text" and bool(last.said)
            self._close(choice, events, cited=spoken)
            sources = [] if spoken else read_citations(ending.extras, "")
            if sources:  # no text is left that could take them
                events += [PartStart(self._count, Text(text=""), choice), PartEnd(self._count, sources)]
                self._count += 1
        self.done = True
        events.append(self._ending(blocked=blocked))
        return events

    def _ending(self, *, blocked: bool) -> ResponseEnd:
        stops: dict[int, StopReason | None] = {n: read_stop_of(ending) for n, ending in self._endings.items()}
        kept = [self._endings[n].kept() if n in self._endings else {} for n in range(max(stops, default=-1) + 1)]
        if any(kept):
            self._extras["candidates"] = kept
        return ResponseEnd(
            stop_reason=stops.pop(0, "content_filter" if blocked else None),
            usage=read_usage(self._usage),
            other_stops=stops,
            extras=self._extras or None,
        )


_KNOWN = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "createTime"})
_PLAIN = frozenset({"content", "index"})
_CANDIDATES = 128
"""Candidates numbered beyond any that can be asked for are taken for the first."""
_COUNTED = frozenset({"promptTokenCount", "totalTokenCount", "prompt_token_count", "total_token_count"})


def _attach(tokens: list[Any], events: list[Event]) -> None:
    for event in events:
        if isinstance(event, TextDelta) and tokens:
            event.logprobs = tokens
            return
