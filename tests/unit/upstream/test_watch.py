"""One timer bounds many waits, and nothing but the wait under way."""

import asyncio

import pytest

from plexus.upstream.watch import Watch


async def test_what_comes_in_time_is_handed_over():
    watch = Watch()
    assert await watch.until(watch.now() + 10, asyncio.sleep(0, "here")) == "here"
    watch.stop()


async def test_what_does_not_come_in_time_is_a_timeout():
    watch = Watch()
    began = watch.now()
    with pytest.raises(TimeoutError):
        await watch.until(began + 0.02, asyncio.Event().wait())
    assert 0.02 <= watch.now() - began < 5


async def test_a_later_wait_that_may_last_less_long_is_bounded_too():
    watch = Watch()
    await watch.until(watch.now() + 60, asyncio.sleep(0))
    began = watch.now()
    with pytest.raises(TimeoutError):
        await watch.until(began + 0.02, asyncio.Event().wait())
    assert watch.now() - began < 5


async def test_a_later_wait_that_may_last_longer_is_not_cut_by_the_timer_of_the_one_before():
    watch = Watch()
    await watch.until(watch.now() + 0.01, asyncio.sleep(0))
    assert await watch.until(watch.now() + 10, asyncio.sleep(0.05, "patient")) == "patient"
    watch.stop()


async def test_no_bound_means_that_it_waits():
    assert await Watch().until(None, asyncio.sleep(0.01, "late")) == "late"


async def test_nothing_is_cut_between_two_waits():
    watch = Watch()
    await watch.until(watch.now() + 0.01, asyncio.sleep(0))
    await asyncio.sleep(0.05)
    assert await watch.until(watch.now() + 10, asyncio.sleep(0, "still here")) == "still here"
    watch.stop()


async def test_a_hundred_waits_set_one_timer(monkeypatch):
    loop, set_timers = asyncio.get_running_loop(), []
    call_at = loop.call_at

    def counted(when, callback, *args, **kwargs):
        set_timers.append(when)
        return call_at(when, callback, *args, **kwargs)

    monkeypatch.setattr(loop, "call_at", counted)
    watch = Watch()
    for _ in range(100):
        await watch.until(watch.now() + 60, asyncio.sleep(0))
    watch.stop()
    assert len(set_timers) == 1


async def test_a_task_cancelled_from_outside_stays_cancelled():
    watch = Watch()

    async def waiting():
        await watch.until(watch.now() + 60, asyncio.Event().wait())

    task = asyncio.create_task(waiting())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    watch.stop()


async def test_a_task_that_survives_a_timeout_can_be_cancelled_later():
    watch = Watch()
    went_on = asyncio.Event()

    async def waiting():
        with pytest.raises(TimeoutError):
            await watch.until(watch.now() + 0.01, asyncio.Event().wait())
        assert (task := asyncio.current_task()) is not None
        assert task.cancelling() == 0
        went_on.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(waiting())
    await went_on.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_outside_cancel_wins_over_a_timeout_of_the_same_moment():
    watch = Watch()

    async def waiting():
        await watch.until(watch.now() + 0.01, asyncio.Event().wait())

    task = asyncio.create_task(waiting())
    asyncio.get_running_loop().call_at(watch.now() + 0.005, _cancel_when_due, task)
    with pytest.raises(asyncio.CancelledError):
        await task


def _cancel_when_due(task: "asyncio.Task[None]") -> None:
    """Let the timer ring and cancel before the task has run again."""
    loop = asyncio.get_running_loop()
    if task.cancelling():
        task.cancel()
    elif not task.done():
        loop.call_soon(_cancel_when_due, task)
