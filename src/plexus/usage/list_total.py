"""How many rows a list has: all of them where sums or a short index say it, else at least so many, and that it is at least."""

from typing import Any

from msgspec import Struct
from sqlalchemy import func, select, tuple_

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables.usage import usage_hours, usage_requests
from plexus.usage.calendar import Bucket
from plexus.usage.list_filter import Filter, Sort
from plexus.usage.list_ways import Way, indexed
from plexus.usage.rollup import HOUR
from plexus.usage.summary import FAILURES, Dimension
from plexus.usage.totals import totals

COUNTED = 10_000
"""Rows looked at to count a list that sums say nothing of."""
_DIMENSIONS: tuple[Dimension, ...] = ("key", "attribution", "alias", "provider", "model", "client_protocol", "status")
_BEYOND_SUMS = ("error_class", "streaming", "min_cost", "max_cost", "min_duration_ms", "max_duration_ms")


class Total(Struct, frozen=True):
    """So many rows, or at least so many."""

    rows: int
    exact: bool


async def total(connection: AsyncConnection, wanted: Filter, sort: Sort, way: Way, *, few: bool) -> Total:
    """The rows of a list. `few`: the conditions that the index of `way` answers leave no more than can be read."""
    if wanted.owner is not None and wanted.key not in {None, wanted.owner}:
        return Total(0, exact=True)
    if _by_sums(wanted):
        return Total(await _summed(connection, wanted, sort), exact=True)
    asked: list[Any] = [*way.answered, *way.left]
    if sort == "cost":
        asked.append(usage_requests.c.cost.is_not(None))
    if not way.left or few:
        head = select(usage_requests.c.started_at).where(*asked).limit(None if few else COUNTED + 1).subquery()
        rows = int((await connection.execute(select(func.count()).select_from(head))).scalar_one())
        return Total(rows, exact=True) if few or rows <= COUNTED else Total(COUNTED, exact=False)
    return await _at_least(connection, way, asked)


async def _at_least(connection: AsyncConnection, way: Way, asked: list[Any]) -> Total:
    """How many of the first rows of the index fit."""
    columns = indexed(way.sort)
    falling = [column.desc() for column in columns]
    end = select(*columns).where(*way.answered).order_by(*falling).offset(COUNTED).limit(1)
    last = (await connection.execute(end)).first()
    within = list(asked)
    if last is not None:
        within.append(tuple_(*columns) >= tuple_(*last, types=[column.type for column in columns]))
    rows = int((await connection.execute(select(func.count()).where(*within))).scalar_one())
    return Total(rows, exact=last is None)


def _by_sums(wanted: Filter) -> bool:
    if wanted.attribution == "" or (wanted.failed and wanted.status is not None):
        return False  # sums do not tell the empty word from none
    return all(getattr(wanted, name) is None for name in _BEYOND_SUMS)


async def _summed(connection: AsyncConnection, wanted: Filter, sort: Sort) -> int:
    """By the sums. What was deleted is still in them, so they are asked from the oldest row on."""
    time = usage_requests.c.started_at
    oldest = (await connection.execute(select(time).order_by(time).limit(1))).scalar_one_or_none()
    newest = (await connection.execute(select(func.max(usage_hours.c.hour)))).scalar_one_or_none()
    if oldest is None or newest is None:
        return 0
    since, until = max(oldest, wanted.since or 0), newest + HOUR
    until = until if wanted.until is None else min(until, wanted.until)
    if since >= until:
        return 0
    only: dict[Dimension, str] = {name: said for name in _DIMENSIONS if (said := getattr(wanted, name)) is not None}
    if wanted.owner is not None:
        only["key"] = wanted.owner
    by: tuple[Dimension, ...] = ("status",) if wanted.failed else ()
    found = await totals(connection, [Bucket("", since, until)], by, only)
    rows = [sums for (_, words), sums in found.items() if not by or words[0] in FAILURES]
    return sum(sums.requests - (sums.cost_unknown if sort == "cost" else 0) for sums in rows)
