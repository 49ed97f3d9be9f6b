"""Tools and the tool choice of a canonical request, as a responses target takes them."""

from typing import Any

from msgspec.structs import replace

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.drops import Drop
from plexus.ir.target import Target
from plexus.protocols.responses.encode_content import cache_control
from plexus.protocols.responses.namespaces import KEY, bare, group_of, spelled
from plexus.protocols.responses.schemas import lowered

_SERVER: dict[str, dict[str, Any]] = {
    "web_search": {"type": "web_search"},
    "code_execution": {"type": "code_interpreter", "container": {"type": "auto"}},
    "image_generation": {"type": "image_generation"},
}
"""Hosted tools that can be asked for without settings only their own protocol knows.
https://developers.openai.com/api/docs/guides/tools"""

_EMPTY = {"type": "object", "properties": {}}


_FREE_FORM = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


def without_custom(tools: list[Tool], drops: list[Drop]) -> list[Tool]:
    """The tools for a target that knows functions only: a free-form one becomes a function with one string."""
    out = []
    for number, tool in enumerate(tools):
        if tool.kind != "custom":
            out.append(tool)
            continue
        drops.append(Drop("approximated", f"tools[{number}]", "free-form input becomes one string property"))
        extras = {key: value for key, value in (tool.extras or {}).items() if key != "format"} or None
        out.append(replace(tool, kind="function", schema=_FREE_FORM, strict=True, raw=None, extras=extras))
    return out


def encode_own_tools(tools: list[Tool]) -> list[dict[str, Any]]:
    """The tools of a responses client as it wrote them, functions of one namespace together again."""
    out: list[dict[str, Any]] = []
    group: dict[str, Any] | None = None
    for tool in tools:
        mine = group_of(tool)
        if mine is None:
            group = None
            out.append(_own(tool, tool.name))
            continue
        if group is None or group != mine:
            group = mine
            out.append({"type": "namespace", **mine, "tools": []})
        out[-1]["tools"].append(_own(tool, bare(str(mine.get("name", "")), tool.name)))
    return out


def _own(tool: Tool, name: str) -> dict[str, Any]:
    if tool.raw is not None:
        return tool.raw
    raw: dict[str, Any] = {"type": tool.kind, "name": name}
    if tool.description:
        raw["description"] = tool.description
    if tool.kind == "function":
        raw["parameters"] = tool.schema
        if tool.strict is not None:
            raw["strict"] = tool.strict
    if tool.cache is not None:
        raw["cache_control"] = cache_control(tool.cache)
    raw.update({key: value for key, value in (tool.extras or {}).items() if key != KEY})
    return raw


def encode_foreign_tools(
    tools: list[Tool], names: dict[str, str], offered: frozenset[str], drops: list[Drop], *, marks: bool
) -> list[dict[str, Any]]:
    """The tools of another protocol's client. `names`: original to the name the target takes. `offered`: its hosted tools."""
    out: list[dict[str, Any]] = []
    for number, tool in enumerate(tools):
        path = f"tools[{number}]"
        if tool.kind in {"function", "custom"}:
            raw = _foreign(tool, names.get(tool.name, tool.name), path, drops)
            if tool.cache is not None and marks:
                raw["cache_control"] = cache_control(tool.cache)
            elif tool.cache is not None:
                drops.append(Drop("dropped", f"{path}.cache", "the target caches by itself"))
            out.append(raw)
        elif tool.kind in offered and tool.kind in _SERVER:
            out.append(_hosted(tool, path, drops))
        else:
            drops.append(Drop("dropped", path, f"the target has no hosted tool for {tool.name or tool.kind}"))
    return out


