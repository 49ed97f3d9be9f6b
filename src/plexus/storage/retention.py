"""What is old leaves: rows before a moment, and the oldest traces beyond a size.

It goes in small transactions, so that writers hardly wait. How long things are kept is configured elsewhere; this is told
a moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_

from plexus.storage.engine import Database
from plexus.storage.tables import audit_log, errors, traces, usage_attempts, usage_requests

AT_MOST = 0.1
"""Seconds a transaction should hold the write lock; the number of rows adapts to it."""
REST = 0.05
"""Seconds between transactions, which are the writers'."""
_FEWEST, _MOST = 10, 5_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Moments in milliseconds before which things are deleted, and bytes that traces may take; None keeps everything.

    Sums by the hour are kept when the rows they were made of go.
    """

    usage: int | None = None
    traces: int | None = None
    traces_bytes: int | None = None
    errors: int | None = None
    audit: int | None = None


class Retention:
    """Deletes what is out of bounds. Its memory is only how many rows a transaction could delete in time."""

    def __init__(
        self,
        database: Database,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`monotonic` measures transactions in seconds, `sleep` waits between them."""
        self._database, self._monotonic, self._sleep = database, monotonic, sleep
        self._rows = 500

    async def enforce(self, bounds: Bounds) -> dict[str, int]:
        """Delete what is out of bounds; how many rows of each table went.

        Raises:
            DatabaseAway, SQLAlchemyError: when the database does not take it; what was deleted before stays deleted.
        """
        gone = {
            "usage_attempts": await self._before(usage_attempts, bounds.usage),
            "usage_requests": await self._before(usage_requests, bounds.usage),
            "traces": await self._before(traces, bounds.traces),
            "errors": await self._before(errors, bounds.errors),
            "audit_log": await self._before(audit_log, bounds.audit),
        }
        gone["traces"] += await self._before(traces, await self._traces_beyond(bounds.traces_bytes), inclusive=True)
        return gone

    async def _before(self, table: Table, moment: int | None, *, inclusive: bool = False) -> int:
        if moment is None:
            return 0
        column: ColumnElement[int] = table.c["started_at" if "started_at" in table.c else "at"]
        old = column <= moment if inclusive else column < moment
        total = 0
        while True:
            began = self._monotonic()
            deleted = await self._delete(table, column, old)
            total += deleted
            if deleted < self._rows:
                return total
            self._adapt(self._monotonic() - began)
            await self._sleep(REST)

    async def _delete(self, table: Table, column: ColumnElement[int], old: ColumnElement[bool]) -> int:
        keys = list(table.primary_key.columns)
        oldest = select(*keys).where(old).order_by(column).limit(self._rows)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(table).where(tuple_(*keys).in_(oldest)))).rowcount

    def _adapt(self, took: float) -> None:
        if took > AT_MOST:
            self._rows = max(_FEWEST, self._rows // 2)
        elif took < AT_MOST / 2:
            self._rows = min(_MOST, self._rows * 2)

    async def _traces_beyond(self, most: int | None) -> int | None:
        """The moment of the newest trace that has no room any more when the newer ones are kept."""
        if most is None:
            return None
        newer = func.sum(traces.c.bytes).over(order_by=(traces.c.started_at.desc(), traces.c.request_id.desc()))
        sums = select(traces.c.started_at, newer.label("newer")).subquery()
        async with self._database.reading() as connection:
            query = select(func.max(sums.c.started_at)).where(sums.c.newer > most)
            moment: int | None = (await connection.execute(query)).scalar_one()
            return moment
