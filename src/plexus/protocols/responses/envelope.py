"""The response object around an answer: what it repeats of the request, and the fields that tell how it ended."""

from typing import Any

from plexus.ir.chat import ChatRequest, Usage
from plexus.ir.drops import Drop
from plexus.ir.parts import Extras, Text
from plexus.protocols.responses.encode_request import encode_text
from plexus.protocols.responses.encode_tools import encode_foreign_tools, encode_own_choice, encode_own_tools
from plexus.protocols.responses.ids import response_id
from plexus.protocols.responses.usage import encode_usage

_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})

_REPEATED = {
    "background": bool,
    "max_tool_calls": int,
    "previous_response_id": str,
    "prompt": dict,
    "prompt_cache_retention": str,
    "safety_identifier": str,
    "store": bool,
}
"""Fields without a canonical place that the response object repeats, when they are of their type."""

TELLING = frozenset(
    {
        "access_programs",
        "content_filters",
        "conversation",
        "input_transformations",
        "moderation",
        "prompt_cache_diagnostics",
        "tool_usage",
    }
)  # fmt: skip - a list of names reads better in rows
"""Fields of an upstream's response object that say something about the answer."""

RETURNED = TELLING | {
    "background", "completed_at", "max_tool_calls", "previous_response_id", "prompt", "prompt_cache_retention",
    "safety_identifier", "store",
}  # fmt: skip
"""Fields of an upstream's response object that say more than the request did and go back to a responses client."""

ECHOED = frozenset({
    "billing", "frequency_penalty", "instructions", "max_output_tokens", "metadata", "parallel_tool_calls", "presence_penalty",
    "prompt_cache_key", "reasoning", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation",
    "user", "output_text",
}) | RETURNED  # fmt: skip
"""Fields of an upstream's response object that repeat the request or its defaults."""


def echo(request: ChatRequest) -> dict[str, Any]:
    """What the response object repeats of the request, with OpenAI's defaults where nothing was said."""
    extras = request.extras or {}
    sampling, said = request.sampling, request.reasoning
    first = request.messages[0] if request.messages else None
    instructions = None
    if first is not None and first.hoisted:
        instructions = "\n\n".join(part.text for part in first.parts if isinstance(part, Text))
    own = request.protocol == "responses"  # always, unless the answer is told to another client than asked for it
    tools = (
        encode_own_tools(request.tools)
        if own
        else encode_foreign_tools(request.tools, {}, frozenset(), [], marks=False)
    )
    choice = request.tool_choice
    return {
        "background": False,
        "instructions": instructions,
        "max_output_tokens": request.max_tokens,
        "max_tool_calls": None,
        "metadata": request.metadata or {},
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": request.cache_key or None,
        "reasoning": {
            "effort": (said.effort or None) if said else None,
            "summary": (said.show or None) if said else None,
        },
        "safety_identifier": None,
        "store": False,
        "temperature": sampling.temperature,
        "text": {"format": {"type": "text"}, **encode_text(request, lower=False)},
        "tool_choice": "auto" if choice is None or not own else encode_own_choice(choice, request.tools),
        "tools": [_complete(tool) for tool in tools],
        "top_logprobs": sampling.top_logprobs or 0,
        "top_p": sampling.top_p,
        "truncation": extras.get("truncation") or "disabled",
        "user": request.user or None,
        **{name: extras[name] for name, kind in _REPEATED.items() if isinstance(extras.get(name), kind)},
    }


def _complete(tool: dict[str, Any]) -> dict[str, Any]:
    """A function with the fields that OpenAI's types demand in an answer."""
    if tool.get("type") == "function":
        return {"parameters": None, "strict": None, **tool}
    return tool


def own_id(answer_id: str, seed: str) -> str:
    """The answer's id if it is in OpenAI's style, else one made from the seed."""
    return answer_id if answer_id.startswith("resp") else response_id(seed)


def head(
    answer_id: str, model: str, created: int, status: str, output: list[Any], error: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The fields of the response object that belong to the answer."""
    return {
        "id": answer_id,
        "object": "response",
        "created_at": created,
        "status": status,
        "completed_at": None,
        "error": error,
        "incomplete_details": None,
        "model": model,
        "output": output,
        "usage": None,
    }


def returned(extras: Extras | None, protocol: str, drops: list[Drop]) -> Extras:
    """What of the upstream's own fields goes back: those of this protocol that are more than a repetition."""
    own = protocol == "responses"
    drops += [Drop("dropped", name) for name in extras or () if not own or name not in RETURNED]
    return {name: value for name, value in (extras or {}).items() if own and name in RETURNED}


def finish(response: dict[str, Any], usage: Usage | None, reason: str, now: int, extras: Extras) -> None:
    """Fill in what is known only at the end. `reason`: of an incomplete answer. `extras`: see `returned`."""
    response["usage"] = encode_usage(usage)
    if reason:
        response["incomplete_details"] = {"reason": reason}
    if response["status"] == "completed":
        response["completed_at"] = max(now, response["created_at"])
    if usage is not None and usage.service_tier:
        response["service_tier"] = usage.service_tier if usage.service_tier in _TIERS else "default"
    response.update(extras)
