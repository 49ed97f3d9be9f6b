"""Old rows leave in small batches, each a transaction of its own: nobody waits long for the write lock. Sums of usage stay."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import Column, delete, select

from plexus.core.clock import Clock
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.engine import Database
from plexus.storage.tables.records import audit_log
from plexus.storage.tables.usage import former_costs, usage_attempts, usage_requests

HELD = 0.1
"""Seconds a batch should hold the write lock."""
PAUSE = 0.05
"""Seconds between batches, for those who wait for the lock."""
_LEAST, _FIRST, _MOST = 10, 100, 2000
Sleep = Callable[[float], Awaitable[None]]
_Delete = Callable[[AsyncConnection, int, int], Awaitable[int]]
"""Deletes so many of the rows before a moment, and says how many there were."""


class Pace:
    """How many rows the next batch takes, so that it holds the lock for about `HELD` seconds."""

    def __init__(self) -> None:
        """A small batch first."""
        self.rows = _FIRST

    def took(self, seconds: float) -> None:
        """The last batch took so long."""
        if seconds > HELD:
            self.rows = max(_LEAST, self.rows // 2)
        elif seconds < HELD / 4:
            self.rows = min(_MOST, self.rows * 2)


async def purge_usage(
    database: Database, before: int, clock: Clock, sleep: Sleep = asyncio.sleep, *, most: int | None = None
) -> int:
    """Delete the requests that began before a moment (milliseconds since the epoch), with their attempts. Returns how many.

    `most`: of the others only so many stay, the newest; of one millisecond all or none.

    Raises:
        DatabaseAway, SQLAlchemyError: when the database does not answer; what was deleted stays so.
    """
    before = max(before, await _room_ends(database, usage_requests.c.started_at, most))
    return await _purge(database, _oldest_usage, before, clock, sleep)


async def purge_audit(
    database: Database, before: int, clock: Clock, sleep: Sleep = asyncio.sleep, *, most: int | None = None
) -> int:
    """Delete what the audit log says of the time before a moment, as `purge_usage` does."""
    before = max(before, await _room_ends(database, audit_log.c.at, most))
    return await _purge(database, _oldest_audit, before, clock, sleep)


async def _room_ends(database: Database, time: Column[Any], most: int | None) -> int:
    """Before which moment there is no room for a row; 0 when there is room for all."""
    if most is None:
        return 0
    async with database.reading() as connection:
        found = (await connection.execute(select(time).order_by(time.desc()).offset(most).limit(1))).scalar()
    return 0 if found is None else int(found) + 1


async def _purge(database: Database, some: _Delete, before: int, clock: Clock, sleep: Sleep) -> int:
    pace, gone = Pace(), 0
    while True:
        async with database.writing() as connection:
            began = clock.monotonic()
            removed = await some(connection, before, pace.rows)
        pace.took(clock.monotonic() - began)
        if not removed:
            return gone
        gone += removed
        await sleep(PAUSE)


async def _oldest_usage(connection: AsyncConnection, before: int, rows: int) -> int:
    names = await _oldest(connection, usage_requests.c.request_id, usage_requests.c.started_at, before, rows)
    if names:
        for below in (usage_attempts, former_costs):
            await connection.execute(delete(below).where(below.c.request_id.in_(names)))
        await connection.execute(delete(usage_requests).where(usage_requests.c.request_id.in_(names)))
    return len(names)


async def _oldest_audit(connection: AsyncConnection, before: int, rows: int) -> int:
    numbers = await _oldest(connection, audit_log.c.id, audit_log.c.at, before, rows)
    if numbers:
        await connection.execute(delete(audit_log).where(audit_log.c.id.in_(numbers)))
    return len(numbers)


async def _oldest(
    connection: AsyncConnection, name: Column[Any], time: Column[Any], before: int, rows: int
) -> Sequence[Any]:
    found = await connection.execute(select(name).where(time < before).order_by(time).limit(rows))
    return found.scalars().all()
