"""Probes: small requests that measure targets of which too little is known, so that no client's request has to.

A probe takes the way of every request, from the attempt to the books; only its question and its key are the gateway's own.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from plexus.core import ids
from plexus.core.json import dumps
from plexus.core.logging import logger
from plexus.core.raw_object import RawObject
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Text
from plexus.keys.key import Key
from plexus.pipeline.account import Account, ending_of
from plexus.pipeline.attempts import Attempts
from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.pipeline.relay import collect
from plexus.pipeline.snapshot import Door
from plexus.routing.candidate import Candidate
from plexus.routing.exploration import to_explore
from plexus.routing.facts import Facts
from plexus.routing.plan import Plan
from plexus.upstream.failures import UpstreamFailed

log = logger("plexus.probe")
KEY = Key(name="plexus:probe")
"""Whose requests probes are, in rows and logs. No key of a configuration can be called so and be presented."""
_EVERY = 30.0
_AT_ONCE = 2
_QUESTION = "Count from one to twenty in words."
_TOKENS = 64


class Question(NamedTuple):
    """What the gateway itself asks: in whose name, with how many tokens of answer at most, and in how many seconds."""

    key: Key
    text: str
    tokens: int
    seconds: float | None = None


async def probing(gateway: Gateway) -> None:
    """Probe, round after round, until cancelled; while the configuration does not want it nothing is sent."""
    while True:
        await asyncio.sleep(_EVERY)
        if gateway.snapshot.rules.exploration.background:
            await probe_round(gateway)


async def probe_round(gateway: Gateway) -> int:
    """Probe every target that a selector cannot judge for lack of fresh measurements. Returns how many were probed."""
    waiting = list(_waiting(gateway))
    left = iter(waiting)

    async def one_after_the_other() -> None:
        for candidate in left:
            try:
                await probe(candidate, gateway)
            except (Refused, InvalidRequest, UpstreamFailed):
                continue  # the failure is in the books, and the target rests if it must
            except Exception:
                log.exception("a probe failed here", provider=candidate.provider, model=candidate.model)

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))
    return len(waiting)


def _waiting(gateway: Gateway) -> Iterator[Candidate]:
    snapshot, traffic, now = gateway.snapshot, gateway.traffic, gateway.clock.wall()
    facts = Facts(traffic.measurements, now)
    seen: set[tuple[str, str]] = set()
    for route in snapshot.routes.all():
        for stage in route.stages:
            if not stage.selector.explores or len(stage.members) < 2:  # noqa: PLR2004 - alone there is nothing to judge
                continue
            members = [facts(member, stage.selector.weighs) for member in stage.members]
            for candidate in to_explore(members, snapshot.rules.exploration):
                key = (candidate.provider, candidate.model)
                if key not in seen and traffic.cooldowns.cooling(*key, now) is None:
                    seen.add(key)
                    yield candidate


async def probe(candidate: Candidate, gateway: Gateway) -> None:
    """Send one probe and read its answer to the end.

    Raises:
        Refused, UpstreamFailed: when the target cannot be tried, or fails.
    """
    doors = gateway.snapshot.doors.get((candidate.provider, candidate.model), ())
    if doors:
        call = call_through(doors[0], Question(KEY, _QUESTION, _TOKENS), gateway)
        await asked(call, Plan(call.model, (candidate,)), Account(call, gateway), gateway)


async def asked(call: Call, plan: Plan, account: Account, gateway: Gateway) -> None:
    """Make a request of the gateway's own, and read its answer to the end.

    Raises:
        Refused, InvalidRequest, UpstreamFailed: when it cannot be made, or fails.
    """
    with account:
        gateway.opened(call)
        committed = await Attempts(call, plan, account, gateway).committed()
        attempt = committed.attempt
        try:
            await collect(committed)
        except UpstreamFailed as failed:
            attempt.failed(failed.fault, ending_of(failed.fault))
            raise
        finally:
            committed.reply.close()
        attempt.close("ok")
        account.close("ok", 200)


def call_through(door: Door, question: Question, gateway: Gateway) -> Call:
    """The request that puts a question to the target behind a door, in the protocol of that door."""
    protocol, target = door.protocol, door.target
    wanted = ChatRequest(
        protocol=protocol.name,
        model=target.model,
        messages=[Message(role="user", parts=[Text(text=question.text)])],
        max_tokens=question.tokens,
        stream=True,
    )
    return Call(
        protocol=protocol,
        body=RawObject(dumps(protocol.encode_request(wanted, target).body)),
        model=f"direct/{target.provider}/{target.model}",
        stream=True,
        headers=[(b"x-plexus-timeout", b"%g" % question.seconds)] if question.seconds is not None else [],
        request_id=ids.request_id(),
        key=question.key,
        attribution=None,
        snapshot=gateway.snapshot,
        started=gateway.clock.monotonic(),
    )
