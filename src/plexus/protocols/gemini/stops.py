"""Why a candidate ended: Gemini's `finishReason` and the canonical stop reasons, both ways.

Source: https://ai.google.dev/api/generate-content#FinishReason
"""

from typing import Any

from plexus.ir.chat import StopReason

_READ: dict[str, StopReason] = {
    "STOP": "end",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "MALFORMED_FUNCTION_CALL": "malformed_tool_call",
    "UNEXPECTED_TOOL_CALL": "malformed_tool_call",
    "CONTINUATION": "pause",
    "OTHER": "error",
    "IMAGE_OTHER": "error",
    "NO_IMAGE": "error",
    "MALFORMED_RESPONSE": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "TOO_MANY_TOOL_CALLS": "error",
}
# The numbers some callers ask for with `$alt=json;enum-encoding=int`.
_NUMBERED = dict(
    enumerate(
        (
            "FINISH_REASON_UNSPECIFIED",
            "STOP",
            "MAX_TOKENS",
            "SAFETY",
            "RECITATION",
            "OTHER",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MALFORMED_FUNCTION_CALL",
            "IMAGE_SAFETY",
            "UNEXPECTED_TOOL_CALL",
        )
    )
)
_WRITTEN: dict[StopReason, str] = {
    "end": "STOP",
    "stop_sequence": "STOP",
    "tool_use": "STOP",
    "pause": "STOP",  # CONTINUATION would make clients resend with a token there is not
    "max_tokens": "MAX_TOKENS",
    "context_window": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "malformed_tool_call": "MALFORMED_FUNCTION_CALL",
    "error": "OTHER",
}
EXACT: frozenset[StopReason] = frozenset({"end", "tool_use", "max_tokens", "content_filter", "malformed_tool_call"})
"""Stop reasons Gemini has a word for; the others are approximated."""


def finish_name(value: Any) -> str:
    """The finish reason's name, also when it came as a number; empty when there is none."""
    if isinstance(value, str):
        return "" if value == "FINISH_REASON_UNSPECIFIED" else value
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERED.get(value, "OTHER") if value > 0 else ""
    return ""


def read_stop(name: str, *, called: bool) -> StopReason | None:
    """The stop reason of a candidate: an ordinary end with calls among the parts (`called`) waits for their results."""
    if not name:
        return None
    stop = _READ.get(name, "error")
    return "tool_use" if called and stop == "end" else stop


def write_stop(stop: StopReason | None) -> str:
    """The `finishReason` that says this stop reason, the ordinary end when none is known."""
    return _WRITTEN[stop] if stop else "STOP"
