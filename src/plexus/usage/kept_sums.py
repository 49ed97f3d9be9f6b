"""Keeping the sums of spans that are over, and keeping them right when a row comes late or is priced anew.

What is kept is never more than what its hours and rows add up to: a span is read under the lock that writers of rows need.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
)

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.bulk import Taken, bulk_insert_missing
from plexus.storage.tables.usage import DIMENSIONS, usage_hours, usage_requests, usage_spans, usage_sums
from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR, NONE, RollupKey, Sums, plus
from plexus.usage.row import COSTS
from plexus.usage.spans import ALL, SHAPES, Pieces, Span, is_day, pieces, touched
from plexus.usage.sums import NAMES, Numbers, add, added, plain, words
from plexus.usage.totals import kept_within, numbers

_PLACE = ("since", "until", "shape", *DIMENSIONS)
_COLUMNS = (*_PLACE, *NAMES)
_FIRST = len(_PLACE)


class SpanSums(Struct, frozen=True):
    """What a span adds up to: the rows to be kept, and the sum of all by which it is seen that nothing came meanwhile.

    The rows have the columns of `usage_sums` in the order of `_COLUMNS`, money in the units in which it is stored.
    """

    span: Span
    rows: list[tuple[Any, ...]]
    whole: Numbers


async def added_up(connection: AsyncConnection, span: Span) -> SpanSums:
    """Add a span up. Takes up to some seconds, so not in a transaction that writes."""
    since, until = span
    kept = await kept_within(connection, since, until)
    found = await _all(connection, span, pieces([Bucket("", since, until)], kept))
    rows = found + _coarser(found)
    if is_day(since, until):
        told = {"since": since, "until": since + (until - since) // HOUR * HOUR}
        for shape in range(ALL):
            rows += map(plain, await connection.execute(_hours(shape, cut=since % HOUR != 0), told))
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
        columns = dict(zip(_COLUMNS, map(list, zip(*found.rows, strict=True)), strict=True))
        as_stored: Taken = {name: (columns[name], columns[name]) for name in COSTS}
        await connection.run_sync(bulk_insert_missing(usage_sums, connection.dialect).write, columns, as_stored)
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
    rows = [dict(zip(_PLACE, place, strict=True)) | stored(sums) for place, sums in together.items()]
    add(connection, usage_sums, rows)


def stored(sums: Sums) -> dict[str, Any]:
    """The columns of sums."""
    told = asdict(sums)
    del told["errors"]  # worked out from the status
    return told


async def _whole(connection: AsyncConnection, span: Span) -> Numbers:
    """What can be compared exactly of the sum of all."""
    sums = (await numbers(connection, [Bucket("", *span)])).get((0, ()))
    return () if sums is None else _exact(sums)


_exact = itemgetter(*(1 + NAMES.index(name) for name in ("requests", "cost_unknown", *COSTS)))


async def _all(connection: AsyncConnection, span: Span, found: Pieces) -> list[tuple[Any, ...]]:
    """The sums of a span with all dimensions told apart."""
    edges = [edge for placed in (found.spans, found.hours, found.rows) for _, *edges in placed for edge in edges]
    told = {f"edge{place}": edge for place, edge in enumerate(edges)}
    query = _together(len(found.spans), len(found.hours), len(found.rows))
    return [(*span, ALL, *plain(row)) for row in await connection.execute(query, told)]


# A statement of so many sums takes SQLAlchemy some milliseconds to write, which is most of the time of a span with few requests.
@lru_cache(maxsize=32)
def _together(spans: int, hours: int, rows: int) -> Select[*tuple[Any, ...]]:
    """The sum of so many pieces, whose edges are the parameters `edge0`, `edge1` and so on."""
    edges = (bindparam(f"edge{place}", type_=BigInteger) for place in range(2 * (spans + hours + rows)))
    sources = [
        _source(
            usage_sums, usage_sums.c.since == next(edges), usage_sums.c.until == next(edges), usage_sums.c.shape == ALL
        )
        for _ in range(spans)
    ]
    for table, time, count in (
        (usage_hours, usage_hours.c.hour, hours),
        (usage_requests, usage_requests.c.started_at, rows),
    ):
        sources += [_source(table, time >= next(edges), time < next(edges)) for _ in range(count)]
    union = union_all(*sources).subquery()
    told = [union.c[name] for name in DIMENSIONS]
    sums = [func.sum(union.c[name]) for name in NAMES]
    return select(*told, *sums).where(union.c.requests != 0).group_by(*told)


def _source(table: Table, *where: Any) -> Select[*tuple[Any, ...]]:
    grouped = words(table)
    sums = [expression.label(name) for name, expression in added(table).items()]
    labelled = [each.label(name) for name, each in zip(DIMENSIONS, grouped, strict=True)]
    return select(*labelled, *sums).where(*where).group_by(*grouped)


def _coarser(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The sums of a span in every other shape, from those in which all is told apart."""
    found: list[tuple[Any, ...]] = []
    for shape, dimensions in enumerate(SHAPES[:ALL]):
        places = [_PLACE.index(name) for name in dimensions]
        groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        for row in rows:
            groups.setdefault(tuple([row[place] for place in places]), []).append(row)
        for told, some in groups.items():
            named = dict.fromkeys(DIMENSIONS, "") | dict(zip(dimensions, told, strict=True))
            columns = list(zip(*some, strict=True))[_FIRST:]
            found.append((*some[0][:2], shape, *named.values(), *map(sum, columns)))
    return found


@lru_cache(maxsize=2 * len(SHAPES))
def _hours(shape: int, *, cut: bool) -> Select[*tuple[Any, ...]]:
    """The sums of each whole hour from `since` on, before `until`; from rows where the hours are `cut` ones in UTC."""
    table, time = (usage_requests, usage_requests.c.started_at) if cut else (usage_hours, usage_hours.c.hour)
    since, until = bindparam("since", type_=BigInteger), bindparam("until", type_=BigInteger)
    hour = literal_column(str(HOUR), BigInteger)
    start = (time - since) // hour * hour + since
    placed: list[ColumnElement[Any]] = [
        start.label("since"),
        (start + hour).label("until"),
        literal_column(str(shape)).label("shape"),
    ]
    told = [each for name, each in zip(DIMENSIONS, words(table), strict=True) if name in SHAPES[shape]]
    found = select(*placed, *words(table, SHAPES[shape]), *added(table).values()).where(time >= since, time < until)
    # by its number, because to PostgreSQL the same expression with other parameters is another one
    return found.group_by(literal_column("1"), *told)
