"""Retention: rows older than the configuration says go, each kind by its own bound, and a configuration changed meanwhile counts."""

import asyncio

from sqlalchemy import func, insert, select

from plexus.core.clock import Clock
from plexus.pipeline.retention import Retaining
from plexus.settings.bounds import Retention
from plexus.storage.tables.records import audit_log
from plexus.storage.tables.usage import usage_requests
from plexus.usage.row import UsageRow
from plexus.usage.store import write_rows

NOW = 2_000_000.0
AGES = (10, 100, 1000)


async def fill(database):
    async with database.writing() as connection:
        moments = [int((NOW - age) * 1000) for age in AGES]
        rows = [UsageRow(request_id=f"r{at}", started_at=at, status="ok") for at in moments]
        await write_rows(connection, rows)
        done = {"actor": "admin", "action": "put", "subject_kind": "key", "subject": "k"}
        await connection.execute(insert(audit_log), [{"at": at, **done} for at in moments])


async def left(database):
    async with database.reading() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (usage_requests, audit_log)
        }


async def seven_counters() -> int:
    return 7


async def test_each_kind_of_row_goes_by_its_own_age(database):
    await fill(database)
    bounds = [Retention(usage=50, audit=500)]
    retaining = Retaining(database, lambda: bounds[0], Clock(wall=lambda: NOW), seven_counters)
    assert await retaining.trim() == {"usage": 2, "audit": 1, "counters": 7}
    assert await left(database) == {"usage_requests": 1, "audit_log": 2}
    bounds[0] = Retention(usage=5, audit=5)
    assert await retaining.trim() == {"usage": 1, "audit": 2, "counters": 7}


async def test_of_each_kind_only_so_many_rows_stay_the_newest(database):
    await fill(database)
    bounds = Retention(usage_rows=2, audit_rows=1)
    retaining = Retaining(database, lambda: bounds, Clock(wall=lambda: NOW), seven_counters)
    assert await retaining.trim() == {"usage": 1, "audit": 2, "counters": 7}
    assert await left(database) == {"usage_requests": 2, "audit_log": 1}
    async with database.reading() as connection:
        moments = (await connection.execute(select(usage_requests.c.started_at))).scalars().all()
    assert sorted(moments) == [int((NOW - 100) * 1000), int((NOW - 10) * 1000)]
    assert await retaining.trim() == {"usage": 0, "audit": 0, "counters": 7}


async def test_nothing_is_touched_before_the_database_can_be_used(database):
    await fill(database)
    asked = asyncio.Event()
    waits = ["the database does not answer"]

    def waits_for() -> str:
        asked.set()
        return waits[0]

    retaining = Retaining(database, lambda: Retention(usage=5), Clock(wall=lambda: NOW), seven_counters)
    task = asyncio.create_task(retaining.run(waits_for))
    await asked.wait()
    assert (await left(database))["usage_requests"] == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
