"""The straight line of a chat request: decide, attempt, relay, record. Everything else is called from here."""

import asyncio
from collections.abc import AsyncIterator

from plexus.ir.exchange import Writing
from plexus.pipeline.account import Account, ending_of
from plexus.pipeline.attempts import Attempts
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.early import begun, kept_waiting
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.relay import encoder_for, encoder_of, same_bytes, translated, whole
from plexus.pipeline.sending import Committed
from plexus.pipeline.targets import decide
from plexus.pipeline.told import facts, headers
from plexus.upstream.failures import UpstreamFailed

OK = 200


async def answer(call: Call, gateway: Gateway) -> Answer:
    """Serve one request. The account is closed here, or by the stream that is handed back, exactly once.

    Raises:
        Refused, InvalidRequest: the client's fault.
        UpstreamFailed: the upstream's, with nothing sent to the client yet.
    """
    account = Account(call, gateway.clock, gateway.sink)
    with account.watch():
        attempts = Attempts(call, decide(call, gateway), account, gateway)
        try:
            if call.stream and call.snapshot.rules.early:
                return await _early(call, attempts, account, gateway)
            committed = await attempts.committed()
        except UpstreamFailed as failed:
            failed.headers += facts(account)
            raise
        if call.stream:
            return _stream(call, committed, account, gateway)
        body = whole(call, committed, gateway)
        committed.attempt.close("ok")
        account.close("ok", OK)
        return Answer(OK, headers(call, committed, account, "application/json"), body)


async def _early(call: Call, attempts: Attempts, account: Account, gateway: Gateway) -> Answer:
    """The stream; when it does not begin in time, heartbeats first."""

    async def coming() -> Committed:
        with account.watch():
            return await attempts.committed()

    seconds, task = call.snapshot.heartbeat, asyncio.ensure_future(coming())
    committed = await begun(task, seconds)
    if committed is not None:
        return _stream(call, committed, account, gateway)
    attempts.final = True
    encoder = encoder_of(call, Writing(request=call.request, model=call.model, seed=call.request_id, now=0))
    told = [(b"content-type", encoder.content_type.encode()), (b"x-plexus-request-id", call.request_id.encode())]

    def rest(committed: Committed) -> AsyncIterator[bytes]:
        return _pieces(call, committed, account, gateway)[1]

    return Answer(OK, [*told, *facts(account)], kept_waiting(task, seconds, encoder, rest))


def _stream(call: Call, committed: Committed, account: Account, gateway: Gateway) -> Answer:
    kind, pieces = _pieces(call, committed, account, gateway)
    return Answer(OK, headers(call, committed, account, kind), pieces)


def _pieces(call: Call, committed: Committed, account: Account, gateway: Gateway) -> tuple[str, AsyncIterator[bytes]]:
    """The stream and its media type."""
    attempt = committed.attempt
    if attempt.rendering.passthrough and committed.whole is None and committed.array == call.array:
        kind = committed.reply.headers.get("Content-Type", "text/event-stream")
        pieces = same_bytes(call, committed, gateway)
    else:
        attempt.passthrough = False
        encoder = encoder_for(call, committed, gateway)
        kind = encoder.content_type
        pieces = translated(call, committed, encoder, gateway)
    return kind, _accounted(pieces, committed, account)


async def _accounted(pieces: AsyncIterator[bytes], committed: Committed, account: Account) -> AsyncIterator[bytes]:
    """The stream with its ending booked, whatever it is."""
    attempt = committed.attempt
    try:
        async for piece in pieces:
            yield piece
        fault = attempt.fold.fault
        if fault is None:
            attempt.close("ok")
            account.close("ok", OK)
        else:
            attempt.failed(fault, ending_of(fault))
            account.close(ending_of(fault), OK, fault)
    except Exception:
        account.close("error", OK)
        raise
    finally:
        committed.reply.close()
        account.close("cancelled", OK)
