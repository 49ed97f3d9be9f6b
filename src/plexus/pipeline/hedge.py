"""A second attempt beside a slow first one: whichever answers first is the request's, the other is cancelled.

It begins when the first target has been silent for longer than is usual for it, and only for a share of all requests.
"""

import asyncio
from typing import Protocol

from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.rules import Hedging
from plexus.pipeline.sending import Committed


class Runs(Protocol):
    """What a race needs of the request's attempts."""

    @property
    def another(self) -> bool:
        """Whether there is a target that could be tried at once."""
        ...

    async def next(self) -> Attempt | None:
        """An attempt at the next target."""
        ...

    async def outcome(self, attempt: Attempt) -> Committed | None:
        """The answer of an attempt, None when the request goes on without it."""
        ...


class Hedge:
    """The races of one request."""

    def __init__(self, call: Call, gateway: Gateway) -> None:
        """The request counts, by its size, towards what may be sent twice."""
        self._rules = call.snapshot.rules.hedging or Hedging(100.0, 0.0)
        self._stream, self._weight = call.stream, float(len(call.body.body))
        self._traffic = gateway.traffic
        self._clock = gateway.clock
        self._asked = gateway.clock.monotonic()
        self._traffic.doubling.asked(self._weight, self._asked)

    async def race(self, first: Attempt, runs: Runs) -> Committed | None:
        """The answer of this attempt or of a second one; None when all that were begun failed and the request goes on.

        Raises:
            UpstreamFailed: when one failed in a way that ends the request.
        """
        target = first.door.target
        usual = self._traffic.waits[self._stream].percentile(
            target.provider, target.model, self._rules.after_percentile
        )
        if usual is None or not runs.another:
            return await runs.outcome(first)
        racing = {asyncio.create_task(runs.outcome(first)): first}
        try:
            done, _ = await asyncio.wait(racing, timeout=usual)
            if not done and runs.another and self._may():
                second = await runs.next()
                if second is not None:
                    racing[asyncio.create_task(runs.outcome(second))] = second
            return await _first_of(racing)
        finally:
            await _call_off(racing)

    def _may(self) -> bool:
        now = self._clock.monotonic()
        return self._traffic.doubling.may(self._weight, self._asked, self._rules.max_extra_spend, now)


async def _first_of(racing: dict[asyncio.Task[Committed | None], Attempt]) -> Committed | None:
    """The first answer; those that ended are taken out."""
    while racing:
        done, _ = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        for task in [task for task in racing if task in done]:
            del racing[task]
            committed = task.result()
            if committed is not None:
                return committed
    return None


async def _call_off(racing: dict[asyncio.Task[Committed | None], Attempt]) -> None:
    """Cancel those that lost, and close what one of them may have got in the same moment."""
    for task in racing:
        task.cancel()
    ended = await asyncio.gather(*racing, return_exceptions=True)
    for attempt, outcome in zip(racing.values(), ended, strict=True):
        if isinstance(outcome, Committed):
            outcome.reply.close()
        attempt.close("cancelled")
