"""Tool definitions and the choice among them, in every spelling chat clients use, to the canonical tools.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
"""

from typing import Any

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.protocols.chat.answer_calls import LegacyFunction
from plexus.protocols.chat.checks import Wire, a_list, a_string, an_object, bool_or_none, rest, string_or_nothing
from plexus.protocols.chat.content_in import cache_mark

_TOOL = frozenset({"type", "function", "custom", "cache_control"})
_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_CUSTOM = frozenset({"name", "description"})

# Words in a server-side tool's type (OpenRouter's "openrouter:web_search", Groq's "browser_search", Zhipu's "web_search").
_SERVER_KINDS = (
    ("web_search", "web_search"),
    ("browser_search", "web_search"),
    ("web_fetch", "web_fetch"),
    ("visit_website", "web_fetch"),
    ("code_interpreter", "code_execution"),
    ("code_execution", "code_execution"),
    ("image_generation", "image_generation"),
    ("file_search", "file_search"),
    ("mcp", "mcp"),
)


def decode_tools(body: Wire) -> list[Tool]:
    """All tools a request declares: `tools`, the deprecated `functions`, and the search of `web_search_options`."""
    tools = [_tool(entry, f"tools[{n}]") for n, entry in enumerate(a_list(body.get("tools"), "tools"))]
    for number, entry in enumerate(a_list(body.get("functions"), "functions")):
        path = f"functions[{number}]"
        tools.append(_function(an_object(entry, path), path, LegacyFunction))
    if body.get("web_search_options") is not None:
        options = an_object(body["web_search_options"], "web_search_options")
        tools.append(Tool(name="web_search", kind="web_search", raw=options))
    return tools


def _tool(entry: Any, path: str) -> Tool:
    wire = an_object(entry, path)
    kind = a_string(wire.get("type", "function"), f"{path}.type")
    if kind == "function":
        inner = f"{path}.function"
        # Some clients of other vendors leave the wrapping away.
        function = wire.get("function", wire if "name" in wire else None)
        tool = _function(an_object(function, inner), inner, Tool)
        if function is wire:
            return tool
    elif kind == "custom":
        inner = f"{path}.custom"
        custom = an_object(wire.get("custom"), inner)
        tool = Tool(
            name=a_string(custom.get("name"), f"{inner}.name"),
            kind="custom",
            description=string_or_nothing(custom.get("description"), f"{inner}.description"),
            extras=rest(custom, _CUSTOM),
        )
    else:
        return Tool(name=kind, kind=server_kind(kind), raw=wire)
    tool.cache = cache_mark(wire.get("cache_control"), f"{path}.cache_control")
    outer = rest(wire, _TOOL)
    if outer is not None:
        tool.extras = {**(tool.extras or {}), **outer}
    return tool


def server_kind(word: str) -> str:
    """The canonical kind of a server-side tool by the words in its type; "server" when nobody here knows it."""
    return next((kind for part, kind in _SERVER_KINDS if part in word), "server")


def _function(function: Wire, path: str, form: type[Tool]) -> Tool:
    schema = function.get("parameters")
    if schema is not None:
        an_object(schema, f"{path}.parameters")
    return form(
        name=a_string(function.get("name"), f"{path}.name"),
        description=string_or_nothing(function.get("description"), f"{path}.description"),
        schema=schema,
        strict=bool_or_none(function.get("strict"), f"{path}.strict"),
        extras=rest(function, _FUNCTION | {"type"} if "type" in function else _FUNCTION),
    )


def decode_choice(body: Wire) -> ToolChoice | None:
    """`tool_choice`, else the deprecated `function_call`, or None when neither is said."""
    value, path = body.get("tool_choice"), "tool_choice"
    if value is None:
        value, path = body.get("function_call"), "function_call"
    if value is None:
        return None
    if isinstance(value, str):
        return _word(value, path)
    choice = an_object(value, path)
    if path == "function_call":
        return ToolChoice(mode="tool", names=[a_string(choice.get("name"), f"{path}.name")])
    kind = a_string(choice.get("type", "function"), f"{path}.type")
    if kind == "allowed_tools":
        return _allowed(an_object(choice.get("allowed_tools"), f"{path}.allowed_tools"), f"{path}.allowed_tools")
    if kind in {"function", "custom"}:
        inner = an_object(choice.get(kind), f"{path}.{kind}")
        return ToolChoice(mode="tool", names=[a_string(inner.get("name"), f"{path}.{kind}.name")])
    if kind in {"auto", "none", "required", "any"}:
        return _word(kind, f"{path}.type")
    raise InvalidRequest(f"{path}.type", "must be function, custom or allowed_tools")


def _word(word: str, path: str) -> ToolChoice:
    match word:
        case "auto" | "none" | "required":
            return ToolChoice(mode=word)
        case "any":  # Mistral's word for required
            return ToolChoice(mode="required")
        case _:
            raise InvalidRequest(path, "must be auto, none, required or an object")


def _allowed(allowed: Wire, path: str) -> ToolChoice:
    mode = allowed.get("mode", "auto")
    if mode not in {"auto", "required"}:
        raise InvalidRequest(f"{path}.mode", "must be auto or required")
    names = []
    for number, entry in enumerate(a_list(allowed.get("tools"), f"{path}.tools")):
        place = f"{path}.tools[{number}]"
        tool = an_object(entry, place)
        kind = "custom" if tool.get("type") == "custom" else "function"
        inner = an_object(tool.get(kind), f"{place}.{kind}")
        names.append(a_string(inner.get("name"), f"{place}.{kind}.name"))
    return ToolChoice(mode="required" if mode == "required" else "auto", names=names)
