"""Old usage rows leave in small batches, each a transaction of its own: nobody waits long for the write lock. Sums stay."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import delete, select

from plexus.core.clock import Clock
from plexus.storage.engine import Database
from plexus.storage.tables.usage import usage_attempts, usage_requests

HELD = 0.1
"""Seconds a batch should hold the write lock."""
PAUSE = 0.05
"""Seconds between batches, for those who wait for the lock."""
_LEAST, _FIRST, _MOST = 10, 100, 2000


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
    database: Database, before: int, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> int:
    """Delete the requests that began before a moment (milliseconds since the epoch), with their attempts. Returns how many.

    Raises:
        DatabaseAway, SQLAlchemyError: when the database does not answer; what was deleted stays so.
    """
    pace, gone = Pace(), 0
    while removed := await _batch(database, before, pace, clock):
        gone += removed
        await sleep(PAUSE)
    return gone


async def _batch(database: Database, before: int, pace: Pace, clock: Clock) -> int:
    column = usage_requests.c.request_id
    oldest = select(column).where(usage_requests.c.started_at < before).order_by(usage_requests.c.started_at)
    async with database.writing() as connection:
        began = clock.monotonic()
        names = list((await connection.execute(oldest.limit(pace.rows))).scalars())
        if names:
            await connection.execute(delete(usage_attempts).where(usage_attempts.c.request_id.in_(names)))
            await connection.execute(delete(usage_requests).where(column.in_(names)))
    pace.took(clock.monotonic() - began)
    return len(names)
