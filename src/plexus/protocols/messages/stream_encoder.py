"""Events to a client's stream: blocks one after the other, numbered from 0 without gaps, whatever order the events came in.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Callable
from typing import Any

from plexus.core import json
from plexus.core.sse import comment
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
from plexus.ir.parts import Text
from plexus.protocols.messages import frames, wire
from plexus.protocols.messages.answer_blocks import made_id
from plexus.protocols.messages.block_writer import BlockWriter, block_writer
from plexus.protocols.messages.errors import encode_error
from plexus.protocols.messages.response import own
from plexus.protocols.messages.stops import write_stop
from plexus.protocols.messages.usage import write_usage

_BESIDE_DELTA = frozenset({"context_management", "input_transformations"})
_dumps = json.dumps


class MessagesStreamEncoder:
    """One stream to one client. At most one block is open; the parts that grow beside it wait their turn."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, writing: Writing) -> None:
        """Nothing written yet."""
        self.drops: list[Drop] = []
        self._writing = writing
        self._native = False
        self._started = False
        self._done = False
        self._usage: Any = None
        self._blocks = 0
        self._called = False
        self._parts: dict[int, BlockWriter] = {}
        self._open: BlockWriter | None = None
        self._open_index = -1
        self._head = b""
        self._methods: dict[type, Callable[[Any], bytes]] = {
            TextDelta: self._text_delta,
            PartStart: self._part_start,
            SignatureDelta: self._signature_delta,
            PartEnd: self._part_end,
            ResponseStart: self._response_start,
            ResponseEnd: self._response_end,
            StreamError: self._stream_error,
        }

    def encode(self, event: Event) -> bytes:
        """The bytes that tell this event."""
        if type(event) is TextDelta and event.index == self._open_index and self._head and not event.logprobs:
            return self._head + _dumps(event.text) + frames.DELTA_TAIL if event.text else b""
        return b"" if self._done else self._methods[type(event)](event)

    def heartbeat(self) -> bytes:
        """A ping, which every client of this protocol knows; a comment before the message began."""
        if self._done:
            return b""
        return frames.PING if self._started else comment()

    def _response_start(self, event: ResponseStart) -> bytes:
        if self._started:
            return b""
        self._started = True
        self._native = event.protocol == wire.NAME
        self._usage = event.usage
        usage = write_usage(event.usage, native=self._native)
        if not self._native:
            usage.pop("output_tokens_details", None)  # still growing: the ending tells it
        message = {
            "id": event.id if self._native and event.id else made_id("msg", self._writing.seed),
            "type": "message",
            "role": "assistant",
            "model": event.model or self._writing.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
            **own(event.extras, "", self.drops, native=self._native),
        }
        return frames.event({"type": "message_start", "message": message})

    def _begun(self) -> bytes:
        return b"" if self._started else self._response_start(ResponseStart())

    def _part_start(self, event: PartStart) -> bytes:
        if event.choice:
            self.drops.append(Drop("dropped", f"alternatives[{event.choice - 1}]", "one answer only"))
        if event.choice or event.index in self._parts:
            self._parts.setdefault(event.index, block_writer(None, "", self.drops, native=False))
            return b""
        writer = block_writer(event.part, f"parts[{event.index}]", self.drops, native=self._native)
        self._parts[event.index] = writer
        return self._begun() + self._advance()

    def _text_delta(self, event: TextDelta) -> bytes:
        writer, opening = self._writer(event.index)
        if event.logprobs:
            writer.lose_logprobs(self.drops)
        if not event.text:
            return opening
        writer.say(event.text)
        return opening + self._advance()

    def _signature_delta(self, event: SignatureDelta) -> bytes:
        writer, opening = self._writer(event.index)
        writer.sign(event.signature)
        return opening + self._advance()

    def _writer(self, index: int) -> tuple[BlockWriter, bytes]:
        """The part that grows; one that nobody started is a text."""
        if index in self._parts:
            return self._parts[index], b""
        opening = self._part_start(PartStart(index, Text(text="")))
        return self._parts[index], opening

    def _part_end(self, event: PartEnd) -> bytes:
        writer = self._parts.get(event.index)
        if writer is None or writer.ended:
            return b""
        writer.finish(event.citations)
        own(event.extras, f"parts[{event.index}]", self.drops, native=False)
        return self._begun() + self._advance()

    def _advance(self) -> bytes:
        """Tell what the open block has to say, close it when it is complete, and go on to the next that waits."""
        told: list[bytes] = []
        while True:
            if self._open is None and not self._open_next(told):
                return b"".join(told)
            writer = self._open
            if writer is None:
                return b"".join(told)
            told += writer.take()
            self._head = writer.head
            if not writer.ended:
                return b"".join(told)
            told.append(frames.block_stop(writer.index))
            self._close()

    def _open_next(self, told: list[bytes]) -> bool:
        for index, writer in self._parts.items():
            if writer.waiting and writer.ready:
                told.append(writer.begin(self._blocks))
                self._blocks += 1
                self._called = self._called or writer.kind == "tool_use"
                self._open, self._open_index = writer, index
                return True
        return False

    def _close(self) -> None:
        if self._open is not None:
            self._open.waiting = False
        self._open, self._open_index, self._head = None, -1, b""

    def _response_end(self, event: ResponseEnd) -> bytes:
        told = [self._begun()]
        for writer in self._parts.values():
            if not writer.ended:
                writer.finish([])
        told.append(self._advance())
        self._done = True
        for choice in event.other_stops:
            self.drops.append(Drop("dropped", f"alternatives[{choice - 1}].stop_reason", "one answer only"))
        reason, faithful = write_stop(event.stop_reason, called=self._called)
        if not faithful:
            self.drops.append(Drop("approximated", "stop_reason", f"no word for {event.stop_reason}"))
        extras = own(event.extras, "", self.drops, native=self._native)
        change: dict[str, Any] = {
            "stop_reason": reason,
            "stop_sequence": event.stop_sequence if reason == "stop_sequence" else None,
            **{key: value for key, value in extras.items() if key not in _BESIDE_DELTA},
        }
        last = {
            "type": "message_delta",
            "delta": change,
            "usage": write_usage(event.usage or self._usage, native=self._native),
            **{key: value for key, value in extras.items() if key in _BESIDE_DELTA},
        }
        return b"".join([*told, frames.event(last), frames.MESSAGE_STOP])

    def _stream_error(self, event: StreamError) -> bytes:
        told = self._begun()
        self._done, self._head = True, b""
        _, body = encode_error(event.fault)
        return told + frames.event(body)
