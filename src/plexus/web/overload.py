"""Whether the process takes one more request: how many it has, and how late its event loop runs. It knows nothing of targets.

Refusing early keeps those that are served fast. A process that takes everything serves nobody in time.
"""

import asyncio
import math

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.refused import Refused
from plexus.pipeline.rules import Rules

TICK = 0.02
"""Seconds between two looks at the loop, while there is anything to do."""
_MEMORY = 0.1
"""Seconds over which lateness is averaged."""
_TELLING = 10.0
log = logger("plexus.web")


def smoothed(before: float, late: float) -> float:
    """The lateness after a look that came so many seconds late.

    A look counts for the time it covers, and for half at most: a single standstill is no overload.
    """
    weight = min(-math.expm1(-(TICK + late) / _MEMORY), 0.5)
    return before + (late - before) * weight


def refused(requests: int, late: float, rules: Rules) -> Refused | None:
    """Why no further request is taken, by the number of those under way and the lateness in seconds; None when it is."""
    if not requests:
        return None
    if requests >= rules.requests:
        refusal = Refused("unavailable", "too many requests are under way; try again in a moment", code="overloaded")
    elif late > rules.lag:
        refusal = Refused("unavailable", "the gateway is too busy; try again in a moment", code="overloaded")
    else:
        return None
    refusal.fault.retry_after = 1.0
    return refusal


class Load:
    """What one process has to do right now."""

    def __init__(self, clock: Clock) -> None:
        """Nothing. To be used inside one event loop."""
        self.requests = 0
        self._time = clock.monotonic
        self._mean, self._due = 0.0, math.inf
        self._away, self._tell = 0, -math.inf

    @property
    def late(self) -> float:
        """How late the loop is, in seconds, this turn of it included."""
        return max(self._mean, smoothed(self._mean, max(self._time() - self._due, 0.0)))

    def begin(self) -> None:
        """A request is taken; it is to be ended."""
        self.requests += 1
        if self._due == math.inf:
            self._look_again(self._time())

    def end(self) -> None:
        """A request is done."""
        self.requests -= 1

    def turned_away(self) -> None:
        """A request was not taken. It leaves no record, so the log tells of the first and then once in a while."""
        now = self._time()
        self._away += 1
        if now >= self._tell:
            log.warning("requests are refused", refused=self._away, under_way=self.requests, late_s=round(self.late, 3))
            self._away, self._tell = 0, now + _TELLING

    def _look_again(self, now: float) -> None:
        self._due = now + TICK
        asyncio.get_running_loop().call_later(TICK, self._look)

    def _look(self) -> None:
        now = self._time()
        self._mean = smoothed(self._mean, max(now - self._due, 0.0))
        if self.requests or self._mean > TICK:
            self._look_again(now)
        else:
            self._mean, self._due = 0.0, math.inf
