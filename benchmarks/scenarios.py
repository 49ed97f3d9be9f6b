"""What is measured: each row is a request sent to one server, and what it is compared with."""

from msgspec import Struct

from benchmarks import bodies
from benchmarks.load import Request
from benchmarks.servers import HEADERS, WITH_QUOTA

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


class Row(Struct, frozen=True, kw_only=True):
    """One line of the table."""

    scenario: str
    server: str
    label: str
    request: Request
    connections: int = 32
    goal: float | None = None
    """Part of the bare proxy's throughput to reach."""
    expect: bytes = b""
    """What must be in a correct answer."""
    events: int = 0
    """How many times it must be there, at least."""

    @property
    def header(self) -> bytes:
        """What the head of a correct answer must say: that Plexus did pass the body through, or did not."""
        if self.server != "plexus":
            return b""
        return b"x-plexus-passthrough: " + (b"true" if self.label.startswith("pass-through") else b"false")


def _ask(path: str, body: bytes) -> Request:
    return Request(path, body, HEADERS)


_UNARY = _ask(CHAT, bodies.chat_request("bench-chat"))
_WITH_QUOTA = Request(CHAT, bodies.chat_request("to-chat"), WITH_QUOTA)
_STREAM_WITH_QUOTA = Request(CHAT, bodies.chat_request("to-chat", stream=True), WITH_QUOTA)
_STREAM = _ask(CHAT, bodies.chat_request("bench-chat", stream=True))


def _unary(
    scenario: str, server: str, label: str, request: Request, *, goal: float | None = None, connections: int = 32
) -> Row:
    return Row(
        scenario=scenario,
        server=server,
        label=label,
        request=request,
        goal=goal,
        connections=connections,
        expect=b"gateway measures",
    )


def _stream(server: str, label: str, request: Request, goal: float | None = None, *, scenario: str = "stream") -> Row:
    expect = b'"content":"' if request.path == CHAT else b'"text_delta"'
    return Row(
        scenario=scenario,
        server=server,
        label=label,
        request=request,
        goal=goal,
        expect=expect,
        events=bodies.CHUNKS,
    )


ROWS: tuple[Row, ...] = (
    _unary("unary", "bare", "bare proxy", _UNARY),
    _unary("unary", "nginx", "nginx", _UNARY),
    _unary("unary", "plexus", "pass-through chat", _ask(CHAT, bodies.chat_request("to-chat")), goal=0.50),
    _unary("unary", "plexus", "messages → chat", _ask(MESSAGES, bodies.messages_request("to-chat")), goal=0.35),
    _unary("unary", "plexus", "chat → messages", _ask(CHAT, bodies.chat_request("to-messages")), goal=0.35),
    _stream("bare", "bare proxy", _STREAM),
    _stream("nginx", "nginx", _STREAM),
    _stream("plexus", "pass-through chat", _ask(CHAT, bodies.chat_request("to-chat", stream=True)), 0.45),
    _stream(
        "plexus",
        "pass-through, usage hidden",
        _ask(CHAT, bodies.chat_request("to-chat", stream=True, usage=False)),
        0.45,
    ),
    _stream("plexus", "messages → chat", _ask(MESSAGES, bodies.messages_request("to-chat", stream=True)), 0.25),
    _stream("plexus", "chat → messages", _ask(CHAT, bodies.chat_request("to-messages", stream=True)), 0.25),
    _unary("latency", "upstream", "no proxy", _UNARY, connections=1),
    _unary("latency", "bare", "bare proxy", _UNARY, connections=1),
    _unary("latency", "plexus", "pass-through chat", _ask(CHAT, bodies.chat_request("to-chat")), connections=1),
    _unary("latency", "plexus", "messages → chat", _ask(MESSAGES, bodies.messages_request("to-chat")), connections=1),
    _unary("books", "plain", "without books", _ask(CHAT, bodies.chat_request("to-chat"))),
    _unary("books", "plexus", "pass-through chat, a quota", _WITH_QUOTA, goal=0.85),
    _stream(
        "plain", "without books", _ask(CHAT, bodies.chat_request("to-chat", stream=True)), scenario="books, stream"
    ),
    _stream("plexus", "pass-through chat, a quota", _STREAM_WITH_QUOTA, 0.85, scenario="books, stream"),
)

LARGE: tuple[Row, ...] = (
    _unary("large", "bare", "bare proxy", _ask(CHAT, bodies.large_chat_request("bench-chat"))),
    _unary("large", "plexus", "pass-through chat", _ask(CHAT, bodies.large_chat_request("to-chat"))),
    _unary("large", "plexus", "messages → chat", _ask(MESSAGES, bodies.large_messages_request("to-chat"))),
    _unary("large", "plexus", "chat → messages", _ask(CHAT, bodies.large_chat_request("to-messages"))),
)

SCENARIOS = ("start", "unary", "stream", "latency", "books", "books, stream", "plan", "large")

# The goals that are not a part of the bare proxy.
LARGE_CPU_MS = 15.0
ADDED_P50_MS = 0.5
START_S = 1.5
MEMORY_MB = 120.0
