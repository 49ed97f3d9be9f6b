"""Whether the process takes one more request: how many it has, and how long its event loop takes for one turn.

It knows nothing of targets, and the time an upstream takes is none of the loop's. Refusing early keeps those that are served
fast: a process that takes everything serves nobody in time. Why it goes by turns: docs/adr/0022-overload.md.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.refused import Refused
from plexus.pipeline.rules import Rules

TICK = 0.02
"""Seconds between two looks at the loop, while there is something to do and turns are short."""
LONG = 0.005
"""Seconds of a turn from which on the next one is looked at too."""
INTERVAL = 0.1
"""Seconds in which no turn may be short before that counts as a queue that stands."""
LEAST = 32.0
"""Requests that are taken however long turns are."""
MORE = 50.0
"""Requests by which the room grows in a second while turns are short enough, beside its own size."""
_LOOKS = 3
_TELLING = 10.0
log = logger("plexus.web")

Why = Literal["many", "busy"]
_WORDS: dict[Why, str] = {
    "many": "too many requests are under way; try again in a moment",
    "busy": "the gateway is too busy; try again in a moment",
}


class Turns(Struct):
    """The turns of the loop that were looked at, and what follows from them."""

    room: float = math.inf
    """How many requests may be under way."""
    standing: float = 0.0
    """Seconds of the shortest turn in the interval before this one."""
    _began: float = 0.0
    _ended: float = -math.inf
    _before: float = 0.0
    _shortest: float = math.inf
    _looks: int = 0

    def seen(self, now: float, turn: float, requests: int, rules: Rules) -> None:
        """One more turn took so many seconds, with so many requests under way.

        One long turn is no overload, and neither is a burst. After two in succession there is no room for more than there are.
        When the shortest of an interval was too long, there was always too much that waited: there is room for fewer.
        """
        passed, self._ended = min(now - self._ended, INTERVAL), now
        lasting, self._before = min(turn, self._before), turn
        if self._looks == 0:
            self._began = now - turn
        self._looks += 1
        self._shortest = min(self._shortest, turn)
        if turn <= rules.lag:
            self.room = min(self.room * (1 + passed) + MORE * passed, float(rules.requests))
        elif lasting > rules.lag:
            self.room = max(LEAST, min(self.room, requests))
        if now - self._began < INTERVAL or self._looks < _LOOKS:
            return
        self.standing = self._shortest
        if self.standing > rules.lag:
            part = max(0.5, min(0.9, rules.lag / self.standing))
            self.room = max(LEAST, min(self.room, requests * part))
        self._shortest, self._looks = math.inf, 0


def refusal_of(why: Why) -> Refused:
    """A request is not taken, and may be tried again in a second."""
    refusal = Refused("unavailable", _WORDS[why], code="overloaded")
    refusal.fault.retry_after = 1.0
    return refusal


class Load:
    """What one process has to do right now."""

    def __init__(self, clock: Clock, rules: Callable[[], Rules]) -> None:
        """Nothing. To be used inside one event loop. `rules`: those of this moment."""
        self.requests = 0
        """Those under way."""
        self.turns = Turns()
        self.at_each_look: Callable[[], object] = int
        """Called with each look: for what has to be done more often when there is more to do."""
        self.refused: dict[str, int] = dict.fromkeys(_WORDS, 0)
        """Those that were not taken since the process began, by the reason."""
        self._aside = 0.0
        self._limit = math.inf
        self._rules = rules
        self.time = clock.monotonic
        """In seconds."""
        self._watched = False
        self._away, self._tell = 0, -math.inf

    @property
    def full(self) -> bool:
        """Whether no further request is taken."""
        return self.requests >= self._limit

    def begin(self) -> None:
        """A request is taken; it is to be ended."""
        self.requests += 1
        if not self._watched:
            self._watched, self._limit = True, self._rules().requests
            asyncio.get_running_loop().call_later(TICK, self._look)

    def end(self, _task: object = None) -> None:
        """A request is done."""
        self.requests -= 1

    def turned_away(self) -> Why:
        """A request is not taken, and why. It leaves no record, so it is counted, and the log tells of it once in a while."""
        why: Why = "many" if self.requests >= self._rules().requests else "busy"
        self.refused[why] += 1
        self._away += 1
        now = self.time()
        if now >= self._tell:
            turn = round(self.turns.standing, 3)
            log.warning("requests are refused", refused=self._away, under_way=self.requests, turn_s=turn)
            self._away, self._tell = 0, now + _TELLING
        return why

    def aside(self, since: float) -> None:
        """What was done since then, on the same clock, is refusing: taking fewer requests would not make it less."""
        self._aside += self.time() - since

    def _look(self, hops: int = 2) -> None:
        # What a callback schedules comes before all that the sockets bring in between: there the next turn begins.
        if hops:
            asyncio.get_running_loop().call_soon(self._look, hops - 1)
        else:
            self._turn_begins(self.time())

    def _turn_begins(self, now: float) -> None:
        self.at_each_look()
        self._aside = 0.0
        asyncio.get_running_loop().call_soon(self._turn_ends, now)

    def _turn_ends(self, began: float) -> None:
        now, rules, turns = self.time(), self._rules(), self.turns
        turns.seen(now, max(now - began - self._aside, 0.0), self.requests, rules)
        self._limit = min(turns.room, rules.requests)
        if now - began > LONG:
            self._turn_begins(self.time())
        elif self.requests or turns.standing > LONG:
            asyncio.get_running_loop().call_later(TICK, self._look)
        else:
            self.turns, self._watched = Turns(), False
            self._limit = math.inf
