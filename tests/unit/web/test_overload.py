"""The decision whether one more request is taken, and the lateness it goes by, without a clock."""

import asyncio
import random
from collections.abc import Callable

import pytest

from plexus.core.clock import Clock
from plexus.pipeline.rules import Rules
from plexus.web.overload import TICK, Load, refused, smoothed

RULES = Rules(requests=3, lag=0.5)


@pytest.mark.parametrize(
    ("requests", "late", "taken"),
    [(0, 0.0, True), (2, 0.5, True), (3, 0.0, False), (4, 0.0, False), (2, 0.51, False), (0, 9.0, True)],
)
def test_a_request_is_taken_within_both_limits(requests, late, taken):
    no = refused(requests, late, RULES)
    assert (no is None) is taken
    if no is not None:
        assert (no.fault.status, no.fault.code, no.fault.retry_after) == (503, "overloaded", 1.0)


def looks(*late: float, before: float = 0.0) -> float:
    for seconds in late:
        before = smoothed(before, seconds)
    return before


def test_one_standstill_counts_for_half():
    assert looks(0.03) < 0.02
    assert looks(2.0) == 1.0
    assert looks(2.0, 2.0, 2.0) > 1.7


def test_lateness_that_stays_is_known_after_a_few_looks_and_forgotten_as_soon():
    steady = looks(*[0.2] * 5)
    assert steady > 0.19
    ticks = 0
    while steady > 0.05:
        steady, ticks = smoothed(steady, 0.0), ticks + 1
    assert ticks * TICK < 0.2


def test_lateness_is_never_more_than_the_latest_look():
    dice = random.Random(7)
    for _ in range(500):
        late = [dice.expovariate(1) for _ in range(dice.randrange(9))]
        assert 0.0 <= looks(*late) <= max(late, default=0.0)


class Loop:
    """An event loop's clock and timers, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self.timers.append((self.now + seconds, callback))

    def runs_late(self, seconds: float) -> None:
        when, callback = self.timers.pop()
        self.now = when + seconds
        callback()


@pytest.fixture
def loop(monkeypatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_the_loop_is_watched_while_there_is_something_to_do_and_not_longer(loop):
    load = Load(Clock(monotonic=loop.time))
    load.begin()
    load.begin()
    assert len(loop.timers) == 1
    for _ in range(5):
        loop.runs_late(0.3)
    assert load.late > 0.25
    load.end()
    load.end()
    assert load.requests == 0
    while loop.timers:
        loop.runs_late(0.0)
    assert load.late == 0.0
    load.begin()
    assert len(loop.timers) == 1


def test_a_turn_that_takes_long_is_late_before_it_ends(loop):
    load = Load(Clock(monotonic=loop.time))
    load.begin()
    loop.runs_late(0.0)
    loop.now += TICK + 0.4
    assert load.late == pytest.approx(0.2)


def test_an_idle_process_is_never_late(loop):
    load = Load(Clock(monotonic=loop.time))
    loop.now += 1000
    assert load.late == 0.0


def test_the_log_tells_of_the_first_that_was_refused_and_then_once_in_a_while(loop, capsys):
    load = Load(Clock(monotonic=loop.time))
    for _ in range(100):
        load.turned_away()
    loop.now += 11
    load.turned_away()
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 2
    assert "refused=1 " in told[0]
    assert "refused=100 " in told[1]
