"""Many rows into one table at the cost of the driver alone: values come by column, and one step of the driver takes many rows.

SQLAlchemy's own way costs some microseconds a column, which adds up where a row has fifty and is written for every request.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Boolean, Connection, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from plexus.storage.tables.types import PLACES, Money, Words, storable

_PORTIONS = (64, 8, 1)
"""Rows of one step: few sizes, so that few statements are prepared, and within the parameters that a statement can have."""
_SHAPES = 64
"""Texts of statements kept for a table: one for each set of columns that a batch gave, and each size."""
Column = Sequence[Any]
Columns = Mapping[str, Column]
Taken = dict[str, tuple[Column, Column]]
"""The columns that were named in a statement: their values, and what the driver was given for them."""
Convert = Callable[[Column], Column]


class Bulk:
    """Insertion into one table."""

    def __init__(self, table: Table, dialect: Dialect, *, missing: bool = False) -> None:
        """The statements are made as they are needed. `missing`: only rows whose key is not there yet."""
        self._table, self._dialect = table.name, dialect
        self._end = " ON CONFLICT DO NOTHING" if missing else ""
        self._quoted = {column.name: dialect.identifier_preparer.quote(column.name) for column in table.c}
        self._defaults = {
            column.name: default.arg if isinstance(default := column.default, ScalarElementColumnDefault) else None
            for column in table.c
        }
        self._converts = {column.name: _conversion(column.type, dialect) for column in table.c}
        self._statement = lru_cache(maxsize=_SHAPES)(self._written)

    def write(self, connection: Connection, columns: Columns, like: Taken | None = None) -> Taken:
        """Insert rows. A column that is not given has its default, and so has one that holds nothing else.

        Returns what the driver was given. `like` is that of a table whose columns mostly hold the very same values under the same
        names, so that nothing is converted twice.
        """
        rows = len(next(iter(columns.values())))
        taken: Taken = {}
        for name, values in columns.items():
            default = self._defaults[name]
            if values[0] != default or values.count(default) != rows:
                convert = self._converts[name]
                before, converted = like[name] if like is not None and name in like else (None, values)
                if convert is not None and values != before:
                    converted = convert(values)
                taken[name] = values, values if convert is None else converted
        given = [converted for _, converted in taken.values()]
        for size, parameters in _portions(list(zip(*given, strict=True))):
            connection.exec_driver_sql(self._statement(tuple(taken), size), parameters)
        return taken

    def _written(self, given: tuple[str, ...], size: int) -> str:
        fixed = {name: value for name, value in self._defaults.items() if name not in given and value is not None}
        names = ", ".join(self._quoted[name] for name in (*given, *fixed))
        literals = [_literal(value) for value in fixed.values()]
        places = _places(self._dialect)
        rows = (f"({', '.join([*(next(places) for _ in given), *literals])})" for _ in range(size))
        return f"INSERT INTO {self._table} ({names}) VALUES {', '.join(rows)}{self._end}"  # noqa: S608 - names and defaults of our schema


def _portions(rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """The parameters of rows, as many rows at once as go."""
    at = 0
    for size in _PORTIONS:
        steps = (len(rows) - at) // size
        if steps:
            starts = range(at, at + steps * size, size)
            yield size, [tuple(chain.from_iterable(rows[start : start + size])) for start in starts]
            at += steps * size


def _places(dialect: Dialect) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield "?" if dialect.paramstyle == "qmark" else f"${number}"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value).upper()


def _conversion(kind: Any, dialect: Dialect) -> Convert | None:
    """How the values of a column are made what the driver takes; None where they are that."""
    if isinstance(kind, Words):
        return _words
    if isinstance(kind, Money):
        return _money
    if isinstance(kind, Boolean):
        return None
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if bind is None else lambda values: [None if value is None else bind(value) for value in values]


def _words(values: Column) -> Column:
    """What their type's own processor comes to, seen at once where nothing has to be done."""
    if None not in values:
        return values if "".join(values).isprintable() else [storable(value) for value in values]
    return [None if value is None else storable(value) for value in values]


def _money(values: Column) -> Column:
    # what `units` comes to, without a call for each
    return [round(value.scaleb(PLACES)) if value else None if value is None else 0 for value in values]


@lru_cache(maxsize=64)
def bulk_insert_missing(table: Table, dialect: Dialect) -> Bulk:
    """Insertion of what is not there yet."""
    return Bulk(table, dialect, missing=True)


@lru_cache(maxsize=64)
def bulk_insert(table: Table, dialect: Dialect) -> Bulk:
    """Plain insertion into a table."""
    return Bulk(table, dialect)
