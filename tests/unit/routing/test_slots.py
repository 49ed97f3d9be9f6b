"""Slots and the queue for them: limits hold, slots come back once, waiters are served in order (statement 158)."""

from plexus.routing.queue import Queue
from plexus.routing.slots import SlotLimits, Slots

LIMITS = SlotLimits({"p": 2}, {("p", "a"): 1, ("q", "x/y:z"): 1})


def test_provider_and_model_limits_both_hold():
    slots = Slots(LIMITS)
    first = slots.try_acquire("p", "a")
    assert first is not None
    assert slots.try_acquire("p", "a") is None
    assert slots.try_acquire("p", "b") is not None
    assert slots.try_acquire("p", "c") is None
    assert slots.release(first)
    assert slots.try_acquire("p", "c") is not None


def test_what_has_no_limit_is_counted_all_the_same():
    slots = Slots()
    assert all(slots.try_acquire("r", "m") for _ in range(100))
    assert [(row.model, row.count, row.limit) for row in slots.listing()] == [("", 100, None), ("m", 100, None)]


def test_158_a_slot_comes_back_once_however_often_it_is_released():
    slots = Slots(LIMITS)
    one, other = slots.try_acquire("p", "a"), slots.try_acquire("p", "b")
    assert one is not None
    assert other is not None
    assert [slots.release(one) for _ in range(3)] == [True, False, False]
    assert [(row.provider, row.model, row.count) for row in slots.listing()] == [
        ("p", "", 1), ("p", "a", 0), ("p", "b", 1), ("q", "x/y:z", 0),
    ]  # fmt: skip


def test_a_lowered_limit_takes_nothing_away_and_lets_nobody_in():
    slots = Slots(SlotLimits({"p": 3}))
    held = [slots.try_acquire("p", "a") for _ in range(3)]
    slots.limits = SlotLimits({"p": 1})
    for slot in held[:2]:
        assert slot is not None
        slots.release(slot)
        assert not slots.free("p", "a")
    assert held[2] is not None
    slots.release(held[2])
    assert slots.free("p", "a")


A, B = ("p", "a"), ("p", "b")


def test_waiters_are_served_in_the_order_they_came_by_what_is_free():
    queue = Queue()
    first, second, third = queue.join((A,), 10.0), queue.join((B, A), 10.0), queue.join((A,), 10.0)
    assert queue.next(0.0, lambda _p, model: model == "b") == (second, B)
    assert queue.next(0.0, lambda _p, model: model == "b") is None
    assert queue.next(0.0, lambda _p, _m: True) == (first, A)
    assert queue.next(0.0, lambda _p, _m: True) == (third, A)
    assert len(queue) == 0


def test_who_waited_too_long_is_passed_over_and_who_left_is_gone():
    queue = Queue()
    late, gone, waiting = queue.join((A,), 1.0), queue.join((A,), 9.0), queue.join((A,), 9.0)
    assert late is not None
    assert gone is not None
    queue.leave(gone)
    queue.leave(gone)
    assert queue.next(1.0, lambda _p, _m: True) == (waiting, A)
    assert queue.next(1.0, lambda _p, _m: True) is None
    queue.leave(late)
    assert len(queue) == 0


def test_a_full_queue_turns_newcomers_away():
    queue = Queue(size=1)
    assert queue.join((A,), 1.0) is not None
    assert queue.join((A,), 1.0) is None


def test_a_newcomer_queues_behind_those_who_wait_for_the_same():
    queue = Queue()
    queue.join((A,), 5.0)
    assert queue.ahead((B, A), 1.0)
    assert not queue.ahead((B,), 1.0)
    assert not queue.ahead((A,), 6.0)
