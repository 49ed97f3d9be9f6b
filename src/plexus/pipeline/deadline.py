"""How long a request may take, all attempts together, and each of them. A request that ran out of time blames no target."""

import asyncio
from collections.abc import Sequence

from plexus.ir.errors import Fault
from plexus.pipeline.call import Call
from plexus.pipeline.snapshot import Door
from plexus.pipeline.source import Bounds
from plexus.upstream.reply import Pace

_SLACK = 0.05


class Deadline:
    """The end of one request's time, by the event loop's clock."""

    def __init__(self, call: Call, doors: Sequence[Door], waited: float) -> None:
        """`doors`: the targets that may be tried; the most patient decides. `waited`: seconds since the request came."""
        self._call = call
        self._time = asyncio.get_running_loop().time
        came = self._time() - waited
        patience = call.patience
        totals = [door.total for door in doors if door.total is not None]
        self._ends = came + max(totals) if totals and len(totals) == len(doors) else None
        self._asked = came + patience if patience is not None else None
        """What the client gave the whole request, its stream included."""

    @property
    def over(self) -> bool:
        """Whether there is no time left for another attempt."""
        ends = _earliest(self._ends, self._asked)
        return ends is not None and self._time() >= ends - _SLACK

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left."""
        ends = _earliest(self._ends, self._asked)
        return seconds if ends is None else min(seconds, ends - self._time())

    def bounds(self, door: Door) -> Bounds:
        """How the answer of an attempt that begins now is read."""
        snapshot, quiet = self._call.snapshot, door.timeouts.idle
        own = self._time() + door.total if door.total is not None else None
        tick = snapshot.heartbeat if quiet is None else min(snapshot.heartbeat, quiet)
        if door.stall is not None:
            tick = min(tick, door.stall.window / 2)
        limits = snapshot.limits
        return Bounds(
            event=limits.sse_event,
            answer=limits.answer,
            pace=Pace(tick, _earliest(own, _earliest(self._ends, self._asked))),
            quiet=quiet,
            stall=door.stall,
            own=own,
        )

    def judged(self, fault: Fault, bounds: Bounds) -> Fault:
        """The fault of an attempt; a time-out may be the request's own."""
        return bounds.judged(fault, self._time())

    def extend(self, bounds: Bounds, door: Door) -> None:
        """From the commit point on the stream's own, longer time holds, and what the client gave it."""
        bounds.own = self._time() + door.stream_total
        bounds.pace.deadline = _earliest(bounds.own, self._asked)


def _earliest(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
