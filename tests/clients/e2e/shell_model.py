"""The model the real clients talk to: thinks, calls the client's shell tool, then quotes what the tool returned.

It runs inside the demo upstream, so it speaks all four protocols by the real codecs, and its signatures are checked.
"""

from typing import Any

from plexus.core.json import dumps
from plexus.demo.plausible import plausible
from plexus.demo.reply import Reply, Turn
from plexus.demo.seal import seal
from plexus.demo.words import text_of
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.parts import Origin, Signature, Text, Thinking, ToolCall, ToolResult

COMMAND = "echo plexus-tool-ran >> ran.txt; tail -n 1 ran.txt"
RAN = "plexus-tool-ran"
FINAL = "The tool said"
BACK = "Signed thoughts that came back"
THOUGHT = "I shall run the command I was asked to run."
SHELLS = ("bash", "shell", "shell_command", "exec_command", "run_shell_command")
"""Names of the shell tools of Claude Code, opencode, Codex (three generations) and Gemini CLI, in lower case."""


def shell(turn: Turn) -> Reply:
    """One call to the client's shell tool; what it returned; or a short text where there is neither."""
    request = turn.request
    results = _results_since_call(request)
    if results:
        said = f"{FINAL}: {' '.join(text_of(result.parts) for result in results)}"
        return Reply([Text(text=f"{said}\n{BACK}: {_returned(request)}")])
    tool = _shell_of(request)
    if tool is None:
        return Reply([Text(text="Run a command")])
    signature = Signature(seal(THOUGHT), Origin(request.protocol, "demo", "shell"))
    call = ToolCall(id=f"call_{turn.seed[:16]}", name=tool.name, arguments=dumps(_arguments(tool)).decode())
    return Reply([Thinking(text=THOUGHT, signature=signature), Text(text="I run it."), call])


def _results_since_call(request: ChatRequest) -> list[ToolResult]:
    """The results that came after the assistant's last turn, whatever reminders the client put around them."""
    found: list[ToolResult] = []
    for message in reversed(request.messages):
        if message.role == "assistant":
            break
        found = [part for part in message.parts if isinstance(part, ToolResult)] + found
    return found


def _returned(request: ChatRequest) -> int:
    """How many thoughts came back signed; altered ones were refused before."""
    parts = [part for message in request.messages for part in message.parts]
    return sum(isinstance(part, Thinking) and part.signature is not None for part in parts)


def _shell_of(request: ChatRequest) -> Tool | None:
    return next((tool for tool in request.tools if _own(tool.name).lower() in SHELLS), None)


def _own(name: str) -> str:
    return name.rpartition("__")[2].rpartition(".")[2]


def _arguments(tool: Tool) -> dict[str, Any]:
    schema = tool.schema if isinstance(tool.schema, dict) else {}
    properties = schema.get("properties") or {}
    arguments: dict[str, Any] = plausible({**schema, "required": schema.get("required") or []}, "Run a command")
    where = "cmd" if "cmd" in properties else "command"
    listed = "array" in str((properties.get(where) or {}).get("type", "")).lower()
    arguments[where] = ["bash", "-c", COMMAND] if listed else COMMAND
    for name in ("timeout", "timeout_ms", "yield_time_ms"):
        arguments.pop(name, None)
    return arguments
