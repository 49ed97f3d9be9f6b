"""Traces in the database, on both engines: what was written is read, newest first, of one key alone; old and many go."""

import pytest

from plexus.traces import store
from plexus.traces.store import Wanted
from plexus.traces.trace import Body, Trace


def trace(number: int, **more) -> Trace:
    facts = {
        "request_id": f"r{number:03}",
        "started_at": 1000 + number,
        "key": f"k{number % 2}",
        "alias": "a",
        "provider": "p",
    }
    facts |= {"model": "m", "status": "ok", "captured_by": "all", "document": {"stream": False}, "bodies": {}}
    return Trace(**{**facts, **more})


async def keep(database, *traces: Trace) -> None:
    async with database.writing() as connection:
        for one in traces:
            await connection.run_sync(store.write, *store.packed(one))


async def ids(database, wanted=None, limit=100, after=None) -> list[str]:
    wanted = wanted or Wanted()
    async with database.reading() as connection:
        return [row["request_id"] for row in (await store.page(connection, wanted, limit, after))[0]]


async def test_what_was_written_is_read_again(database):
    bodies = {
        "request": Body(size=5000, kept=b"a" * 5000),
        "answer": Body(size=9000, kept=b"\x00\xffab", gap_at=2),
        "attempt.1.answer": Body(size=0, kept=b""),
    }
    await keep(database, trace(1, bodies=bodies, document={"error": {"message": "\x00 <img onerror=x>"}}))
    async with database.reading() as connection:
        found = await store.one(connection, "r001")
    assert found is not None
    assert found.bodies == bodies
    assert found.document["error"] == {"message": "\x00 <img onerror=x>"}


async def test_bodies_are_compressed(database):
    row, bodies = store.packed(trace(1, bodies={"request": Body(size=500_000, kept=b"abc" * 100_000)}))
    assert bodies[0]["encoding"] == "zstd"
    assert row["bytes"] < 1000


async def test_a_list_is_newest_first_page_by_page_and_filtered(database):
    await keep(database, *[trace(number) for number in range(6)], trace(9, status="error", started_at=1000))
    assert await ids(database) == ["r005", "r004", "r003", "r002", "r001", "r009", "r000"]
    assert await ids(database, limit=2, after=(1001, "r001")) == ["r009", "r000"]
    assert await ids(database, Wanted(key="k1", status="ok")) == ["r005", "r003", "r001"]
    assert await ids(database, Wanted(since=1002, until=1004)) == ["r003", "r002"]


async def test_the_trace_of_another_key_is_not_there(database):
    await keep(database, trace(1))
    async with database.reading() as connection:
        assert await store.one(connection, "r001", key="k0") is None
        assert await store.one(connection, "r001", key="k1") is not None


async def test_a_trace_is_forgotten_with_its_bodies(database):
    await keep(database, trace(1, bodies={"request": Body(size=1, kept=b"a")}))
    async with database.writing() as connection:
        assert await store.forget(connection, "r001")
        assert not await store.forget(connection, "r001")
        assert (await connection.exec_driver_sql("select count(*) from trace_bodies")).scalar_one() == 0


@pytest.mark.parametrize(
    ("before", "most", "left"), [(1003, 10**9, [5, 4, 3]), (0, 250, [5, 4]), (1005, 100, [5]), (0, 0, [])]
)
async def test_what_is_too_old_or_too_much_goes_oldest_first(database, before, most, left):
    async with database.writing() as connection:
        for number in range(6):
            row, bodies = store.packed(trace(number))
            await connection.run_sync(store.write, {**row, "bytes": 100}, bodies)
    async with database.writing() as connection:
        assert await connection.run_sync(store.trim, before, most) == 6 - len(left)
        assert await connection.run_sync(store.trim, before, most) == 0
    assert await ids(database) == [f"r{number:03}" for number in left]


async def test_it_goes_in_small_batches(database):
    await keep(database, *[trace(number) for number in range(store.BATCH + 1)])
    async with database.writing() as connection:
        assert await connection.run_sync(store.trim, 9999, 0) == store.BATCH
        assert await connection.run_sync(store.trim, 9999, 0) == 1
