"""Whether the process takes one more request: how many it has, and how late its event loop runs. It knows nothing of targets.

Refusing early keeps those that are served fast. A process that takes everything serves nobody in time.
"""

import asyncio
import math
from collections.abc import Callable

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.refused import Refused
from plexus.pipeline.rules import Rules

TICK = 0.02
"""Seconds between two looks at the loop, while there is anything to do."""
_MEMORY = 0.1
"""Seconds over which lateness is averaged."""
_LEAST = 8.0
"""Requests that are taken however late the loop is."""
_TELLING = 10.0
log = logger("plexus.web")


def smoothed(before: float, late: float) -> float:
    """The lateness after a look that came so many seconds late.

    A look counts for the time it covers, and for half at most: a single standstill is no overload.
    """
    weight = min(-math.expm1(-(TICK + late) / _MEMORY), 0.5)
    return before + (late - before) * weight


def room_after(before: float, requests: int, late: float, rules: Rules) -> float:
    """How many requests may be under way after a look: a fifth less than there are while the loop is late, else slowly more.

    What a request costs comes after it was taken. Without this, all that come in one turn would be taken, and all be late.
    """
    if late > rules.lag:
        return max(_LEAST, min(before, requests * 0.8))
    return min(float(rules.requests), before * 1.02 + 1)


def refused(requests: int, room: float, rules: Rules) -> Refused | None:
    """Why no further request is taken beside those under way; None when there is room for it."""
    if requests >= rules.requests:
        refusal = Refused("unavailable", "too many requests are under way; try again in a moment", code="overloaded")
    elif requests >= room:
        refusal = Refused("unavailable", "the gateway is too busy; try again in a moment", code="overloaded")
    else:
        return None
    refusal.fault.retry_after = 1.0
    return refusal


class Load:
    """What one process has to do right now."""

    def __init__(self, clock: Clock, rules: Callable[[], Rules]) -> None:
        """Nothing. To be used inside one event loop. `rules`: those of this moment."""
        self.requests = 0
        self.late, self.room = 0.0, math.inf
        """How late the loop is on the average, in seconds; and how many requests may be under way because of that."""
        self._time, self._rules = clock.monotonic, rules
        self._watched = False
        self._away, self._tell = 0, -math.inf

    def begin(self) -> None:
        """A request is taken; it is to be ended."""
        self.requests += 1
        if not self._watched:
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
        self._watched = True
        asyncio.get_running_loop().call_later(TICK, self._look, now + TICK)

    def _look(self, due: float) -> None:
        now = self._time()
        self.late = smoothed(self.late, max(now - due, 0.0))
        self.room = room_after(self.room, self.requests, self.late, self._rules())
        if self.requests or self.late > TICK:
            self._look_again(now)
        else:
            self.late, self.room, self._watched = 0.0, math.inf, False
