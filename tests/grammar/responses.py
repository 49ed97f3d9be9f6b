"""The grammar of a Responses stream. Source: platform.openai.com/docs/api-reference/responses-streaming, openai's types."""

from collections.abc import Callable
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.grammar.responses_item import Item
from tests.grammar.wire import Complaints, Frame, by_type, frames

_EVENTS = by_type(ResponseStreamEvent)
_RESPONSE: TypeAdapter[Any] = TypeAdapter(Response)
_STATUS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
_KNOWN = {"response.queued", "response.in_progress", "keepalive"}
_UNTYPED = {
    "keepalive",
    "response.apply_patch_call_operation_diff.delta",
    "response.apply_patch_call_operation_diff.done",
}
"""Sent by OpenAI, in its documents, without a type in its SDK."""
_PARALLEL = {"message", "reasoning", "function_call", "custom_tool_call"}
"""Items that are written one after the other; server-side tools may overlap."""


def violations(stream: bytes, *, usage: bool = True) -> list[str]:
    """What breaks the grammar. Usage is always told."""
    complain = Complaints()
    _Events(complain).read(frames(stream, complain))
    return complain.lines


class _Events:
    def __init__(self, complain: Complaints) -> None:
        self.complain = complain
        self.created = False
        self.ended = ""
        self.number: int | None = None
        self.id = ""
        self.items: list[Item] = []

    def read(self, found: list[Frame]) -> None:
        expect = self.complain.expect
        for frame in found:
            if not isinstance(frame.value, dict):
                self.complain.say("json", frame.data)
                continue
            kind = frame.value.get("type") or ""
            expect(frame.event == kind, "event name", f"{frame.event} for {kind}")
            expect(not self.ended, "nothing after the end", kind)
            if kind not in _UNTYPED:
                self.complain.typed(_EVENTS.get(kind), frame.value)
            self._count(frame.value)
            self._step(kind)(frame.value)
        expect(self.ended, "an ending", "missing")

    def _count(self, event: dict[str, Any]) -> None:
        number = event.get("sequence_number")
        wanted = 0 if self.number is None else self.number + 1
        self.complain.expect(number == wanted, "sequence_number rises by one from 0", f"{number} for {wanted}")
        self.number = number if isinstance(number, int) else wanted

    def _step(self, kind: str) -> Callable[[dict[str, Any]], None]:
        if kind == "response.created":
            return self._open
        if kind in _STATUS:
            return self._close
        if kind in _KNOWN:
            return self._bookkeeping
        if kind == "error":
            return self._error
        if kind == "response.output_item.added":
            return self._added
        return self._of_item

    def _response(self, event: dict[str, Any]) -> dict[str, Any]:
        response = event.get("response") or {}
        self.complain.typed(_RESPONSE, response, "response type")
        self.id = self.id or response.get("id") or ""
        self.complain.expect(self.id and response.get("id") == self.id, "response id constant", response.get("id"))
        return response

    def _open(self, event: dict[str, Any]) -> None:
        self.complain.expect(not self.created and self.number == 0, "response.created first, once", event)
        self.created = True
        response = self._response(event)
        self.complain.expect(response.get("output") == [], "empty at the start", response.get("output"))

    def _bookkeeping(self, event: dict[str, Any]) -> None:
        if event["type"] == "keepalive":
            return
        self.complain.expect(not self.items, "in_progress before the output", event.get("type"))
        self._response(event)

    def _error(self, event: dict[str, Any]) -> None:
        self.ended = "error"
        self.complain.expect(isinstance(event.get("message"), str), "error shape", event)

    def _added(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        expect(self.created, "response.created first, once", "output before it")
        item = event.get("item") or {}
        expect(event.get("output_index") == len(self.items), "output_index is the position", event)
        for other in self.items:
            both = {other.kind, item.get("type")} <= _PARALLEL
            expect(other.done or not both, "one open item", item)
            expect(other.id != item.get("id") or not other.id, "item ids differ", item)
        self.items.append(Item(item, self.complain))

    def _of_item(self, event: dict[str, Any]) -> None:
        index = event.get("output_index")
        if not isinstance(index, int) or not 0 <= index < len(self.items):
            self.complain.say("events of an added item", event)
            return
        self.items[index].take(event)

    def _close(self, event: dict[str, Any]) -> None:
        expect = self.complain.expect
        kind = event["type"]
        self.ended = kind
        response = self._response(event)
        expect(self.created, "response.created first, once", "missing")
        expect(response.get("status") == _STATUS[kind], "status of the ending", response.get("status"))
        if kind == "response.failed":
            expect(isinstance((response.get("error") or {}).get("message"), str), "error shape", response.get("error"))
            return
        if kind == "response.incomplete":
            expect((response.get("incomplete_details") or {}).get("reason"), "incomplete_details", response)
        for item in self.items:
            expect(item.done, "each item is done", item.id)
        output = response.get("output") or []
        output, streamed = _sealed(output), _sealed([item.final for item in self.items])
        expect(output == streamed, "final output is what was streamed", f"{len(output)} of {len(streamed)}")
        self._usage(response.get("usage"))

    def _usage(self, usage: Any) -> None:
        if not isinstance(usage, dict):
            self.complain.say("usage at the end", usage)
            return
        total = (usage.get("input_tokens") or 0) + (usage.get("output_tokens") or 0)
        self.complain.expect(usage.get("total_tokens") == total, "total is the sum", usage)
        cached = (usage.get("input_tokens_details") or {}).get("cached_tokens") or 0
        thought = (usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0
        within = cached <= (usage.get("input_tokens") or 0) and thought <= (usage.get("output_tokens") or 0)
        self.complain.expect(within, "details within totals", usage)


def _sealed(output: list[Any]) -> list[Any]:
    """Items without their encrypted content: OpenAI seals the same reasoning anew for the final object."""
    return [{**item, "encrypted_content": bool(item.get("encrypted_content"))} for item in output]
