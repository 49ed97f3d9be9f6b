"""The one-time copy of `quota_snapshots`, where earlier versions kept what quota checkers read, into `meter_snapshots`.

It only adds rows to the one table and leaves the other as it is. Rows that are there already are skipped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Connection, MetaData, Table, func, insert, inspect, select

from plexus.storage.engine import Database
from plexus.storage.schema import raise_to
from plexus.storage.tables import OURS, REVISIONS, meter_snapshots

LEGACY = "quota_snapshots"
PAGE = 500
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "twelve": 12, "thirty": 30}
_BALANCES = frozenset({"balance", "credits", "credit", "wallet", "prepaid"})
_SPELLINGS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "h": "hour",
    "d": "day",
    "w": "week",
}
_WINDOW = re.compile(
    rf"(?P<rolling>rolling_)?(?:(?P<number>\d{{1,3}}|{'|'.join(_WORDS)})_?)?"
    r"(?P<unit>minute|hour|day|week|month|hourly|daily|weekly|monthly|h|d|w)s?"
)
_SAME = ("provider", "checker_id", "group", "meter_key", "checked_at")
"""What makes two rows the same measurement."""


class Window(NamedTuple):
    """What a legacy type of window says."""

    kind: str
    value: int | None = None
    unit: str | None = None
    cycle: str | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """How many legacy rows there are, were copied, and were there already."""

    found: int = 0
    copied: int = 0
    skipped: int = 0


def window(window_type: str) -> Window:
    """The kind of meter and its period, from the legacy type of window; an unknown type is an allowance without a period."""
    text = window_type.strip().lower().replace("-", "_").replace(" ", "_")
    if text in _BALANCES:
        return Window("balance")
    found = _WINDOW.fullmatch(text)
    if found is None:
        return Window("allowance")
    number = found["number"] or "1"
    unit = _SPELLINGS.get(found["unit"], found["unit"])
    rolling = found["rolling"] or unit in {"minute", "hour"}  # vendors' days, weeks and months begin at a set time
    return Window("allowance", _WORDS.get(number) or int(number), unit, "rolling" if rolling else "fixed")


def meter(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of `meter_snapshots` for a legacy row."""
    kind = str(row.get("window_type") or "unknown")
    period, percent = window(kind), row.get("utilization_percent")
    description, unit, status = row.get("description"), row.get("unit"), row.get("status")
    same = ("provider", "checker_id", "limit", "used", "remaining", "resets_at", "error_message", "checked_at")
    return {
        **{name: row.get(name) for name in same},
        "checker_type": "unknown",
        "meter_key": kind,
        "kind": period.kind,
        "unit": "" if unit is None else unit,
        "label": kind if description is None else description,
        "group": row.get("group_id"),
        "scope": None,
        "utilization_state": "unknown" if percent is None else "reported",
        "utilization_percent": percent,
        "status": "ok" if status is None else status,
        "period_value": period.value,
        "period_unit": period.unit,
        "period_cycle": period.cycle,
        "success": bool(row.get("success", True)),
        "created_at": row.get("checked_at") if row.get("created_at") is None else row.get("created_at"),
    }


async def copy_quota_snapshots(database: Database) -> Copied:
    """Copy what is not there yet, in one transaction. Without legacy rows nothing is changed, not even the schema.

    Raises:
        DatabaseUnusable, NewerSchema, DatabaseAway, SQLAlchemyError: when nothing was copied.
    """
    async with database.reading() as connection:
        found = await connection.run_sync(_count)
    if not found:
        return Copied()
    async with database.writing(within=None) as connection:
        return await connection.run_sync(_copy)


def _count(connection: Connection) -> int:
    if not inspect(connection).has_table(LEGACY):
        return 0
    legacy = Table(LEGACY, MetaData(), autoload_with=connection)
    return int(connection.execute(select(func.count()).select_from(legacy)).scalar_one())


def _copy(connection: Connection) -> Copied:
    target = _target(connection)
    legacy = Table(LEGACY, MetaData(), autoload_with=connection)
    order = list(legacy.primary_key.columns) or [legacy.c.checked_at, *legacy.c]
    rows = connection.execute(select(legacy).order_by(*order)).mappings().all()
    copied = 0
    for begin in range(0, len(rows), PAGE):
        meters = [meter(dict(row)) for row in rows[begin : begin + PAGE]]
        there = _there(connection, target, meters)
        new = []
        for one in meters:
            if (key := tuple(one[name] for name in _SAME)) not in there:
                there.add(key)
                new.append(one)
        if new:
            connection.execute(insert(target), [_fitting(target, one) for one in new])
        copied += len(new)
    return Copied(len(rows), copied, len(rows) - copied)


def _target(connection: Connection) -> Table:
    """The table to copy into: ours, or the one of an earlier version of Plexus in whose database we are."""
    names = set(inspect(connection).get_table_names())
    if REVISIONS in names or not names & OURS:
        raise_to(connection)
    elif meter_snapshots.name not in names:
        meter_snapshots.create(connection)
    return Table(meter_snapshots.name, MetaData(), autoload_with=connection)


def _there(connection: Connection, target: Table, meters: Sequence[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    moments = [one["checked_at"] for one in meters]
    query = select(*(target.c[name] for name in _SAME)).where(target.c.checked_at.between(min(moments), max(moments)))
    return {tuple(row) for row in connection.execute(query)}


def _fitting(target: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Flags are numbers in the tables of some earlier versions."""
    success: Any = values["success"]
    return {**values, "success": success if isinstance(target.c.success.type, Boolean) else int(success)}
