"""Keeping sums in the background: now and then what is over is added up, span by span, each in a transaction of its own."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import func, select

from plexus.core.clock import Clock
from plexus.storage.engine import Database
from plexus.storage.tables.usage import usage_hours, usage_spans
from plexus.usage.calendar import zone
from plexus.usage.kept_sums import added_up, keep
from plexus.usage.kept_zones import KeptZones, over
from plexus.usage.rollup import HOUR
from plexus.usage.spans import Span

PAUSE = 0.05
"""Seconds at least between two spans, for those who wait for the write lock."""


async def keep_sums(
    database: Database, zones: KeptZones, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> int:
    """Add up what is over and not kept yet. Returns how many spans that were.

    Raises:
        DatabaseAway, SQLAlchemyError: when the database does not answer; what is kept stays so.
    """
    async with database.reading() as connection:
        first = (await connection.execute(select(func.min(usage_hours.c.hour)))).scalar_one()
        kept = {(since, until) for since, until in await connection.execute(select(usage_spans))}
    if first is None:
        return 0
    made = 0
    for name in zones.names():
        for span in over(zone(name), first, int(clock.wall() * 1000)):
            if span in kept or not await _used(database, span):
                continue
            kept.add(span)
            began = clock.monotonic()
            async with database.reading() as connection:
                found = await added_up(connection, span)
            async with database.writing() as connection:
                made += await keep(connection, found)
            await sleep(max(PAUSE, clock.monotonic() - began))
    return made


async def _used(database: Database, span: Span) -> bool:
    """Whether anything happened in a span."""
    since, until = span
    one = select(usage_hours.c.hour).where(usage_hours.c.hour > since - HOUR, usage_hours.c.hour < until).limit(1)
    async with database.reading() as connection:
        return (await connection.execute(one)).first() is not None
