"""One request as a test server saw it: its bytes, when they came, and when the other side went away."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.harness.wire import header, parse_head

_PROTOCOL_OF_PATH = {
    "/chat/completions": "chat",
    "/messages": "messages",
    "/messages/count_tokens": "messages",
    "/responses": "responses",
}


@dataclass
class Received:
    """`connection` counts connections from 0, `nth` requests on it from 1, `nth_of_model` those for the same model.

    Times are `time.monotonic()`. `disconnect` is "fin" or "reset" once the client went away during the answer.
    """

    head: bytes
    connection: int
    nth: int
    arrived: float = field(default_factory=time.monotonic)
    body: bytes = b""
    complete: bool = False
    nth_of_model: int = 1
    answered: float | None = None
    disconnected: float | None = None
    disconnect: str = ""
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        first, self.headers = parse_head(self.head)
        self.method, _, rest = first.partition(" ")
        self.target = rest.rpartition(" ")[0]

    @property
    def path(self) -> str:
        """The path, decoded, without the query."""
        return unquote(urlsplit(self.target).path)

    @property
    def size(self) -> int:
        """Bytes of head and body received so far, body decoded from chunks."""
        return len(self.head) + len(self.body)

    @property
    def json(self) -> Any:
        """The body as JSON, or None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def protocol(self) -> str:
        """The wire protocol by the path: chat, messages, responses, gemini, or "" for anything else."""
        if ":" in self.path.rpartition("/")[2] or "/models/" in self.path:
            return "gemini"
        return next((name for end, name in _PROTOCOL_OF_PATH.items() if self.path.endswith(end)), "")

    @property
    def model(self) -> str:
        """The model asked for, in the body or in the Gemini path; "" when neither has it."""
        if self.protocol == "gemini":
            return self.path.partition("/models/")[2].rpartition(":")[0]
        value = self.json
        model = value.get("model") if isinstance(value, dict) else None
        return model if isinstance(model, str) else ""

    @property
    def streaming(self) -> bool:
        """Whether a stream is asked for."""
        if self.protocol == "gemini":
            return self.path.endswith(":streamGenerateContent")
        value = self.json
        return bool(isinstance(value, dict) and value.get("stream"))

    @property
    def credential(self) -> str:
        """The key that came with the request, wherever it was put."""
        bearer = header(self.headers, "authorization").removeprefix("Bearer ").strip()
        query = parse_qs(urlsplit(self.target).query).get("key", [""])[0]
        return bearer or header(self.headers, "x-api-key") or header(self.headers, "x-goog-api-key") or query

    def left(self, how: str) -> None:
        """Note that the client went away."""
        if not self.disconnect:
            self.disconnected, self.disconnect = time.monotonic(), how
            self.gone.set()

    def summary(self) -> dict[str, Any]:
        """What is worth telling of it as JSON, without credentials."""
        return {
            "method": self.method,
            "path": self.path,
            "model": self.model,
            "streaming": self.streaming,
            "bytes": self.size,
            "connection": self.connection,
            "nth": self.nth,
            "arrived": self.arrived,
            "answered": self.answered,
            "disconnected": self.disconnected,
            "disconnect": self.disconnect,
        }
