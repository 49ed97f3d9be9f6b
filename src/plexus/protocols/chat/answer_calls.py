"""Tool calls as a client that asked in chat gets them: functions, custom tools, and the legacy `function_call`.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from typing import Any

from plexus.core import json
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.parts import ToolCall
from plexus.ir.signature import wrap

Wire = dict[str, Any]


class LegacyFunction(Tool, kw_only=True):
    """A tool the client declared in the deprecated `functions`, so that it awaits `function_call` in the answer."""


def is_legacy(request: ChatRequest) -> bool:
    """Whether the client asked with `functions` instead of `tools`."""
    return bool(request.tools) and isinstance(request.tools[0], LegacyFunction)


def wants_text(name: str, request: ChatRequest) -> bool:
    """Whether the client declared this tool as a custom one, whose input is free text."""
    return any(tool.name == name and tool.kind == "custom" for tool in request.tools)


def free_text(arguments: str) -> str:
    """The text inside `{"input": …}`, into which a custom tool's input is put for targets without such tools."""
    try:
        value = json.loads(arguments)
    except json.JSONError:
        return arguments
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("input"), str):
        text: str = value["input"]
        return text
    return arguments


def as_json(text: str) -> str:
    """A custom tool's input as the arguments of a function with one property `input`."""
    return json.dumps({"input": text}).decode()


def tool_call(call: ToolCall, request: ChatRequest) -> Wire:
    """The entry of `tool_calls` for this call."""
    if wants_text(call.name, request):
        text = call.arguments if call.custom else free_text(call.arguments)
        wire: Wire = {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": text}}
    else:
        arguments = as_json(call.arguments) if call.custom else call.arguments or "{}"
        wire = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
    if call.signature is not None:
        wire["extra_content"] = {"google": {"thought_signature": wrap(call.signature, "chat")}}
    return wire


def function_call(call: ToolCall) -> Wire:
    """The legacy `function_call` object for this call."""
    return {"name": call.name, "arguments": as_json(call.arguments) if call.custom else call.arguments or "{}"}
