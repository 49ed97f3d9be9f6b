"""Stop reasons, both ways.

https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
"""

from typing import Any

from plexus.ir.chat import StopReason

_READ: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "context_window",
    "tool_use": "tool_use",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
}
_WRITTEN: dict[StopReason, str] = {
    "end": "end_turn",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "tool_use": "tool_use",
    "pause": "pause_turn",
    "content_filter": "refusal",
    "refusal": "refusal",
    "malformed_tool_call": "end_turn",
    "error": "end_turn",
}
_ORDINARY: frozenset[StopReason | None] = frozenset({None, "end", "stop_sequence", "malformed_tool_call", "error"})
_SPOKEN = frozenset({"content_filter", "malformed_tool_call", "error"})


def read_stop(wire: Any, *, called: bool, nameless: bool = False) -> tuple[StopReason | None, str]:
    """The canonical reason, and the wire's own word where the canonical one would not lead back to it.

    `called`: a tool call is among the parts, which makes an ordinary end "tool_use". `nameless`: there was a call of nobody
    knows which tool.
    """
    if not isinstance(wire, str) or not wire:
        return None, ""
    reason = _READ.get(wire, "end")
    if nameless and reason in {"end", "tool_use"}:
        return "malformed_tool_call", wire
    if called and reason == "end":
        return "tool_use", ""
    return reason, "" if _WRITTEN[reason] == wire else wire


def write_stop(reason: StopReason | None, *, called: bool) -> tuple[str, bool]:
    """The wire's word, and whether it says the same. Whenever a tool block was sent an ordinary end is "tool_use"."""
    if called and reason in _ORDINARY:
        return "tool_use", reason not in _SPOKEN
    return ("end_turn", True) if reason is None else (_WRITTEN[reason], reason not in _SPOKEN)
