"""Summaries added up by the database: spans that are over from their kept sums, whole hours from theirs, cut hours from rows.

The same sums as `summary.summary` makes in memory, which is what says that they are right.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Table, and_, column, select, text

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables.usage import usage_hours, usage_requests, usage_spans, usage_sums
from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR, Sums, plus
from plexus.usage.spans import Kept, Pieces, Placed, pieces, shape_for
from plexus.usage.summary import Dimension, Group
from plexus.usage.sums import added, failed, hidden, read, word

MOST = 10_000
"""Groups of one summary."""
_DAY = 30 * HOUR
_FIRST = 100
"""Pieces of the first query."""


class TooManyGroups(ValueError):  # noqa: N818 - named for what it is
    """The summary would have more groups than anybody reads."""


async def totals(
    connection: AsyncConnection,
    buckets: Sequence[Bucket],
    by: Sequence[Dimension] = (),
    only: Mapping[Dimension, str] | None = None,
) -> dict[Group, Sums]:
    """The sums of each bucket and each combination of the dimensions in it; what nothing fell into is left out.

    `only`: the values that some dimensions must have.

    Raises:
        TooManyGroups: when there would be more than `MOST`.
    """
    if not buckets:
        return {}
    only = only or {}
    shape = shape_for([*by, *only])
    asked = pieces(buckets, await kept_within(connection, buckets[0].start, buckets[-1].end), shape=shape)
    found: dict[Group, Sums] = {}
    for table, placed in _portions(asked):
        for place, errors, *rest in await connection.execute(_query(table, placed, shape, by, only)):
            if not rest[len(by)]:
                continue  # an outer join gives a row for what has none
            group, sums = (place, tuple(rest[: len(by)])), read(rest[len(by) :], int(errors or 0))
            there = found.get(group)
            found[group] = sums if there is None else plus(there, sums)
        if len(found) > MOST:
            raise TooManyGroups(f"more than {MOST} groups; ask for a longer unit, fewer dimensions or a shorter range")
    return found


async def kept_within(connection: AsyncConnection, since: int, until: int) -> Kept:
    """The spans that lie within a range, and the days that reach over its edges."""
    inside = (usage_spans.c.since >= since - _DAY, usage_spans.c.until <= until + _DAY)
    found = await connection.execute(select(usage_spans.c.since, usage_spans.c.until).where(*inside))
    return Kept((low, high) for low, high in found)


def _portions(asked: Pieces) -> Iterator[tuple[Table, list[Placed]]]:
    """Few pieces first, then more and more: that there are too many groups is seen before all is added up."""
    for table, placed in ((usage_sums, asked.spans), (usage_hours, asked.hours), (usage_requests, asked.rows)):
        start, size = 0, _FIRST
        while start < len(placed):
            yield table, placed[start : start + size]
            start, size = start + size, size * 4


def _query(
    table: Table, asked: list[Placed], shape: int, by: Sequence[Dimension], only: Mapping[Dimension, str]
) -> Any:
    span = _spans(asked)
    within = _within(table, span.c.low, span.c.high, shape)
    if table is usage_hours and all(high - low == HOUR for _, low, high in asked):
        within = [usage_hours.c.hour == span.c.low]
    elif table is usage_hours:  # SQLite would make an index of these words, and go through all of it for each span
        only = {**only}
        within += [hidden(word(table, name)) == only.pop(name) for name in list(only)]
    within += [word(table, name) == said for name, said in only.items()]
    groups = [span.c.place, *(word(table, name) for name in by)]
    # Outer, so that SQLite goes through the spans and looks each up in the index, and never the other way round.
    joined = span.outerjoin(table, and_(*within))
    chosen = (span.c.place, failed(table), *groups[1:], *added(table).values())
    return select(*chosen).select_from(joined).group_by(*groups).limit(MOST + len(asked) + 1)


def _spans(asked: list[Placed]) -> Any:
    """The places as a table. Written out, because thousands of bound numbers take longer than the sum."""
    numbers = ",".join(f"({place},{low},{high})" for place, low, high in asked)
    told = "SELECT column1 AS place, column2 AS low, column3 AS high FROM"
    columns = (column("place", Integer), column("low", BigInteger), column("high", BigInteger))
    return text(f"{told} (VALUES {numbers}) AS numbers").columns(*columns).cte("spans")


def _within(table: Table, low: Any, high: Any, shape: int) -> list[ColumnElement[bool]]:
    if table is usage_sums:
        return [table.c.since == low, table.c.until == high, table.c.shape == shape]
    time = table.c.hour if table is usage_hours else table.c.started_at
    return [time >= low, time < high]
