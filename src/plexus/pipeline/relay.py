"""From the upstream's answer to the client's, once it has begun: the same bytes, or the events in the client's protocol."""

from collections.abc import AsyncIterator

from plexus.core import sse
from plexus.core.json import JSONError, dumps, loads_lenient
from plexus.ir.errors import Fault
from plexus.ir.events import Event, StreamError
from plexus.ir.exchange import Writing
from plexus.ir.unfold import unfold
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.failure import for_client
from plexus.pipeline.frames import Boundary
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.sending import Committed
from plexus.pipeline.source import Batch
from plexus.protocols import StreamEncoder, WireProtocol
from plexus.upstream.failures import UpstreamFailed

_QUIET = 1.0
"""Seconds between heartbeats at least: an upstream's pings pass on, but no faster."""


def writing(call: Call, committed: Committed, gateway: Gateway) -> Writing:
    """What the client's encoder is told."""
    model = committed.attempt.door.target.model
    return Writing(request=call.request, model=model, seed=call.request_id, now=int(gateway.clock.wall()))


async def collect(committed: Committed) -> None:
    """Read an answer to its end, for a unary client.

    Raises:
        UpstreamFailed: when it breaks off; nothing has been sent yet.
    """
    attempt = committed.attempt
    if committed.whole is not None:
        attempt.fold.take(committed.whole.response)
    async for batch in committed.batches:
        _account(batch, attempt)
        if attempt.fold.fault is not None:
            raise UpstreamFailed(attempt.fold.fault)


def whole(call: Call, committed: Committed, gateway: Gateway) -> bytes:
    """The body for a unary client, of an answer that was collected."""
    attempt = committed.attempt
    finish(call, committed, gateway)
    if attempt.rendering.passthrough and committed.whole is not None:
        return committed.whole.raw
    attempt.passthrough = False
    body, drops = call.protocol.encode_response(attempt.fold.response, writing(call, committed, gateway))
    attempt.drops += drops
    return dumps(body)


def encoder_for(call: Call, committed: Committed, gateway: Gateway) -> StreamEncoder:
    """The encoder of the client's stream."""
    return encoder_of(call, writing(call, committed, gateway))


def encoder_of(call: Call, facts: Writing) -> StreamEncoder:
    """The encoder of the form of stream the client asked for."""
    if call.array and call.protocol.array_stream_encoder is not None:
        return call.protocol.array_stream_encoder(facts)
    return call.protocol.stream_encoder(facts)


async def translated(
    call: Call, committed: Committed, encoder: StreamEncoder, gateway: Gateway
) -> AsyncIterator[bytes]:
    """The client's stream, made of the upstream's events. A failure becomes the protocol's error event."""
    attempt, told = committed.attempt, None
    if committed.whole is not None:
        attempt.fold.take(committed.whole.response)
        yield b"".join([encoder.encode(event) for event in unfold(committed.whole.response)])
    async for batch in committed.batches:
        out = b"".join([encoder.encode(_shown(event)) for event in batch.events])
        _account(batch, attempt)
        if out:
            told = gateway.clock.monotonic()
            yield out
        elif batch.idle and told is not None and gateway.clock.monotonic() - told >= _QUIET:
            told = gateway.clock.monotonic()
            yield encoder.heartbeat()
    attempt.drops += encoder.drops
    finish(call, committed, gateway)


async def same_bytes(call: Call, committed: Committed, gateway: Gateway) -> AsyncIterator[bytes]:
    """The client's stream in the provider's own bytes. Only a stream that broke gets an error event added."""
    attempt, boundary = committed.attempt, Boundary()
    hide = attempt.rendering.usage_asked
    async for batch in committed.batches:
        if batch.idle and not batch.raw:
            yield b"\n" if call.array else sse.comment()
            continue
        _account(batch, attempt)
        ready = batch.raw if call.array else boundary.ready(batch.raw)
        if hide and b'"usage"' in ready:
            ready = _without_usage_frame(call.protocol, ready)
        if ready:
            yield ready
        if attempt.fold.fault is not None and not batch.raw:
            yield broken(call, attempt.fold.fault)
            finish(call, committed, gateway)
            return
    rest = boundary.rest()
    if rest and not _is_cut(rest):
        yield rest
    finish(call, committed, gateway)


def _is_cut(rest: bytes) -> bool:
    """Whether what an upstream left without its closing blank line is half an event."""
    data = rest.rpartition(b"data:")[2].strip()
    try:
        return bool(data) and data != b"[DONE]" and loads_lenient(data) is None
    except JSONError:
        return True


def said(encoder: StreamEncoder, fault: Fault) -> bytes:
    """A fault as the end of a translated stream."""
    return encoder.encode(StreamError(for_client(fault)))


def broken(call: Call, fault: Fault) -> bytes:
    """The end of a pass-through stream whose upstream broke off."""
    body = dumps(call.protocol.encode_error(for_client(fault))[1])
    return b"," + body + b"]" if call.array else sse.encode(body, call.protocol.error_event)


def finish(call: Call, committed: Committed, gateway: Gateway) -> None:
    """Remember what the next turn may refer to: opaque state, and where a stored response is kept."""
    attempt = committed.attempt
    if not attempt.fold.ended:
        return
    response = attempt.fold.response
    gateway.state.saw(response)
    target = attempt.door.target
    if call.session is not None:
        gateway.traffic.sessions.answered(call.session.key, response.id, target.provider, target.model)
    gateway.whereabouts.saw(response, target, call.key.name)
    if attempt.door.protocol.name != call.protocol.name:
        gateway.state.keep(response, call.key.name)


def _account(batch: Batch, attempt: Attempt) -> None:
    attempt.skimmed += batch.skimmed
    for event in batch.events:
        attempt.fold.add(event)


def _shown(event: Event) -> Event:
    return StreamError(for_client(event.fault), event.usage) if isinstance(event, StreamError) else event


def _without_usage_frame(protocol: WireProtocol, ready: bytes) -> bytes:
    kept: list[bytes] = []
    for frame in ready.split(b"\n\n"):
        data = frame.partition(b"data:")[2]
        if b'"usage"' in data and protocol.only_usage(data.strip()):
            continue
        kept.append(frame)
    return b"\n\n".join(kept)
