"""The stream of a responses upstream to events. One method per wire event; nothing an upstream sends makes it raise.

Items are known by their `output_index`, because their ids may change between events; what they hold is in `stream_items`.
https://developers.openai.com/api/docs/api-reference/responses-streaming
"""

from collections.abc import Callable
from typing import Any

from plexus.core import json
from plexus.core.sse import Frame
from plexus.ir.chat import Usage
from plexus.ir.errors import Fault
from plexus.ir.events import Event, ResponseEnd, ResponseStart, StreamError
from plexus.ir.exchange import Reading
from plexus.ir.parts import Text
from plexus.protocols.responses.decode_content import decode_citation, decode_logprobs, decode_part
from plexus.protocols.responses.decode_items import as_text
from plexus.protocols.responses.errors import error_in, fault_of
from plexus.protocols.responses.output_items import stop_of
from plexus.protocols.responses.response import remainder, seconds
from plexus.protocols.responses.stream_items import CallItem, Item, MessageItem, ReasoningItem, Tally, item_of, named
from plexus.protocols.responses.usage import decode_usage


class StreamDecoder:
    """Frames to events. `done` once the answer has ended, well or badly."""

    def __init__(self, reading: Reading) -> None:
        """`reading` says who answers."""
        self.done = False
        self._tally = Tally(reading)
        self._started = False
        self._items: dict[int, Item] = {}
        self._replaced: list[Item] = []  # items at whose place another was announced
        self._usage: Usage | None = None

    def feed(self, frame: Frame) -> list[Event]:
        """The events this frame means."""
        if self.done:
            return []
        try:
            data = json.loads_lenient(frame.data)
        except json.JSONError:
            return []
        if not isinstance(data, dict):
            return []
        kind = data.get("type")
        step = _STEPS.get(kind if isinstance(kind, str) else frame.event)
        if step is None:
            return self._fail(data) if data.get("error") and not isinstance(kind, str) else []
        events = step(self, data)
        if self._started or not events or isinstance(events[0], ResponseStart | StreamError):
            return events
        return [*self._begin({}), *events]

    def end(self) -> list[Event]:
        """The upstream closed: an error unless the answer was complete."""
        if self.done:
            return []
        self.done = True
        message = "the provider's stream ended before the answer was complete"
        return [StreamError(Fault(kind="upstream", status=502, message=message, code="truncated"), self._usage)]

    # -- the answer as a whole ---------------------------------------------------------------------------------------

    def _begin(self, data: dict[str, Any]) -> list[Event]:
        response = self._response(data)
        if self._started:
            return []
        self._started = True
        return [
            ResponseStart(
                id=_string(response.get("id")),
                model=_string(response.get("model")),
                created=seconds(response.get("created_at")),
                usage=self._usage,
                protocol="responses",
            )
        ]

    def _response(self, data: dict[str, Any]) -> dict[str, Any]:
        """The response object of an event, its usage taken in."""
        response = data.get("response")
        if not isinstance(response, dict):
            return {}
        self._usage = decode_usage(response.get("usage"), response.get("service_tier")) or self._usage
        return response

    def _complete(self, data: dict[str, Any]) -> list[Event]:
        response = self._response(data)
        if response.get("status") in ("failed", "cancelled") or response.get("error"):
            return self._fail(data)
        if data.get("type") == "response.incomplete":
            response = {**response, "status": "incomplete"}
        events = [*self._begin(data), *self._rest(response.get("output"))]
        self.done = True
        stop = stop_of(response, called=bool(self._tally.taken), nameless=self._tally.nameless)
        return [*events, ResponseEnd(stop_reason=stop, usage=self._usage, extras=remainder(response))]

    def _rest(self, output: Any) -> list[Event]:
        """What only the final object says: items without events, and the ends of items that had none."""
        events: list[Event] = []
        raws = [raw for raw in output if isinstance(raw, dict)] if isinstance(output, list) else []
        known = {name for item in self._items.values() for name in item.ids}
        unseen = len(raws) > len(self._items)
        for index, raw in enumerate(raws):
            item = self._items.get(index)
            if item is not None and not item.done and item.kind == raw.get("type"):
                events += item.finish(raw)
            elif item is None and unseen and not named(raw) & known:
                events += self._open(index, raw).finish(raw)
        return events + [event for item in (*self._replaced, *self._items.values()) for event in item.close()]

    def _fail(self, data: dict[str, Any]) -> list[Event]:
        self.done = True
        response = self._response(data)
        if not response:
            return [StreamError(fault_of(data.get("error") or data), self._usage)]
        fault = error_in(response)
        if fault is None:
            message = "the provider cancelled the answer"
            fault = Fault(kind="upstream", status=502, message=message, code="cancelled")
        return [StreamError(fault, self._usage)]

    # -- items -------------------------------------------------------------------------------------------------------

    def _open(self, index: int, raw: dict[str, Any]) -> Item:
        item = item_of(index, raw, self._tally)
        if index in self._items:
            self._replaced.append(self._items[index])
        self._items[index] = item
        return item

    def _find(self, data: dict[str, Any], *names: Any) -> Item | None:
        index = data.get("output_index")
        if isinstance(index, int):
            return self._items.get(index)
        wanted = {name for name in names if isinstance(name, str)}
        return next((item for item in self._items.values() if item.ids & wanted), None)

    def _place_of(self, data: dict[str, Any]) -> int:
        index = data.get("output_index")
        return index if isinstance(index, int) else max(self._items, default=-1) + 1

    def _added(self, data: dict[str, Any]) -> list[Event]:
        raw = data.get("item")
        if not isinstance(raw, dict):
            return []
        item = self._find(data, raw.get("id"), raw.get("call_id"))
        if item is None or item.kind != raw.get("type"):
            item = self._open(self._place_of(data), raw)
        return [] if item.done else item.opening(raw)

    def _ended(self, data: dict[str, Any]) -> list[Event]:
        raw = data.get("item")
        if not isinstance(raw, dict):
            return []
        item = self._find(data, raw.get("id"), raw.get("call_id"))
        if item is None or (item.kind != raw.get("type") and not item.slots):
            item = self._open(self._place_of(data), raw)
        return [] if item.done or item.kind != raw.get("type") else item.finish(raw)

    # -- messages ----------------------------------------------------------------------------------------------------

    def _message(self, data: dict[str, Any]) -> MessageItem | None:
        """The message an event belongs to, begun if it was never announced; None when it can take no more."""
        item = self._find(data, data.get("item_id"))
        if item is None:
            item = self._open(self._place_of(data), {"type": "message", "id": data.get("item_id")})
        return item if isinstance(item, MessageItem) and not item.done else None

    def _part_added(self, data: dict[str, Any]) -> list[Event]:
        part = data.get("part")
        kind = part.get("type") if isinstance(part, dict) else None
        item = self._message(data) if kind in ("output_text", "refusal") else None
        return [] if item is None else item.text(_place(data), refusal=kind == "refusal")[1]

    def _text(self, data: dict[str, Any], *, refusal: bool = False) -> list[Event]:
        said, item = data.get("delta"), self._message(data)
        if item is None or not isinstance(said, str):
            return []
        slot, events = item.text(_place(data), refusal=refusal)
        if slot.ended:
            return events
        logprobs = data.get("logprobs")
        events.append(slot.grow(said, decode_logprobs(logprobs) if logprobs else []))
        return events

    def _refusal(self, data: dict[str, Any]) -> list[Event]:
        return self._text(data, refusal=True)

    def _text_whole(self, data: dict[str, Any]) -> list[Event]:
        part = Text(text=_string(data.get("text")), logprobs=decode_logprobs(data.get("logprobs")))
        item = self._message(data)
        return [] if item is None else item.whole(_place(data), part)

    def _refusal_whole(self, data: dict[str, Any]) -> list[Event]:
        item = self._message(data)
        part = Text(text=_string(data.get("refusal")), refusal=True)
        return [] if item is None else item.whole(_place(data), part)

    def _part_done(self, data: dict[str, Any]) -> list[Event]:
        raw = data.get("part")
        part = decode_part(raw) if isinstance(raw, dict) and raw.get("type") in ("output_text", "refusal") else None
        item = self._message(data) if isinstance(part, Text) else None
        if item is None or not isinstance(part, Text):
            return []
        place = _place(data)
        return [*item.whole(place, part), *item.slots[place].end()]

    def _annotation(self, data: dict[str, Any]) -> list[Event]:
        note, item = data.get("annotation"), self._message(data)
        slot = item.slots.get(_place(data)) if item is not None else None
        if isinstance(note, dict) and slot is not None:
            slot.citations = [*slot.citations, decode_citation(note)]
        return []

    # -- reasoning and calls -----------------------------------------------------------------------------------------

    def _think(self, data: dict[str, Any], place: str, *, whole: bool) -> list[Event]:
        said = data.get("text" if whole else "delta")
        item = self._find(data, data.get("item_id"))
        if item is None:
            item = self._open(self._place_of(data), {"type": "reasoning", "id": data.get("item_id")})
        if not isinstance(item, ReasoningItem) or item.done or not isinstance(said, str) or not said:
            return []
        section = data.get(place)
        section = section if isinstance(section, int) else 0
        return item.think(said, section, summary=place == "summary_index", whole=whole)

    def _summary(self, data: dict[str, Any]) -> list[Event]:
        return self._think(data, "summary_index", whole=False)

    def _summary_whole(self, data: dict[str, Any]) -> list[Event]:
        return self._think(data, "summary_index", whole=True)

    def _reasoned(self, data: dict[str, Any]) -> list[Event]:
        return self._think(data, "content_index", whole=False)

    def _reasoned_whole(self, data: dict[str, Any]) -> list[Event]:
        return self._think(data, "content_index", whole=True)

    def _arguments(self, data: dict[str, Any]) -> list[Event]:
        item, said = self._find(data, data.get("item_id")), data.get("delta")
        slot = item.slots.get(0) if isinstance(item, CallItem) else None
        return [slot.grow(said, [])] if slot is not None and not slot.ended and isinstance(said, str) else []

    def _arguments_whole(self, data: dict[str, Any]) -> list[Event]:
        item = self._find(data, data.get("item_id"))
        slot = item.slots.get(0) if isinstance(item, CallItem) else None
        return slot.catch_up(as_text(data.get("arguments", data.get("input"))), []) if slot is not None else []

    STEPS: dict[str, Callable[["StreamDecoder", dict[str, Any]], list[Event]]] = {  # noqa: RUF012 - never changed
        "response.created": _begin,
        "response.queued": _begin,
        "response.in_progress": _begin,
        "response.output_item.added": _added,
        "response.output_item.done": _ended,
        "response.content_part.added": _part_added,
        "response.content_part.done": _part_done,
        "response.output_text.delta": _text,
        "response.output_text.done": _text_whole,
        "response.output_text.annotation.added": _annotation,
        "response.refusal.delta": _refusal,
        "response.refusal.done": _refusal_whole,
        "response.reasoning_summary_text.delta": _summary,
        "response.reasoning_summary_text.done": _summary_whole,
        "response.reasoning_text.delta": _reasoned,
        "response.reasoning_text.done": _reasoned_whole,
        "response.function_call_arguments.delta": _arguments,
        "response.function_call_arguments.done": _arguments_whole,
        "response.custom_tool_call_input.delta": _arguments,
        "response.custom_tool_call_input.done": _arguments_whole,
        "response.completed": _complete,
        "response.done": _complete,
        "response.incomplete": _complete,
        "response.failed": _fail,
        "response.cancelled": _fail,
        "error": _fail,
    }


_STEPS = StreamDecoder.STEPS


def _place(data: dict[str, Any]) -> int:
    place = data.get("content_index")
    return place if isinstance(place, int) else 0


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
