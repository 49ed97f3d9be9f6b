"""Usage rows as lists ask for them: a page from some place on, and how many there are, in bounded time however many there are.

No list pages by counting: a place is the row it comes after, so rows that come or go shift nothing.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, func, select, tuple_

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables.usage import former_costs, usage_attempts, usage_requests
from plexus.usage.list_filter import Filter, Place, Sort
from plexus.usage.list_total import total
from plexus.usage.list_ways import Way, in_order, indexed, ways
from plexus.usage.row import COSTS, amount_text
from plexus.usage.sums import hidden

GATHERED = 20_000
"""Rows at most that are read to be sorted."""
WALKED = 25_000
"""Rows at most that are looked at for one page in the order of an index."""
_HIDDEN = frozenset({"client_address", "routing", "operation"})
_SHOWN = [column for column in usage_requests.c if column.name not in _HIDDEN]


class Listed(Struct, frozen=True):
    """One page: its rows, the place from which it goes on unless it is the last, and how many rows the list has at least.

    A page may have fewer rows than were asked for, even none, and yet be followed: then so many rows were looked at that did
    not fit that this page ends where the looking did.
    """

    rows: list[dict[str, Any]]
    following: Place | None
    total: int
    counted: bool
    """Whether `total` is all of them."""


async def listed(
    connection: AsyncConnection, wanted: Filter, sort: Sort, limit: int, *, rising: bool = False, after: Place = ()
) -> Listed:
    """One page of the rows that are wanted, newest, dearest or longest first unless `rising`."""
    way, few = await _shortest(connection, wanted, sort)
    count = await total(connection, wanted, sort, way, few=few)
    if not count.rows and count.exact:
        return Listed([], None, 0, counted=True)
    order = order_of(sort)
    in_place = way.sort == sort
    places = order if in_place else [hidden(column) for column in order]
    asked = [*way.answered, *way.left]
    if sort == "cost" and not in_place:
        asked.append(usage_requests.c.cost.is_not(None))
    if after:
        here, there = tuple_(*places), tuple_(*after, types=[column.type for column in order])
        asked.append(here > there if rising else here < there)
    end = None
    if in_place and not few and way.left:
        end = await _end(connection, way, order[:-1], asked, rising=rising)
    if end is not None:
        here, there = tuple_(*order[:-1]), tuple_(*end, types=[column.type for column in order[:-1]])
        asked.append(here < there if rising else here >= there)
    page = select(*_SHOWN).where(*asked).limit(limit + 1)
    page = page.order_by(*(column.asc() if rising else column.desc() for column in places))
    found = (await connection.execute(page)).all()
    rows = [shown(row) for row in found[:limit]]
    if len(found) > limit:
        following: Place | None = tuple(getattr(found[limit - 1], column.name) for column in order)
    else:
        following = (*end, "") if end is not None else None
    return Listed(rows, following, count.rows, count.exact)


async def _shortest(connection: AsyncConnection, wanted: Filter, sort: Sort) -> tuple[Way, bool]:
    """The way that leaves the fewest rows, if they are so few that they can be read and sorted; else one in order."""
    found = ways(wanted)
    if found:
        heads = [
            select(usage_requests.c.started_at).where(*way.answered).limit(GATHERED + 1).subquery() for way in found
        ]
        counts = [select(func.count()).select_from(head).scalar_subquery() for head in heads]
        rows = (await connection.execute(select(*counts))).one()
        least = min(rows)
        if least <= GATHERED:
            return found[list(rows).index(least)], True
    return next((way for way in found if way.sort == sort), in_order(wanted, sort)), False


async def _end(
    connection: AsyncConnection,
    way: Way,
    order: Sequence[ColumnElement[Any]],
    asked: Sequence[ColumnElement[bool]],
    *,
    rising: bool,
) -> tuple[Any, ...] | None:
    """Where `WALKED` rows of an index are behind; None when it has not so many more."""
    on_the_way = [condition for condition in asked if not any(condition is one for one in way.left)]
    last = select(*order).where(*on_the_way).offset(WALKED).limit(1)
    found = (
        await connection.execute(last.order_by(*(each.asc() if rising else each.desc() for each in order)))
    ).first()
    return tuple(found) if found is not None else None


async def one(connection: AsyncConnection, request_id: str, owner: str | None) -> dict[str, Any] | None:
    """A request's row with its attempts; None when there is none, or not for this owner."""
    wanted = [usage_requests.c.request_id == request_id]
    if owner is not None:
        wanted.append(usage_requests.c.key == owner)
    found = (await connection.execute(select(*_SHOWN).where(*wanted))).first()
    if found is None:
        return None
    below = select(usage_attempts).where(usage_attempts.c.request_id == request_id).order_by(usage_attempts.c.number)
    attempts = [shown(row) for row in (await connection.execute(below)).all()]
    return {**shown(found), "attempts": attempts, "former_costs": await _former(connection, request_id)}


def order_of(sort: Sort) -> Sequence[ColumnElement[Any]]:
    """The columns that give every row a place of its own."""
    return (*indexed(sort), usage_requests.c.request_id)


def shown(row: Row[Any]) -> dict[str, Any]:
    """A row as plain values, money as text."""
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    amounts: dict[str, Any] = {name: amount_text(values[name]) for name in COSTS if values[name] is not None}
    lists: dict[str, Any] = {name: values[name] or [] for name in ("usage_flags", "fidelity") if name in values}
    return {**values, **amounts, **lists}


async def _former(connection: AsyncConnection, request_id: str) -> list[dict[str, Any]]:
    """What it was booked with before it was priced anew, the oldest first."""
    columns = former_costs.c
    chosen = select(columns.until, columns.cost, columns.cost_source, columns.price_version)
    found = await connection.execute(chosen.where(columns.request_id == request_id).order_by(columns.until))
    return [
        {
            "until": row.until,
            "cost": None if row.cost is None else amount_text(row.cost),
            "cost_source": row.cost_source,
            "price_version": row.price_version,
        }
        for row in found
    ]
