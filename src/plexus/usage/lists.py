"""Usage rows as lists ask for them: which, in what order, from which place on. Values only ever travel as parameters.

No list pages by counting: a place is the row it comes after, so rows that come or go shift nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, and_, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from plexus.storage.tables.usage import FAILED, usage_attempts, usage_requests
from plexus.usage.row import COSTS, amount_text

Sort = Literal["started_at", "cost", "duration_ms"]
"""What rows can be sorted by; each has its index. Rows whose cost is unknown have no place in an order of costs."""
COUNTED = 10_000
"""Rows of a list that are counted; beyond them it is only known that there are more."""
_HIDDEN = frozenset({"client_address", "routing", "operation"})
_SHOWN = [column for column in usage_requests.c if column.name not in _HIDDEN]
Place = tuple[int | float | Decimal | str, ...]
"""The sort column's value where that is not the time, the time, and the id of a row."""


class Filter(Struct, frozen=True, kw_only=True):
    """Which rows: all conditions hold at once, None asks nothing. Words match exactly and whole.

    `owner` is the key whose rows alone exist for who asks. Times in milliseconds since the epoch, `since` included.
    """

    owner: str | None = None
    failed: bool = False
    key: str | None = None
    attribution: str | None = None
    alias: str | None = None
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    client_protocol: str | None = None
    error_class: str | None = None
    streaming: bool | None = None
    since: int | None = None
    until: int | None = None
    min_cost: Decimal | None = None
    max_cost: Decimal | None = None
    min_duration_ms: float | None = None
    max_duration_ms: float | None = None


class Listed(Struct, frozen=True):
    """One page: its rows, the place of the last if more follow, and how many rows the list has, up to `COUNTED`."""

    rows: list[dict[str, Any]]
    following: Place | None
    total: int
    counted: bool
    """Whether `total` is all of them."""


async def listed(
    connection: AsyncConnection, wanted: Filter, sort: Sort, limit: int, *, rising: bool = False, after: Place = ()
) -> Listed:
    """One page of the rows that are wanted, newest, dearest or longest first unless `rising`."""
    asked = _conditions(wanted)
    if sort == "cost":
        asked.append(usage_requests.c.cost.is_not(None))
    order = order_of(sort)
    page = select(*_SHOWN).where(*asked).limit(limit + 1)
    if after:
        here, there = tuple_(*order), tuple_(*after, types=[column.type for column in order])
        page = page.where(here > there if rising else here < there)
    page = page.order_by(*(column.asc() if rising else column.desc() for column in order))
    found = (await connection.execute(page)).all()
    total = await _count(connection, select(usage_requests.c.request_id).where(*asked))
    rows = [shown(row) for row in found[:limit]]
    last = tuple(getattr(found[limit - 1], column.name) for column in order) if len(found) > limit else None
    return Listed(rows, last, min(total, COUNTED), total <= COUNTED)


async def one(connection: AsyncConnection, request_id: str, owner: str | None) -> dict[str, Any] | None:
    """A request's row with its attempts; None when there is none, or not for this owner."""
    wanted = [usage_requests.c.request_id == request_id, *_conditions(Filter(owner=owner))]
    found = (await connection.execute(select(*_SHOWN).where(*wanted))).first()
    if found is None:
        return None
    below = select(usage_attempts).where(usage_attempts.c.request_id == request_id).order_by(usage_attempts.c.number)
    attempts = [shown(row) for row in (await connection.execute(below)).all()]
    return {**shown(found), "attempts": attempts}


def order_of(sort: Sort) -> Sequence[ColumnElement[Any]]:
    """The columns that give every row a place of its own."""
    time = (usage_requests.c.started_at, usage_requests.c.request_id)
    return time if sort == "started_at" else (usage_requests.c[sort], *time)


def shown(row: Row[Any]) -> dict[str, Any]:
    """A row as plain values, money as text."""
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the documented way to a row's names
    amounts: dict[str, Any] = {name: amount_text(values[name]) for name in COSTS if values[name] is not None}
    lists: dict[str, Any] = {name: values[name] or [] for name in ("usage_flags", "fidelity") if name in values}
    return {**values, **amounts, **lists}


async def _count(connection: AsyncConnection, rows: Select[Any]) -> int:
    some = rows.limit(COUNTED + 1).subquery()
    return int((await connection.execute(select(func.count()).select_from(some))).scalar_one())


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    columns = usage_requests.c
    words = (
        "key",
        "attribution",
        "alias",
        "provider",
        "model",
        "status",
        "client_protocol",
        "error_class",
        "streaming",
    )
    asked = [columns[name] == value for name in words if (value := getattr(wanted, name)) is not None]
    if wanted.owner is not None:
        asked.append(columns.key == wanted.owner)
    if wanted.failed:
        asked.append(and_(FAILED))
    if wanted.since is not None:
        asked.append(columns.started_at >= wanted.since)
    if wanted.until is not None:
        asked.append(columns.started_at < wanted.until)
    for name in ("cost", "duration_ms"):
        least, most = getattr(wanted, f"min_{name}"), getattr(wanted, f"max_{name}")
        asked += [columns[name] >= least] if least is not None else []
        asked += [columns[name] <= most] if most is not None else []
    return asked
