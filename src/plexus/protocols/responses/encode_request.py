"""A canonical request as the body for a responses target.

A request of a responses client is put back as it was said. For clients of other protocols: system and developer
messages become input items with their role, where they were said (nothing is moved into `instructions`); `store` is
false unless the client said otherwise, because it did not ask for storage; the sealed state of the reasoning is asked
for whenever the target reasons, so that it can come back on the next turn.
"""

from typing import Any

from msgspec.structs import replace

from plexus.ir.chat import ChatRequest, OutputFormat, Tool
from plexus.ir.drops import Drop
from plexus.ir.exchange import Rendered
from plexus.ir.parts import Text, Thinking, ToolCall
from plexus.ir.target import Target
from plexus.protocols.responses.decode_request import ENCRYPTED, LOGPROBS
from plexus.protocols.responses.encode_items import Items
from plexus.protocols.responses.encode_reasoning import encode_reasoning
from plexus.protocols.responses.encode_tools import (
    encode_choice,
    encode_foreign_tools,
    encode_own_choice,
    encode_own_tools,
    unforced,
    without_custom,
)
from plexus.protocols.responses.ids import digest, tool_name
from plexus.protocols.responses.schemas import lowered

_LEAST_OUTPUT = 16  # OpenAI refuses a smaller max_output_tokens
_LONGEST_KEY = 64  # characters of `user` and `prompt_cache_key`

_SHARED = ("store", "safety_identifier", "prompt_cache_retention", "prompt_cache_options")
"""Fields that chat completions have under the same name with the same meaning."""

_TIERS = {"standard_only": "default", "standard": "default"}
_KNOWN_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})


def encode_request(request: ChatRequest, target: Target) -> Rendered:
    """The body, what could not be carried, and the tool names that had to change."""
    drops: list[Drop] = []
    request = _at(request, target, drops)
    own = request.protocol == "responses"
    names = {} if own else _names(request)
    body: dict[str, Any] = {"model": target.model, "input": []}
    items = Items(request, target, names, drops)
    for number, message in enumerate(request.messages):
        if own and message.hoisted and "instructions" not in body:
            body["instructions"] = "\n\n".join(part.text for part in message.parts if isinstance(part, Text))
        else:
            items.add(message, f"messages[{number}]")
    body["input"] = items.items
    if own:
        _own(request, body)
    else:
        _foreign(request, target, names, body, drops)
    if request.stream:
        body["stream"] = True
    for name in sorted(target.dialect.refused & body.keys()):
        del body[name]
        drops.append(Drop("dropped", name, "the target refuses it"))
    return Rendered(body=body, drops=drops, tool_names={changed: name for name, changed in names.items()})


def _at(request: ChatRequest, target: Target, drops: list[Drop]) -> ChatRequest:
    """The request with the tools and the choice among them that this target takes."""
    choice, tools = unforced(request.tool_choice, target, drops), request.tools
    if not target.dialect.custom_tools:
        tools = without_custom(tools, drops)
    if choice is request.tool_choice and tools is request.tools:
        return request
    return replace(request, tool_choice=choice, tools=tools)


def _names(request: ChatRequest) -> dict[str, str]:
    """Tool names the target would refuse, original to changed, of definitions and history."""
    called = {part.name for message in request.messages for part in message.parts if isinstance(part, ToolCall)}
    defined = {tool.name for tool in request.tools if tool.kind in {"function", "custom"}}
    return {name: changed for name in defined | called if (changed := tool_name(name)) != name}


def _plain(request: ChatRequest, body: dict[str, Any]) -> None:
    """The fields every client says in the same way."""
    sampling = request.sampling
    said = {
        "parallel_tool_calls": request.parallel_tool_calls,
        "max_output_tokens": request.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_logprobs": sampling.top_logprobs,
        "metadata": request.metadata,
        "user": request.user or None,
        "prompt_cache_key": request.cache_key or None,
        "service_tier": request.service_tier or None,
    }
    body.update({name: value for name, value in said.items() if value is not None})


# ---- the same protocol ---------------------------------------------------------------------------------------------


def _own(request: ChatRequest, body: dict[str, Any]) -> None:
    _plain(request, body)
    extras = dict(request.extras or {})
    include = extras.pop("include", [])
    text = extras.pop("text", {})
    body.update(extras)
    if request.tools:
        body["tools"] = encode_own_tools(request.tools)
    if request.tool_choice is not None:
        body["tool_choice"] = encode_own_choice(request.tool_choice, request.tools)
    said = request.reasoning
    if said is not None:
        reasoning = {"effort": said.effort, "summary": said.show, **(said.extras or {})}
        body["reasoning"] = {key: value for key, value in reasoning.items() if value} or None
        if body["reasoning"] is None:
            del body["reasoning"]
    include = [*include, *([ENCRYPTED] if said is not None and said.state else [])]
    if request.sampling.logprobs:
        include.append(LOGPROBS)
    if include:
        body["include"] = include
    text = {**encode_text(request, lower=False), **text}
    if text:
        body["text"] = text


def encode_text(request: ChatRequest, *, lower: bool) -> dict[str, Any]:
    """The `text` field: output format and verbosity. `lower`: the schema is in another dialect."""
    text: dict[str, Any] = {}
    if request.output is not None:
        text["format"] = _format(request.output, lower=lower)
    if request.verbosity:
        text["verbosity"] = request.verbosity
    return text


def _format(output: OutputFormat, *, lower: bool) -> dict[str, Any]:
    if output.kind == "json" or not isinstance(output.schema, dict):
        return {"type": "json_object", **({} if lower else output.extras or {})}
    raw: dict[str, Any] = {
        "type": "json_schema",
        "name": tool_name(output.name) if output.name else "response",
        "schema": lowered(output.schema) if lower else output.schema,
    }
    if output.description:
        raw["description"] = output.description
    if output.strict is not None:
        raw["strict"] = output.strict
    if not lower:
        raw.update(output.extras or {})
    return raw


