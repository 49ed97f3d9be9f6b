"""The decision whether one more request is taken, and the lateness it goes by, without a clock."""

import asyncio
import json
import math
import random
from collections.abc import Callable

import pytest

from plexus.core import logging
from plexus.core.clock import Clock
from plexus.pipeline.rules import Rules
from plexus.web.overload import TICK, Load, refused, room_after, smoothed

RULES = Rules(requests=3, lag=0.5)


@pytest.mark.parametrize(
    ("requests", "room", "taken"),
    [(0, 8.0, True), (2, 2.1, True), (2, 2.0, False), (2, math.inf, True), (3, math.inf, False), (4, math.inf, False)],
)
def test_a_request_is_taken_while_there_is_room(requests, room, taken):
    no = refused(requests, room, RULES)
    assert (no is None) is taken
    if no is not None:
        assert (no.fault.status, no.fault.code, no.fault.retry_after) == (503, "overloaded", 1.0)


def test_while_the_loop_is_late_there_is_room_for_fewer_than_are_under_way_and_never_for_none():
    rules = Rules(requests=5000, lag=0.5)
    room, seen = math.inf, list[float]()
    for requests in (1000, 1000, 800, 640, 10, 10):
        room = room_after(room, requests, 0.6, rules)
        seen.append(room)
    assert seen == [800, 800, 640, 512, 8, 8]


def test_room_comes_back_when_the_loop_is_in_time_and_never_beyond_the_limit():
    rules = Rules(requests=5000, lag=0.5)
    room, count = 8.0, 0
    while room < 5000:
        room, count = room_after(room, 100, 0.5, rules), count + 1
    assert 1 < count * TICK < 10
    assert room_after(room, 100, 0.0, rules) == 5000


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
        self.timers: list[tuple[float, Callable[[float], None], float]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[float], None], due: float) -> None:
        self.timers.append((self.now + seconds, callback, due))

    def runs_late(self, seconds: float) -> None:
        when, callback, due = self.timers.pop()
        self.now = when + seconds
        callback(due)


@pytest.fixture
def loop(monkeypatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def watched(loop: Loop) -> Load:
    return Load(Clock(monotonic=loop.time), lambda: Rules(requests=5000, lag=0.2))


def test_the_loop_is_watched_while_there_is_something_to_do_and_not_longer(loop):
    load = watched(loop)
    for _ in range(100):
        load.begin()
    assert len(loop.timers) == 1
    for _ in range(5):
        loop.runs_late(0.3)
    assert load.late > 0.25
    assert load.room == 80
    for _ in range(100):
        load.end()
    assert load.requests == 0
    while loop.timers:
        loop.runs_late(0.0)
    assert (load.late, load.room) == (0.0, math.inf)
    load.begin()
    assert len(loop.timers) == 1


def test_an_idle_process_takes_what_comes_however_long_it_slept(loop):
    load = watched(loop)
    loop.now += 1000
    load.begin()
    assert load.room == math.inf


def test_the_log_tells_of_the_first_that_was_refused_and_then_once_in_a_while(loop, capsys):
    logging.configure("info", "json")
    load = watched(loop)
    for _ in range(100):
        load.turned_away()
    loop.now += 11
    load.turned_away()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["refused"] for line in told] == [1, 100]
