"""A client's request body to the canonical request: `/v1/messages`, and `/v1/messages/count_tokens`, which says less.

https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Any

from plexus.ir.chat import ChatRequest, Message, OutputFormat, Role, Sampling
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Extras, Part, Text
from plexus.protocols.messages import wire
from plexus.protocols.messages.decode_blocks import read_block, read_content
from plexus.protocols.messages.decode_tools import read_choice, read_tools
from plexus.protocols.messages.thinking import read_reasoning

_TOP = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "stop_sequences",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "output_format",
        "metadata",
        "service_tier",
        "cache_control",
    }
)
_MESSAGE = frozenset({"role", "content"})
_OUTPUT = frozenset({"effort", "format"})
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


def decode_request(body: dict[str, Any], model: str, stream: bool) -> ChatRequest:
    """The request a client of this protocol sent.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    wire.flag(body.get("stream"), "stream")
    choice, parallel = read_choice(body.get("tool_choice"))
    user, metadata = _metadata(body.get("metadata"))
    output_config = wire.mapping(body.get("output_config") or {}, "output_config")
    extras = wire.fields_left(body, _TOP) or {}
    further = wire.rest(output_config, _OUTPUT)
    if further:
        extras["output_config"] = further
    return ChatRequest(
        protocol=wire.NAME,
        model=model,
        messages=[*_system(body.get("system")), *_messages(body.get("messages"))],
        tools=read_tools(body.get("tools")),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        max_tokens=wire.integer(body.get("max_tokens"), "max_tokens"),
        stop=_stops(body.get("stop_sequences")),
        sampling=Sampling(
            temperature=wire.number(body.get("temperature"), "temperature"),
            top_p=wire.number(body.get("top_p"), "top_p"),
            top_k=wire.number(body.get("top_k"), "top_k"),
        ),
        reasoning=read_reasoning(body.get("thinking"), output_config),
        output=_output(body, output_config),
        stream=stream,
        include_usage=True,
        service_tier=wire.optional_text(body.get("service_tier"), "service_tier"),
        user=user,
        metadata=metadata,
        cache=wire.read_mark(body, ""),
        extras=extras or None,
    )


def _system(system: Any) -> list[Message]:
    if system is None or system == "":
        return []
    if isinstance(system, str):
        return [Message(role="system", parts=[Text(text=system)])]
    blocks = wire.array(system, "system")
    parts: list[Part] = [read_block(block, f"system[{n}]") for n, block in enumerate(blocks)]
    return [Message(role="system", parts=parts)] if parts else []


def _messages(messages: Any) -> list[Message]:
    entries = wire.array(messages, "messages")
    if not entries:
        raise InvalidRequest("messages", "at least one message is required")
    return [_message(entry, f"messages[{n}]") for n, entry in enumerate(entries)]


def _message(entry: Any, path: str) -> Message:
    entry = wire.mapping(entry, path)
    role = _ROLES.get(wire.text(entry.get("role"), f"{path}.role"))
    if role is None:
        raise InvalidRequest(f"{path}.role", "must be user, assistant or system")
    content = entry.get("content")
    if content is None and role == "user":
        raise InvalidRequest(f"{path}.content", "is required")
    return Message(role=role, parts=read_content(content, f"{path}.content"), extras=wire.rest(entry, _MESSAGE))


def _stops(stops: Any) -> list[str]:
    entries = [] if stops is None else wire.array(stops, "stop_sequences")
    return [wire.text(entry, f"stop_sequences[{n}]") for n, entry in enumerate(entries)]


def _metadata(metadata: Any) -> tuple[str, Extras | None]:
    if metadata is None:
        return "", None
    metadata = wire.mapping(metadata, "metadata")
    return wire.optional_text(metadata.get("user_id"), "metadata.user_id"), wire.rest(metadata, {"user_id"})


def _output(body: dict[str, Any], output_config: dict[str, Any]) -> OutputFormat | None:
    """`output_config.format`, or `output_format` as the first beta spelled it."""
    path = "output_config.format" if output_config.get("format") is not None else "output_format"
    said = output_config.get("format") if output_config.get("format") is not None else body.get("output_format")
    if said is None:
        return None
    said = wire.mapping(said, path)
    if wire.text(said.get("type"), f"{path}.type") != "json_schema":
        raise InvalidRequest(f"{path}.type", "must be json_schema")
    return OutputFormat(
        kind="schema",
        name=wire.optional_text(said.get("name"), f"{path}.name"),
        schema=said.get("schema"),
        extras=wire.rest(said, {"type", "schema", "name"}),
    )
