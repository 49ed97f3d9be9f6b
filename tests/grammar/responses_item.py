"""One output item of a Responses stream: what opens and closes inside it, and that the final item equals its deltas."""

from typing import Any

from tests.grammar.wire import Complaints

_TEXT = {
    "response.output_text.delta": ("content_index", "output_text"),
    "response.refusal.delta": ("content_index", "refusal"),
    "response.reasoning_text.delta": ("content_index", "reasoning_text"),
    "response.reasoning_summary_text.delta": ("summary_index", "summary_text"),
}
_DONE = {
    "response.output_text.done": ("content_index", "text"),
    "response.refusal.done": ("content_index", "refusal"),
    "response.reasoning_text.done": ("content_index", "text"),
    "response.reasoning_summary_text.done": ("summary_index", "text"),
}
_PART = {
    "response.content_part.added": "content_index",
    "response.content_part.done": "content_index",
    "response.reasoning_summary_part.added": "summary_index",
    "response.reasoning_summary_part.done": "summary_index",
}
_ARGUMENTS = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


class _Part:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.text = ""
        self.said = False
        self.done = False
        self.notes = 0


class Item:
    """The state of one item; `final` is the item as its `done` event gave it."""

    def __init__(self, opening: dict[str, Any], complain: Complaints) -> None:
        self.kind = opening.get("type") or ""
        self.id = opening.get("id") or ""
        self.opening = opening
        self.complain = complain
        self.done = False
        self.final: dict[str, Any] = {}
        self.parts: dict[str, list[_Part]] = {"content_index": [], "summary_index": []}
        self.text = ""
        self.arguments_done = False
        complain.expect(self.id, "item id given", opening)
        if self.kind in _ARGUMENTS:
            _, key = _ARGUMENTS[self.kind]
            complain.expect(opening.get("call_id") and opening.get("name"), "call opening", opening)
            complain.expect(opening.get(key) == "", "empty at the start", opening)
        elif self.kind == "message":
            complain.expect(opening.get("content") == [], "empty at the start", opening)

    def take(self, event: dict[str, Any]) -> None:
        """Check one event of this item."""
        kind = event.get("type") or ""
        self.complain.expect(not self.done, "nothing after the item is done", event)
        if kind == "response.output_item.done":
            self._finish(event.get("item") or {})
            return
        if kind.startswith("response.shell_call"):
            return  # has no item_id
        self.complain.expect(event.get("item_id") == self.id, "item_id constant", event)
        if kind in _PART:
            self._part(event, _PART[kind], opening=kind.endswith(".added"))
        elif kind in _TEXT:
            self._delta(event, *_TEXT[kind])
        elif kind in _DONE:
            self._text_done(event, *_DONE[kind])
        elif kind == "response.output_text.annotation.added":
            self._annotation(event)
        elif self.kind in _ARGUMENTS:
            self._arguments(event, kind)

    def _open_part(self, event: dict[str, Any], slot: str) -> _Part | None:
        parts = self.parts[slot]
        index = event.get(slot)
        if isinstance(index, int) and 0 <= index < len(parts) and not parts[index].done:
            return parts[index]
        self.complain.say("parts are opened before and closed after their text", event)
        return None

    def _part(self, event: dict[str, Any], slot: str, *, opening: bool) -> None:
        parts = self.parts[slot]
        given = event.get("part") or {}
        if opening:
            self.complain.expect(event.get(slot) == len(parts), f"contiguous {slot}", event)
            self.complain.expect(all(part.done for part in parts), "one open part", event)
            self.complain.expect(not (given.get("text") or given.get("refusal")), "empty at the start", event)
            parts.append(_Part(given.get("type") or ""))
            return
        part = self._open_part(event, slot)
        if part is not None:
            part.done = True
            told = given.get("text") if "text" in given else given.get("refusal")
            self.complain.expect(told == part.text and part.said, "done equals its deltas", event)
            self.complain.expect(len(given.get("annotations") or []) == part.notes, "done equals its deltas", event)

    def _delta(self, event: dict[str, Any], slot: str, kind: str) -> None:
        part = self._open_part(event, slot)
        if part is not None:
            self.complain.expect(part.kind == kind, "delta of the part's kind", event)
            self.complain.expect(not part.said, "nothing after the text is done", event)
            part.text += event.get("delta") or ""

    def _text_done(self, event: dict[str, Any], slot: str, key: str) -> None:
        part = self._open_part(event, slot)
        if part is not None:
            part.said = True
            self.complain.expect(event.get(key) == part.text, "done equals its deltas", event)

    def _annotation(self, event: dict[str, Any]) -> None:
        part = self._open_part(event, "content_index")
        if part is not None:
            self.complain.expect(event.get("annotation_index") == part.notes, "contiguous annotation_index", event)
            part.notes += 1

    def _arguments(self, event: dict[str, Any], kind: str) -> None:
        family, key = _ARGUMENTS[self.kind]
        self.complain.expect(not self.arguments_done, "nothing after the arguments are done", event)
        if kind == f"{family}.delta":
            self.text += event.get("delta") or ""
        elif kind == f"{family}.done":
            self.arguments_done = True
            self.complain.expect(event.get(key) == self.text, "done equals its deltas", event)
        else:
            self.complain.say("events of the item's kind", event)

    def _finish(self, item: dict[str, Any]) -> None:
        expect = self.complain.expect
        self.done, self.final = True, item
        expect(item.get("id") == self.id and item.get("type") == self.kind, "item_id constant", item)
        if self.kind in _ARGUMENTS:
            _, key = _ARGUMENTS[self.kind]
            expect(self.arguments_done, "arguments are done before the item", item)
            expect(item.get(key) == self.text, "done equals its deltas", item)
            for name in ("call_id", "name"):
                expect(item.get(name) == self.opening.get(name), "call constant", item)
        elif self.kind in {"message", "reasoning"}:
            self._finish_parts(item)

    def _finish_parts(self, item: dict[str, Any]) -> None:
        for slot, key in (("content_index", "content"), ("summary_index", "summary")):
            parts = self.parts[slot]
            held = item.get(key) or []
            self.complain.expect(all(part.done for part in parts), "each part is done", item)
            told = [part.get("text") if "text" in part else part.get("refusal") for part in held]
            self.complain.expect(told == [part.text for part in parts], "done equals its deltas", item)
