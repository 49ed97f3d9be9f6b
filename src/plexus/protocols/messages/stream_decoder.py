"""An upstream's stream to events. Blocks that are not modelled (server-side tools) become one whole part at their end.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from plexus.core import json
from plexus.core.sse import Frame
from plexus.ir.errors import Fault, InvalidAnswer
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
from plexus.ir.parts import Citation, Opaque, Part, Text, Thinking
from plexus.ir.unfold import unfold
from plexus.protocols.messages import wire
from plexus.protocols.messages.answer_blocks import (
    Block,
    arguments,
    call_shell,
    is_modelled,
    is_nameless,
    left,
    said,
    signed,
)
from plexus.protocols.messages.citations import read_citation, read_citations
from plexus.protocols.messages.errors import error_in
from plexus.protocols.messages.response import KNOWN, decode_response
from plexus.protocols.messages.stops import read_stop
from plexus.protocols.messages.usage import merge, read_usage

_TEXTS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "tool_use"),
}
_DELTA = frozenset({"stop_reason", "stop_sequence"})
_MESSAGE_DELTA = frozenset({"type", "delta", "usage"})


class _Open(Struct):
    """A block between its start and its stop."""

    index: int
    kind: str
    block: Block
    citations: list[Citation] = []
    told: bool = False
    pieces: list[str] = []


class MessagesStreamDecoder:
    """One stream. Named state: `_started`, the open blocks by wire index, what the ending will say."""

    def __init__(self, reading: Reading) -> None:
        """Nothing read yet."""
        self.done = False
        self._reading = reading
        self._started = ""
        self._next = 0
        self._taken: set[str] = set()
        self._nameless = False
        self._open: dict[Any, _Open] = {}
        self._usage: dict[str, Any] = {}
        self._stop: Any = None
        self._sequence: Any = None
        self._extras: dict[str, Any] = {}
        self._methods: dict[Any, Callable[[dict[str, Any]], list[Event]]] = {
            "content_block_delta": self._block_delta,
            "content_block_start": self._block_start,
            "content_block_stop": self._block_stop,
            "message_start": self._message_start,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "message": self._whole_message,
            "error": self._error,
        }

    def feed(self, frame: Frame) -> list[Event]:
        """The events this frame means. What is harmless and unknown means none."""
        if self.done:
            return []
        try:
            data = json.loads_lenient(frame.data)
        except json.JSONError:
            return self._unreadable(frame)
        if not isinstance(data, dict):
            return []
        kind = data.get("type")
        method = self._methods.get(kind if isinstance(kind, str) else frame.event)
        if method is not None:
            return method(data)
        return self._error(data) if kind is None and data.get("error") else []

    def end(self) -> list[Event]:
        """The upstream closed: an error unless the stream was complete."""
        if self.done:
            return []
        return self._fail(Fault(kind="upstream", status=502, message="The stream ended early.", code="truncated"))

    def _unreadable(self, frame: Frame) -> list[Event]:
        if frame.data.strip() == b"[DONE]" and self._stop is not None:
            return self._message_stop({})
        if frame.event != "error":
            return []
        return self._fail(Fault(kind="upstream", status=502, message="The provider reported an error."))

    def _fail(self, fault: Fault) -> list[Event]:
        self.done = True
        return [StreamError(fault, read_usage(self._usage))]

    def _error(self, data: dict[str, Any]) -> list[Event]:
        fault = error_in({"type": "error", **data})
        return self._fail(fault or Fault(kind="upstream", status=502, message="The provider reported an error."))

    def _message_start(self, data: dict[str, Any]) -> list[Event]:
        message = data.get("message")
        message = message if isinstance(message, dict) else {}
        if self._started:
            if message.get("id") == self._started and not self._next:
                return []
            return self._fail(
                Fault(kind="upstream", status=502, message="A second message began inside the stream.", code="spliced")
            )
        self._started = said(message, "id") or "started"
        self._usage = merge({}, message.get("usage"))
        start = ResponseStart(
            id=said(message, "id"),
            model=said(message, "model"),
            usage=read_usage(self._usage),
            protocol=wire.NAME,
            extras=wire.rest(message, KNOWN),
        )
        content = message.get("content")
        blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
        return [start, *(event for block in blocks for event in self._whole_block(block))]

    def _begun(self) -> list[Event]:
        """The start of a stream that forgot its own."""
        return [] if self._started else self._message_start({})

    def _whole_block(self, block: Block) -> list[Event]:
        return [
            *self._block_start({"index": "whole", "content_block": block}),
            *self._block_stop({"index": "whole"}),
        ]

    def _block_start(self, data: dict[str, Any]) -> list[Event]:
        block = data.get("content_block")
        block = block if isinstance(block, dict) else {"type": "text"}
        wire_index = _key(data)
        events = [*self._begun(), *self._block_stop({"index": wire_index})]
        kind = block.get("type")
        if is_nameless(block):
            self._nameless = True
            return events
        if not is_modelled(kind):
            self._open[wire_index] = _Open(index=-1, kind="opaque", block=dict(block))
            return events
        return events + self._begin(wire_index, str(kind), block)

    def _begin(self, wire_index: Any, kind: str, block: Block) -> list[Event]:
        opened = _Open(index=self._next, kind=kind, block=block)
        self._next += 1
        self._open[wire_index] = opened
        shell: Part
        if kind == "text":
            opened.citations = read_citations(block.get("citations"))
            shell = Text(text="", extras=left(block))
        elif kind == "tool_use":
            shell = call_shell(block, self._reading, opened.index, self._taken)
        else:
            shell = Thinking(redacted=kind == "redacted_thinking", extras=left(block))
        events: list[Event] = [PartStart(opened.index, shell)]
        already = said(block, kind) if kind != "tool_use" else ""
        if already:
            events.append(TextDelta(opened.index, already))
        signature = signed(said(block, "data") or said(block, "signature"), self._reading)
        if signature is not None:
            events.append(SignatureDelta(opened.index, signature))
        return events

    def _block_delta(self, data: dict[str, Any]) -> list[Event]:
        delta = data.get("delta")
        if not isinstance(delta, dict):
            return []
        wire_index = data.get("index", 0)
        kind = delta.get("type")
        opened = self._open.get(wire_index) if isinstance(wire_index, int) else None
        told = _TEXTS.get(kind) if isinstance(kind, str) else None
        if told is not None and opened is not None and opened.kind == told[1]:
            text = delta.get(told[0])
            if not text or not isinstance(text, str):
                return []
            opened.told = True
            return [TextDelta(opened.index, text)]
        if opened is not None and opened.kind == "opaque":
            _grow(opened, delta)
            return []
        return self._rare_delta(_key(data), opened, delta)

    def _rare_delta(self, wire_index: Any, opened: _Open | None, delta: dict[str, Any]) -> list[Event]:
        kind = delta.get("type")
        if kind == "signature_delta" and opened is not None:
            signature = signed(said(delta, "signature"), self._reading)
            return [SignatureDelta(opened.index, signature)] if signature else []
        if kind == "citations_delta" and opened is not None:
            citation = delta.get("citation")
            if isinstance(citation, dict):
                opened.citations.append(read_citation(citation))
            return []
        told = _TEXTS.get(kind) if isinstance(kind, str) else None
        if told is None or not delta.get(told[0]) or told[1] == "tool_use":
            return []
        # A delta of another kind than the open block, or of a block nobody opened: it begins one of its own.
        events = [*self._begun(), *self._block_stop({"index": wire_index})]
        return [*events, *self._begin(wire_index, told[1], {"type": told[1], told[1]: said(delta, told[0])})]

    def _block_stop(self, data: dict[str, Any]) -> list[Event]:
        opened = self._open.pop(_key(data), None)
        if opened is None:
            return []
        if opened.kind == "opaque":
            return self._whole_opaque(opened)
        events: list[Event] = []
        if opened.kind == "tool_use" and not opened.told:
            events.append(TextDelta(opened.index, arguments(opened.block.get("input"))))
        return [*events, PartEnd(opened.index, opened.citations)]

    def _whole_opaque(self, opened: _Open) -> list[Event]:
        block = opened.block
        typed = "".join(opened.pieces)
        if typed:
            try:
                block["input"] = json.loads_lenient(typed.encode("utf-8", "replace"))
            except json.JSONError:
                block["input"] = {"input": typed}
        index = self._next
        self._next += 1
        part = Opaque(kind=str(block.get("type") or "unknown"), raw=block, origin=self._reading.origin)
        return [PartStart(index, part), PartEnd(index)]

    def _message_delta(self, data: dict[str, Any]) -> list[Event]:
        delta = data.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self._stop = delta.get("stop_reason") or self._stop
        self._sequence = delta.get("stop_sequence") or self._sequence
        self._usage = merge(self._usage, data.get("usage"))
        self._extras.update(wire.rest(delta, _DELTA) or {})
        self._extras.update(wire.rest(data, _MESSAGE_DELTA) or {})
        return self._begun()

    def _message_stop(self, _data: dict[str, Any]) -> list[Event]:
        if not self._started:
            return self.end()
        events: list[Event] = [event for key in list(self._open) for event in self._block_stop({"index": key})]
        self.done = True
        stop, word = read_stop(self._stop, called=bool(self._taken), nameless=self._nameless)
        if word:
            self._extras["stop_reason"] = word
        end = ResponseEnd(
            stop_reason=stop,
            stop_sequence=self._sequence if isinstance(self._sequence, str) else None,
            usage=read_usage(self._usage),
            extras=self._extras or None,
        )
        return [*events, end]

    def _whole_message(self, data: dict[str, Any]) -> list[Event]:
        """A server that ignored `stream` and sent its answer in one event."""
        if self._started:
            return []
        try:
            events = unfold(decode_response(data, self._reading))
        except InvalidAnswer:
            return []
        self.done = True
        return events


def _key(data: dict[str, Any]) -> Any:
    """The wire index of a block, 0 for a server that leaves it out."""
    index = data.get("index", 0)
    return index if isinstance(index, int | str) else 0


def _grow(opened: _Open, delta: dict[str, Any]) -> None:
    """Add to a block that is not modelled: typed input is collected, texts are joined, anything else is set."""
    if delta.get("type") == "input_json_delta":
        opened.pieces.append(said(delta, "partial_json"))
        return
    for key, value in delta.items():
        if key == "type" or value is None:
            continue
        before = opened.block.get(key)
        opened.block[key] = before + value if isinstance(before, str) and isinstance(value, str) else value
