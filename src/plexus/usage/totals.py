"""Summaries added up by the database: spans that are over from their kept sums, whole hours from theirs, cut hours from rows.

The same sums as `summary.summary` makes in memory, which is what says that they are right.
"""

from collections.abc import Iterator, Mapping, Sequence, Sized
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Table, and_, bindparam, column, select, text

from plexus.core.json import dumps
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables.usage import usage_hours, usage_requests, usage_spans, usage_sums
from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR, Sums
from plexus.usage.spans import Kept, Pieces, Placed, pieces, shape_for
from plexus.usage.summary import Dimension, Group
from plexus.usage.sums import Numbers, added, both, failed, hidden, plain, read, word

MOST = 10_000
"""Groups of one summary."""
_DAY = 30 * HOUR
_FIRST = 100
"""Pieces of the first query."""
_SPANS = {
    "sqlite": """SELECT json_extract(value, '$[0]') AS place, json_extract(value, '$[1]') AS low,
        json_extract(value, '$[2]') AS high FROM json_each(:spans)""",
    "postgresql": """SELECT CAST(value->>0 AS integer) AS place, CAST(value->>1 AS bigint) AS low,
        CAST(value->>2 AS bigint) AS high FROM jsonb_array_elements(CAST(:spans AS jsonb))""",
}
"""The places as a table, from one text: thousands of bound numbers take longer than the sum."""


class TooManyGroups(ValueError):  # noqa: N818 - named for what it is
    """The summary would have more groups than anybody reads."""


async def totals(
    connection: AsyncConnection,
    buckets: Sequence[Bucket],
    by: Sequence[Dimension] = (),
    only: Mapping[Dimension, str] | None = None,
) -> dict[Group, Sums]:
    """What `numbers` gives, with names.

    Raises:
        TooManyGroups: when there would be more than `MOST`.
    """
    return {group: read(found) for group, found in (await numbers(connection, buckets, by, only)).items()}


async def numbers(
    connection: AsyncConnection,
    buckets: Sequence[Bucket],
    by: Sequence[Dimension] = (),
    only: Mapping[Dimension, str] | None = None,
) -> dict[Group, Numbers]:
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
    found: dict[Group, Numbers] = {}
    words = len(by) + 1
    for table, placed in _portions(asked, found):
        hourly = table is usage_hours and all(high - low == HOUR for _, low, high in placed)
        query = _query(connection.dialect.name, table, shape, tuple(by), tuple(only), hourly)
        told: dict[str, Any] = {str(name): said for name, said in only.items()}
        told |= {"spans": dumps(placed).decode(), "most": MOST + len(placed) + 1}
        for row in await connection.execute(query, told):
            if not row[words + 1]:
                continue  # an outer join gives a row for what has none
            group, sums = (row[0], row[1:words]), plain(row[words:])
            there = found.get(group)
            found[group] = sums if there is None else both(there, sums)
        if len(found) > MOST:
            raise TooManyGroups(f"more than {MOST} groups; ask for a longer unit, fewer dimensions or a shorter range")
    return found


async def kept_within(connection: AsyncConnection, since: int, until: int) -> Kept:
    """The spans that lie within a range, and the days that reach over its edges."""
    inside = (usage_spans.c.since >= since - _DAY, usage_spans.c.until <= until + _DAY)
    found = await connection.execute(select(usage_spans.c.since, usage_spans.c.until).where(*inside))
    return Kept((low, high) for low, high in found)


def _portions(asked: Pieces, found: Sized) -> Iterator[tuple[Table, list[Placed]]]:
    """Few pieces first, then more and more: that there are too many groups is seen before all is added up.

    `found`: what was made of those before. Where it grows on as it did, none is added up far beyond what is allowed.
    """
    for table, placed in ((usage_sums, asked.spans), (usage_hours, asked.hours), (usage_requests, asked.rows)):
        start, size, before = 0, _FIRST, len(found)
        while start < len(placed):
            yield table, placed[start : start + size]
            start, size = start + size, size * 4
            if made := len(found) - before:
                size = min(size, _FIRST + (MOST - len(found)) * start // made)


# A statement of so many sums takes SQLAlchemy some milliseconds to write, the database often less to answer.
@lru_cache(maxsize=32)
def _query(
    dialect: str, table: Table, shape: int, by: tuple[Dimension, ...], only: tuple[Dimension, ...], hourly: bool
) -> Select[*tuple[Any, ...]]:
    """The statement; its parameters are `spans`, `most` and the values of `only` by name. `hourly`: each span is one hour."""
    columns = (column("place", Integer), column("low", BigInteger), column("high", BigInteger))
    span = text(_SPANS[dialect]).columns(*columns).cte("spans")
    within = _within(table, span.c.low, span.c.high, shape)
    # SQLite would make an index of these words, and go through all of it for each span
    hide = table is usage_hours and not hourly
    if hourly:
        within = [usage_hours.c.hour == span.c.low]
    for name in only:
        said = word(table, name)
        within.append((hidden(said) if hide else said) == bindparam(name, type_=table.c[name].type))
    groups = [span.c.place, *(word(table, name) for name in by)]
    # Outer, so that SQLite goes through the spans and looks each up in the index, and never the other way round.
    joined = span.outerjoin(table, and_(*within))
    chosen = (*groups, failed(table), *added(table).values())
    return select(*chosen).select_from(joined).group_by(*groups).limit(bindparam("most", type_=Integer))


def _within(table: Table, low: Any, high: Any, shape: int) -> list[ColumnElement[bool]]:
    if table is usage_sums:
        return [table.c.since == low, table.c.until == high, table.c.shape == shape]
    time = table.c.hour if table is usage_hours else table.c.started_at
    return [time >= low, time < high]
