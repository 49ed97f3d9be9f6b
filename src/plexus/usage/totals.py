"""Summaries added up by the database: whole hours from their rollups, the parts of cut hours from rows.

The same sums as `summary.summary` makes in memory, which is what says that they are right.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import BigInteger, ColumnElement, Float, Integer, Table, and_, case, column, func, select, values
from sqlalchemy.ext.asyncio import AsyncConnection

from plexus.storage.tables.usage import usage_hours, usage_requests
from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR, NONE, Sums, plus
from plexus.usage.row import COSTS, COUNTERS
from plexus.usage.summary import FAILURES, Dimension, Group

MOST = 10_000
"""Groups of one summary."""
_TIMES = ("ttft_ms", "tokens_per_second", "overhead_ms")
_Span = tuple[int, int, int]
"""A bucket's place, and a beginning and an end within it in milliseconds."""


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
    whole, parts = spans(buckets)
    found: dict[Group, Sums] = {}
    for table, time, asked in ((usage_hours, "hour", whole), (usage_requests, "started_at", parts)):
        if not asked:
            continue
        for row in await connection.execute(_query(table, time, asked, by, only or {})):
            place, status, *rest = row
            words, sums = tuple(rest[: len(by)]), _sums(rest[len(by) :])
            if sums.requests:
                failed = replace(sums, errors=sums.requests if status in FAILURES else 0)
                found[place, words] = plus(found.get((place, words), NONE), failed)
        if len(found) > MOST:
            raise TooManyGroups(f"more than {MOST} groups; ask for a longer unit, fewer dimensions or a shorter range")
    return found


def spans(buckets: Sequence[Bucket]) -> tuple[list[_Span], list[_Span]]:
    """The whole hours of each bucket, and the parts of hours at its edges."""
    whole: list[_Span] = []
    parts: list[_Span] = []
    for place, bucket in enumerate(buckets):
        low, high = -(-bucket.start // HOUR) * HOUR, bucket.end // HOUR * HOUR
        if low > high:
            parts.append((place, bucket.start, bucket.end))
            continue
        whole += [(place, low, high)] if low < high else []
        parts += [(place, start, end) for start, end in ((bucket.start, low), (high, bucket.end)) if start < end]
    return whole, parts


def _query(table: Table, time: str, asked: list[_Span], by: Sequence[Dimension], only: Mapping[Dimension, str]) -> Any:
    named = values(column("place", Integer), column("low", BigInteger), column("high", BigInteger), literal_binds=True)
    span = named.data(asked).cte("spans")
    within = [table.c[time] >= span.c.low, table.c[time] < span.c.high]
    within += [_word(table, name) == value for name, value in only.items()]
    groups = [span.c.place, table.c.status, *(_word(table, name) for name in by)]
    # Outer, so that SQLite goes through the spans and looks each up in the index, and never the other way round.
    joined = span.outerjoin(table, and_(*within))
    return (
        select(*groups, *_added(table).values()).select_from(joined).group_by(*groups).limit(MOST * len(FAILURES) * 2)
    )


def _word(table: Table, name: str) -> ColumnElement[str]:
    return func.coalesce(table.c[name], "") if name == "attribution" else table.c[name]


def _added(table: Table) -> dict[str, ColumnElement[Any]]:
    """An expression for each sum."""
    columns = table.c
    if table is usage_hours:
        return {name: func.sum(columns[name]) for name in _NAMES}
    added: dict[str, ColumnElement[Any]] = {
        "requests": func.count(columns.request_id),
        "attempts": func.sum(columns.attempt_count),
        "estimated": func.sum(case((columns.tokens_estimated, 1), else_=0)),
        "cost_unknown": func.sum(case((columns.cost.is_(None), 1), else_=0)),
    }
    added |= {f"{name}_known": func.count(columns[name]) for name in _TIMES}
    return {name: added[name] if name in added else func.sum(columns[name]) for name in _NAMES}


_NAMES = ("requests", "attempts", "estimated", "cost_unknown", "duration_ms", *COUNTERS, *COSTS)
_NAMES += tuple(name for measured in _TIMES for name in (measured, f"{measured}_known"))


def _sums(found: Sequence[Any]) -> Sums:
    read: dict[str, Any] = {}
    for name, value in zip(_NAMES, found, strict=True):
        if value is None:
            continue
        kind = usage_hours.c[name].type
        read[name] = value if name in COSTS else float(value) if isinstance(kind, Float) else int(value)
    return Sums(**read)
