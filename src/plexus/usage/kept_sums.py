"""Keeping the sums of spans that are over, and keeping them right when a row comes late or is priced anew.

What is kept is never more than what its hours and rows add up to: a span is read under the lock that writers of rows need.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
)

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.bulk import bulk_insert_missing
from plexus.storage.tables.usage import DIMENSIONS, usage_hours, usage_requests, usage_spans, usage_sums
from plexus.usage.calendar import Bucket
from plexus.usage.cost import EXACT
from plexus.usage.rollup import HOUR, NONE, RollupKey, Sums, plus
from plexus.usage.row import COSTS
from plexus.usage.spans import ALL, SHAPES, Pieces, Span, is_day, pieces, touched
from plexus.usage.sums import NAMES, add, added, words
from plexus.usage.totals import kept_within, totals


class SpanSums(Struct, frozen=True):
    """What a span adds up to: the rows to be kept, and the sum of all by which it is seen that nothing came meanwhile."""

    span: Span
    rows: list[dict[str, Any]]
    whole: tuple[Any, ...]


async def added_up(connection: AsyncConnection, span: Span) -> SpanSums:
    """Add a span up. Takes up to some seconds, so not in a transaction that writes."""
    since, until = span
    kept = await kept_within(connection, since, until)
    found = [_all(span, pieces([Bucket("", since, until)], kept))]
    if is_day(since, until):
        found += [_hours(span, shape) for shape in range(ALL)]
    names = ("since", "until", "shape", *DIMENSIONS, *NAMES)
    rows: list[dict[str, Any]] = []
    for each in found:
        rows += [dict(zip(names, row, strict=True)) for row in await connection.execute(each)]
    rows += _coarser([row for row in rows if row["shape"] == ALL])
    return SpanSums(span, rows, await _whole(connection, span))


async def keep(connection: AsyncConnection, found: SpanSums) -> bool:
    """Keep the sums of a span; False when they are kept already, or when a request came meanwhile and they are wrong.

    The transaction is the caller's, one that writes.
    """
    if connection.dialect.name == "postgresql":
        # Whoever writes rows writes their hours after them and looks at the spans last, so none is counted twice or not at all.
        await connection.execute(text("LOCK TABLE usage_hours IN SHARE ROW EXCLUSIVE MODE"))
    since, until = found.span
    there = select(func.count()).where(usage_spans.c.since == since, usage_spans.c.until == until)
    if (await connection.execute(there)).scalar_one() or await _whole(connection, found.span) != found.whole:
        return False
    if found.rows:
        columns = {name: [row[name] for row in found.rows] for name in found.rows[0]}
        await connection.run_sync(bulk_insert_missing(usage_sums, connection.dialect).write, columns)
    await connection.execute(insert(usage_spans).values(since=since, until=until))
    return True


def kept_over(connection: Connection, moments: Sequence[int]) -> list[Span]:
    """The spans whose sums are kept that lie over any of these moments, and perhaps some between them."""
    over = (usage_spans.c.until > min(moments), usage_spans.c.since <= max(moments))
    return [(low, high) for low, high in connection.execute(select(usage_spans).where(*over))]


def add_to_kept(connection: Connection, spans: Sequence[Span], changes: Iterable[tuple[int, RollupKey, Sums]]) -> None:
    """Add what requests of some moments add, in milliseconds since the epoch, to those of the kept sums they belong to."""
    together: dict[tuple[Any, ...], Sums] = {}
    for moment, key, sums in changes:
        for span, shape in touched(moment, spans):
            told = (getattr(key, name) if name in SHAPES[shape] else "" for name in DIMENSIONS)
            place = (*span, shape, *told)
            together[place] = plus(together.get(place, NONE), sums)
    names = ("since", "until", "shape", *DIMENSIONS)
    add(
        connection,
        usage_sums,
        [dict(zip(names, place, strict=True)) | stored(sums) for place, sums in together.items()],
    )


def stored(sums: Sums) -> dict[str, Any]:
    """The columns of sums."""
    told = asdict(sums)
    del told["errors"]  # worked out from the status
    return told


async def _whole(connection: AsyncConnection, span: Span) -> tuple[Any, ...]:
    """What can be compared exactly of the sum of all."""
    found = await totals(connection, [Bucket("", *span)])
    sums = found.get((0, ()), NONE)
    return tuple(getattr(sums, name) for name in NAMES if name == "requests" or name.startswith("cost"))


def _all(span: Span, found: Pieces) -> Select[*tuple[Any, ...]]:
    """The sums of a span with all dimensions told apart."""
    sources: list[Select[*tuple[Any, ...]]] = [
        _source(usage_sums, usage_sums.c.since == low, usage_sums.c.until == high, usage_sums.c.shape == ALL)
        for _, low, high in found.spans
    ]
    for table, time, asked in (
        (usage_hours, usage_hours.c.hour, found.hours),
        (usage_requests, usage_requests.c.started_at, found.rows),
    ):
        sources += [_source(table, time >= low, time < high) for _, low, high in asked]
    union = union_all(*sources).subquery()
    told = [union.c[name] for name in DIMENSIONS]
    sums = [func.coalesce(func.sum(union.c[name]), 0) for name in NAMES]
    return select(*_placed(span, ALL), *told, *sums).where(union.c.requests != 0).group_by(*told)


def _source(table: Table, *where: Any) -> Select[*tuple[Any, ...]]:
    grouped = words(table)
    sums = [expression.label(name) for name, expression in added(table).items()]
    labelled = [each.label(name) for name, each in zip(DIMENSIONS, grouped, strict=True)]
    return select(*labelled, *sums).where(*where).group_by(*grouped)


def _coarser(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of a span in every other shape, from those in which all is told apart."""
    found: list[dict[str, Any]] = []
    for shape in range(ALL):
        groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(tuple(row[name] for name in SHAPES[shape]), []).append(row)
        for told, some in groups.items():
            named = dict.fromkeys(DIMENSIONS, "") | dict(zip(SHAPES[shape], told, strict=True))
            sums = {name: sum([row[name] for row in some]) for name in NAMES if name not in COSTS}
            sums |= {name: reduce(EXACT.add, [row[name] for row in some]) for name in COSTS}
            found.append({**some[0], "shape": shape, **named, **sums})
    return found


def _hours(span: Span, shape: int) -> Select[*tuple[Any, ...]]:
    """The sums of each whole hour of a day, counted from its beginning."""
    since, until = span
    last = since + (until - since) // HOUR * HOUR
    table, time = (usage_requests, usage_requests.c.started_at) if since % HOUR else (usage_hours, usage_hours.c.hour)
    start: ColumnElement[int] = literal_column(f"({time.name} - {since}) / {HOUR} * {HOUR} + {since}", BigInteger)
    told = [each for name, each in zip(DIMENSIONS, words(table), strict=True) if name in SHAPES[shape]]
    placed: tuple[Any, ...] = (
        start.label("since"),
        (start + HOUR).label("until"),
        literal_column(str(shape)).label("shape"),
    )
    sums = [func.coalesce(each, 0) for each in added(table).values()]
    found = select(*placed, *words(table, SHAPES[shape]), *sums).where(time >= since, time < last)
    return found.group_by(start, *told)


def _placed(span: Span, shape: int) -> list[Any]:
    columns = zip(("since", "until", "shape"), (*span, shape), strict=True)
    return [literal_column(str(number)).label(name) for name, number in columns]
