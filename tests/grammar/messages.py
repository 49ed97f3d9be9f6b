"""The grammar of a messages stream. Source: platform.claude.com/docs/en/build-with-claude/streaming, anthropic's types."""

import json
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from tests.grammar.wire import Complaints, Frame, by_type, frames

_EVENTS = by_type(RawMessageStreamEvent)
_MESSAGE: TypeAdapter[Any] = TypeAdapter(Message)
_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "server_tool_use": {"input_json_delta"},
    "mcp_tool_use": {"input_json_delta"},
    "compaction": {"compaction_delta"},
}
_ERRORS = {
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
    "conflict_error",
}


def violations(stream: bytes, *, usage: bool = True) -> list[str]:
    """What breaks the grammar. Usage is always told."""
    complain = Complaints()
    _Events(complain).read(frames(stream, complain))
    return complain.lines


class _Events:
    def __init__(self, complain: Complaints) -> None:
        self.complain = complain
        self.phase = "before"
        """before, open, stopping (message_delta was sent), stopped, failed."""
        self.next = 0
        self.block: dict[str, Any] | None = None
        self.json = ""
        self.signed = False
        self.kinds: list[str] = []
        self.ids: list[str] = []
        self.stop = ""
        self.unread: list[str] = []

    def read(self, found: list[Frame]) -> None:
        say, expect = self.complain.say, self.complain.expect
        for frame in found:
            if not isinstance(frame.value, dict):
                say("json", frame.data)
                continue
            kind = frame.value.get("type") or ""
            expect(frame.event == kind, "event name", f"{frame.event} for {kind}")
            expect(self.phase not in {"stopped", "failed"}, "nothing after the end", kind)
            if kind not in {"ping", "error"}:
                self.complain.typed(_EVENTS.get(kind), frame.value)
            step = getattr(self, f"_{kind}", None)
            if step is not None:
                step(frame.value)
        if self.phase != "failed":
            expect(self.phase == "stopped", "message_stop", "missing")
        if "tool_use" in self.kinds:
            expect(self.stop != "end_turn", "stop reason of tool use", self.stop)
        if self.stop != "max_tokens":  # the limit may cut arguments short
            expect(not self.unread, "input is a JSON object", self.unread)
        expect(len(set(self.ids)) == len(self.ids), "tool use ids differ", self.ids)

    def _message_start(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        expect(self.phase == "before", "one message_start, first", self.phase)
        self.phase = "open"
        message = event.get("message") or {}
        self.complain.typed(_MESSAGE, message, "message type")
        expect(message.get("content") == [], "empty at the start", message.get("content"))
        expect(message.get("stop_reason") is None, "no stop reason at the start", message.get("stop_reason"))
        expect(message.get("id") and message.get("model"), "id and model given", message)

    def _ping(self, event: dict[str, Any]) -> None:
        self.complain.expect(self.phase != "before", "one message_start, first", "ping before it")

    def _error(self, event: dict[str, Any]) -> None:
        error = event.get("error") or {}
        self.phase = "failed"
        self.complain.expect(error.get("type") in _ERRORS, "error shape", error)
        self.complain.expect(isinstance(error.get("message"), str), "error shape", error)

    def _content_block_start(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        expect(self.phase == "open", "blocks between start and end", self.phase)
        expect(self.block is None, "one open block", event)
        expect(event.get("index") == self.next, "contiguous indexes", event.get("index"))
        block = event.get("content_block") or {}
        kind = block.get("type") or ""
        self.block, self.json, self.signed = block, "", False
        self.kinds.append(kind)
        if kind == "tool_use":
            expect(block.get("id") and block.get("name"), "tool use opening", block)
            expect(block.get("input") == {}, "tool use opening", block)
            self.ids.append(block.get("id") or "")
        elif kind == "text":
            expect(block.get("text") == "", "empty at the start", block)
        elif kind == "thinking":
            expect(block.get("thinking") == "" and not block.get("signature"), "empty at the start", block)

    def _content_block_delta(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        delta = event.get("delta") or {}
        kind = delta.get("type")
        if self.block is None:
            self.complain.say("deltas inside their block", event)
            return
        expect(event.get("index") == self.next, "deltas inside their block", event)
        expect(kind in _DELTAS.get(self.block.get("type", ""), set()), "delta of the block's kind", event)
        expect(not self.signed, "signature last", event)
        if kind == "input_json_delta":
            self.json += delta.get("partial_json") or ""
        elif kind == "signature_delta":
            self.signed = True
            expect(delta.get("signature"), "signature last", "empty")

    def _content_block_stop(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        expect(self.block is not None and event.get("index") == self.next, "each block closed once", event)
        if self.json:
            try:
                whole = json.loads(self.json)
            except ValueError:
                whole = None
            if not isinstance(whole, dict):
                self.unread.append(self.json)
        self.block, self.json = None, ""
        self.next += 1

    def _message_delta(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        expect(self.phase == "open", "one message_delta", self.phase)
        expect(self.block is None, "each block closed once", "message_delta inside a block")
        self.phase = "stopping"
        self.stop = (event.get("delta") or {}).get("stop_reason") or ""
        expect(self.stop, "stop reason given", event)
        usage = event.get("usage")
        expect(isinstance(usage, dict) and isinstance(usage.get("output_tokens"), int), "usage at the end", usage)

    def _message_stop(self, event: dict[str, Any]) -> None:
        self.complain.expect(self.phase == "stopping", "message_delta before message_stop", self.phase)
        self.phase = "stopped"
