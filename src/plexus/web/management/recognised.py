"""Which protocol a request's body is of, told by its shape alone. Where two fit alike it is chat; saying so is better."""

from collections.abc import Mapping
from typing import Any

from plexus.core.json import JSONError, loads
from plexus.core.raw_object import RawObject
from plexus.ir.errors import InvalidRequest

_ONLY = {"contents": "gemini", "input": "responses"}
_MESSAGES = frozenset(
    {
        "system",
        "stop_sequences",
        "thinking",
        "top_k",
        "anthropic_version",
        "anthropic_beta",
        "output_config",
        "container",
    }
    | {"mcp_servers", "context_management"}
)
_CHAT = frozenset(
    {"max_completion_tokens", "response_format", "stop", "n", "logit_bias", "frequency_penalty", "presence_penalty"}
    | {"stream_options", "functions", "function_call", "parallel_tool_calls", "seed", "reasoning_effort", "logprobs"}
    | {"top_logprobs", "modalities", "audio", "prediction", "web_search_options", "user", "store", "verbosity"}
)
_CHAT_ROLES = frozenset({"system", "developer", "tool", "function"})
_MESSAGES_BLOCKS = frozenset({"image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"})


def protocol_of(body: RawObject, headers: Mapping[str, str]) -> str:
    """The protocol's name.

    Raises:
        InvalidRequest: when it is the body of none.
    """
    fields = body.values.keys()
    for field, name in _ONLY.items():
        if field in fields:
            return name
    if "messages" not in fields:
        raise InvalidRequest("protocol", "is needed: the body has neither messages, nor input, nor contents")
    if any(name.lower() == "anthropic-version" for name in headers):
        return "messages"
    if "max_tokens" not in fields:  # which messages must have
        return "chat"
    ours, theirs = len(fields & _CHAT), len(fields & _MESSAGES)
    if ours != theirs:
        return "chat" if ours > theirs else "messages"
    return _by_turns(_value(body, "messages"), _value(body, "tools"))


def _by_turns(turns: Any, tools: Any) -> str:
    """By roles, blocks and tools that only one of the two has."""
    turns = [turn for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    if any(turn.get("role") in _CHAT_ROLES or "tool_calls" in turn for turn in turns):
        return "chat"
    blocks = [block for turn in turns if isinstance(turn.get("content"), list) for block in turn["content"]]
    if any(isinstance(block, dict) and block.get("type") in _MESSAGES_BLOCKS for block in blocks):
        return "messages"
    named = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return "messages" if any("input_schema" in tool for tool in named) else "chat"


def _value(body: RawObject, field: str) -> Any:
    try:
        return loads(bytes(body.values[field])) if field in body.values else None
    except JSONError:
        return None
