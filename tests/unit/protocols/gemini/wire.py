"""Short ways to say what these tests say often: targets, requests through the codecs, streams read and written."""

from typing import Any

from plexus.core.json import dumps, loads
from plexus.core.sse import Decoder
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.drops import Drop
from plexus.ir.exchange import Reading, Writing
from plexus.ir.fold import fold
from plexus.ir.parts import Origin, Part, Text
from plexus.ir.target import Dialect, ModelProfile, ReasoningProfile, Target
from plexus.protocols.gemini import PROTOCOL

ORIGIN = Origin("gemini", "google", "gemini-x")


def target(
    style: Any = "", *, dialect: Dialect | None = None, max_output: int | None = None, **reasoning: Any
) -> Target:
    profile = ModelProfile(reasoning=ReasoningProfile(style=style, **reasoning), max_output=max_output)
    return Target(provider="google", model="gemini-x", protocol="gemini", profile=profile, dialect=dialect or Dialect())


def asked(*messages: Message, protocol: str = "chat", **fields: Any) -> ChatRequest:
    said = list(messages) or [Message(role="user", parts=[Text(text="hi")])]
    return ChatRequest(protocol=protocol, model="m", messages=said, **fields)


def user(*parts: Part) -> Message:
    return Message(role="user", parts=list(parts))


def model(*parts: Part) -> Message:
    return Message(role="assistant", parts=list(parts))


def rendered(request: ChatRequest, to: Target | None = None) -> tuple[dict[str, Any], list[Drop]]:
    """The body as it stands on the wire, and the losses."""
    done = PROTOCOL.encode_request(request, to or target())
    return loads(dumps(done.body)), done.drops


def read(*parts: Any, **fields: Any) -> Any:
    """A request of one user turn made of these wire parts."""
    return PROTOCOL.decode_request({"contents": [{"role": "user", "parts": list(parts)}], **fields}, "m", False)


def through(body: dict[str, Any], to: Target | None = None) -> dict[str, Any]:
    """A Gemini body through the hub to a Gemini target."""
    return rendered(PROTOCOL.decode_request(body, "m", False), to)[0]


def reading() -> Reading:
    return Reading(origin=ORIGIN, seed="seed")


def writing(**fields: Any) -> Writing:
    return Writing(request=asked(protocol="gemini", **fields), model="alias", seed="seed", now=1_700_000_000)


def answer(*parts: Any, reason: str = "STOP", **fields: Any) -> Any:
    """A unary answer of one candidate, read."""
    candidate = {"content": {"parts": list(parts), "role": "model"}, "finishReason": reason, "index": 0}
    return PROTOCOL.decode_response({"candidates": [candidate], **fields}, reading())


def chunk(*parts: Any, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0, **candidate}]}


def sse(*chunks: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % dumps(each) for each in chunks)


def events_of(stream: bytes) -> list[Any]:
    frames = Decoder()
    decoder = PROTOCOL.stream_decoder(reading())
    events: list[Any] = [event for frame in [*frames.feed(stream), *frames.end()] for event in decoder.feed(frame)]
    return events + decoder.end()


def streamed(*chunks: Any) -> Any:
    """A stream of these chunks, read and folded."""
    return fold(events_of(sse(*chunks)))


def chunks_of(stream: bytes) -> list[dict[str, Any]]:
    return [loads(frame.data) for frame in Decoder().feed(stream)]


def written(events: Any, **fields: Any) -> tuple[bytes, list[Drop]]:
    encoder = PROTOCOL.stream_encoder(writing(**fields))
    return b"".join(encoder.encode(event) for event in events), encoder.drops


def parts_of(chunks: list[dict[str, Any]], choice: int = 0) -> list[dict[str, Any]]:
    """The parts of every chunk of one candidate, in order, without empty texts."""
    return [
        part
        for each in chunks
        for candidate in each.get("candidates", [])
        if candidate.get("index", 0) == choice
        for part in candidate.get("content", {}).get("parts", [])
        if part != {"text": ""}
    ]