# ---- another protocol ----------------------------------------------------------------------------------------------


def _foreign(
    request: ChatRequest, target: Target, names: dict[str, str], body: dict[str, Any], drops: list[Drop]
) -> None:
    _plain(request, body)
    _tools(request, target, names, body, drops)
    _limits(request, target, body, drops)
    _output(request, target, body, drops)
    extras = request.extras or {}
    body["store"] = False
    body.update({name: extras[name] for name in _SHARED if name in extras})
    drops += [Drop("dropped", name) for name in extras if name not in _SHARED]
    include = []
    if _thinks(request, target, body, drops) and body["store"] is not True:
        include.append(ENCRYPTED)
    if request.sampling.logprobs:
        include.append(LOGPROBS)
    if include:
        body["include"] = include


def _tools(
    request: ChatRequest, target: Target, names: dict[str, str], body: dict[str, Any], drops: list[Drop]
) -> None:
    dialect = target.dialect
    given = encode_foreign_tools(request.tools, names, dialect.server_tools, drops, marks=dialect.cache_marks)
    if given:
        body["tools"] = given
        if request.tool_choice is not None:
            choice = encode_choice(request.tool_choice, _given(request.tools, dialect.server_tools), names, drops)
            if choice is not None:
                body["tool_choice"] = choice
    elif request.tool_choice is not None and request.tool_choice.mode in {"required", "tool"}:
        drops.append(Drop("dropped", "tool_choice", "there are no tools"))
    if "parallel_tool_calls" in body and not (given and dialect.parallel_tool_calls):
        del body["parallel_tool_calls"]
        drops.append(Drop("dropped", "parallel_tool_calls"))


def _given(tools: list[Tool], offered: frozenset[str]) -> list[Tool]:
    return [tool for tool in tools if tool.kind in {"function", "custom"} or tool.kind in offered]


def _limits(request: ChatRequest, target: Target, body: dict[str, Any], drops: list[Drop]) -> None:
    sampling, profile = request.sampling, target.profile
    if request.max_tokens is not None and request.max_tokens < _LEAST_OUTPUT:
        body["max_output_tokens"] = _LEAST_OUTPUT
        drops.append(Drop("clamped", "max_tokens", f"at least {_LEAST_OUTPUT}"))
    elif request.max_tokens is not None and profile.max_output and request.max_tokens > profile.max_output:
        body["max_output_tokens"] = profile.max_output
        drops.append(Drop("clamped", "max_tokens", f"at most {profile.max_output}"))
    absent = {
        "stop": request.stop or None,
        "sampling.top_k": sampling.top_k,
        "sampling.presence_penalty": sampling.presence_penalty or None,
        "sampling.frequency_penalty": sampling.frequency_penalty or None,
        "sampling.seed": sampling.seed,
        "sampling.n": sampling.n if sampling.n != 1 else None,
        "sampling.logit_bias": sampling.logit_bias or None,
        "cache": request.cache,
    }
    drops += [Drop("dropped", path, "no such setting") for path, value in absent.items() if value is not None]
    if profile.refuses_sampling:
        _unsampled(body, drops, "the model refuses it")


def _unsampled(body: dict[str, Any], drops: list[Drop], why: str) -> None:
    said = [name for name in ("temperature", "top_p") if body.pop(name, None) is not None]
    drops += [Drop("dropped", f"sampling.{name}", why) for name in said]


def _output(request: ChatRequest, target: Target, body: dict[str, Any], drops: list[Drop]) -> None:
    if request.output is not None and request.output.kind == "schema" and not target.dialect.json_schema:
        drops.append(Drop("approximated", "output.schema", "the target only has JSON mode"))
        body["text"] = {**encode_text(request, lower=True), "format": {"type": "json_object"}}
    elif text := encode_text(request, lower=True):
        body["text"] = text
    if request.output is not None:
        drops += [Drop("dropped", f"output.{key}") for key in request.output.extras or ()]
    drops += [Drop("dropped", "modalities", f"no {kind} output") for kind in request.modalities if kind != "text"]
    tier = body.pop("service_tier", None)
    if tier is not None:
        known = _TIERS.get(tier, tier)
        if known in _KNOWN_TIERS:
            body["service_tier"] = known
        else:
            drops.append(Drop("dropped", "service_tier", "no such tier"))
    for name, path in (("user", "user"), ("prompt_cache_key", "cache_key")):
        value = body.get(name)
        if value and len(value) > _LONGEST_KEY:
            body[name] = digest(value, _LONGEST_KEY)
            drops.append(Drop("repaired", path, f"longer than {_LONGEST_KEY} characters: its hash is sent"))


def _thinks(request: ChatRequest, target: Target, body: dict[str, Any], drops: list[Drop]) -> bool:
    """Write `reasoning`; whether the target may be expected to reason."""
    profile = target.profile.reasoning
    said = request.reasoning
    if said is not None:
        reasoning = encode_reasoning(said, profile, drops)
        if reasoning:
            body["reasoning"] = reasoning
    if profile.refuses_sampling and body.get("reasoning", {}).get("effort") != "none":
        _unsampled(body, drops, "the model refuses it while it thinks")
    if profile.style == "none" or body.get("reasoning", {}).get("effort") == "none":
        return False
    sealed = any(
        isinstance(part, Thinking) and part.signature is not None
        for message in request.messages
        for part in message.parts
    )
    return bool(profile.style or body.get("reasoning") or sealed)
