"""Events to the stream of a responses client.

Whatever order events come in, what is written is a valid stream: the answer is created first, each item is announced,
grows, and is completed at its place in the output, `sequence_number` rises by one, and the final object is what was
streamed. Items are written one after the other, as OpenAI writes them: parts that grow side by side wait for their turn.
A failure is a `response.failed`, which Codex reads, with an `error` object at its top, which OpenAI's SDKs raise. Waiting
is told as OpenAI does it, by a `keepalive` event: Codex counts only events with data as signs of life.
"""

from typing import Any

from plexus.core import json
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
from plexus.ir.parts import Part, Text, Thinking, ToolCall
from plexus.protocols.responses.encode_output import Names, unsigned
from plexus.protocols.responses.envelope import echo, finish, head, own_id, returned
from plexus.protocols.responses.errors import error_object, response_error
from plexus.protocols.responses.output_items import status_of
from plexus.protocols.responses.stream_growth import Growing, growing
from plexus.protocols.responses.stream_output import Output


class StreamEncoder:
    """Events to bytes, framed as server-sent events."""

    content_type = "text/event-stream"

    def __init__(self, writing: Writing) -> None:
        """`writing` holds the client's request and the seed of all ids."""
        self.drops: list[Drop] = []
        self._writing = writing
        self._out = Output(writing.seed, Names(writing.request), self.drops)
        self._start: ResponseStart | None = None
        self._echo: dict[str, Any] = {}
        self._tail = b"}"
        self._ended = False
        self._refused = False
        self._parts: dict[int, Growing] = {}
        self._waiting: dict[int, list[Event]] = {}

    def encode(self, event: Event) -> bytes:
        """The frames that tell this event."""
        if isinstance(event, TextDelta):
            part = self._parts.get(event.index)
            if part is None:
                return self._wait(event)
            return part.grow(event.text, event.logprobs) if event.text or event.logprobs else b""
        return b"" if self._ended else self._step(event)

    def _step(self, event: Event) -> bytes:
        match event:
            case ResponseStart():
                return self._begin(event) if self._start is None else b""
            case PartStart():
                return self._opened(event)
            case SignatureDelta(index, signature):
                part = self._parts.get(index)
                if part is None:
                    return self._wait(event)
                part.signature = signature
                return b""
            case PartEnd():
                part = self._parts.pop(event.index, None)
                return self._wait(event) if part is None else part.end(event.citations) + self._next()
            case ResponseEnd():
                return self._finish(event)
            case StreamError():
                return self._fail(event)
        return b""

    def heartbeat(self) -> bytes:
        """A sign of life; before anything was said it is the creation of the answer."""
        if self._ended:
            return b""
        if self._start is None:
            return self._begin(ResponseStart())
        return self._out.event("keepalive", b"")

    # -- the answer as a whole ---------------------------------------------------------------------------------------

    def _begin(self, start: ResponseStart) -> bytes:
        self._start = start
        self._echo = echo(self._writing.request)
        self._tail = json.dumps(self._echo)[1:]
        response = self._head("in_progress", [])
        return self._told("response.created", response) + self._told("response.in_progress", response)

    def _head(self, status: str, output: list[Any], error: dict[str, Any] | None = None) -> dict[str, Any]:
        start, writing = self._start or ResponseStart(), self._writing
        created = start.created or writing.now
        return head(own_id(start.id, writing.seed), start.model or writing.model, created, status, output, error)

    def _told(self, name: str, response: dict[str, Any], before: bytes = b"") -> bytes:
        """An event with the response object. What repeats the request is made once and glued in."""
        if response.keys() & self._echo.keys():
            return self._out.event(name, b'%b"response":%b' % (before, json.dumps({**self._echo, **response})))
        return self._out.event(name, b'%b"response":%b,%b' % (before, json.dumps(response)[:-1], self._tail))

    def _ensure(self) -> bytes:
        return self._begin(ResponseStart()) if self._start is None else b""

    def _finish(self, end: ResponseEnd) -> bytes:
        data = self._ensure()
        while self._parts:
            data += self.encode(PartEnd(next(iter(self._parts))))
        data += self._out.close_message()
        self._ended = True
        self._parts = {}
        if end.other_stops:
            self._lose("alternatives", "the protocol has one answer")
        status, reason = status_of(end.stop_reason, refused=self._refused)
        error = (
            {"code": "server_error", "message": "the provider reported that it failed"} if status == "failed" else None
        )
        response = self._head(status, self._out.items, error)
        usage = end.usage or (self._start.usage if self._start else None)
        start = self._start or ResponseStart()
        extras = returned({**(start.extras or {}), **(end.extras or {})}, start.protocol, self.drops)
        finish(response, usage, reason, self._writing.now, extras)
        return data + self._told(f"response.{status}", response)

    def _fail(self, event: StreamError) -> bytes:
        data = self._ensure()
        self._ended = True
        self._parts, self._waiting = {}, {}
        response = self._head("failed", self._out.items, response_error(event.fault))
        finish(response, event.usage, "", self._writing.now, {})
        raised = b'"error":%b,' % json.dumps(error_object(event.fault))
        return data + self._told("response.failed", response, raised)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _opened(self, event: PartStart) -> bytes:
        data = self._ensure()
        if event.index in self._parts or event.index in self._waiting:
            return data
        if event.choice:
            self._lose("alternatives", "the protocol has one answer")
            return data
        if self._parts:
            self._waiting[event.index] = [event]
            return data
        part = growing(event.part, self._out)
        self.drops += unsigned(event.part, f"parts[{event.index}]")
        self._refused |= isinstance(event.part, Text) and event.part.refusal
        if part is None:
            self._lose(f"parts[{event.index}]", "no output item of this kind")
            return data
        opening = part.open()
        self._parts[event.index] = part
        return data + opening + _already(part, event.part)

    def _wait(self, event: TextDelta | SignatureDelta | PartEnd) -> bytes:
        """Keep an event of a part whose turn has not come; others are of no part."""
        if event.index in self._waiting:
            self._waiting[event.index].append(event)
        return b""

    def _next(self) -> bytes:
        """Tell the parts that waited, as far as they have come, until one is still open."""
        data = b""
        while self._waiting and not self._parts:
            for event in self._waiting.pop(min(self._waiting)):
                data += self.encode(event)
        return data

    def _lose(self, field: str, reason: str) -> None:
        if not any(drop.field == field for drop in self.drops):
            self.drops.append(Drop("dropped", field, reason))


def _already(part: Growing, shell: Part) -> bytes:
    """Text that a shell brought with it, though it should not."""
    match shell:
        case Text() | Thinking() if shell.text:
            return part.grow(shell.text, [])
        case ToolCall() if shell.arguments:
            return part.grow(shell.arguments, [])
        case _:
            return b""
