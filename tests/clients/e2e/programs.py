"""How each real client is run without a terminal: the model it asks for, its command, what keeps it from the network."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROMPT = "Run the command: echo plexus-tool-ran"
AGAIN = "Run it once more."
KEY = "sk-plexus-e2e-0123456789"


@dataclass(frozen=True)
class Program:
    """One client. `again` goes on with the conversation; `text` reads the final answer out of what it printed."""

    name: str
    model: str
    command: tuple[str, ...]
    again: tuple[str, ...]
    text: Callable[[str], str]
    environ: dict[str, str] = field(default_factory=dict)


def _events(printed: str) -> list[dict]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def _codex(printed: str) -> str:
    items = [event.get("item", {}) for event in _events(printed) if event["type"] == "item.completed"]
    return "\n".join(item["text"] for item in items if item["type"] == "agent_message")


def _opencode(printed: str) -> str:
    return "\n".join(event["part"]["text"] for event in _events(printed) if event["type"] == "text")


CODEX = ("--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
GEMINI = ("-o", "json", "--approval-mode", "yolo", "--skip-trust")
PROGRAMS = (
    Program(
        "claude-code",
        "claude-sonnet-4-5",
        ("claude", "-p", PROMPT, "--output-format", "json", "--allowedTools", "Bash"),
        ("claude", "-c", "-p", AGAIN, "--output-format", "json", "--allowedTools", "Bash"),
        lambda printed: json.loads(printed)["result"],
        {"DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
    ),
    Program(
        "codex",
        "gpt-5.1-codex",
        ("codex", "exec", *CODEX, PROMPT),
        ("codex", "exec", "resume", "--last", *CODEX, AGAIN),
        _codex,
        {"PLEXUS_API_KEY": KEY},
    ),
    Program(
        "gemini-cli",
        "gemini-2.5-pro",
        ("gemini", *GEMINI, "-p", PROMPT),
        ("gemini", *GEMINI, "--resume", "latest", "-p", AGAIN),
        lambda printed: json.loads(printed)["response"],
    ),
    Program(
        "opencode",
        "fast",
        ("opencode", "run", "--model", "plexus/fast", "--format", "json", PROMPT),
        ("opencode", "run", "-c", "--model", "plexus/fast", "--format", "json", AGAIN),
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


def connect(program: Program, home: Path, gateway_url: str) -> None:
    """Point the client at the gateway as a user would, in a home folder of its own, and make `home/work` to work in."""
    (home / "work").mkdir()
    command = [sys.executable, "-m", "plexus", "connect", program.name, "--write"]
    command += ["--url", gateway_url, "--key", KEY, "--model", program.model]
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(command, cwd=home, env=environ, check=True, capture_output=True)


def run(program: Program, command: tuple[str, ...], bin_folder: Path, home: Path) -> Run:
    """Run the client in `home/work` with nothing on its standard input."""
    environ = {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb"}
    done = subprocess.run(
        [str(bin_folder / command[0]), *command[1:]],
        cwd=home / "work",
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
