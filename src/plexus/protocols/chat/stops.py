"""Why an answer ended: the words of OpenAI and of those who imitate it, and the way back.

Source: https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices
"""

from typing import Any

from plexus.ir.chat import StopReason
from plexus.ir.parts import Part, ToolCall

_READ: dict[str, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filter",
    "error": "error",
    # Mistral https://docs.mistral.ai/api/#operation-chatCompletion
    "model_length": "context_window",
    # Together, Hugging Face
    "eos": "end",
    "eos_token": "end",
    "stop_sequence": "stop_sequence",
    # DeepSeek https://api-docs.deepseek.com/api/create-chat-completion
    "insufficient_system_resource": "error",
    # Zhipu https://docs.z.ai/api-reference/llm/chat-completion
    "sensitive": "content_filter",
    "network_error": "error",
    "model_context_window_exceeded": "context_window",
    # words of the model's own vendor, passed on by gateways
    "end_turn": "end",
    "max_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "tool_use": "tool_use",
    "refusal": "refusal",
    "safety": "content_filter",
    "malformed_function_call": "malformed_tool_call",
}

_WRITTEN: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "context_window": "length",
    "tool_use": "tool_calls",
    "pause": "stop",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "malformed_tool_call": "stop",
    "error": "stop",
}

APPROXIMATED: frozenset[StopReason | None] = frozenset({"pause", "malformed_tool_call", "error"})
"""Reasons that chat has no word for."""


def decode_stop(choice: dict[str, Any]) -> tuple[StopReason | None, str | None]:
    """Stop reason and matched stop sequence of a choice; (None, None) when it does not say.

    vLLM tells the matched sequence in `stop_reason`; early vision models said `finish_details` instead.
    """
    word = choice.get("finish_reason")
    details = choice.get("finish_details")
    if word is None and isinstance(details, dict):
        word = details.get("type")
    if not isinstance(word, str) or not word:
        return None, None
    matched = choice.get("stop_reason")
    if word == "stop" and isinstance(matched, str) and matched:
        return "stop_sequence", matched
    return _READ.get(word.lower(), "end"), None


def settled(stop: StopReason | None, parts: list[Part], *, nameless: bool) -> StopReason:
    """Why a whole answer ended: in the ordinary way unless it says otherwise, and then for a tool call if it holds one.

    `nameless`: it holds a call of nobody knows which tool.
    """
    if nameless and stop in {None, "end", "tool_use"}:
        return "malformed_tool_call"
    if stop in {None, "end"} and any(isinstance(part, ToolCall) for part in parts):
        return "tool_use"
    return stop or "end"


def encode_stop(stop: StopReason | None, *, calls: bool, legacy: bool = False, refused: bool = False) -> str:
    """The `finish_reason` for a client.

    `calls`: whether a tool call was sent; `legacy`: in the old `function_call`; `refused`: whether a refusal was sent as
    such, after which OpenAI says `stop`.
    """
    word = _WRITTEN[stop] if stop is not None and not (stop == "refusal" and refused) else "stop"
    if word in {"stop", "tool_calls"}:
        return ("function_call" if legacy else "tool_calls") if calls else "stop"
    return word
