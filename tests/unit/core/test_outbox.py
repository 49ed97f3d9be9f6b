"""Writes that wait for a moment: their order, their number in one go, and one that fails."""

import asyncio

from plexus.core.outbox import outbox


async def turns(number):
    for _ in range(number):
        await asyncio.sleep(0)


async def test_what_waits_is_written_in_its_order_two_turns_later():
    box = outbox(asyncio.get_running_loop())
    written: list[int] = []
    box.add(written.append, 1)
    assert written == []
    await turns(1)
    box.add(written.append, 2)
    assert written == []
    await turns(2)
    assert written == [1, 2]
    box.add(written.append, 3)
    await turns(3)
    assert written == [1, 2, 3]


async def test_a_write_that_fails_is_told_and_the_others_are_made():
    loop = asyncio.get_running_loop()
    told: list[BaseException] = []
    written: list[int] = []
    loop.set_exception_handler(lambda _loop, context: told.append(context["exception"]))
    box, failure = outbox(loop), OSError("gone")

    def fail():
        raise failure

    box.add(written.append, 1)
    box.add(fail)
    box.add(written.append, 2)
    await turns(3)
    assert (written, told) == ([1, 2], [failure])


async def test_all_who_write_in_a_loop_share_its_outbox():
    loop = asyncio.get_running_loop()
    other = asyncio.new_event_loop()
    try:
        assert outbox(loop) is outbox(loop) is not outbox(other)
    finally:
        other.close()
