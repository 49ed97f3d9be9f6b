"""The decision whether one more request is taken, and the turns of the loop it goes by, without a clock."""

import asyncio
import math
import re
from collections.abc import Callable

import pytest

from plexus.core import logging
from plexus.core.clock import Clock
from plexus.pipeline.rules import Rules
from plexus.web.overload import INTERVAL, LEAST, LONG, TICK, Load, Turns, refusal_of

RULES = Rules(requests=5000, lag=0.05)


def test_a_refusal_can_be_tried_again_and_says_which_limit_it_was():
    fault = refusal_of("busy").fault
    assert (fault.status, fault.code, fault.retry_after) == (503, "overloaded", 1.0)
    assert "too busy" in fault.message
    assert "too many" in refusal_of("many").fault.message


def after(*seen: float, turns: Turns | None = None, requests: int = 1000) -> Turns:
    """So many seconds for one turn after the other, all of them looked at."""
    turns, now = turns or Turns(), 100.0
    for turn in seen:
        now += turn
        turns.seen(now, turn, requests, RULES)
    return turns


def test_where_no_turn_of_an_interval_is_short_there_is_room_for_fewer_than_are_under_way():
    turns = after(*[0.06] * 3)
    assert turns.standing == 0.06
    assert turns.room == pytest.approx(1000 * 0.05 / 0.06)


def test_one_short_turn_among_long_ones_says_that_nothing_waits():
    assert after(0.06, 0.001, 0.06, 0.06, 0.06).room >= 1000


@pytest.mark.parametrize("turn", [0.3, 2.0, 60.0])
def test_a_standstill_is_no_overload(turn):
    turns = after(0.001, turn, 0.001)
    assert turns.room == RULES.requests


def test_after_two_long_turns_in_succession_there_is_no_room_for_more_than_there_are():
    assert after(0.06).room == math.inf
    assert after(0.06, 0.06).room == 1000
    assert after(0.06, 0.001, 0.06).room > 1000


def test_room_is_never_less_than_half_of_what_there_was_and_never_for_next_to_none():
    assert after(*[3.0] * 3).room == 500
    assert after(*[3.0] * 60).room == 500
    assert after(*[3.0] * 60, requests=40).room == LEAST


def test_room_comes_back_while_turns_are_short_and_never_beyond_the_limit():
    turns = after(*[0.5] * 3, requests=100)
    assert turns.room == 50
    now = 1000.0
    for _ in range(round(5 / TICK)):
        now += TICK
        turns.seen(now, 0.001, 100, RULES)
        if now < 1001:
            assert turns.room < 250
    assert turns.room == 5000


def test_room_that_was_enough_again_for_long_is_not_all_there_at_once():
    turns = after(*[0.5] * 3, requests=100)
    turns.seen(10_000.0, 0.001, 100, RULES)
    assert turns.room < 100


class Loop:
    """An event loop's clock, timers and callbacks, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Callable[[], object]] = []
        self.soon: list[Callable[[], object]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[..., object], *values: object) -> None:
        assert seconds == TICK
        self.timers.append(lambda: callback(*values))

    def call_soon(self, callback: Callable[..., object], *values: object) -> None:
        self.soon.append(lambda: callback(*values))

    def turn(self, seconds: float) -> None:
        self.now += seconds
        due, self.soon = self.soon, []
        for callback in due:
            callback()

    def tick(self) -> None:
        self.now += TICK
        self.timers.pop()()


@pytest.fixture
def loop(monkeypatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def watched(loop: Loop, rules: Rules = RULES) -> Load:
    return Load(Clock(monotonic=loop.time), lambda: rules)


def test_the_loop_is_watched_while_there_is_something_to_do_and_not_longer(loop):
    load = watched(loop)
    for _ in range(100):
        load.begin()
    assert (len(loop.timers), load.full) == (1, False)
    loop.tick()
    for _ in range(8):
        loop.turn(0.1)
    assert load.full
    assert load.turns.room == pytest.approx(50)
    for _ in range(100):
        load.end()
    assert load.requests == 0
    while loop.soon or loop.timers:
        loop.turn(0.0) if loop.soon else loop.tick()
    assert (load.turns.room, load.full) == (math.inf, False)
    load.begin()
    assert len(loop.timers) == 1


def test_while_turns_are_short_the_loop_is_looked_at_now_and_then(loop):
    load = watched(loop)
    load.begin()
    for _ in range(5):
        loop.tick()
        while loop.soon:
            loop.turn(LONG / 2)
        assert len(loop.timers) == 1


def test_an_idle_process_takes_what_comes_however_long_it_slept(loop):
    load = watched(loop)
    loop.now += 1000
    for _ in range(1000):
        load.begin()
        assert not load.full


def test_what_was_spent_on_refusing_is_no_reason_to_refuse_more(loop):
    load = watched(loop)
    for _ in range(100):
        load.begin()
    loop.tick()
    for _ in range(12):
        since = loop.now
        loop.turn(0.1)
        load.aside(since)
    assert not load.full


def test_as_many_as_the_configuration_says_are_taken(loop):
    load = watched(loop, Rules(requests=2, lag=1.0))
    load.begin()
    assert not load.full
    load.begin()
    assert load.full
    assert load.turned_away() == "many"
    load.end()
    assert not load.full


def test_at_each_look_is_done_what_has_to_be(loop):
    load, done = watched(loop), list[float]()
    load.at_each_look = lambda: done.append(loop.now)
    load.begin()
    loop.tick()
    for _ in range(10):
        loop.turn(0.02)
    assert len(done) == 9


def test_the_log_tells_of_the_first_that_was_refused_and_then_once_in_a_while(loop, capsys):
    logging.configure("info", "json")
    load = watched(loop)
    for _ in range(100):
        load.turned_away()
    loop.now += 11
    load.turned_away()
    # A logger keeps the form it was first used in, whichever test that was.
    assert re.findall(r'refused"?[=:] ?(\d+)', capsys.readouterr().err) == ["1", "100"]


def test_a_queue_that_stands_is_known_within_a_few_intervals():
    turns, now, looks = Turns(), 0.0, 0
    while turns.room == math.inf or turns.room >= 1000:
        now, looks = now + 0.051, looks + 1
        turns.seen(now, 0.051, 1000, RULES)
    assert now < 3 * INTERVAL
