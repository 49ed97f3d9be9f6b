"""Canonical tools and the choice among them, as a chat target takes them.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
"""

from typing import Any

from plexus.ir.chat import ChatRequest, Tool, ToolChoice
from plexus.ir.drops import Drop
from plexus.ir.target import Target
from plexus.protocols.chat.ids import fitting_name

Wire = dict[str, Any]

_PLACE = ("city", "country", "region", "timezone")


class ToolsWriter:
    """Writes definitions and choice for one target, and remembers which names had to change."""

    def __init__(self, request: ChatRequest, target: Target, drops: list[Drop]) -> None:
        self.names: dict[str, str] = {}
        """Changed name to the client's."""
        self.takes_custom = target.dialect.custom_tools
        self._request = request
        self._target = target
        self._drops = drops
        self._native = request.protocol == "chat"
        self._written: dict[str, str] = {}

    def name(self, name: str) -> str:
        """A tool's name as the target takes it; a chat client's own is left alone."""
        if self._native:
            return name
        fitting = fitting_name(name)
        if fitting != name:
            self.names[fitting] = name
        return fitting

    def write(self, body: Wire) -> None:
        """Put `tools`, `web_search_options`, `tool_choice` and `parallel_tool_calls` into the body."""
        tools = []
        for number, tool in enumerate(self._request.tools):
            path = f"tools[{number}]"
            wire = self._tool(tool, path, body)
            if wire is not None:
                tools.append(wire)
                self._written[tool.name] = wire["type"]
        if tools:
            body["tools"] = tools
        self._choose(body)
        self._parallel(body)

    def _tool(self, tool: Tool, path: str, body: Wire) -> Wire | None:
        match tool.kind:
            case "function":
                wire = self._function(tool, path)
            case "custom":
                wire = self._custom(tool, path)
            case _:
                return self._server(tool, path, body)
        if tool.cache is not None:
            if self._target.dialect.cache_marks:
                wire["cache_control"] = {"type": "ephemeral", **({"ttl": tool.cache.ttl} if tool.cache.ttl else {})}
            else:
                self._drops.append(Drop("dropped", f"{path}.cache", "the target takes no cache marks on chat"))
        return wire

    def _function(self, tool: Tool, path: str) -> Wire:
        function: Wire = {"name": self._define(tool.name, path)}
        if tool.description:
            function["description"] = tool.description
        if tool.schema is not None:
            function["parameters"] = tool.schema
        if tool.strict is not None:
            function["strict"] = tool.strict
        self._put_extras(function, tool, path)
        return {"type": "function", "function": function}

    def _define(self, name: str, path: str) -> str:
        fitting = self.name(name)
        if fitting != name:
            self._drops.append(Drop("repaired", f"{path}.name", f"sent as {fitting}, mapped back in the answer"))
        return fitting

    def _put_extras(self, wire: Wire, tool: Tool, path: str) -> None:
        for name, value in (tool.extras or {}).items():
            if self._native:
                wire.setdefault(name, value)
            else:
                self._drops.append(Drop("dropped", f"{path}.{name}", "no place in chat"))

    def _custom(self, tool: Tool, path: str) -> Wire:
        form = (tool.extras or {}).get("format")
        if not self.takes_custom:
            if isinstance(form, dict) and form.get("type") == "grammar":
                self._drops.append(Drop("dropped", f"{path}.format", "the target takes no free-form tools"))
            return self._as_function(tool, path)
        custom: Wire = {"name": self._define(tool.name, path)}
        if tool.description:
            custom["description"] = tool.description
        if isinstance(form, dict):
            custom["format"] = _nested(form)
        for name, value in (tool.extras or {}).items():
            if self._native:
                custom.setdefault(name, value)
            elif name != "format":
                self._drops.append(Drop("dropped", f"{path}.{name}", "no place in chat"))
        return {"type": "custom", "custom": custom}

    def _as_function(self, tool: Tool, path: str) -> Wire:
        """A free-form tool as a function with one string property, for targets that know functions only."""
        schema = {
            "type": "object",
            "properties": {"input": {"type": "string"}},
            "required": ["input"],
            "additionalProperties": False,
        }
        function: Wire = {"name": self._define(tool.name, path), "parameters": schema}
        if tool.description:
            function["description"] = tool.description
        return {"type": "function", "function": function}

    def _server(self, tool: Tool, path: str, body: Wire) -> Wire | None:
        if self._native and tool.raw is not None:
            if "type" in tool.raw:
                return tool.raw
            body["web_search_options"] = tool.raw
            return None
        if tool.kind == "web_search" and "web_search" in self._target.dialect.server_tools:
            body["web_search_options"] = _search_options(tool.raw or {})
            return None
        self._drops.append(Drop("dropped", path, f"the target has no server-side tool of kind {tool.kind} on chat"))
        return None

    def _choose(self, body: Wire) -> None:
        choice = self._request.tool_choice
        if choice is None:
            return
        names = [name for name in choice.names if self._native or name in self._written]
        forced = choice.mode in {"required", "tool"}
        if "tools" not in body or (choice.mode == "tool" and not names):
            if forced:
                self._drops.append(Drop("dropped", "tool_choice", "no tool it could choose is left"))
            return
        if forced and not self._target.profile.forced_tools:
            self._drops.append(Drop("approximated", "tool_choice", "the model refuses to be forced"))
            body["tool_choice"] = "auto"
            return
        body["tool_choice"] = self._chosen(choice, names)
        if choice.extras and not self._native:
            self._drops += [Drop("dropped", f"tool_choice.{name}", "no place in chat") for name in choice.extras]

    def _chosen(self, choice: ToolChoice, names: list[str]) -> str | Wire:
        if choice.mode == "tool":
            return self._reference(names[0])
        if names and choice.mode in {"auto", "required"}:
            if choice.mode == "required" and len(names) == 1:
                return self._reference(names[0])
            tools = [self._reference(name) for name in names]
            return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}
        return choice.mode

    def _reference(self, name: str) -> Wire:
        kind = self._written.get(name, "function")
        return {"type": kind, kind: {"name": self.name(name)}} if kind in {"function", "custom"} else {"type": kind}

    def _parallel(self, body: Wire) -> None:
        parallel = self._request.parallel_tool_calls
        if parallel is None or "tools" not in body:
            return
        if self._target.dialect.parallel_tool_calls:
            body["parallel_tool_calls"] = parallel
        elif not parallel:
            self._drops.append(Drop("dropped", "parallel_tool_calls", "the target cannot be kept to one call"))


def _nested(form: Wire) -> Wire:
    """A grammar as chat nests it; Responses writes syntax and definition flat."""
    if form.get("type") == "grammar" and "grammar" not in form:
        return {"type": "grammar", "grammar": {key: form[key] for key in ("syntax", "definition") if key in form}}
    return form


def _search_options(raw: Wire) -> Wire:
    """`web_search_options` from another protocol's search tool: the size of the context and the user's place."""
    options: Wire = {}
    if isinstance(raw.get("search_context_size"), str):
        options["search_context_size"] = raw["search_context_size"]
    place = raw.get("user_location")
    if isinstance(place, dict):
        inner = place.get("approximate")
        inner = inner if isinstance(inner, dict) else place
        approximate = {key: inner[key] for key in _PLACE if inner.get(key)}
        options["user_location"] = {"type": "approximate", "approximate": approximate}
    return options
