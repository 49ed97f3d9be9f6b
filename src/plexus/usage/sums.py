"""Sums in the database: what adds them up from rows or from other sums, and adding to those that are there."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Table, case, func, literal_column

from plexus.storage.inserting import insert
from plexus.storage.tables.types import Words
from plexus.storage.tables.usage import DIMENSIONS, usage_hours, usage_requests
from plexus.usage.rollup import Sums
from plexus.usage.row import COSTS, COUNTERS
from plexus.usage.summary import FAILURES

_TIMES = ("ttft_ms", "tokens_per_second", "overhead_ms")
NAMES = (
    *("requests", "attempts", "estimated", "cost_unknown", "duration_ms", *COUNTERS, *COSTS),
    *(name for measured in _TIMES for name in (measured, f"{measured}_known")),
)
"""The sums that are stored, in the order in which `read` takes them."""
_NO_COUNT = frozenset(name for name in NAMES if isinstance(usage_hours.c[name].type, Float)) | frozenset(COSTS)


def word(table: Table, name: str) -> ColumnElement[str]:
    """A dimension's word, the empty one where there is none."""
    return (
        func.coalesce(table.c[name], literal_column("''"))
        if name == "attribution" and table is usage_requests
        else table.c[name]
    )


def hidden(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value where no index is taken for it."""
    nothing: ColumnElement[Any] = literal_column("''" if isinstance(column.type, Words) else "0")
    return column.op("||" if isinstance(column.type, Words) else "+", return_type=column.type)(nothing)


def words(table: Table, told: Sequence[str] = DIMENSIONS) -> list[ColumnElement[str]]:
    """The words of all dimensions; the empty one for those that are not told apart."""
    return [word(table, name) if name in told else literal_column("''").label(name) for name in DIMENSIONS]


def added(table: Table) -> dict[str, ColumnElement[Any]]:
    """An expression for each sum, over the rows of a table."""
    columns = table.c
    if table is not usage_requests:
        return {name: func.sum(columns[name]) for name in NAMES}
    counted: dict[str, ColumnElement[Any]] = {
        "requests": func.count(columns.request_id),
        "attempts": func.sum(columns.attempt_count),
        "estimated": func.sum(case((columns.tokens_estimated, 1), else_=0)),
        "cost_unknown": func.count(columns.request_id) - func.count(columns.cost),
    }
    counted |= {f"{name}_known": func.count(columns[name]) for name in _TIMES}
    return {name: counted[name] if name in counted else func.sum(columns[name]) for name in NAMES}


def failed(table: Table) -> ColumnElement[Any]:
    """How many requests failed."""
    one = 1 if table is usage_requests else table.c.requests
    return func.sum(case((table.c.status.in_(sorted(FAILURES)), one), else_=0))


def read(found: Sequence[Any], errors: int) -> Sums:
    """The sums as the database gave them, in the order of `NAMES`; nothing is none."""
    told: dict[str, Any] = dict(zip(NAMES, found, strict=True))
    if None in found:
        told = {name: value for name, value in told.items() if value is not None}
    if isinstance(found[0], Decimal):  # PostgreSQL adds large numbers up to decimals
        told |= {name: int(value) for name, value in told.items() if name not in _NO_COUNT}
    return Sums(errors=errors, **told)


def add(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the sums of a table; what is not there yet begins with these."""
    if rows:
        connection.execute(_adding(table, inserting(connection, table)), rows)


@lru_cache(maxsize=8)
def _adding(table: Table, statement: Any) -> Any:
    keys = [column.name for column in table.primary_key]
    sums = {column.name: column + statement.excluded[column.name] for column in table.c if column.name not in set(keys)}
    return statement.on_conflict_do_update(index_elements=keys, set_=sums)


@lru_cache(maxsize=8)
def _inserting(dialect: str, table: Table) -> Any:
    return insert(dialect, table)


def inserting(connection: Connection, table: Table) -> Any:
    """An insert of the engine's own kind, which knows what to do with rows that are there."""
    return _inserting(connection.dialect.name, table)
