"""Sums in the database: what adds them up from rows or from other sums, and adding to those that are there.

What the database added up stays plain numbers: an answer may hold ten thousand groups, and money as a Decimal took longer than
the sum.
"""

import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Float, Table, case, func, literal_column, type_coerce

from plexus.storage.inserting import insert
from plexus.storage.tables.types import PLACES, Words
from plexus.storage.tables.usage import DIMENSIONS, usage_hours, usage_requests
from plexus.usage.rollup import Sums
from plexus.usage.row import COSTS, COUNTERS
from plexus.usage.summary import FAILURES

_TIMES = ("ttft_ms", "tokens_per_second", "overhead_ms")
NAMES = (
    *("requests", "attempts", "estimated", "cost_unknown", "duration_ms", *COUNTERS, *COSTS),
    *(name for measured in _TIMES for name in (measured, f"{measured}_known")),
)
"""The sums that are stored, in the order in which `added` gives them."""
Numbers = tuple[Any, ...]
"""How many requests failed, then the sums in the order of `NAMES`. Money in whole units of 1e-8 USD."""
_PLAIN = frozenset((int, float, str))
_FLOATS = frozenset(name for name in NAMES if isinstance(usage_hours.c[name].type, Float))


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
    """An expression for each sum, over the rows of a table; money in the units in which it is stored."""
    columns = table.c
    sums: dict[str, ColumnElement[Any]] = {name: func.sum(columns[name]) for name in NAMES if name in columns}
    sums |= {name: type_coerce(sums[name], BigInteger) for name in COSTS}
    if table is not usage_requests:
        return sums
    counted: dict[str, ColumnElement[Any]] = {
        "requests": func.count(columns.request_id),
        "attempts": func.sum(columns.attempt_count),
        "estimated": func.sum(case((columns.tokens_estimated, 1), else_=0)),
        "cost_unknown": func.count(columns.request_id) - func.count(columns.cost),
    }
    counted |= {f"{name}_known": func.count(columns[name]) for name in _TIMES}
    sums |= counted
    return {name: sums[name] for name in NAMES}


def failed(table: Table) -> ColumnElement[Any]:
    """How many requests failed."""
    one = 1 if table is usage_requests else table.c.requests
    return func.sum(case((table.c.status.in_(sorted(FAILURES)), one), else_=0))


def plain(found: Sequence[Any]) -> tuple[Any, ...]:
    """Sums as the database gave them, as numbers: nothing is zero, and PostgreSQL adds large numbers up to decimals."""
    if _PLAIN.issuperset(map(type, found)):
        return tuple(found)
    return tuple([0 if value is None else int(value) if isinstance(value, Decimal) else value for value in found])


def both(one: Numbers, other: Numbers) -> Numbers:
    """Both together."""
    return tuple(map(operator.add, one, other))


def read(found: Numbers) -> Sums:
    """The sums with their names, money as decimals."""
    told: dict[str, Any] = dict(zip(NAMES, found[1:], strict=True))
    told |= {name: Decimal(told[name]).scaleb(-PLACES) for name in COSTS}
    told |= {name: float(told[name]) for name in _FLOATS}
    return Sums(errors=found[0], **told)


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
