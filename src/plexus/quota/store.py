"""The counters of quotas in the database: read at start, written with the bookings of each batch of the journal."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, get_args

from sqlalchemy import Connection, and_, delete, or_, select, tuple_

from plexus.quota.admission import Booking
from plexus.quota.counter import CounterRow
from plexus.quota.definition import Definition
from plexus.quota.ledger import Ledger
from plexus.quota.recompute import Spent
from plexus.quota.window import Bucket, Calendar, window_at
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.inserting import insert
from plexus.storage.tables import quota_counters

PORTION = 500
"""Rows deleted at once: nobody waits long for the lock, and a statement has a most of words."""
_KEYS = [column.name for column in quota_counters.primary_key]


async def read(connection: AsyncConnection) -> list[CounterRow]:
    """All counters."""
    found = await connection.execute(select(*(quota_counters.c[name] for name in CounterRow._fields)))
    return [CounterRow(**{**row, "used": int(row["used"])}) for row in found.mappings()]


def write(connection: Connection, rows: Sequence[CounterRow]) -> None:
    """Replace these counters."""
    if not rows:
        return
    values: list[dict[str, Any]] = [{**row._asdict(), "used": str(row.used)} for row in rows]
    connection.execute(_replacing(connection.dialect.name), values)


def over(connection: Connection, done: int, now: int) -> list[tuple[Any, ...]]:
    """The keys of some rows that are of windows that are over, or of buckets that are empty, and had no booking after `done`."""
    table = quota_counters
    calendars = [and_(table.c.kind == kind, table.c.slot < window_at(kind, now).start) for kind in get_args(Calendar)]
    names = [table.c[name] for name in _KEYS]
    stale = table.c.through <= done
    found = [tuple(row) for row in connection.execute(select(*names).where(stale, or_(*calendars)).limit(PORTION))]
    if found:
        return found
    buckets = connection.execute(
        select(*names, table.c.limit, table.c.duration, table.c.used, table.c.at).where(
            stale, table.c.kind == "rolling"
        )
    )
    return [
        tuple(key)
        for *key, limit, duration, used, at in buckets
        if not Bucket(limit, duration, int(used), at).left(now)
    ][:PORTION]


@lru_cache(maxsize=2)
def _replacing(dialect: str) -> Any:
    statement = insert(dialect, quota_counters)
    news = {name: statement.excluded[name] for name in CounterRow._fields if name not in _KEYS}
    return statement.on_conflict_do_update(index_elements=_KEYS, set_=news)


class Shadow:
    """The counters as the database has them. It follows the bookings of the journal, so that both move in one transaction."""

    def __init__(self, ledger: Ledger) -> None:
        """`ledger` is this shadow's own, empty one."""
        self._ledger = ledger

    async def load(self, connection: AsyncConnection) -> list[CounterRow]:
        """Read the counters; they are returned for the ledger that requests are admitted by."""
        rows = await read(connection)
        self._ledger.load(rows)
        return rows

    def charge(self, connection: Connection, spent: Iterable[tuple[Sequence[Definition], Spent]]) -> None:
        """Book and write requests that no admission is left of."""
        bookings = [booking for quotas, one in spent for booking in self._ledger.charge(quotas, one)]
        if bookings:
            write(connection, self._ledger.export(bookings[0].number - 1))

    def forget(self, connection: Connection, done: int, now: int) -> int:
        """Delete some counters whose windows are over, and that had no booking after the number `done`. Returns how many rows.

        When it is none, the counters in memory are gone too. `now` in milliseconds since 1970.
        """
        if found := over(connection, done, now):
            key = tuple_(*(quota_counters.c[name] for name in _KEYS))
            # `through` once more: what was booked meanwhile stays
            old = delete(quota_counters).where(key.in_(found), quota_counters.c.through <= done)
            connection.execute(old)
        else:
            self._ledger.prune(done)
        return len(found)

    def follow(self, connection: Connection, bookings: Sequence[Any]) -> None:
        """Write what these bookings change. Those that are in the counters already change nothing.

        A batch whose transaction failed is offered again: its bookings are then in the shadow, and still have to be written.
        """
        told = [one if isinstance(one, Booking) else Booking(*one) for one in bookings]
        self._ledger.replay(told)
        write(connection, self._ledger.export(min(booking.number for booking in told) - 1))
