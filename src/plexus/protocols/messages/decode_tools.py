"""Tool definitions and the tool choice of a request, to the canonical form.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
"""

from typing import Any, Literal

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.protocols.messages import wire
from plexus.protocols.messages.server_tools import kind_of

_TOOL = frozenset({"type", "name", "description", "input_schema", "strict", "cache_control"})
_CHOICE = frozenset({"type", "name", "disable_parallel_tool_use"})
_MODES: dict[str, Literal["auto", "none", "required", "tool"]] = {
    "auto": "auto",
    "any": "required",
    "tool": "tool",
    "none": "none",
}


def read_tools(tools: Any) -> list[Tool]:
    """The tools of a request; null is none.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    entries = [] if tools is None else wire.array(tools, "tools")
    return [_tool(wire.mapping(entry, f"tools[{n}]"), f"tools[{n}]") for n, entry in enumerate(entries)]


def _tool(entry: dict[str, Any], path: str) -> Tool:
    kind = wire.optional_text(entry.get("type"), f"{path}.type")
    if kind not in {"", "custom"}:
        return _server_tool(entry, kind, path)
    schema = entry.get("input_schema")
    if schema is not None:
        wire.mapping(schema, f"{path}.input_schema")
    return Tool(
        name=wire.text(entry.get("name"), f"{path}.name"),
        description=wire.optional_text(entry.get("description"), f"{path}.description"),
        schema=schema,
        strict=wire.flag(entry.get("strict"), f"{path}.strict"),
        cache=wire.read_mark(entry, path),
        extras=wire.fields_left(entry, _TOOL),
    )


def _server_tool(entry: dict[str, Any], kind: str, path: str) -> Tool:
    name = entry.get("name") or entry.get("mcp_server_name")
    return Tool(
        name=wire.text(name, f"{path}.name") if name is not None else kind,
        kind=kind_of(kind),
        raw=entry,
        cache=wire.read_mark(entry, path),
    )


def read_choice(choice: Any) -> tuple[ToolChoice | None, bool | None]:
    """The tool choice, and whether calls may run in parallel when it says so.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    if choice is None:
        return None, None
    choice = wire.mapping(choice, "tool_choice")
    mode = _MODES.get(wire.text(choice.get("type"), "tool_choice.type"))
    if mode is None:
        raise InvalidRequest("tool_choice.type", "must be auto, any, tool or none")
    names = [wire.text(choice.get("name"), "tool_choice.name")] if mode == "tool" else []
    single = wire.flag(choice.get("disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use")
    return ToolChoice(mode=mode, names=names, extras=wire.rest(choice, _CHOICE)), None if single is None else not single
