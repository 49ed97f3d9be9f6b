"""What is old leaves and nothing else does, in short transactions, on both engines."""

import asyncio
import time
from decimal import Decimal

import pytest
from sqlalchemy import func, insert, select

from plexus.storage import retention
from plexus.storage.retention import Bounds, Retention
from plexus.storage.tables import audit_log, errors, trace_bodies, traces, usage_attempts, usage_hours, usage_requests
from plexus.storage.tables.types import Money

TABLES = (usage_requests, usage_attempts, traces, trace_bodies, errors, audit_log)


def moment(table, number: int) -> dict:
    """A row of that moment."""
    trace = {"key": "k", "alias": "a", "provider": "p", "model": "m", "status": "ok", "captured_by": "all"}
    return {
        "usage_requests": {"request_id": f"r{number}", "started_at": number, "status": "ok"},
        "usage_attempts": {"request_id": f"r{number}", "number": 1, "started_at": number, "status": "ok"},
        "traces": {"request_id": f"r{number}", "started_at": number, "bytes": 10, "document": {}, **trace},
        "trace_bodies": {"request_id": f"r{number}", "name": "b", "encoding": "identity", "size": 1, "body": b"x"},
        "errors": {"at": number, "provider": "p", "model": "m", "error_class": "c", "message": "m"},
        "audit_log": {"at": number, "actor": "a", "action": "b", "subject_kind": "c", "subject": "d"},
    }[table.name]


async def fill(database, rows: int) -> None:
    async with database.writing() as connection:
        for table in TABLES:
            await connection.execute(insert(table), [moment(table, number) for number in range(rows)])


async def left(database) -> dict[str, int]:
    async with database.reading() as connection:
        return {t.name: (await connection.execute(select(func.count()).select_from(t))).scalar_one() for t in TABLES}


async def quick(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_nothing_leaves_while_there_is_no_bound(database):
    await fill(database, 20)
    assert set((await Retention(database, sleep=quick).enforce(Bounds())).values()) == {0}
    assert set((await left(database)).values()) == {20}


async def test_each_bound_is_for_its_own_rows(database):
    await fill(database, 20)
    gone = await Retention(database, sleep=quick).enforce(Bounds(usage=5, traces=7, errors=9, audit=11))
    assert gone == {"usage_attempts": 5, "usage_requests": 5, "traces": 7, "errors": 9, "audit_log": 11}
    assert await left(database) == {
        "usage_requests": 15,
        "usage_attempts": 15,
        "traces": 13,
        "trace_bodies": 13,
        "errors": 11,
        "audit_log": 9,
    }
    again = await Retention(database, sleep=quick).enforce(Bounds(usage=5, traces=7, errors=9, audit=11))
    assert set(again.values()) == {0}


@pytest.mark.parametrize(("most", "kept"), [(0, 0), (9, 0), (10, 1), (55, 5), (199, 19), (200, 20), (10**9, 20)])
async def test_the_newest_traces_that_have_room_stay(database, most, kept):
    await fill(database, 20)
    gone = await Retention(database, sleep=quick).enforce(Bounds(traces_bytes=most))
    assert gone["traces"] == 20 - kept
    async with database.reading() as connection:
        found = (await connection.execute(select(traces.c.started_at).order_by("started_at"))).scalars().all()
    assert found == list(range(20 - kept, 20))
    assert (await left(database))["trace_bodies"] == kept


async def test_sums_by_the_hour_outlive_their_rows(database):
    await fill(database, 3)
    words = ("key", "attribution", "alias", "provider", "model", "client_protocol", "status")
    sums = {column.name: Decimal(0) for column in usage_hours.c if isinstance(column.type, Money)}
    async with database.writing() as connection:
        await connection.execute(insert(usage_hours).values(hour=0, **dict.fromkeys(words, ""), **sums))
    await Retention(database, sleep=quick).enforce(Bounds(usage=10**15))
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(usage_hours))).scalar_one() == 1


async def test_p37_transactions_become_smaller_when_they_take_long_and_larger_when_they_do_not(database, monkeypatch):
    await fill(database, 3000)
    sizes: list[int] = []
    clock = [0.0]

    class Measured(Retention):
        async def _delete(self, table, column, old):
            sizes.append(self._rows)
            deleted = await super()._delete(table, column, old)
            clock[0] += deleted / 1000  # a millisecond a row
            return deleted

    await Measured(database, monotonic=lambda: clock[0], sleep=quick).enforce(Bounds(usage=10**15))
    assert sizes[0] == 500
    assert min(sizes) <= 100
    assert all(one <= 100 for one in sizes[5:])  # a tenth of a second each
    monkeypatch.setattr(retention, "_MOST", 2000)
    sizes.clear()
    await fill_usage(database, 6000)
    await Retention(database, monotonic=lambda: 0.0, sleep=quick).enforce(Bounds(usage=10**15))
    assert (await left(database))["usage_requests"] == 0


async def fill_usage(database, rows: int) -> None:
    async with database.writing() as connection:
        await connection.execute(insert(usage_requests), [moment(usage_requests, number) for number in range(rows)])


async def test_p37_writers_go_on_while_many_rows_leave(database):
    await fill_usage(database, 30_000)
    waits: list[float] = []
    done = asyncio.Event()

    async def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            began = time.monotonic()
            async with database.writing() as connection:
                await connection.execute(insert(errors).values(**moment(errors, number)))
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(write())
    gone = await Retention(database).enforce(Bounds(usage=30_000))
    done.set()
    await writing
    assert gone["usage_requests"] == 30_000
    assert len(waits) > 3
    assert sorted(waits)[len(waits) // 2] < 0.5  # a transaction is short, though all of them together are not
