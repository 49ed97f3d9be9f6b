"""Short ways to write chat wires in tests, and to run the codecs over them."""

import json
from typing import Any

import msgspec

from plexus.core import sse
from plexus.ir.chat import ChatRequest, ChatResponse
from plexus.ir.events import Event
from plexus.ir.exchange import Reading, Rendered, Writing
from plexus.ir.fold import fold
from plexus.ir.parts import Origin
from plexus.ir.target import Dialect, ModelProfile, Target
from plexus.protocols.chat import PROTOCOL

ORIGIN = Origin("chat", "acme", "acme-1")
READING = Reading(origin=ORIGIN, seed="seed")
HI = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def asked(**fields: Any) -> ChatRequest:
    """The request a client asks with these fields."""
    body = {"model": "m", "messages": [HI], **fields}
    return PROTOCOL.decode_request(body, "m", bool(fields.get("stream")))


def target(profile: ModelProfile | None = None, model: str = "acme-1", **dialect: Any) -> Target:
    """A chat target of this dialect."""
    return Target(
        provider="acme",
        model=model,
        protocol="chat",
        profile=profile or ModelProfile(),
        dialect=Dialect(**dialect),
    )


def rendered(request: ChatRequest, there: Target | None = None) -> Rendered:
    """The request as it is sent, with its body as plain JSON."""
    found = PROTOCOL.encode_request(request, there or target())
    return Rendered(body=plain(found.body), drops=found.drops, tool_names=found.tool_names)


def plain(value: Any) -> Any:
    """The value after a trip over the wire."""
    return json.loads(msgspec.json.encode(value))


def writing(request: ChatRequest | None = None, **fields: Any) -> Writing:
    """What an answer is written for."""
    return Writing(request=request or asked(stream=True, **fields), model="shown", seed="seed", now=1_700_000_000)


def told(response: ChatResponse, request: ChatRequest | None = None) -> Any:
    """The body of the answer for a client."""
    return plain(PROTOCOL.encode_response(response, writing(request))[0])


def chunk(delta: Any = None, finish: str | None = None, index: int = 0, **fields: Any) -> dict[str, Any]:
    """A chunk of an upstream's stream."""
    choice: dict[str, Any] = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 5,
        "model": "acme-1",
        "choices": [choice],
        **fields,
    }


def usage_chunk(**usage: Any) -> dict[str, Any]:
    """The chunk that comes last, without choices."""
    counts = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, **usage}
    return {**chunk(), "choices": [], "usage": counts}


def calls(*entries: dict[str, Any]) -> dict[str, Any]:
    """A delta with these entries of `tool_calls`."""
    return {"tool_calls": list(entries)}


def call(arguments: Any = None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """An entry of `tool_calls`; a name or arguments that are None are left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**fields, "function": function}


def stream(*chunks: Any, done: bool = True) -> bytes:
    """Chunks as server-sent events."""
    frames = [f"data: {json.dumps(one) if not isinstance(one, str) else one}\n\n" for one in chunks]
    return "".join([*frames, "data: [DONE]\n\n"] if done else frames).encode()


def events(data: bytes, reading: Reading = READING) -> list[Event]:
    """What an upstream's stream means."""
    decoder, frames = PROTOCOL.stream_decoder(reading), sse.Decoder()
    found: list[Event] = []
    for frame in [*frames.feed(data), *frames.end()]:
        found += decoder.feed(frame)
    return found + decoder.end()


def read(*chunks: Any, done: bool = True) -> ChatResponse:
    """The answer an upstream's chunks amount to."""
    return fold(events(stream(*chunks, done=done)))


def written(found: list[Event], request: ChatRequest | None = None) -> list[Any]:
    """The frames a client gets for these events: chunks as JSON, `[DONE]` as text."""
    return values(encoded(found, request))


def encoded(found: list[Event], request: ChatRequest | None = None) -> bytes:
    """The bytes a client gets for these events."""
    encoder = PROTOCOL.stream_encoder(writing(request))
    return b"".join([encoder.encode(event) for event in found])


def values(data: bytes) -> list[Any]:
    """The data of each event, as JSON where it is."""
    frames = sse.Decoder().feed(data)
    return [frame.data.decode() if frame.data == b"[DONE]" else json.loads(frame.data) for frame in frames]


def deltas(frames: list[Any], name: str, choice: int = 0) -> list[Any]:
    """What the chunks say under this name of their delta, where they say it."""
    chunks = [frame for frame in frames if isinstance(frame, dict) and "choices" in frame]
    said = [one["delta"] for frame in chunks for one in frame["choices"] if one["index"] == choice]
    return [delta[name] for delta in said if delta.get(name)]
