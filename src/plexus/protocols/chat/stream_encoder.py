"""Events to a chat completion stream for a client: chunks with one id, one finish per choice, usage after it, `[DONE]`.

Total: whatever order events come in, the stream written is valid. The constant head of every chunk is encoded once.
Source: https://platform.openai.com/docs/api-reference/chat-streaming
"""

from typing import Any

import msgspec

from plexus.core import json
from plexus.core.sse import comment, encode
from plexus.ir.chat import Usage
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
from plexus.ir.parts import Text, TokenLogprob
from plexus.protocols.chat.answer_calls import is_legacy
from plexus.protocols.chat.errors import encode_error
from plexus.protocols.chat.ids import answer_id
from plexus.protocols.chat.logprobs import write_logprobs
from plexus.protocols.chat.stops import APPROXIMATED, encode_stop
from plexus.protocols.chat.stream_parts import GrowingPart, Spoken, begin
from plexus.protocols.chat.usage import encode_usage, known_tier

Wire = dict[str, Any]

_text = msgspec.json.Encoder().encode


class StreamEncoder:
    """Writes one stream. `drops` grows while it does."""

    content_type = "text/event-stream"

    def __init__(self, writing: Writing) -> None:
        self.drops: list[Drop] = []
        self._writing = writing
        self._usage_wanted = writing.request.include_usage
        self._legacy = is_legacy(writing.request)
        self._constant: Wire = {}
        self._head = b""
        self._tail = b""
        self._parts: dict[int, GrowingPart] = {}
        self._spoken: dict[int, Spoken] = {}
        self._started = False
        self._ended = False

    def encode(self, event: Event) -> bytes:
        """The frames that tell this event."""
        if type(event) is TextDelta:
            part = self._parts.get(event.index)
            if part is not None and part.head and not event.logprobs:
                part.grow(event.text)
                try:
                    said = _text(event.text)
                except UnicodeEncodeError:
                    said = json.dumps(event.text)
                return part.head + said + part.tail
            return self._grow(event)
        if self._ended:
            return b""
        return self._tell(event)

    def heartbeat(self) -> bytes:
        """A comment, which every SDK skips."""
        return comment("ping")

    def _tell(self, event: Event) -> bytes:
        match event:
            case PartStart():
                return self._start_part(event)
            case PartEnd():
                return self._end_part(event)
            case SignatureDelta():
                part = self._parts.get(event.index)
                return self._deltas(part.choice, part.sign(event.signature)) if part is not None else b""
            case ResponseStart():
                return self._begin(event)
            case ResponseEnd():
                return self._begin(ResponseStart()) + self._end(event)
            case StreamError():
                return self._fail(event)
            case _:
                return b""

    def _begin(self, event: ResponseStart) -> bytes:
        """The role chunk, once. An answer of chat keeps its id, any other gets one in OpenAI's style."""
        if self._started:
            return b""
        self._started = True
        native = event.protocol == "chat"
        head: Wire = {
            "id": event.id if native and event.id else answer_id(self._writing.seed),
            "object": "chat.completion.chunk",
            "created": event.created or self._writing.now,
            "model": event.model or self._writing.model,
        }
        extras = event.extras or {}
        if not native:
            self.drops += [Drop("dropped", name, "no place in chat") for name in extras]
            extras = {}
        fingerprint = extras.get("system_fingerprint")
        head["system_fingerprint"] = fingerprint if isinstance(fingerprint, str) else None
        self._constant = head
        self._tail = b'],"usage":null}\n\n' if self._usage_wanted else b"]}\n\n"
        self._head = _head({**extras, **head})
        role = self._speak(0)
        self._head = _head(head)
        return role

    def _speak(self, choice: int) -> bytes:
        """The role chunk of a choice that was silent until now."""
        if choice in self._spoken:
            return b""
        self._spoken[choice] = Spoken()
        return self._chunk(choice, {"role": "assistant", "content": "", "refusal": None})

    def _chunk(self, choice: int, delta: Wire, finish: str | None = None, logprobs: Wire | None = None) -> bytes:
        wire = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self._head + json.dumps(wire) + self._tail

    def _deltas(self, choice: int, deltas: list[Wire]) -> bytes:
        return b"".join([self._chunk(choice, delta) for delta in deltas])

    def _start_part(self, event: PartStart) -> bytes:
        opening = self._end_part(PartEnd(event.index)) + self._begin(ResponseStart()) + self._speak(event.choice)
        part = begin(event, self._spoken[event.choice], self._writing, self.drops)
        self._parts[event.index] = part
        if part.prefix:
            part.head = self._head + b'{"index":%d,"delta":%b' % (event.choice, part.prefix)
            part.tail = part.suffix + b',"logprobs":null,"finish_reason":null}' + self._tail
        return opening + self._deltas(event.choice, part.opening())

    def _grow(self, event: TextDelta) -> bytes:
        """A delta off the fast path: of a part never started, of one that is held back, or with log-probabilities."""
        if self._ended:
            return b""
        part, opening = self._parts.get(event.index), b""
        if part is None:
            opening = self._start_part(PartStart(event.index, Text(text="")))
            part = self._parts[event.index]
        return opening + b"".join(
            [
                self._chunk(part.choice, delta, logprobs=_logprobs(delta, event.logprobs))
                for delta in part.say(event.text)
            ]
        )

    def _end_part(self, event: PartEnd) -> bytes:
        part = self._parts.pop(event.index, None)
        return self._deltas(part.choice, part.close(event)) if part is not None else b""

    def _end(self, event: ResponseEnd) -> bytes:
        frames = [self._end_part(PartEnd(index)) for index in list(self._parts)]
        self._ended = True
        if tier := known_tier(event.usage):
            self._head = _head({**self._constant, "service_tier": tier})
        stops = {**dict.fromkeys(self._spoken), **event.other_stops, 0: event.stop_reason}
        for choice in sorted(stops):
            stop = stops[choice]
            if stop in APPROXIMATED:
                self.drops.append(Drop("approximated", "stop_reason", f"chat has no word for {stop}"))
            frames.append(self._speak(choice))
            said = self._spoken[choice]
            frames.append(self._deltas(choice, said.closing()))
            word = encode_stop(stop, calls=said.calls > 0, legacy=self._legacy, refused=said.refused)
            frames.append(self._chunk(choice, {}, word))
        if self._usage_wanted and event.usage is not None:
            frames.append(self._usage(event.usage))
        frames.append(b"data: [DONE]\n\n")
        return b"".join(frames)

    def _usage(self, usage: Usage) -> bytes:
        return self._head + b'],"usage":' + json.dumps(encode_usage(usage)) + b"}\n\n"

    def _fail(self, event: StreamError) -> bytes:
        """An error frame and then silence: without `[DONE]` nobody takes it for a normal end."""
        self._ended = True
        self._parts.clear()
        return encode(json.dumps(encode_error(event.fault)[1]))


def _head(constant: Wire) -> bytes:
    return b"data: " + json.dumps(constant)[:-1] + b',"choices":['


def _logprobs(delta: Wire, tokens: list[TokenLogprob]) -> Wire | None:
    if "refusal" in delta:
        return write_logprobs([], tokens)
    return write_logprobs(tokens, [])
