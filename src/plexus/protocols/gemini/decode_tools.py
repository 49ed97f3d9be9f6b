"""`tools` and `toolConfig` to canonical tools and tool choice.

Source: https://ai.google.dev/api/caching#Tool
"""

from typing import Any

from plexus.ir.chat import ChatRequest, Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.protocols.gemini.protojson import Wire, message_at, text_of
from plexus.protocols.gemini.schema import read_schema

SERVER_KINDS = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "enterpriseWebSearch": "web_search",
    "urlContext": "web_fetch",
    "codeExecution": "code_execution",
    "computerUse": "computer",
    "fileSearch": "file_search",
    "mcpServers": "mcp",
}
_DECLARED = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_CALLING = frozenset({"mode", "allowedFunctionNames"})


def read_tools(value: Any) -> list[Tool]:
    """Every function declared and every server-side tool switched on, in the order written.

    Raises:
        InvalidRequest: when a tool or declaration is not an object, or a function has no name.
    """
    items = value if isinstance(value, list) else [] if value is None else [value]
    tools: list[Tool] = []
    for index, item in enumerate(items):
        path = f"tools[{index}]"
        for key, inner in message_at(item, path).items():
            if key == "functionDeclarations":
                declared = inner if isinstance(inner, list) else [inner]
                tools += [_function(each, f"{path}.{key}[{n}]") for n, each in enumerate(declared)]
            else:
                tools.append(Tool(name=key, kind=SERVER_KINDS.get(key, "server"), raw={key: inner}))
    return tools


def _function(value: Any, path: str) -> Tool:
    wire = message_at(value, path)
    name = text_of(wire.get("name"))
    if not name:
        raise InvalidRequest(f"{path}.name", "is required")
    schema = wire.get("parametersJsonSchema")
    extras = {key: wire[key] for key in wire.keys() - _DECLARED}
    return Tool(
        name=name,
        description=text_of(wire.get("description")),
        schema=schema if schema is not None else read_schema(wire.get("parameters")),
        extras=extras or None,
    )


def read_tool_config(value: Any, request: ChatRequest, extras: Wire) -> None:
    """The tool choice; what else `toolConfig` holds goes to the extras."""
    if value is None:
        return
    config = message_at(value, "toolConfig")
    extras.update({f"toolConfig.{key}": config[key] for key in config.keys() - {"functionCallingConfig"}})
    calling = config.get("functionCallingConfig")
    if calling is None:
        return
    wire = message_at(calling, "toolConfig.functionCallingConfig")
    rest = {f"toolConfig.functionCallingConfig.{key}": wire[key] for key in wire.keys() - _CALLING}
    extras.update(rest)
    names = wire.get("allowedFunctionNames")
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    request.tool_choice = _choice(text_of(wire.get("mode")).upper(), names)


def _choice(mode: str, names: list[str]) -> ToolChoice:
    match mode:
        case "NONE":
            return ToolChoice(mode="none")
        case "ANY":
            return ToolChoice(mode="tool" if len(names) == 1 else "required", names=names)
        case "VALIDATED" if not names:
            return ToolChoice(mode="auto", extras={"mode": "VALIDATED"})
        case "" | "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED":
            return ToolChoice(mode="auto", names=names)
        case _:
            raise InvalidRequest("toolConfig.functionCallingConfig.mode", "must be AUTO, ANY, NONE or VALIDATED")
