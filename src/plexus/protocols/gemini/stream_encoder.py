"""Events to a stream of `GenerateContentResponse` chunks: server-sent events, or a JSON array without `alt=sse`.

Text flows as it comes. Parts that grow side by side are told one after the other, calls only when complete, and what
could be the last content is held back until it is known whether the finish reason belongs to it.
"""

from plexus.core.json import dumps
from plexus.ir.chat import StopReason
from plexus.ir.drops import Drop
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
from plexus.ir.exchange import Writing
from plexus.ir.parts import Part, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.gemini.answer import OWN_EXTRAS, is_blocked
from plexus.protocols.gemini.citations import write_citations
from plexus.protocols.gemini.encode_part import Sink, client_signature, write_part
from plexus.protocols.gemini.encode_response import FILTERED, finish_reason, in_words, response_id, same_name
from plexus.protocols.gemini.errors import encode_error
from plexus.protocols.gemini.logprobs import write_logprobs
from plexus.protocols.gemini.protojson import Wire
from plexus.protocols.gemini.stops import write_stop
from plexus.protocols.gemini.usage import write_usage

_BEAT = {"candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}, "index": 0}]}


class _Part:
    """A part being told: its shell, what waits to be written, and whether it flows or is complete."""

    __slots__ = ("choice", "done", "live", "said", "shell", "tail", "waiting")

    def __init__(self, shell: Part, choice: int, tail: bytes) -> None:
        self.shell = shell
        self.choice = choice
        self.tail = tail
        self.live = False
        self.done = False
        self.said: list[str] = []
        self.waiting: list[tuple[str, list[TokenLogprob]]] = []
        first = shell.text if isinstance(shell, Text | Thinking) else ""
        if first:
            self.waiting.append((first, []))


class _Lane:
    """One candidate: its parts in order (only the first is written), the part held back, and texts to speak of at the end."""

    __slots__ = ("held", "number", "parts", "texts", "written")

    def __init__(self, number: int) -> None:
        self.number = number
        self.parts: list[_Part] = []
        self.held: Wire | None = None
        self.texts: list[tuple[int, Text]] = []
        self.written = 0


class StreamEncoder:
    """Writes server-sent events."""

    content_type = "text/event-stream"

    def __init__(self, writing: Writing) -> None:
        """A stream not yet begun."""
        self.drops: list[Drop] = []
        self._writing = writing
        self._sink = Sink(ours=False, sign=client_signature, rename=same_name, ids=True, drops=self.drops, checked=True)
        self._lanes: dict[int, _Lane] = {}
        self._parts: dict[int, _Part] = {}
        self._done = False
        self._head = b'{"candidates":[{"content":{"parts":[{"text":'
        self._name(writing.model)

    def _name(self, model: str) -> None:
        """Fix what every chunk repeats."""
        self._about: Wire = {"modelVersion": model, "responseId": response_id(self._writing.seed)}
        self._end = b"}]," + dumps(self._about)[1:]

    def _tail(self, part: Part, choice: int) -> bytes:
        thought = b',"thought":true' if isinstance(part, Thinking) else b""
        return b'%b}],"role":"model"},"index":%d%b' % (thought, choice, self._end)

    def encode(self, event: Event) -> bytes:
        """The chunks this event completes."""
        if self._done:
            return b""
        match event:
            case TextDelta(index, text, logprobs):
                return self._grow(index, text, logprobs)
            case PartStart(index, part, choice):
                return self._begin(index, part, choice)
            case PartEnd():
                return self._complete(event)
            case SignatureDelta(index, signature):
                return self._sign(index, signature)
            case ResponseStart():
                return self._start(event)
            case ResponseEnd():
                return self._finish(event)
            case StreamError():
                return self._break(event)

    def _start(self, event: ResponseStart) -> bytes:
        if not self._parts and event.model:
            self._name(event.model)
        return b""

    def _sign(self, index: int, signature: Signature) -> bytes:
        part = self._parts.get(index)
        if part is not None and isinstance(part.shell, Text | Thinking | ToolCall):
            part.shell.signature = signature
        return b""

    def _lane(self, choice: int) -> _Lane:
        return self._lanes.setdefault(choice, _Lane(choice))

    def _begin(self, index: int, shell: Part, choice: int) -> bytes:
        if index in self._parts:
            return b""
        part = self._parts[index] = _Part(shell, choice, self._tail(shell, choice))
        lane = self._lane(choice)
        lane.parts.append(part)
        return self._advance(lane) if lane.parts[0] is part else b""

    def _grow(self, index: int, text: str, logprobs: list[TokenLogprob]) -> bytes:
        part = self._parts.get(index)
        if part is None:
            written = self._begin(index, Text(text=""), 0)
            return written + self._grow(index, text, logprobs)
        if part.live and not logprobs:
            if not text:
                return b""
            part.said.append(text)
            lane = self._lanes[part.choice]
            before = self._release(lane) if lane.held is not None else b""
            return before + self._frame(self._head + dumps(text) + part.tail)
        if not part.done:
            part.waiting.append((text, logprobs))
        return self._advance(self._lanes[part.choice]) if part.live else b""

    def _complete(self, event: PartEnd) -> bytes:
        part = self._parts.get(event.index)
        if part is None or part.done:
            return b""
        part.done = True
        if isinstance(part.shell, Text):
            part.shell.citations = event.citations or part.shell.citations
        for key in event.extras or {}:
            self.drops.append(Drop("dropped", f"parts[{event.index}].{key}", "not known to Gemini"))
        lane = self._lanes[part.choice]
        return self._advance(lane) if lane.parts and lane.parts[0] is part else b""

    def _advance(self, lane: _Lane) -> bytes:
        """Write what the first part of the lane has to say, and go on to the next as long as they are complete."""
        out = b""
        while lane.parts:
            part = lane.parts[0]
            if isinstance(part.shell, Text | Thinking):
                out += self._flow(part, lane)
            if not part.done and not isinstance(part.shell, Text | Thinking | ToolCall):
                part.done = True  # media and opaque parts are complete from their start
            if not part.done:
                break
            lane.parts.pop(0)
            out += self._settle(part, lane)
        return out

    def _flow(self, part: _Part, lane: _Lane) -> bytes:
        part.live = True
        out = b""
        for text, logprobs in part.waiting:
            if not text:
                continue
            part.said.append(text)
            wire: Wire = {"text": text}
            if isinstance(part.shell, Thinking):
                wire["thought"] = True
            rest = {"logprobsResult": write_logprobs(logprobs)} if logprobs else {}
            out += self._release(lane) + self._chunk(lane.number, wire, rest)
        part.waiting.clear()
        return out

    def _settle(self, part: _Part, lane: _Lane) -> bytes:
        """The end of a part: hold back what may be the candidate's last content."""
        path = f"parts[{lane.written}]"
        shell = part.shell
        part.live = False
        if isinstance(shell, ToolCall):
            shell.arguments += "".join(text for text, _ in part.waiting)
        elif isinstance(shell, Text | Thinking):
            shell.text = ""
        wire = write_part(shell, self._sink, path)
        if isinstance(shell, Text) and (shell.citations or shell.refusal):
            said = "".join(part.said)
            lane.texts.append((lane.written, Text(text=said, citations=shell.citations, refusal=shell.refusal)))
        lane.written += 1 if wire is not None or part.said else 0
        if wire is None:
            return b""
        out = self._release(lane)
        lane.held = wire
        return out

    def _release(self, lane: _Lane) -> bytes:
        if lane.held is None:
            return b""
        wire, lane.held = lane.held, None
        return self._chunk(lane.number, wire, {})

    def _chunk(self, number: int, wire: Wire, rest: Wire) -> bytes:
        candidate = {"content": {"parts": [wire], "role": "model"}, "index": number, **rest}
        return self._frame(dumps({"candidates": [candidate], **self._about}))

    def _finish(self, event: ResponseEnd) -> bytes:
        self._done = True
        out = b""
        for part in self._parts.values():
            part.done = True
        for lane in self._lanes.values():
            out += self._advance(lane)
        extras = event.extras if event.extras and OWN_EXTRAS & event.extras.keys() else {}
        for key in (event.extras or {}).keys() - extras.keys():
            self.drops.append(Drop("dropped", key, "not known to Gemini"))
        rest = {key: value for key, value in extras.items() if key != "candidates"}
        body: Wire = {}
        if self._lanes or not is_blocked(rest):
            body["candidates"] = self._last(event, extras.get("candidates"))
        body |= {**rest, **self._about}
        usage = write_usage(event.usage)
        if usage is not None:
            body["usageMetadata"] = usage
        return out + self._frame(dumps(body)) + self._close()

    def _last(self, event: ResponseEnd, kept: object) -> list[Wire]:
        """The last chunk's candidates: each with its last content, its one finish reason and what it cites."""
        self._lane(0)
        for choice in event.other_stops:
            self._lane(choice)
        last = []
        for number in sorted(self._lanes):
            stop = event.other_stops.get(number) if number else event.stop_reason
            own = kept[number] if isinstance(kept, list) and number < len(kept) else None
            last.append(self._last_of(self._lanes[number], stop, None if number else event.stop_sequence, own))
        return last

    def _last_of(self, lane: _Lane, stop: StopReason | None, sequence: str | None, own: Wire | None) -> Wire:
        candidate: Wire = {}
        if lane.written or stop not in FILTERED:
            candidate["content"] = {"parts": [lane.held or {"text": ""}], "role": "model"}
        candidate["index"] = lane.number
        if own is not None:  # Gemini's own ending, its sources among it
            return candidate | {"finishReason": write_stop(stop), **own}
        candidate["finishReason"] = finish_reason(in_words(stop, lane.texts), sequence, self.drops)
        grounding = write_citations(lane.texts)
        if grounding is not None:
            candidate["groundingMetadata"] = grounding
        return candidate

    def _break(self, event: StreamError) -> bytes:
        self._done = True
        held = b"".join(self._release(lane) for lane in self._lanes.values())
        return held + self._frame(dumps(encode_error(event.fault)[1])) + self._close()

    def _frame(self, chunk: bytes) -> bytes:
        if b"\n" in chunk or b"\r" in chunk:
            # Only arguments written over several lines by their model hold line ends, and only between their tokens.
            chunk = chunk.replace(b"\n", b" ").replace(b"\r", b" ")
        return b"data: %b\n\n" % chunk

    def _close(self) -> bytes:
        return b""

    def heartbeat(self) -> bytes:
        """An empty text: google-genai reads a comment as broken JSON, and older JavaScript clients stop at a blank line."""
        return b"" if self._done else self._frame(dumps(_BEAT))


class ArrayStreamEncoder(StreamEncoder):
    """Writes one JSON array, as Gemini does without `alt=sse`."""

    content_type = "application/json"

    def __init__(self, writing: Writing) -> None:
        """A stream not yet begun."""
        super().__init__(writing)
        self._opened = False

    def _frame(self, chunk: bytes) -> bytes:
        before = b",\r\n" if self._opened else b"["
        self._opened = True
        return before + chunk

    def _close(self) -> bytes:
        return b"]"

    def heartbeat(self) -> bytes:
        """White space, which means nothing between the elements of an array."""
        return b"" if self._done else b"\n"


def array_stream_encoder(writing: Writing) -> ArrayStreamEncoder:
    """The encoder for a client that asked for a stream without `alt=sse`."""
    return ArrayStreamEncoder(writing)
