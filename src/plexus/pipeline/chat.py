"""The straight line of a chat request: decide, attempt, relay, record. Everything else is called from here."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial

from plexus.ir.errors import Fault
from plexus.ir.exchange import Writing
from plexus.pipeline.account import Account, ending_of
from plexus.pipeline.admission import admit
from plexus.pipeline.attempts import Attempts
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.early import begun, give_up, kept_waiting
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.interruption import called_off
from plexus.pipeline.relay import broken, encoder_for, encoder_of, said, same_bytes, translated, whole
from plexus.pipeline.sending import Committed
from plexus.pipeline.stream import Stream
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
    account = Account(call, gateway)
    with account:
        plan = account.admit(admit(call, decide(call, gateway), gateway))
        gateway.opened(call)
        attempts = Attempts(call, plan, account, gateway)
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
        return account.answered(Answer(OK, headers(call, committed, account, "application/json"), body))


async def _early(call: Call, attempts: Attempts, account: Account, gateway: Gateway) -> Answer:
    """The stream; when it does not begin in time, heartbeats first."""

    async def coming() -> Committed:
        with account:
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

    def over() -> None:
        give_up(task)
        account.close("cancelled", OK)

    stream = Stream(kept_waiting(task, seconds, encoder, rest), over)
    return account.answered(Answer(OK, [*told, *facts(account)], stream))


def _stream(call: Call, committed: Committed, account: Account, gateway: Gateway) -> Answer:
    kind, pieces = _pieces(call, committed, account, gateway)

    def over() -> None:
        committed.reply.close()
        account.close("cancelled", OK)

    return account.answered(Answer(OK, headers(call, committed, account, kind), Stream(pieces, over)))


def _pieces(
    call: Call, committed: Committed, account: Account, gateway: Gateway
) -> tuple[str, AsyncGenerator[bytes, None]]:
    """The stream and its media type."""
    attempt = committed.attempt
    if attempt.rendering.passthrough and committed.whole is None and committed.array == call.array:
        kind = committed.reply.headers.get("Content-Type", "text/event-stream")
        pieces, last_words = same_bytes(call, committed, gateway), partial(broken, call)
    else:
        attempt.passthrough = False
        encoder = encoder_for(call, committed, gateway)
        kind = encoder.content_type
        pieces = translated(call, committed, encoder, gateway)
        last_words = partial(said, encoder)
    return kind, _accounted(pieces, committed, account, last_words)


async def _accounted(
    pieces: AsyncIterator[bytes], committed: Committed, account: Account, last_words: Callable[[Fault], bytes]
) -> AsyncGenerator[bytes, None]:
    """The stream with its ending booked, whatever it is. `last_words`: how a fault ends it."""
    attempt, followed = committed.attempt, account.followed
    take = followed.streams() if followed is not None else None
    try:
        async for piece in pieces:
            if take is not None:
                take(piece)
            yield piece
        fault = attempt.fold.fault
        if fault is None:
            attempt.close("ok")
            account.close("ok", OK)
        else:
            attempt.failed(fault, ending_of(fault))
            account.close(ending_of(fault), OK, fault)
    except asyncio.CancelledError as gone:
        fault = called_off(gone)
        if fault is None:
            raise
        last = last_words(fault)
        if take is not None:
            take(last)
        account.close("error", OK, fault)
        yield last
    except Exception:
        account.close("error", OK)
        raise
    finally:
        committed.reply.close()
        account.close("cancelled", OK)
