"""What the tests of the messages protocol share: requests in few words, a target, frames and folds."""

from typing import Any

from plexus.core import json, sse
from plexus.ir.chat import ChatRequest, ChatResponse, Message
from plexus.ir.events import Event
from plexus.ir.exchange import Reading, Rendered, Writing
from plexus.ir.fold import fold
from plexus.ir.parts import Origin, Part, Signature, Text, ToolCall, ToolResult
from plexus.ir.target import Dialect, ModelProfile, ReasoningProfile, Target
from plexus.protocols.messages import PROTOCOL

TARGET = Target(provider="anthropic", model="claude", protocol="messages")
HERE = TARGET.origin
READING = Reading(origin=HERE, seed="seed")
BUDGET = ReasoningProfile(style="budget", budget_min=1024, budget_max=31_999, refuses_sampling=True, source="page")
ADAPTIVE = ReasoningProfile(
    style="adaptive", efforts=("low", "medium", "high", "max"), refuses_sampling=True, source="page"
)


def target(reasoning: ReasoningProfile | None = None, dialect: Dialect | None = None, **profile: Any) -> Target:
    made = ModelProfile(reasoning=reasoning or ReasoningProfile(), **profile)
    return Target(provider="anthropic", model="claude", protocol="messages", profile=made, dialect=dialect or Dialect())


def user(*parts: Part | str) -> Message:
    return Message(role="user", parts=[Text(text=p) if isinstance(p, str) else p for p in parts])


def assistant(*parts: Part | str) -> Message:
    return Message(role="assistant", parts=[Text(text=p) if isinstance(p, str) else p for p in parts])


def call(call_id: str, name: str = "look", arguments: str = "{}") -> ToolCall:
    return ToolCall(id=call_id, name=name, arguments=arguments)


def result(call_id: str, text: str = "done") -> ToolResult:
    return ToolResult(call_id=call_id, parts=[Text(text=text)])


def signed(value: str = "sig") -> Signature:
    return Signature(value, HERE)


def elsewhere(value: str = "sig") -> Signature:
    return Signature(value, Origin("gemini", "gemini", "flash"))


def ask(*messages: Message, protocol: str = "chat", **fields: Any) -> ChatRequest:
    return ChatRequest(protocol=protocol, model="alias", messages=list(messages) or [user("hi")], **fields)


def render(request: ChatRequest, to: Target = TARGET) -> Rendered:
    """The rendered request, its body as what is read on the other side."""
    rendered = PROTOCOL.encode_request(request, to)
    return Rendered(body=json.loads(json.dumps(rendered.body)), drops=rendered.drops, tool_names=rendered.tool_names)


def decode(**fields: Any) -> ChatRequest:
    body = {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}], **fields}
    return PROTOCOL.decode_request(body, "m", bool(body.get("stream")))


def through(to: Target = TARGET, **fields: Any) -> dict[str, Any]:
    """A body of this protocol through the hub and back."""
    return render(decode(**fields), to).body


def drops(rendered: Rendered) -> list[tuple[str, str]]:
    return [(drop.kind, drop.field) for drop in rendered.drops]


def writing(request: ChatRequest | None = None) -> Writing:
    return Writing(request=request or ask(), model="alias", seed="seed", now=0)


def frames(stream: str | bytes) -> list[sse.Frame]:
    decoder = sse.Decoder()
    data = stream if isinstance(stream, bytes) else stream.encode()
    return decoder.feed(data) + decoder.end()


def values(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(frame.data) for frame in frames(stream)]


def stream_of(*events: dict[str, Any], named: bool = True) -> bytes:
    return b"".join(sse.encode(json.dumps(e), e["type"] if named else "") for e in events)


def read(stream: str | bytes) -> list[Event]:
    decoder = PROTOCOL.stream_decoder(READING)
    events = [event for frame in frames(stream) for event in decoder.feed(frame)]
    return events + decoder.end()


def write(events: list[Event]) -> tuple[bytes, list[tuple[str, str]]]:
    encoder = PROTOCOL.stream_encoder(writing())
    stream = b"".join(encoder.encode(event) for event in events)
    return stream, [(drop.kind, drop.field) for drop in encoder.drops]


def heard(stream: bytes) -> ChatResponse:
    return fold(read(stream))
