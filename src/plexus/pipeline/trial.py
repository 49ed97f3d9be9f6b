"""Trying a provider out: a tiny real request to each of its targets in each protocol, when the operator wants to know.

It goes the way of every request, into the books and the health of the target too; only its question and its key are the
gateway's own.
"""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from plexus.ir.errors import InvalidRequest
from plexus.keys.key import Key
from plexus.pipeline.account import Account
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.probe import Question, asked, call_through
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Door
from plexus.routing.candidate import Candidate
from plexus.routing.plan import Plan
from plexus.upstream.failures import UpstreamFailed

KEY = Key(name="plexus:test")
"""Whose requests these are, in rows and logs. No key of a configuration can be called so and be presented."""
AT_ONCE = 4
MOST = 40
"""Targets tried in one go: each costs something."""
_QUESTION = "Reply with the word ok."
_TOKENS = 16
"""The least OpenAI's responses protocol takes."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one try. Durations in milliseconds; the request is in the books under its id."""

    protocol: str
    model: str
    request_id: str
    ok: bool
    status: str
    http_status: int | None
    """What the provider answered; None when it did not."""
    latency_ms: float
    ttft_ms: float | None
    error: str | None


async def tried(doors: Sequence[Door], seconds: float, gateway: Gateway, clean: Callable[[str], str]) -> list[Outcome]:
    """Try each door, a few at a time, each for `seconds` at most. `clean` takes secrets out of what a provider said."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(door: Door) -> Outcome:
        async with room:
            return await _outcome(door, seconds, gateway, clean)

    return list(await asyncio.gather(*map(one, doors)))


async def _outcome(door: Door, seconds: float, gateway: Gateway, clean: Callable[[str], str]) -> Outcome:
    call = call_through(door, Question(KEY, _QUESTION, _TOKENS, seconds), gateway)
    account = Account(call, gateway)
    candidate = Candidate(door.target.provider, door.target.model)
    error = None
    try:
        # A target that rests is tried all the same: whether it is well again is what is asked.
        await asked(call, Plan(call.model, (candidate,), forced=(candidate,)), account, gateway)
    except (Refused, InvalidRequest, UpstreamFailed) as failed:
        error = clean(failed.fault.message)
    last = account.attempts[-1].tried if account.attempts else None
    spent = last.duration_ms if last is not None else (gateway.clock.monotonic() - call.started) * 1000
    return Outcome(
        protocol=door.protocol.name,
        model=door.target.model,
        request_id=call.request_id,
        ok=error is None,
        status=(last.status if last is not None else "") or "error",
        http_status=last.http_status if last is not None else None,
        latency_ms=round(spent, 3),
        ttft_ms=None if last is None or last.ttft_ms is None else round(last.ttft_ms, 3),
        error=error,
    )
