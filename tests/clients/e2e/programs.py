"""How each real client is run without a terminal: the model it asks for, its command, what keeps it from the network."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROMPT = "Run the command: echo plexus-tool-ran"
KEY = "sk-plexus-e2e-0123456789"


@dataclass(frozen=True)
class Program:
    """One client. `text` reads the final answer out of what it printed."""

    name: str
    model: str
    command: tuple[str, ...]
    text: Callable[[str], str]
    environ: dict[str, str] = field(default_factory=dict)


def _events(printed: str) -> list[dict]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def _codex(printed: str) -> str:
    items = [event.get("item", {}) for event in _events(printed) if event["type"] == "item.completed"]
    return "\n".join(item["text"] for item in items if item["type"] == "agent_message")


def _opencode(printed: str) -> str:
    return "\n".join(event["part"]["text"] for event in _events(printed) if event["type"] == "text")


PROGRAMS = (
    Program(
        "claude-code",
        "claude-sonnet-4-5",
        ("claude", "-p", PROMPT, "--output-format", "json", "--allowedTools", "Bash"),
        lambda printed: json.loads(printed)["result"],
        {"DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
    ),
    Program(
        "codex",
        "gpt-5.1-codex",
        ("codex", "exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", PROMPT),
        _codex,
        {"PLEXUS_API_KEY": KEY},
    ),
    Program(
        "gemini-cli",
        "gemini-2.5-pro",
        ("gemini", "-o", "json", "--approval-mode", "yolo", "--skip-trust", "-p", PROMPT),
        lambda printed: json.loads(printed)["response"],
    ),
    Program(
        "opencode",
        "fast",
        ("opencode", "run", "--model", "plexus/fast", "--format", "json", PROMPT),
        _opencode,
        {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
    ),
)


@dataclass
class Run:
    """What came of it: exit status, the final answer (or all it printed), and what else it said."""

    code: int
    answer: str
    said: str


def run(program: Program, bin_folder: Path, home: Path, gateway_url: str) -> Run:
    """Connect the client to the gateway as a user would, and run it in `home/work`."""
    work = home / "work"
    work.mkdir()
    environ = {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb"}
    connect = [sys.executable, "-m", "plexus", "connect", program.name, "--write"]
    connect += ["--url", gateway_url, "--key", KEY, "--model", program.model]
    subprocess.run(connect, cwd=work, env=environ, check=True, capture_output=True)
    command = [str(bin_folder / program.command[0]), *program.command[1:]]
    done = subprocess.run(
        command,
        cwd=work,
        env={**environ, **program.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    try:
        answer = program.text(done.stdout)
    except (KeyError, ValueError, TypeError):
        answer = ""
    return Run(done.returncode, answer, done.stdout + done.stderr)
