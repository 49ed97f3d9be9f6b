"""What an answer or a request says, in words that belong to no protocol. Filled by the readers, compared by `compare`."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

Stop = Literal[
    "", "end", "length", "stop_sequence", "tools", "filter", "refusal", "pause", "malformed", "error", "other"
]


@dataclass
class Call:
    """A call the model makes: arguments as parsed JSON (or text, for a free-form tool)."""

    name: str
    arguments: Any
    id: str = ""
    namespace: str = ""
    """Responses: the group the tool belongs to; elsewhere it can only be part of the name."""


@dataclass
class Result:
    """What the client's tool returned for the call with this id: text and media, or JSON the wire holds as an object."""

    call_id: str
    content: list[tuple[str, Any]]
    name: str = ""
    is_error: bool = False


@dataclass
class Counts:
    """Tokens: `input` is everything read (cache included), `output` everything written (reasoning included)."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass
class Said:
    """What the model answered. `items`: ("text", str), ("thinking", str), ("call", Call), ("media", digest) in order."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    refusal: str = ""
    stop: Stop = ""
    stop_sequence: str = ""
    usage: Counts | None = None
    citations: set[str] = field(default_factory=set)
    signatures: list[str] = field(default_factory=list)
    sealed_again: dict[str, str] = field(default_factory=dict)
    """OpenAI seals the same reasoning anew in the final object: that value to the streamed one. Either will do."""
    server: list[str] = field(default_factory=list)
    """Kinds of parts that are not the client's business: server-side tools, their results, anything unknown."""
    others: list["Said"] = field(default_factory=list)
    error: str = ""
    logprobs: int = 0

    @property
    def text(self) -> str:
        """All visible text."""
        return "".join(value for kind, value in self.items if kind == "text")

    @property
    def thinking(self) -> str:
        """All readable reasoning."""
        return "".join(value for kind, value in self.items if kind == "thinking")

    @property
    def calls(self) -> list[Call]:
        """All calls of client tools, in order."""
        return [value for kind, value in self.items if kind == "call"]

    @property
    def media(self) -> list[str]:
        """Digests of media the model made."""
        return [value for kind, value in self.items if kind == "media"]

    def settle(self) -> "Said":
        """The same with the stop reason that follows from it: an end beside a call waits for tools."""
        if self.calls and self.stop in {"end", "stop_sequence"}:
            self.stop = "tools"
        elif not self.calls and self.stop == "tools":
            self.stop = "end"
        return self


@dataclass
class ToolDef:
    """A tool the client offers: a function with its JSON Schema (None: takes nothing)."""

    name: str
    description: str = ""
    schema: Any = None
    strict: bool | None = None
    namespace: str = ""


@dataclass
class Asked:
    """What a client asks for. `turns`: (role, kind, value), role "user" or "assistant", tool results with the user's."""

    system: list[str] = field(default_factory=list)
    late_system: bool = False
    """Whether some system text stands after the first turn."""
    turns: list[tuple[str, str, Any]] = field(default_factory=list)
    tools: list[ToolDef] = field(default_factory=list)
    server_tools: list[str] = field(default_factory=list)
    choice: tuple[str, tuple[str, ...]] = ("", ())
    parallel: bool | None = None
    max_tokens: int | None = None
    stop: list[str] = field(default_factory=list)
    sampling: dict[str, Any] = field(default_factory=dict)
    output: tuple[str, Any] = ("", None)
    reasoning: str = ""
    """"", "on" or "off"."""
    effort: str = ""
    budget: int | None = None
    stream: bool | None = None
    signatures: list[str] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    """Titles of documents, which may become headings."""

    def say(self, role: str, kind: str, value: Any) -> None:
        """Add one thing to the conversation."""
        if kind != "text" or value:
            self.turns.append((role, kind, value))


def digest(data: str) -> str:
    """Base64 text as a short hash of its bytes, whatever alphabet or padding it was written in."""
    plain = "".join(data.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError:
        raw = data.encode()
    return "bytes:" + hashlib.sha256(raw).hexdigest()[:16]


def document(mime: str, data: str) -> str:
    """Base64 text of a file as what it says: plain text is text, everything else a hash of its bytes."""
    if not mime.startswith("text/"):
        return digest(data)
    try:
        return "text:" + base64.b64decode(data).decode()
    except ValueError:
        return digest(data)


def media(source: str) -> str:
    """A URL, or a `data:` URL as the hash of its bytes."""
    if source.startswith("data:") and "," in source:
        head, _, body = source.partition(",")
        mime = head.removeprefix("data:").partition(";")[0]
        return document(mime, body) if head.endswith(";base64") else "text:" + body
    return "url:" + source


def parsed(arguments: Any) -> Any:
    """Arguments as the value they stand for: empty text is no arguments, text that is no JSON stays text."""
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    if not arguments.strip():
        return {}
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def frames(body: str) -> list[tuple[str, str]]:
    """Server-sent events as (event, data), by the WHATWG grammar."""
    body = body.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    found: list[tuple[str, str]] = []
    event = ""
    data: list[str] = []
    for line in [*body.split("\n"), ""]:
        if not line:
            if data:
                found.append((event, "\n".join(data)))
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            event = value
    return found


def stream_objects(body: str) -> list[dict[str, Any]]:
    """The JSON objects of a stream: server-sent events, or a JSON array of them."""
    if body.lstrip().startswith("["):
        return [chunk for chunk in json.loads(body) if isinstance(chunk, dict)]
    objects = []
    for _, data in frames(body):
        if data.strip() == "[DONE]":
            break
        try:
            value = json.loads(data)
        except ValueError:
            continue
        if isinstance(value, dict):
            objects.append(value)
    return objects
