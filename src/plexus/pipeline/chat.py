"""The straight line of a chat request: plan, render, attempt, relay, record. Everything else is called from here."""

import asyncio
from collections.abc import AsyncIterator

from plexus.ir.errors import Fault
from plexus.pipeline.account import Account
from plexus.pipeline.attempt import Committed, attempt
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.headers import ascii_value, returning
from plexus.pipeline.relay import encoder_for, same_bytes, translated, whole
from plexus.pipeline.render import Rendering, render
from plexus.pipeline.snapshot import Door
from plexus.pipeline.source import Bounds
from plexus.pipeline.targets import doors_for
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace

OK = 200


async def answer(call: Call, gateway: Gateway) -> Answer:
    """Serve one request. The account is closed here, or by the stream that is handed back, exactly once.

    Raises:
        Refused, InvalidRequest: the client's fault.
        UpstreamFailed: the upstream's, with nothing sent to the client yet.
    """
    account = Account(call, gateway.clock, gateway.sink)
    with account.watch():
        doors = doors_for(call, gateway.dice)
        door, alone = doors[0], len(doors) == 1
        rendering = render(call, door, gateway.state, alone=alone)
        account.drops += rendering.drops
        account.passthrough = rendering.passthrough
        account.tried(door)
        committed = await _attempt(call, door, rendering, account, gateway)
        account.began()
        if call.stream:
            return _stream(call, committed, account, gateway)
        body = await _complete(call, committed, account, gateway)
        return Answer(OK, _headers(call, committed, account, "application/json"), body)


async def _attempt(call: Call, door: Door, rendering: Rendering, account: Account, gateway: Gateway) -> Committed:
    bounds = _bounds(call, door)
    try:
        committed = await attempt(call, door, rendering, gateway.upstream, bounds)
    except UpstreamFailed as failed:
        failed.headers += _facts(door, account)
        raise
    if call.stream:
        # From the commit point on the stream's own, longer time holds.
        bounds.pace.deadline = asyncio.get_running_loop().time() + door.stream_total
    return committed


def _bounds(call: Call, door: Door) -> Bounds:
    snapshot = call.snapshot
    limits, quiet = snapshot.limits, door.timeouts.idle
    deadline = asyncio.get_running_loop().time() + door.total if door.total is not None else None
    tick = snapshot.heartbeat if quiet is None else min(snapshot.heartbeat, quiet)
    return Bounds(event=limits.sse_event, answer=limits.answer, pace=Pace(tick, deadline), quiet=quiet)


async def _complete(call: Call, committed: Committed, account: Account, gateway: Gateway) -> bytes:
    try:
        body = await whole(call, committed, account, gateway)
    finally:
        committed.reply.close()
    account.close("ok", OK)
    return body


def _stream(call: Call, committed: Committed, account: Account, gateway: Gateway) -> Answer:
    if committed.rendering.passthrough and committed.whole is None and committed.array == call.array:
        kind = committed.reply.headers.get("Content-Type", "text/event-stream")
        pieces = same_bytes(call, committed, account, gateway)
    else:
        account.passthrough = False
        encoder = encoder_for(call, committed, gateway)
        kind = encoder.content_type
        pieces = translated(call, committed, encoder, account, gateway)
    return Answer(OK, _headers(call, committed, account, kind), _accounted(pieces, committed, account))


async def _accounted(pieces: AsyncIterator[bytes], committed: Committed, account: Account) -> AsyncIterator[bytes]:
    """The stream with its ending booked, whatever it is."""
    try:
        async for piece in pieces:
            yield piece
        fault: Fault | None = account.fold.fault
        account.close("error" if fault else "ok", OK, fault)
    finally:
        committed.reply.close()
        account.close("cancelled", OK)


def _headers(call: Call, committed: Committed, account: Account, kind: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", kind.encode("latin-1", "replace")),
        (b"x-plexus-request-id", call.request_id.encode()),
        *_facts(committed.door, account),
        *returning(committed.reply.headers),
    ]


def _facts(door: Door, account: Account) -> list[tuple[bytes, bytes]]:
    """What the client is told of the way its request took."""
    facts = [
        (b"x-plexus-provider", ascii_value(door.target.provider)),
        (b"x-plexus-model", ascii_value(door.target.model)),
        (b"x-plexus-attempts", b"%d" % len(account.attempts)),
        (b"x-plexus-passthrough", b"true" if account.passthrough else b"false"),
    ]
    if lost := account.fidelity:
        facts.append((b"x-plexus-fidelity", lost.encode()))
    return facts
