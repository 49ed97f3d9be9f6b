"""A client's chat completion request to the canonical request. Unknown fields are kept, wrong types name their path.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from typing import Any

from plexus.ir.chat import ChatRequest, OutputFormat, Sampling
from plexus.ir.errors import InvalidRequest
from plexus.protocols.chat.checks import (
    Wire,
    a_list,
    a_string,
    an_object,
    bool_or_none,
    int_or_none,
    number_or_none,
    rest,
    string_or_nothing,
)
from plexus.protocols.chat.decode_messages import decode_messages
from plexus.protocols.chat.reasoning import decode_reasoning
from plexus.protocols.chat.tools_in import decode_choice, decode_tools

KNOWN = frozenset(
    {
        "model",
        "messages",
        "tools",
        "functions",
        "tool_choice",
        "function_call",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "temperature",
        "top_p",
        "top_k",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "n",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "reasoning_effort",
        "reasoning",
        "response_format",
        "modalities",
        "verbosity",
        "stream",
        "stream_options",
        "service_tier",
        "user",
        "metadata",
        "prompt_cache_key",
        "web_search_options",
    }
)
"""Top-level fields with a canonical place. `thinking` has one too, when it is an object."""


_FORMATS = frozenset({"text", "json_object", "json_schema"})


def decode_request(body: Wire, model: str, stream: bool) -> ChatRequest:
    """The canonical request.

    Raises:
        InvalidRequest: with the path of the first field that cannot be read.
    """
    options = _options(body)
    limit = int_or_none(body.get("max_completion_tokens"), "max_completion_tokens")
    if limit is None:
        limit = int_or_none(body.get("max_tokens"), "max_tokens")
    return ChatRequest(
        protocol="chat",
        model=model,
        messages=decode_messages(body.get("messages")),
        tools=decode_tools(body),
        tool_choice=decode_choice(body),
        parallel_tool_calls=bool_or_none(body.get("parallel_tool_calls"), "parallel_tool_calls"),
        max_tokens=limit,
        stop=_stop(body.get("stop")),
        sampling=_sampling(body),
        reasoning=decode_reasoning(body),
        output=_output(body.get("response_format")),
        modalities=_strings(body.get("modalities"), "modalities"),
        verbosity=string_or_nothing(body.get("verbosity"), "verbosity"),
        stream=stream,
        include_usage=bool(bool_or_none(options.get("include_usage"), "stream_options.include_usage")),
        service_tier=string_or_nothing(body.get("service_tier"), "service_tier"),
        user=string_or_nothing(body.get("user"), "user"),
        metadata=_metadata(body.get("metadata")),
        cache_key=string_or_nothing(body.get("prompt_cache_key"), "prompt_cache_key"),
        extras=_extras(body, options),
    )


def _options(body: Wire) -> Wire:
    options = body.get("stream_options")
    return {} if options is None else an_object(options, "stream_options")


def _extras(body: Wire, options: Wire) -> Wire | None:
    known = KNOWN
    if isinstance(body.get("thinking"), dict) and not isinstance(body.get("reasoning"), dict):
        known = KNOWN | {"thinking"}
    extras = rest(body, known) or {}
    form = body.get("response_format")
    if isinstance(form, dict) and form.get("type") not in _FORMATS:
        extras["response_format"] = form
    other = rest(options, frozenset({"include_usage"}))
    if other is not None:
        extras["stream_options"] = other
    return extras or None


def _stop(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return _strings(value, "stop")


def _strings(value: Any, path: str) -> list[str]:
    return [a_string(entry, f"{path}[{number}]") for number, entry in enumerate(a_list(value, path))]


def _sampling(body: Wire) -> Sampling:
    return Sampling(
        temperature=number_or_none(body.get("temperature"), "temperature"),
        top_p=number_or_none(body.get("top_p"), "top_p"),
        top_k=number_or_none(body.get("top_k"), "top_k"),
        presence_penalty=number_or_none(body.get("presence_penalty"), "presence_penalty"),
        frequency_penalty=number_or_none(body.get("frequency_penalty"), "frequency_penalty"),
        seed=int_or_none(body.get("seed"), "seed"),
        n=int_or_none(body.get("n"), "n"),
        logprobs=bool_or_none(body.get("logprobs"), "logprobs"),
        top_logprobs=int_or_none(body.get("top_logprobs"), "top_logprobs"),
        logit_bias=_bias(body.get("logit_bias")),
    )


def _bias(value: Any) -> dict[str, float] | None:
    if value is None:
        return None
    bias: dict[str, float] = {}
    for token, weight in an_object(value, "logit_bias").items():
        number = number_or_none(weight, f"logit_bias.{token}")
        if number is None:
            raise InvalidRequest(f"logit_bias.{token}", "must be a number")
        bias[token] = number
    return bias


def _metadata(value: Any) -> Wire | None:
    return None if value is None else an_object(value, "metadata")


def _output(value: Any) -> OutputFormat | None:
    if value is None:
        return None
    wire = an_object(value, "response_format")
    kind = a_string(wire.get("type"), "response_format.type")
    outer = rest(wire, frozenset({"type", "json_schema"}))
    match kind:
        case "text":
            return None
        case "json_object":
            return OutputFormat(kind="json", extras=outer)
        case "json_schema":
            return _schema(wire, outer)
        case _:
            return None  # kept as it is among the extras


_SCHEMA = frozenset({"name", "description", "schema", "strict"})


def _schema(wire: Wire, outer: Wire | None) -> OutputFormat:
    path = "response_format.json_schema"
    schema = an_object(wire.get("json_schema"), path)
    if schema.get("schema") is not None:
        an_object(schema["schema"], f"{path}.schema")
    inner = rest(schema, _SCHEMA)
    extras = {**(outer or {}), **({"json_schema": inner} if inner else {})}
    return OutputFormat(
        kind="schema",
        name=string_or_nothing(schema.get("name"), f"{path}.name"),
        description=string_or_nothing(schema.get("description"), f"{path}.description"),
        schema=schema.get("schema"),
        strict=bool_or_none(schema.get("strict"), f"{path}.strict"),
        extras=extras or None,
    )
