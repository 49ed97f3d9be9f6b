"""Tools and the tool choice of a responses request, to the canonical ones."""

from typing import Any, Literal

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.protocols.responses.decode_content import cache_mark, rest
from plexus.protocols.responses.namespaces import KEY, joined

SERVER_KINDS = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_execution",
    "computer": "computer",
    "computer_use": "computer",
    "computer_use_preview": "computer",
    "image_generation": "image_generation",
    "mcp": "mcp",
    "local_shell": "bash",
    "shell": "bash",
    "tool_search": "tool_search",
}
"""Types of hosted tools and their canonical kinds; any other type is "server"."""

_MODES: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "required": "required"}


def decode_tools(raw: Any) -> list[Tool]:
    """The tools, those of a namespace each on its own.

    Raises:
        InvalidRequest: naming the tool that cannot be read.
    """
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise InvalidRequest("tools", "must be a list")
    tools: list[Tool] = []
    for number, entry in enumerate(raw):
        path = f"tools[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
            raise InvalidRequest(path, "must be an object with a type")
        if entry["type"] == "namespace":
            tools += _group(entry, path)
        else:
            tools.append(_tool(entry, path))
    return tools


def _group(raw: dict[str, Any], path: str) -> list[Tool]:
    inner, name = raw.get("tools"), raw.get("name")
    if not isinstance(inner, list) or not isinstance(name, str):
        raise InvalidRequest(path, "a namespace needs a name and tools")
    group = {key: value for key, value in raw.items() if key not in {"type", "tools"}}
    tools = []
    for number, entry in enumerate(inner):
        if not isinstance(entry, dict):
            raise InvalidRequest(f"{path}.tools[{number}]", "must be an object")
        tool = _tool(entry, f"{path}.tools[{number}]")
        tool.name = joined(name, tool.name)
        tool.extras = {**(tool.extras or {}), KEY: group}
        tools.append(tool)
    return tools


def _tool(raw: dict[str, Any], path: str) -> Tool:
    kind = raw.get("type")
    if kind == "function":
        return _function(raw, path)
    if kind == "custom":
        return Tool(
            name=_named(raw, path),
            kind="custom",
            description=_string(raw.get("description")),
            cache=cache_mark(raw),
            extras=rest(raw, "type", "name", "description", "cache_control"),
        )
    kind = _string(kind)
    return Tool(name=_string(raw.get("name")) or kind, kind=SERVER_KINDS.get(kind, "server"), raw=raw)


def _function(raw: dict[str, Any], path: str) -> Tool:
    nested = raw.get("function")
    if isinstance(nested, dict) and "name" not in raw:  # the spelling of chat completions, which some clients send here
        raw = {**nested, **{key: value for key, value in raw.items() if key != "function"}}
    strict = raw.get("strict")
    return Tool(
        name=_named(raw, path),
        description=_string(raw.get("description")),
        schema=raw.get("parameters"),
        strict=strict if isinstance(strict, bool) else None,
        cache=cache_mark(raw),
        extras=rest(raw, "type", "name", "description", "parameters", "strict", "cache_control"),
    )


def _named(raw: dict[str, Any], path: str) -> str:
    name = raw.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidRequest(f"{path}.name", "must be a name")
    return name


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def decode_choice(raw: Any) -> ToolChoice | None:
    """How tools may be used. A hosted tool is chosen by its type.

    Raises:
        InvalidRequest: when it is neither a known word nor an object with a type.
    """
    if raw is None:
        return None
    if isinstance(raw, str):
        if raw not in _MODES:
            raise InvalidRequest("tool_choice", "must be auto, none, required or an object")
        return ToolChoice(mode=_MODES[raw])
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        raise InvalidRequest("tool_choice", "must be auto, none, required or an object with a type")
    kind = raw["type"]
    if kind == "allowed_tools":
        entries = raw.get("tools")
        listed = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        return ToolChoice(
            mode="required" if raw.get("mode") == "required" else "auto",
            names=[_chosen(entry) for entry in listed],
            extras={"tools": listed}
            if any(entry.get("type") not in {"function", "custom"} for entry in listed)
            else None,
        )
    if kind in {"function", "custom"}:
        return ToolChoice(mode="tool", names=[_chosen(raw)])
    return ToolChoice(mode="tool", names=[_chosen(raw)], extras=dict(raw))


def _chosen(raw: dict[str, Any]) -> str:
    nested = raw.get("function")
    name = _string(raw.get("name")) or (_string(nested.get("name")) if isinstance(nested, dict) else "")
    return joined(_string(raw.get(KEY)), name) or _string(raw.get("type"))
