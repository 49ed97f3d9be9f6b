"""A `generateContent` body to a canonical request. camelCase and snake_case alike; unknown fields are kept.

Source: https://ai.google.dev/api/generate-content
"""

import math
from typing import Any

from plexus.ir.chat import ChatRequest, OutputFormat, Reasoning
from plexus.ir.errors import InvalidRequest
from plexus.protocols.gemini.decode_contents import Conversation, read_system
from plexus.protocols.gemini.decode_tools import read_tool_config, read_tools
from plexus.protocols.gemini.protojson import Wire, message_at, text_of
from plexus.protocols.gemini.schema import read_schema

_TOP = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier", "model"})
_LEVELS = frozenset({"minimal", "low", "medium", "high", "xhigh"})
_NUMBERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
_INTEGERS = {"seed": "seed", "candidateCount": "n", "logprobs": "top_logprobs"}


def decode_request(body: dict[str, Any], model: str, stream: bool) -> ChatRequest:
    """The request a Gemini client sent; model and stream flag come from its path.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    wire = message_at(body, "")
    extras: Wire = {key: wire[key] for key in wire.keys() - _TOP}
    conversation = Conversation()
    request = ChatRequest(
        protocol="gemini",
        model=model,
        messages=[*read_system(wire.get("systemInstruction")), *conversation.read(wire.get("contents"))],
        tools=read_tools(wire.get("tools")),
        stream=stream,
        include_usage=True,
        service_tier=text_of(wire.get("serviceTier")),
    )
    read_tool_config(wire.get("toolConfig"), request, extras)
    if wire.get("generationConfig") is not None:
        _read_config(message_at(wire["generationConfig"], "generationConfig"), request, extras)
    request.extras = extras or None
    return request


def _read_config(config: Wire, request: ChatRequest, extras: Wire) -> None:
    rest = dict(config)
    for key, name in _NUMBERS.items():
        setattr(request.sampling, name, _number(rest.pop(key, None), f"generationConfig.{key}"))
    for key, name in _INTEGERS.items():
        setattr(request.sampling, name, _integer(rest.pop(key, None), f"generationConfig.{key}"))
    request.max_tokens = _integer(rest.pop("maxOutputTokens", None), "generationConfig.maxOutputTokens")
    request.stop = _strings(rest.pop("stopSequences", None), "generationConfig.stopSequences")
    logprobs = rest.pop("responseLogprobs", None)
    request.sampling.logprobs = logprobs if isinstance(logprobs, bool) else None
    words = _strings(rest.pop("responseModalities", None), "generationConfig.responseModalities")
    request.modalities = [word.lower() for word in words]
    _read_output(rest, request)
    _read_thinking(rest.pop("thinkingConfig", None), request)
    extras.update({f"generationConfig.{key}": value for key, value in rest.items()})


def _read_output(rest: Wire, request: ChatRequest) -> None:
    mime, plain, schema = rest.get("responseMimeType"), rest.get("responseSchema"), rest.get("responseJsonSchema")
    if mime not in (None, "application/json"):
        return  # an enum or plain text: no other protocol has it, so it stays a field of Gemini's
    if plain is None and schema is None and mime is None:
        return
    for key in ("responseMimeType", "responseSchema", "responseJsonSchema"):
        rest.pop(key, None)
    if schema is None and plain is not None:
        schema = read_schema(plain)
    request.output = OutputFormat(kind="json") if schema is None else OutputFormat(kind="schema", schema=schema)


def _read_thinking(value: Any, request: ChatRequest) -> None:
    if value is None:
        return
    config = message_at(value, "generationConfig.thinkingConfig")
    budget = _integer(config.get("thinkingBudget"), "generationConfig.thinkingConfig.thinkingBudget")
    level = text_of(config.get("thinkingLevel")).lower()
    rest = {key: config[key] for key in config.keys() - {"thinkingBudget", "thinkingLevel", "includeThoughts"}}
    if level and level not in _LEVELS and level != "thinking_level_unspecified":
        rest["thinkingLevel"] = config["thinkingLevel"]
    reasoning = Reasoning(budget=budget, effort=level if level in _LEVELS else "", extras=rest or None)
    if budget is not None:
        reasoning.mode = {0: "off", -1: "adaptive"}.get(budget, "on")
    elif reasoning.effort:
        reasoning.mode = "on"
    shown = config.get("includeThoughts")
    reasoning.show = "" if shown is None else "summarized" if shown else "omitted"
    request.reasoning = reasoning


def _number(value: Any, path: str) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise InvalidRequest(path, "must be a number") from None
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise InvalidRequest(path, "must be a number")


def _integer(value: Any, path: str) -> int | None:
    number = _number(value, path)
    if number is None:
        return None
    if not math.isfinite(number) or number != int(number):
        raise InvalidRequest(path, "must be a whole number")
    return int(number)


def _strings(value: Any, path: str) -> list[str]:
    items = [value] if isinstance(value, str) else [] if value is None else value
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return items
    raise InvalidRequest(path, "must be a list of strings")
