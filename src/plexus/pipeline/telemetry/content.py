"""Conversations in the form the conventions give them. Media are named, never repeated.

https://github.com/open-telemetry/semantic-conventions-genai: gen-ai-input-messages.json and gen-ai-output-messages.json.
"""

from collections.abc import Iterable
from typing import Any, assert_never

from plexus.core.json import JSONError, loads
from plexus.ir.chat import ChatRequest, ChatResponse, StopReason
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult

FINISHES: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "tool_use": "tool_call",
    "pause": "stop",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "malformed_tool_call": "error",
    "error": "error",
}
"""Our words for why an answer ended, and those of the conventions."""


def messages_in(request: ChatRequest) -> list[dict[str, Any]]:
    """What was asked, system prompts where they were said."""
    told: list[dict[str, Any]] = []
    for message in request.messages:
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        if results:
            told.append({"role": "tool", "parts": _parts(results)})
        if rest or not results:
            role = "system" if message.role == "developer" else message.role
            told.append({"role": role, "parts": _parts(rest)})
    return told


def messages_out(response: ChatResponse) -> list[dict[str, Any]]:
    """What was answered, one message for each choice."""
    choices = [(response.parts, response.stop_reason), *((one.parts, one.stop_reason) for one in response.alternatives)]
    return [
        {"role": "assistant", "parts": _parts(parts), "finish_reason": FINISHES[stop] if stop else "error"}
        for parts, stop in choices
    ]


def _parts(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "content": part.text}
        case Thinking():
            return {"type": "reasoning", "content": part.text}
        case ToolCall():
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": _arguments(part.arguments)}
        case ToolResult():
            return {"type": "tool_call_response", "id": part.call_id, "response": _parts(part.parts)}
        case Media():
            return {"type": "media", "modality": part.kind, "mime_type": part.mime or None}
        case Opaque():
            return {"type": part.kind}
        case _:
            assert_never(part)


def _arguments(text: str) -> Any:
    try:
        return loads(text) if text else None
    except JSONError:
        return text
