"""Requests of released clients as they were captured: read, sorted by what they ask for, made ready to be sent again.

The small selection in `tests/golden/clients` is always there; the larger set of the shared checkout is read where it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.corpus.recordings import ROOT

GOLDEN = ROOT / "tests" / "golden" / "clients"
SHARED = ROOT.parent / "shared" / "clients"
_CREDENTIALS = {"authorization": "Bearer ", "x-api-key": "", "x-goog-api-key": "", "api-key": ""}
_FRAMING = {"host", "content-length"}
_ENDINGS = {"/chat/completions": "chat", "/messages": "messages", "/responses": "responses"}


@dataclass(frozen=True)
class Captured:
    """One request. `protocol` is the client's, or "" when it is no generation in one of the four."""

    source: str
    n: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Any

    @property
    def protocol(self) -> str:
        """What it speaks, by its path."""
        path = urlsplit(self.path).path
        if self.method != "POST" or path.startswith(("/model/", "/openai/deployments/")):
            return ""
        if "/publishers/anthropic/" in path:
            return "messages"
        if path.endswith((":generateContent", ":streamGenerateContent")):
            return "gemini"
        return next((name for end, name in _ENDINGS.items() if path.endswith(end)), "")

    @property
    def model(self) -> str:
        """The model asked for, in the body or in the path."""
        if isinstance(self.body, dict) and isinstance(self.body.get("model"), str):
            return str(self.body["model"])
        return unquote(urlsplit(self.path).path.rpartition("/models/")[2].rpartition(":")[0])

    @property
    def streaming(self) -> bool:
        """Whether a stream is asked for."""
        if ":" in self.path.rpartition("/")[2]:
            return ":stream" in self.path
        return isinstance(self.body, dict) and self.body.get("stream") is True

    @property
    def raw(self) -> bytes:
        """The body's bytes: JSON in the order of the capture, or text."""
        return json.dumps(self.body).encode() if isinstance(self.body, dict) else str(self.body).encode()

    def sent_with(self, key: str) -> list[tuple[str, str]]:
        """The headers with `key` in place of the captured credential; framing is the sender's business.

        Claude Code in its Vertex form was captured without a credential; users give it one in a header of their own.
        """
        headers = [(name.lower(), value) for name, value in self.headers if name.lower() not in _FRAMING]
        if not _CREDENTIALS.keys() & dict(headers).keys():
            headers.append(("authorization", ""))
        return [(name, _CREDENTIALS[name] + key if name in _CREDENTIALS else value) for name, value in headers]


def captures() -> dict[str, list[Captured]]:
    """Every file that is here, by name."""
    files = {path.stem: path for folder in (SHARED, GOLDEN) for path in sorted(folder.glob("*.json"))}
    return {name: read(path) for name, path in sorted(files.items())}


def read(path: Path) -> list[Captured]:
    """The requests of one file, in order."""
    return [
        Captured(
            path.stem,
            number,
            entry["method"],
            entry["path"],
            tuple((name, value) for name, value in entry["headers"]),
            entry["body"],
        )
        for number, entry in enumerate(json.loads(path.read_text(encoding="utf-8")))
    ]
