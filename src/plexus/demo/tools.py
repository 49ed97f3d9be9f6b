"""The demo's use of tools: which to call, with what arguments, and what to say of the results."""

import re

from plexus.core.json import dumps
from plexus.demo.plausible import plausible
from plexus.demo.reply import Reply, Turn
from plexus.demo.words import last_user_text, quoted, text_of
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.parts import Text, ToolCall, ToolResult

_SEVERAL = re.compile(r"\b(two|both|2|twice|parallel|each|several)\b", re.IGNORECASE)
_PIECES = re.compile(r"[A-Za-z]{3,}")
_CALLABLE = frozenset({"function", "custom"})


def results_in_last(request: ChatRequest) -> list[ToolResult]:
    """The tool results that the last message holds."""
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)] if request.messages else []


def forced(request: ChatRequest) -> bool:
    """Whether a call is demanded and not already answered."""
    choice = request.tool_choice
    return choice is not None and choice.mode in {"required", "tool"} and not results_in_last(request)


def use_tools(turn: Turn) -> Reply:
    """Calls of the first suitable tool, or text: about the results when there are some, or that there are no tools."""
    request = turn.request
    results = results_in_last(request)
    if results:
        return Reply([Text(text=_told(results))])
    tools = _suitable(request)
    if not tools:
        return Reply([Text(text="I am demo/tools, simulated by Plexus. You gave me no tool that I may call.")])
    asked = last_user_text(request)
    several = bool(_SEVERAL.search(asked)) and request.parallel_tool_calls is not False
    chosen = [tools[n % len(tools)] for n in range(2 if several else 1)]
    return Reply([_call(tool, asked, n, turn.seed, again=tool in chosen[:n]) for n, tool in enumerate(chosen)])


def _suitable(request: ChatRequest) -> list[Tool]:
    """The tools that may be called, those that the user's words name first, else in the client's order."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        return []
    tools = [tool for tool in request.tools if tool.kind in _CALLABLE]
    if choice is not None and choice.names:
        tools = [tool for tool in tools if tool.name in choice.names]
    asked = last_user_text(request).lower()
    return sorted(tools, key=lambda tool: not any(piece.lower() in asked for piece in _PIECES.findall(tool.name)))


def _call(tool: Tool, asked: str, n: int, seed: str, *, again: bool) -> ToolCall:
    custom = tool.kind == "custom"
    arguments = (asked or "hello") if custom else dumps(plausible(tool.schema, asked, int(again))).decode()
    return ToolCall(id=f"call_{seed[:12]}{n}", name=tool.name, arguments=arguments, custom=custom)


def _told(results: list[ToolResult]) -> str:
    lines = []
    for result in results:
        name = f" {result.name}" if result.name else ""
        verb = "failed with" if result.is_error else "returned"
        lines.append(f"The tool{name} {verb} {quoted(text_of(result.parts))}.")
    return " ".join(lines)