def _foreign(tool: Tool, name: str, path: str, drops: list[Drop]) -> dict[str, Any]:
    extras = dict(tool.extras or {})
    raw: dict[str, Any] = {"type": tool.kind, "name": name}
    if tool.description:
        raw["description"] = tool.description
    if tool.kind == "function":
        raw["parameters"] = lowered(tool.schema) if isinstance(tool.schema, dict) and tool.schema else _EMPTY
        # Said aloud, because here the default is true and would refuse most schemas of other protocols.
        raw["strict"] = bool(tool.strict)
    else:
        form = _custom_format(extras.pop("format", None))
        if form is not None:
            raw["format"] = form
    drops += [Drop("dropped", f"{path}.{key}") for key in extras]
    return raw


def _custom_format(form: Any) -> dict[str, Any] | None:
    """The input format of a free-form tool; chat completions nest the grammar one level deeper."""
    if not isinstance(form, dict):
        return None
    grammar = form.get("grammar")
    return {"type": "grammar", **grammar} if isinstance(grammar, dict) else form


def _hosted(tool: Tool, path: str, drops: list[Drop]) -> dict[str, Any]:
    raw: dict[str, Any] = dict(_SERVER[tool.kind])
    for key, value in (tool.raw or {}).items():
        if key in {"type", "name"} or value is None:
            continue
        if tool.kind == "web_search" and key == "user_location" and isinstance(value, dict):
            raw["user_location"] = {"type": "approximate", **value}
        elif tool.kind == "web_search" and key == "allowed_domains":
            raw["filters"] = {"allowed_domains": value}
        elif tool.kind == "web_search" and key == "search_context_size":
            raw["search_context_size"] = value
        else:
            drops.append(Drop("dropped", f"{path}.{key}"))
    return raw


def unforced(choice: ToolChoice | None, target: Target, drops: list[Drop]) -> ToolChoice | None:
    """The choice, left to the model where it refuses to be forced."""
    if choice is None or choice.mode not in {"required", "tool"} or target.profile.forced_tools:
        return choice
    drops.append(Drop("approximated", "tool_choice", "the model refuses to be forced to a tool"))
    return ToolChoice(mode="auto")


def encode_choice(choice: ToolChoice, tools: list[Tool], names: dict[str, str], drops: list[Drop]) -> Any:
    """The tool choice, or None when nothing of it is left. `tools` are those the target is given."""
    extras = choice.extras or {}
    entries = [_entry(name, tools, names) for name in choice.names]
    listed = [entry for entry in entries if entry is not None]
    if len(listed) < len(entries):
        drops.append(Drop("dropped", "tool_choice", "names a tool the target does not have"))
        if not listed:
            return None
    drops += [Drop("dropped", f"tool_choice.{key}") for key in extras]
    if choice.mode == "tool":
        return listed[0] if listed else None
    if choice.names and choice.mode in {"auto", "required"}:
        return {"type": "allowed_tools", "mode": choice.mode, "tools": listed}
    return choice.mode


def _entry(name: str, tools: list[Tool], names: dict[str, str]) -> dict[str, Any] | None:
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        return None
    if tool.kind in {"function", "custom"}:
        return {"type": tool.kind, "name": names.get(name, name)}
    return {"type": _SERVER[tool.kind]["type"]} if tool.kind in _SERVER else None


def encode_own_choice(choice: ToolChoice, tools: list[Tool]) -> Any:
    """The tool choice of a responses client as it wrote it."""
    extras = choice.extras or {}
    if choice.mode == "tool":
        return extras or _own_entry(choice.names[0], tools)
    if choice.names or "tools" in extras:
        listed = extras.get("tools") or [_own_entry(name, tools) for name in choice.names]
        return {"type": "allowed_tools", "mode": choice.mode, "tools": listed}
    return choice.mode


def _own_entry(name: str, tools: list[Tool]) -> dict[str, Any]:
    space, own = spelled(name, tools)
    custom = any(tool.name == name and tool.kind == "custom" for tool in tools)
    entry = {"type": "custom" if custom else "function", "name": own}
    return {**entry, KEY: space} if space else entry
