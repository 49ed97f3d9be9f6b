"""Canonical tools and tool choice to `tools` and `toolConfig`; names Gemini refuses are changed and remembered.

Sources: https://ai.google.dev/api/caching#FunctionDeclaration (names: a letter or underscore first, then letters, digits,
`_ . : -`, 128 at most) and https://ai.google.dev/gemini-api/docs/function-calling
"""

import hashlib
import re

from plexus.ir.chat import ChatRequest, Tool, ToolChoice
from plexus.ir.drops import Drop
from plexus.ir.target import Target
from plexus.protocols.gemini.protojson import Wire
from plexus.protocols.gemini.schema import wire_of, write_schema

NAME_LIMIT = 128
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\-]{0,127}")
_SERVER = {"web_search": "googleSearch", "web_fetch": "urlContext", "code_execution": "codeExecution"}
_FREE_FORM = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


class ToolNames:
    """Tool names as Gemini takes them, always the same for the same name. `changed` maps back."""

    def __init__(self) -> None:
        """No name changed yet."""
        self.changed: dict[str, str] = {}

    def name(self, original: str) -> str:
        """The name itself where it is valid, else a valid one that stays unique."""
        if _NAME.fullmatch(original):
            return original
        mark = hashlib.sha256(original.encode()).hexdigest()[:8]
        plain = re.sub(r"[^A-Za-z0-9_.:\-]", "_", original)
        plain = plain if re.match(r"[A-Za-z_]", plain) else "_" + plain
        name = f"{plain[: NAME_LIMIT - len(mark) - 1]}_{mark}"
        self.changed[name] = original
        return name


def write_tools(request: ChatRequest, target: Target, names: ToolNames, drops: list[Drop]) -> list[Wire]:
    """The `tools` list: functions declared side by side share one entry, each server-side tool has its own."""
    ours = request.protocol == "gemini"
    tools: list[Wire] = []
    for index, tool in enumerate(request.tools):
        path = f"tools[{index}]"
        if tool.kind in ("function", "custom"):
            declaration = _declaration(tool, names, drops, path, ours=ours)
            if tools and "functionDeclarations" in tools[-1]:
                tools[-1]["functionDeclarations"].append(declaration)
            else:
                tools.append({"functionDeclarations": [declaration]})
        elif ours and tool.raw is not None:
            tools.append(dict(tool.raw))
        else:
            _write_server_tool(tool, target, tools, drops, path)
    return tools if ours else _joined(tools)


def _joined(tools: list[Wire]) -> list[Wire]:
    """All functions in one entry, ahead of the server-side tools: how every client of Google's own writes them."""
    declared = [each for tool in tools for each in tool.get("functionDeclarations", ())]
    others = [tool for tool in tools if "functionDeclarations" not in tool]
    return [{"functionDeclarations": declared}, *others] if declared else others


def _write_server_tool(tool: Tool, target: Target, tools: list[Wire], drops: list[Drop], path: str) -> None:
    name = _SERVER.get(tool.kind, "")
    if not name or tool.kind not in target.dialect.server_tools:
        drops.append(Drop("dropped", path, f"Gemini has no equivalent of {tool.name or tool.kind}"))
        return
    if {name: {}} not in tools:
        tools.append({name: {}})
    settings = sorted((tool.raw or {}).keys() - {"type", "name"})
    drops.extend(Drop("dropped", f"{path}.{key}", f"{name} takes no such setting") for key in settings)


def _declaration(tool: Tool, names: ToolNames, drops: list[Drop], path: str, *, ours: bool) -> Wire:
    declaration: Wire = {"name": names.name(tool.name)}
    if tool.description:
        declaration["description"] = tool.description
    if tool.kind == "custom":
        declaration["parametersJsonSchema"] = _FREE_FORM
        drops.append(Drop("approximated", path, "a free-form tool became a function with one string, `input`"))
    elif ours and wire_of(tool.schema) is not None:
        declaration["parameters"] = wire_of(tool.schema)
    elif tool.schema is not None:
        declaration["parametersJsonSchema"] = tool.schema if ours else write_schema(tool.schema)
    if ours:
        declaration.update(tool.extras or {})
        return declaration
    drops.extend(Drop("dropped", f"{path}.{key}", "not known to Gemini") for key in tool.extras or {})
    if tool.strict:
        drops.append(Drop("dropped", f"{path}.strict", "Gemini has no strict flag per function"))
    if tool.cache is not None:
        drops.append(Drop("dropped", f"{path}.cache", "Gemini caches by itself"))
    return declaration


def write_tool_config(
    request: ChatRequest, target: Target, tools: list[Wire], names: ToolNames, drops: list[Drop]
) -> Wire:
    """The `toolConfig`, empty when nothing is to be said."""
    choice, ours = request.tool_choice, request.protocol == "gemini"
    if choice is None:
        return {}
    declared = {each["name"] for tool in tools for each in tool.get("functionDeclarations", ())}
    if not declared and not ours:
        if choice.mode not in ("auto", "none"):
            drops.append(Drop("dropped", "tool_choice", "there is no function to choose"))
        return {}
    if choice.mode in ("required", "tool") and not target.profile.forced_tools:
        drops.append(Drop("approximated", "tool_choice", "the model refuses to be forced to a tool"))
        return {"functionCallingConfig": {"mode": "AUTO"}}
    if not ours:
        drops.extend(Drop("dropped", f"tool_choice.{key}", "not known to Gemini") for key in choice.extras or {})
    return {"functionCallingConfig": _calling(choice, [names.name(name) for name in choice.names], ours=ours)}


def _calling(choice: ToolChoice, allowed: list[str], *, ours: bool) -> Wire:
    match choice.mode:
        case "none":
            return {"mode": "NONE"}
        case "tool" | "required":
            return {"mode": "ANY", "allowedFunctionNames": allowed} if allowed else {"mode": "ANY"}
        case _ if allowed:
            # Only VALIDATED may answer in words and still be held to a list of functions.
            return {"mode": "VALIDATED", "allowedFunctionNames": allowed}
        case _:
            said = (choice.extras or {}).get("mode") if ours else None
            return {"mode": said or "AUTO"}
