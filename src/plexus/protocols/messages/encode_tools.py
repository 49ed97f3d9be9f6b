"""Tools and the tool choice of a request in Anthropic's words.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
"""

from typing import Any

from plexus.ir.chat import Tool, ToolChoice
from plexus.protocols.messages.closed_schema import closed
from plexus.protocols.messages.draft import Draft
from plexus.protocols.messages.schemas import object_schema
from plexus.protocols.messages.server_tools import offered

_FREE_FORM = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}


def write_tools(draft: Draft) -> list[dict[str, Any]]:
    """The tool definitions the target takes; names are unique."""
    chosen = _allowed(draft)
    written: list[dict[str, Any]] = []
    names: set[str] = set()
    for n, tool in enumerate(draft.request.tools):
        path = f"tools[{n}]"
        if chosen and tool.name not in chosen:
            draft.lose("approximated", path, "the tool choice does not allow it, so it is not offered")
            continue
        entry = _tool(tool, path, draft)
        if entry is None:
            continue
        name = entry.get("name")
        if isinstance(name, str) and name in names:
            draft.lose("repaired", path, "the name is taken by an earlier tool")
            continue
        names.add(name or "")
        written.append(entry)
    return written


def _allowed(draft: Draft) -> set[str]:
    """The only tools a choice among several leaves; Anthropic knows one tool or any, so the others are not offered."""
    choice = draft.request.tool_choice
    if choice is None or choice.mode not in {"auto", "required"}:
        return set()
    by_name = choice.mode == "required" and len(choice.names) == 1 and draft.target.profile.forced_tools
    return set() if by_name else set(choice.names)


def _tool(tool: Tool, path: str, draft: Draft) -> dict[str, Any] | None:
    if tool.kind not in {"function", "custom"}:
        return _server_tool(tool, path, draft)
    entry: dict[str, Any] = {"name": draft.names.wire(tool.name)}
    if tool.description:
        entry["description"] = tool.description
    if tool.kind == "custom":
        entry["input_schema"] = _FREE_FORM
        draft.lose("approximated", path, "free-form input becomes one string property")
    else:
        entry["input_schema"] = object_schema(tool.schema, f"{path}.schema", draft)
    _bind(tool, entry, path, draft)
    return {**entry, **draft.mark(tool.cache, path), **draft.own(tool.extras, path)}


def _bind(tool: Tool, entry: dict[str, Any], path: str, draft: Draft) -> None:
    """`strict`, unless the schema says what Anthropic cannot bind a call to: then the schema stays and the binding goes."""
    if draft.native and tool.strict is not None:
        entry["strict"] = tool.strict
    elif tool.strict and not draft.target.dialect.json_schema:
        draft.lose("dropped", f"{path}.strict", "the target does not bind output to schemas")
    elif tool.strict and closed(entry["input_schema"]) is not entry["input_schema"]:
        draft.lose("dropped", f"{path}.strict", "the schema is outside what calls can be bound to")
    elif tool.strict:
        entry["strict"] = True


def _server_tool(tool: Tool, path: str, draft: Draft) -> dict[str, Any] | None:
    draft.own(None if draft.native else tool.extras, path)
    if draft.native and tool.raw is not None:
        return {key: value for key, value in tool.raw.items() if value is not None or key != "cache_control"}
    entry = offered(tool) if tool.kind in draft.target.dialect.server_tools else None
    if entry is None:
        draft.lose("dropped", path, f"no {tool.kind} tool at this target")
        return None
    said = {key for key in (tool.raw or {}) if key not in {"type", "name", "user_location", "filters"}}
    for key in sorted(said):
        draft.lose("dropped", f"{path}.{key}", "a setting of another protocol's tool")
    return {**entry, **draft.mark(tool.cache, path)}


def write_choice(tools: list[dict[str, Any]], draft: Draft) -> dict[str, Any] | None:
    """The `tool_choice`, None when there is none to send."""
    choice, parallel = draft.request.tool_choice, draft.request.parallel_tool_calls
    if not tools:
        if choice is not None and choice.mode != "none":
            draft.lose("dropped", "tool_choice", "there are no tools")
        return None
    if choice is None and parallel is None:
        return None
    written: dict[str, Any] = _choice(choice, tools, draft) if choice is not None else {"type": "auto"}
    if parallel is not None and written["type"] != "none":
        written["disable_parallel_tool_use"] = not parallel
    return {**written, **draft.own(choice.extras if choice else None, "tool_choice")}


def _choice(choice: ToolChoice, tools: list[dict[str, Any]], draft: Draft) -> dict[str, Any]:
    if choice.mode in {"auto", "none"}:
        return {"type": choice.mode}
    if not draft.target.profile.forced_tools:
        draft.lose("approximated", "tool_choice", "the model refuses to be forced to a tool")
        return {"type": "auto"}
    if choice.mode == "required" and len(choice.names) != 1:
        return {"type": "any"}
    name = draft.names.wire(choice.names[0]) if choice.names else ""
    if all(tool.get("name") != name for tool in tools):
        draft.lose("dropped", "tool_choice", f"no tool is called {name}")
        return {"type": "auto"}
    return {"type": "tool", "name": name}
