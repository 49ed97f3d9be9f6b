"""What the tests of the responses protocol share: a target, a reading, frames, and short ways through the codecs."""

from typing import Any

from plexus.core import json
from plexus.core.sse import Decoder, Frame
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.drops import Drop
from plexus.ir.events import Event
from plexus.ir.exchange import Reading, Writing
from plexus.ir.parts import Origin, Part, Signature, Text
from plexus.ir.target import Dialect, ModelProfile, Target
from plexus.protocols.responses import PROTOCOL

MAKER = Origin("responses", "openai", "gpt-x")
READING = Reading(origin=MAKER, seed="seed")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def target(profile: ModelProfile | None = None, dialect: Dialect | None = None) -> Target:
    return Target(
        provider="openai",
        model="gpt-x",
        protocol="responses",
        profile=profile or ModelProfile(),
        dialect=dialect or Dialect(),
    )


def read(**body: Any) -> ChatRequest:
    return PROTOCOL.decode_request({"input": "hi", **body}, "m", bool(body.get("stream")))


def sent(request: ChatRequest, to: Target | None = None) -> dict[str, Any]:
    return json.loads(json.dumps(PROTOCOL.encode_request(request, to or target()).body))


def lost(request: ChatRequest, to: Target | None = None) -> list[Drop]:
    return PROTOCOL.encode_request(request, to or target()).drops


def fields(drops: list[Drop]) -> list[tuple[str, str]]:
    return [(drop.kind, drop.field) for drop in drops]


def again(**body: Any) -> dict[str, Any]:
    """A responses request through the hub to a responses target."""
    return sent(read(**body))


def foreign(*messages: Message, **fields: Any) -> ChatRequest:
    """A request of another protocol's client."""
    return ChatRequest(protocol="messages", model="m", messages=list(messages), **fields)


def user(*parts: Part | str) -> Message:
    return Message(role="user", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def assistant(*parts: Part | str) -> Message:
    return Message(role="assistant", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def sealed(value: str = "gAAAA") -> Signature:
    return Signature(value, MAKER)


def writing(**body: Any) -> Writing:
    return Writing(request=read(**body), model="m", seed="seed", now=1_700_000_000)


def frame(**data: Any) -> Frame:
    return Frame(data.get("type", ""), json.dumps(data))


def decode(*data: dict[str, Any], end: bool = True) -> list[Event]:
    """The events of a stream of these objects."""
    decoder = PROTOCOL.stream_decoder(READING)
    events: list[Event] = []
    for each in data:
        events += decoder.feed(frame(**each))
    return events + (decoder.end() if end else [])


def frames(stream: bytes) -> list[dict[str, Any]]:
    decoder = Decoder()
    return [json.loads(each.data) for each in decoder.feed(stream) + decoder.end()]


def encode(events: list[Event], **body: Any) -> bytes:
    encoder = PROTOCOL.stream_encoder(writing(**body))
    return b"".join(encoder.encode(event) for event in events)


CREATED = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "gpt-x", "created_at": 5, "status": "in_progress", "output": []},
}


def completed(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = {
        "id": "resp_1",
        "object": "response",
        "model": "gpt-x",
        "created_at": 5,
        "status": "completed",
        "output": list(output),
        "usage": {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14},
        **fields,
    }
    return {"type": f"response.{response['status']}", "response": response}


def message(text: str, item_id: str = "msg_1", **fields: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": item_id, "role": "assistant", "status": "completed", "content": content, **fields}


def call(name: str, arguments: str, call_id: str = "call_1", **fields: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments, **fields}
