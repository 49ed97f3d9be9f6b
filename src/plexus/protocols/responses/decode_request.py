"""A responses request to the canonical request: the top-level fields. Items, parts and tools have their own files."""

from typing import Any

from plexus.ir.chat import ChatRequest, Message, OutputFormat, Reasoning, Sampling, Tool
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Extras, Text
from plexus.protocols.responses.decode_content import rest
from plexus.protocols.responses.decode_items import decode_content, decode_input
from plexus.protocols.responses.decode_tools import decode_choice, decode_tools
from plexus.protocols.responses.namespaces import bare, group_of

STATE_FIELDS = frozenset({"previous_response_id", "conversation", "background", "prompt"})
"""Fields that refer to state at the provider. Elsewhere than in pass-through they cannot be honoured yet."""

_KNOWN = frozenset(
    {
        "model",
        "stream",
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "temperature",
        "top_p",
        "top_logprobs",
        "reasoning",
        "text",
        "metadata",
        "user",
        "prompt_cache_key",
        "service_tier",
        "include",
    }
)  # fmt: skip - a list of names reads better in rows

LOGPROBS, ENCRYPTED = "message.output_text.logprobs", "reasoning.encrypted_content"
"""Values of `include` that the canonical request says in its own way."""


def stateful(extras: Extras | None) -> str | None:
    """The first field in use that needs state at the provider, or None. `background: false` needs none."""
    for name in sorted(STATE_FIELDS):
        if (extras or {}).get(name):
            return name
    return None


def decode_request(body: dict[str, Any], model: str, stream: bool) -> ChatRequest:
    """The request a responses client sent.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    tools = decode_tools(body.get("tools"))
    metadata = body.get("metadata")
    request = ChatRequest(
        protocol="responses",
        model=model,
        messages=_messages(body, tools),
        tools=tools,
        tool_choice=decode_choice(body.get("tool_choice")),
        parallel_tool_calls=_boolean(body, "parallel_tool_calls"),
        max_tokens=_integer(body, "max_output_tokens"),
        sampling=Sampling(
            temperature=_number(body, "temperature"),
            top_p=_number(body, "top_p"),
            top_logprobs=_integer(body, "top_logprobs"),
        ),
        reasoning=_reasoning(body.get("reasoning")),
        stream=stream,
        include_usage=True,
        service_tier=_string(body, "service_tier"),
        user=_string(body, "user"),
        metadata=metadata if isinstance(metadata, dict) and metadata else None,
        cache_key=_string(body, "prompt_cache_key"),
    )
    extras = {key: value for key, value in body.items() if key not in _KNOWN and value is not None}
    _text(request, body.get("text"), extras)
    _include(request, body.get("include"), extras)
    if extras.get("background") is False:
        del extras["background"]
    request.extras = extras or None
    return request


def _messages(body: dict[str, Any], tools: list[Tool]) -> list[Message]:
    messages = []
    instructions, said = body.get("instructions"), body.get("input")
    if isinstance(instructions, list):
        messages += decode_input(instructions, frozenset(), "instructions")
    elif instructions is not None:
        if not isinstance(instructions, str):
            raise InvalidRequest("instructions", "must be a string")
        messages.append(Message(role="system", parts=[Text(text=instructions)], hoisted=True))
    if isinstance(said, str):
        messages.append(Message(role="user", parts=decode_content(said, "input")))
    elif isinstance(said, list):
        messages += decode_input(said, _declared(tools))
    elif said is not None:
        raise InvalidRequest("input", "must be a string or a list of items")
    elif not any(body.get(name) for name in STATE_FIELDS):
        raise InvalidRequest("input", "is missing")
    return messages


def _declared(tools: list[Tool]) -> frozenset[tuple[str, str]]:
    pairs = []
    for tool in tools:
        group = group_of(tool)
        if group is not None:
            space = str(group.get("name", ""))
            pairs.append((space, bare(space, tool.name)))
    return frozenset(pairs)


def _reasoning(raw: Any) -> Reasoning | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise InvalidRequest("reasoning", "must be an object")
    effort, show = _string(raw, "effort", "reasoning."), _string(raw, "summary", "reasoning.")
    mode = "off" if effort == "none" else "on" if effort else ""
    return Reasoning(
        mode=mode,
        effort=effort,
        show=show or _string(raw, "generate_summary", "reasoning."),
        extras=rest(raw, "effort", "summary", "generate_summary"),
    )


def _text(request: ChatRequest, raw: Any, extras: Extras) -> None:
    if raw is None:
        return
    if not isinstance(raw, dict):
        raise InvalidRequest("text", "must be an object")
    request.verbosity = _string(raw, "verbosity", "text.")
    form = raw.get("format")
    if form is not None:
        if not isinstance(form, dict):
            raise InvalidRequest("text.format", "must be an object")
        request.output = _format(form)
    left = rest(raw, "verbosity", "format") or {}
    if isinstance(form, dict) and request.output is None and form.get("type") != "text":
        left["format"] = form
    if left:
        extras["text"] = left


def _format(raw: dict[str, Any]) -> OutputFormat | None:
    if raw.get("type") == "json_object":
        return OutputFormat(kind="json", extras=rest(raw, "type"))
    if raw.get("type") != "json_schema":
        return None
    inner = raw.get("json_schema")
    if isinstance(inner, dict):  # the spelling of chat completions, which some clients send here
        raw = {**inner, "type": "json_schema"}
    if not isinstance(raw.get("schema"), dict):
        raise InvalidRequest("text.format.schema", "must be a JSON Schema")
    strict = raw.get("strict")
    return OutputFormat(
        kind="schema",
        name=_string(raw, "name", "text.format."),
        description=_string(raw, "description", "text.format."),
        schema=raw["schema"],
        strict=strict if isinstance(strict, bool) else None,
        extras=rest(raw, "type", "name", "description", "schema", "strict"),
    )


def _include(request: ChatRequest, raw: Any, extras: Extras) -> None:
    if raw is None:
        return
    if not isinstance(raw, list):
        raise InvalidRequest("include", "must be a list")
    if LOGPROBS in raw:
        request.sampling.logprobs = True
    if ENCRYPTED in raw:
        request.reasoning = request.reasoning or Reasoning()
        request.reasoning.state = True
    left = [value for value in raw if value not in {LOGPROBS, ENCRYPTED}]
    if left:
        extras["include"] = left


def _string(body: dict[str, Any], name: str, path: str = "") -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"{path}{name}", "must be a string")
    return value


def _number(body: dict[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InvalidRequest(name, "must be a number")
    return value


def _integer(body: dict[str, Any], name: str) -> int | None:
    value = _number(body, name)
    if isinstance(value, float) and not value.is_integer():
        raise InvalidRequest(name, "must be an integer")
    return None if value is None else int(value)


def _boolean(body: dict[str, Any], name: str) -> bool | None:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidRequest(name, "must be true or false")
    return value
