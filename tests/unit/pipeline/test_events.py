"""Events: told to whoever listens, remembered for who comes back, lost oldest first by who is slow, and free while nobody listens."""

import asyncio

import pytest

from plexus.core.clock import Clock
from plexus.pipeline.events import LINGER, REMEMBERED, WAITING, Events


def numbers(found):
    return [event.facts["n"] for event in found]


async def test_a_listener_hears_what_happens_in_order():
    events = Events(Clock())
    listener = events.listen(None)
    for number in range(3):
        events.tell("request.started", "me", n=number)
    assert numbers(await listener.heard(1.0)) == [0, 1, 2]
    assert await listener.heard(0.0) == []


async def test_a_keys_holder_hears_its_own_alone():
    events = Events(Clock())
    listener = events.listen("me")
    events.tell("request.started", "you", n=0)
    events.tell("cooldown.set", None, n=1)
    events.tell("request.started", "me", n=2)
    assert numbers(await listener.heard(1.0)) == [2]


async def test_a_slow_listener_loses_the_oldest_and_is_told_how_many():
    events = Events(Clock())
    listener = events.listen(None)
    for number in range(WAITING + 7):
        events.tell("request.started", "me", n=number)
    assert listener.missed == 7
    assert numbers(await listener.heard(1.0)) == list(range(7, WAITING + 7))


async def test_who_comes_back_hears_what_came_since():
    events = Events(Clock())
    listener = events.listen(None)
    for number in range(5):
        events.tell("request.started", "me" if number % 2 else "you", n=number)
    last = events.id_of((await listener.heard(1.0))[1])
    events.leave(listener)
    events.tell("request.completed", "me", n=5)
    again, own = events.listen(None, last), events.listen("me", last)
    assert (numbers(await again.heard(1.0)), again.missed) == ([2, 3, 4, 5], 0)
    assert (numbers(await own.heard(1.0)), own.missed) == ([3, 5], 0)


async def test_who_comes_back_too_late_is_told_that_something_is_missing():
    events = Events(Clock())
    listener = events.listen(None)
    events.tell("request.started", "me", n=-1)
    last = events.id_of((await listener.heard(1.0))[0])
    events.leave(listener)
    for number in range(REMEMBERED + 1):
        events.tell("request.started", "me", n=number)
    again = events.listen(None, last)
    assert again.missed == -1


@pytest.mark.parametrize("last", ["", "nonsense", "0-5", "-", "1-99999999999999999999", "x-\u0663"])
async def test_an_id_of_another_life_is_not_taken_for_one_of_this(last):
    events = Events(Clock())
    events.listen(None)
    events.tell("request.started", "me", n=0)
    listener = events.listen(None, last)
    assert listener.missed == -1
    assert await listener.heard(0.0) == []


async def test_nothing_is_made_while_nobody_listens_and_a_listener_may_be_away_for_a_while():
    now = [1000.0]
    events = Events(Clock(lambda: now[0], lambda: now[0]))
    assert not events.heard
    events.tell("request.started", "me", n=0)
    listener = events.listen(None)
    events.leave(listener)
    now[0] += LINGER - 1
    assert events.heard
    now[0] += 2
    assert not events.heard


async def test_a_new_configuration_ends_the_streams_of_keys_and_the_end_of_the_server_all():
    events = Events(Clock())
    admin, own = events.listen(None), events.listen("me")
    events.tell("config.reloaded", None, n=1)
    assert own.ended
    assert not admin.ended
    assert await asyncio.wait_for(own.heard(60.0), 1.0) == []
    assert numbers(await admin.heard(1.0)) == [1]
    events.close()
    assert await asyncio.wait_for(admin.heard(60.0), 1.0) == []
    assert admin.ended
