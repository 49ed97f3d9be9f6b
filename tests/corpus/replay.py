"""Sends recordings through the codecs: an upstream's answer to each client protocol, a client's request to each upstream.

Nothing here judges; it returns what came out and what the codecs reported.
"""

import functools
import importlib
import json
import pkgutil
from dataclasses import dataclass, field
from typing import Any

import msgspec

import plexus.protocols
from plexus.core import sse
from plexus.ir.chat import ChatRequest, ChatResponse, Message
from plexus.ir.drops import Drop
from plexus.ir.errors import Fault
from plexus.ir.events import Event, ResponseEnd, StreamError
from plexus.ir.exchange import Reading, Writing
from plexus.ir.fold import Fold
from plexus.ir.ownership import own_state
from plexus.ir.parts import Origin, Text
from plexus.ir.target import ModelProfile, Target
from plexus.ir.unfold import unfold
from plexus.protocols import WireProtocol
from tests.corpus.recordings import Recording

NOW = 1_760_000_000
SEED = "fidelity"


@functools.cache
def protocols() -> dict[str, WireProtocol]:
    """The protocols that are there, by name. One that cannot be imported is missing, see `missing`."""
    found = {}
    for module in sorted(pkgutil.iter_modules(plexus.protocols.__path__), key=lambda entry: entry.name):
        try:
            plug = getattr(importlib.import_module(f"plexus.protocols.{module.name}"), "PROTOCOL", None)
        except ImportError as error:
            missing()[module.name] = str(error)
            continue
        if isinstance(plug, WireProtocol):
            found[module.name] = plug
        else:
            missing()[module.name] = "exports no PROTOCOL"
    return found


@functools.cache
def missing() -> dict[str, str]:
    """Protocols that could not be loaded, with the reason."""
    return {}


@dataclass
class Told:
    """An answer as a client gets it: bytes of a stream or a body, the reported losses, and a failure if there was one."""

    body: str = ""
    drops: list[Drop] = field(default_factory=list)
    fault: Fault | None = None


@dataclass
class Sent:
    """A request as an upstream gets it."""

    body: Any = None
    drops: list[Drop] = field(default_factory=list)


def target(protocol: str, model: str = "generic-model", provider: str = "generic") -> Target:
    """A capable target nobody knows anything special about."""
    return Target(provider=provider, model=model, protocol=protocol, profile=ModelProfile(max_output=1_000_000))


def reading(recording: Recording) -> Reading:
    """What the decoder is told of the exchange."""
    origin = Origin(recording.protocol, recording.vendor or "generic", recording.model or "generic-model")
    return Reading(origin=origin, seed=SEED)


def frames(body: bytes) -> list[sse.Frame]:
    """The frames of a recorded stream: server-sent events, or the elements of a Gemini array."""
    if body.lstrip()[:1] == b"[":
        return [sse.Frame("", json.dumps(chunk).encode()) for chunk in json.loads(body)]
    decoder = sse.Decoder()
    return decoder.feed(body) + decoder.end()


def decode_stream(protocol: WireProtocol, told: Reading, given: list[sse.Frame]) -> list[Event]:
    """All events of a stream."""
    decoder = protocol.stream_decoder(told)
    events: list[Event] = []
    for frame in given:
        events += decoder.feed(frame)
    return events + decoder.end()


def upstream_answer(recording: Recording) -> tuple[list[Event], ChatResponse | None, Fault | None]:
    """The recorded answer in the canonical form: its events, and what they amount to."""
    protocol = protocols()[recording.protocol]
    body = recording.response_body.encode()
    if not recording.streaming:
        response = protocol.decode_response(json.loads(recording.response_body), reading(recording))
        return unfold(response), response, None
    events = decode_stream(protocol, reading(recording), frames(body))
    account = Fold()
    # The fold owns what it is given: the events are told again to streaming clients.
    for event in events:
        account.add(deep(event))
    if account.fault is None and not account.ended:
        account.fault = Fault(kind="upstream", status=502, message="neither end nor error")
    return events, account.response, account.fault


def deep(value: Any) -> Any:
    """A copy that shares nothing: a fold owns and completes the parts it is given."""
    if isinstance(value, msgspec.Struct):
        return type(value)(**{name: deep(getattr(value, name)) for name in value.__struct_fields__})
    if isinstance(value, list):
        return [deep(item) for item in value]
    return value


def client_request(recording: Recording, client: str) -> ChatRequest:
    """The request the answer belongs to, as a client of `client` would have made it: translated, then read again."""
    ours, theirs = protocols()[recording.protocol], protocols()[client]
    made = ChatRequest(protocol=client, model="m", messages=[Message(role="user", parts=[Text(text="hi")])])
    body = recording.request
    if isinstance(body, dict):
        try:
            asked = ours.decode_request(body, recording.model or "m", recording.streaming)
            there = json.loads(msgspec.json.encode(theirs.encode_request(asked, target(client)).body))
            made = theirs.decode_request(there, recording.model or "m", recording.streaming)
        except Exception:  # the request is judged in its own run
            made.stream = recording.streaming
    made.include_usage = True
    return made


def tell(
    recording: Recording, client: str, answer: tuple[list[Event], ChatResponse | None, Fault | None]
) -> dict[str, Told]:
    """The answer in the client's protocol, for a streaming and for a unary client."""
    protocol = protocols()[client]
    events, response, fault = answer
    request = client_request(recording, client)
    writing = Writing(request=request, model=recording.model or "m", seed=SEED, now=NOW)
    encoder = protocol.stream_encoder(writing)
    stream = b"".join([encoder.encode(deep(event)) for event in events])
    told = {"stream": Told(stream.decode(), list(encoder.drops), fault)}
    if fault is not None or response is None:
        told["unary"] = Told(fault=fault)
    else:
        body, drops = protocol.encode_response(response, writing)
        told["unary"] = Told(json.dumps(json.loads(msgspec.json.encode(body))), drops)
    return told


def ended(events: list[Event]) -> bool:
    """Whether the events close as they must: with one end or one error, last."""
    endings = [n for n, event in enumerate(events) if isinstance(event, ResponseEnd | StreamError)]
    return endings == [len(events) - 1]


def send(recording: Recording, upstream: str) -> Sent:
    """The recorded request as it reaches an upstream of another protocol."""
    ours = protocols()[recording.protocol]
    body = recording.request
    request = ours.decode_request(body, recording.model or "m", _streams(recording, body))
    there = target(upstream)
    request, stripped = own_state(request, there, lambda _: None, alone=True)
    rendered = protocols()[upstream].encode_request(request, there)
    return Sent(json.loads(msgspec.json.encode(rendered.body)), [*stripped, *rendered.drops])


def _streams(recording: Recording, body: Any) -> bool:
    if recording.protocol == "gemini":
        return ":stream" in recording.path
    return bool(body.get("stream"))
