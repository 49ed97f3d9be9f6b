"""What the rule makes of a process: a model of an event loop, on a clock of its own, that is asked for more than it can do.

The model has one turn after the other; in each, what came is read and what can go on makes a step. Figures in seconds.
"""

import heapq
import random

import pytest

from plexus.pipeline.rules import Rules
from plexus.web.overload import LONG, TICK, Turns

STEPS, STEP = 8, 0.00005
"""So many steps has a request, each in a turn of its own: it takes 400 µs of processor, and 2,500 a second can be served."""
PEAK = 1 / (STEPS * STEP)
REFUSING = 0.000015
FIXED = 0.00002
"""Of a turn with nothing to do."""


class Process:
    """The model; `now` is its clock."""

    def __init__(self, upstream: float, rules: Rules) -> None:
        self.now, self.under_way = 0.0, 0
        self.served, self.refused = list[float](), list[float]()
        self.runnable: list[tuple[int, float]] = []
        self.away: list[tuple[float, float]] = []
        self._upstream, self._rules, self._turns, self._due = upstream, rules, Turns(), 0.0
        self._limit = float(rules.requests)

    def turn(self, came: list[float]) -> None:
        """One turn of the loop, in which these requests are read."""
        began, steps = self.now, self.runnable
        self.now, self.runnable = began + FIXED, []
        while self.away and self.away[0][0] <= began:
            steps.append((STEPS // 2, heapq.heappop(self.away)[1]))
        for step, since in steps:
            self._step(step, since)
        aside = sum(self._come(since) for since in came)
        if self.now - began > LONG or self.now >= self._due:
            self._turns.seen(self.now, self.now - began - aside, self.under_way, self._rules)
            self._limit, self._due = min(self._turns.room, self._rules.requests), self.now + TICK

    def _step(self, step: int, since: float) -> None:
        self.now += STEP
        if step == STEPS // 2 - 1:
            heapq.heappush(self.away, (self.now + self._upstream, since))
        elif step < STEPS - 1:
            self.runnable.append((step + 1, since))
        else:
            self.under_way -= 1
            self.served.append(self.now - since)

    def _come(self, since: float) -> float:
        if self.under_way < self._limit:
            self.under_way += 1
            self.runnable.append((0, since))
            return 0.0
        self.now += REFUSING
        self.refused.append(self.now - since)
        return REFUSING


def asked(times: float, seconds: float, upstream: float, *, burst: int = 1) -> Process:
    """A process that is asked at a multiple of the peak, at random times, by so many at once; the upstream takes so long for each."""
    dice, process, arrival = random.Random(7), Process(upstream, Rules()), 0.0
    while process.now < seconds:
        came = list[float]()
        while arrival <= process.now:
            came += [arrival] * burst
            arrival += dice.expovariate(PEAK * times / burst)
        process.turn(came)
        if not process.runnable:
            process.now = max(process.now, min([arrival, *[back for back, _ in process.away[:1]]]))
    return process


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


@pytest.mark.parametrize("upstream", [0.001, 0.1, 1.0])
@pytest.mark.parametrize("times", [2.0, 3.0])
def test_of_more_than_can_be_served_nearly_as_much_is_served_as_refusing_the_rest_leaves_time_for(times, upstream):
    told = asked(times, 5.0 + upstream, upstream)
    left = 1 - (times - 1) * REFUSING / (STEPS * STEP)
    assert len(told.served) / (PEAK * 5.0) > 0.95 * left
    assert p99(told.refused) < 0.5
    assert p99(told.served) < upstream + 1.0


@pytest.mark.parametrize("upstream", [0.001, 1.0])
@pytest.mark.parametrize("times", [0.5, 0.95])
def test_nothing_is_refused_of_what_can_be_served(times, upstream):
    assert not asked(times, 3.0, upstream).refused


def test_bursts_of_a_hundred_at_once_are_served():
    assert not asked(0.5, 5.0, 0.001, burst=100).refused
