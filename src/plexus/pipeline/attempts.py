"""The attempts of one request: target after target in the plan's order until one has answered. The only place that goes on.

Every attempt is made anew from the client's original. A target is tried once at most. When one fails the verdict says whether
the next is tried, the retry budget whether that may be, and the request's deadline whether there is time.
"""

from collections import deque

from plexus.core.logging import logger
from plexus.ir.errors import InvalidRequest
from plexus.pipeline.account import Account, ending_of
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.deadline import Deadline
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.hedge import Hedge
from plexus.pipeline.lease import Lease, lease
from plexus.pipeline.relay import collect
from plexus.pipeline.render import render
from plexus.pipeline.sending import Committed, send
from plexus.pipeline.targets import door_of, none_left
from plexus.routing.budget import Retry
from plexus.routing.plan import Plan
from plexus.routing.slots import Slot
from plexus.upstream.failures import UpstreamFailed

log = logger("plexus.attempt")


_PATIENCE = 30.0
"""Seconds a request waits for leave to be retried, while what becomes of others' retries is open."""


class Attempts:
    """The attempts of one request, made one after the other, or two at a time by a hedge."""

    def __init__(self, call: Call, plan: Plan, account: Account, gateway: Gateway) -> None:
        """Nothing is tried yet."""
        self._call, self._plan, self._account, self._gateway = call, plan, account, gateway
        self._left = deque(plan.candidates)
        self._busy = list(plan.busy)
        doors = [door_of(call, candidate) for candidate in (*self._left, *self._busy)]
        self._deadline = Deadline(call, doors, gateway.clock.monotonic() - call.started)
        self._under_way = 0
        self._retry: Retry | None = None
        self._lost: list[Retry] = []
        self._failure: UpstreamFailed | InvalidRequest | None = None
        self.final = False
        """Whether the attempt under way is the last, because the client has been told something already."""

    async def committed(self) -> Committed:
        """The first answer that has begun; for a unary client one that is complete.

        Raises:
            Refused: when no target may be tried.
            InvalidRequest: when the request cannot be carried to any target.
            UpstreamFailed: the last failure.
        """
        hedge = Hedge(self._call, self._gateway) if self._call.snapshot.rules.hedging is not None else None
        self._gateway.traffic.retrying.asked()
        try:
            while (attempt := await self.next()) is not None:
                committed = await (self.outcome(attempt) if hedge is None else hedge.race(attempt, self))
                if committed is not None:
                    self._won(committed.attempt)
                    return committed
            raise self._failure or none_left(self._plan, self._gateway.clock.wall())
        finally:
            self._settle(worth=False)

    async def outcome(self, attempt: Attempt) -> Committed | None:
        """The answer of an attempt; None when it failed and the request goes on.

        Raises:
            UpstreamFailed: when it failed and the request does not go on.
        """
        self._under_way += 1
        try:
            return await self._run(attempt)
        except UpstreamFailed as failed:
            if not await self._goes_on(attempt, failed):
                raise
            return None
        finally:
            self._under_way -= 1

    @property
    def another(self) -> bool:
        """Whether there is a target that could be tried at once."""
        return bool(self._left) and not self.final

    async def next(self) -> Attempt | None:
        """An attempt at the next target, taken and rendered; None when there is none left."""
        while (leased := self._next_lease() or await self._waited()) is not None:
            try:
                return self._begin(leased)
            except InvalidRequest as error:
                leased.end()
                self._failure = self._failure or error
            except BaseException:
                leased.end()
                raise
        return None

    def _next_lease(self) -> Lease | None:
        while self._left:
            candidate = self._left.popleft()
            leased = lease(self._gateway.traffic, candidate, forced=candidate in self._plan.forced)
            if leased == "busy":
                self._busy.append(candidate)
            elif leased != "cooling":
                return leased
        return None

    async def _waited(self) -> Lease | None:
        """A target that was at its limit, as soon as it is not; None when that takes too long."""
        traffic = self._gateway.traffic
        while self._busy:
            targets = tuple((candidate.provider, candidate.model) for candidate in self._busy)
            seconds = self._deadline.within(self._call.snapshot.rules.wait)
            slot = await traffic.line.wait(targets, seconds) if seconds > 0 else None
            if slot is None:
                return None
            leased = self._with(slot)
            if leased is not None:
                return leased
        return None

    def _with(self, slot: Slot) -> Lease | None:
        traffic = self._gateway.traffic
        candidate = next(c for c in self._busy if (c.provider, c.model) == (slot.provider, slot.model))
        self._busy.remove(candidate)
        leased = lease(traffic, candidate, forced=candidate in self._plan.forced, slot=slot)
        return leased if isinstance(leased, Lease) else None

    def _begin(self, leased: Lease) -> Attempt:
        call = self._call
        door = door_of(call, leased.candidate)
        rendering = render(call, door, self._gateway.state, alone=self._plan.alone)
        return self._account.begin(door, rendering, leased)

    async def _run(self, attempt: Attempt) -> Committed:
        """Send one attempt, and wait until its answer has begun or, for a unary client, is complete.

        Raises:
            UpstreamFailed: when it fails before that.
        """
        call, gateway = self._call, self._gateway
        bounds = self._deadline.bounds(attempt.door)
        # With nowhere else to go, an answer that shows nothing is better than none.
        last = self.final or not (self._left or self._busy)
        try:
            committed = await send(call, attempt, gateway.upstream, bounds, last=last)
            if not call.stream:
                await _collected(committed)
        except UpstreamFailed as failed:
            failed.fault = self._deadline.judged(failed.fault, bounds)
            raise
        if call.stream:
            self._deadline.extend(bounds, attempt.door)
        return committed

    async def _goes_on(self, attempt: Attempt, failed: UpstreamFailed) -> bool:
        """Book a failed attempt; whether the next target may be tried."""
        verdict = attempt.failed(failed.fault, ending_of(failed.fault))
        self._failure = failed
        self._account.failed(attempt)
        target = attempt.door.target
        log.warning(
            "attempt failed",
            request_id=self._call.request_id,
            provider=target.provider,
            model=target.model,
            reason=verdict.reason,
            upstream_status=attempt.tried.http_status,
            error=failed.fault.message,
        )
        if self.final or not verdict.failover or self._deadline.over:
            return False
        if self._under_way > 1:  # the other one of a race goes on
            return True
        if not (self._left or self._busy):
            return False
        self._settle(worth=False)
        self._retry = await self._gateway.traffic.retrying.another(self._deadline.within(_PATIENCE))
        return self._retry is not None

    def _won(self, attempt: Attempt) -> None:
        """The answer of this attempt is the request's."""
        gateway, target = self._gateway, attempt.door.target
        waited = attempt.began()
        gateway.traffic.waits[self._call.stream].took(target.provider, target.model, waited)
        self._account.serving = attempt
        self._account.updated()
        self._settle(worth=True)

    def _settle(self, *, worth: bool) -> None:
        if self._retry is not None:
            self._gateway.traffic.retrying.settle(self._retry, worth=worth)
            self._lost.append(self._retry)
            self._retry = None
        if worth:  # those before it led to the answer as well
            self._gateway.traffic.retrying.give_back(self._lost)


async def _collected(committed: Committed) -> None:
    try:
        await collect(committed)
    finally:
        committed.reply.close()
