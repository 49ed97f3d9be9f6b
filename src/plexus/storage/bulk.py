"""Many rows into one table at the cost of the driver alone: the statement is compiled once and values are converted by column.

SQLAlchemy's own way costs some microseconds a column, which adds up where a row has fifty and is written for every request.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from plexus.storage.tables.types import Words, storable

Convert = Callable[[Any], Any]


class Bulk:
    """One statement for many rows."""

    def __init__(self, statement: Any, table: Table, columns: Sequence[str], dialect: Dialect) -> None:
        """`statement` takes the values of `columns` as its parameters."""
        compiled = statement.compile(dialect=dialect, column_keys=list(columns))
        order = compiled.positiontup or list(columns)
        self._sql = str(compiled)
        self._defaults = {name: default for name in order if (default := _default(table, name)) is not None}
        self._absent = dict.fromkeys(order)
        self._pick = itemgetter(*order)
        converted = ((place, _conversion(table, name, dialect)) for place, name in enumerate(order))
        self._converted = [(place, convert) for place, convert in converted if convert is not None]

    async def write(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row. What a row lacks gets the column's default."""
        if rows:
            await connection.exec_driver_sql(self._sql, [self.values(row) for row in rows])

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The parameters for one row."""
        values = list(self._pick({**self._absent, **self._defaults, **row}))
        for place, convert in self._converted:
            if values[place] is not None:
                values[place] = convert(values[place])
        return tuple(values)


def _conversion(table: Table, name: str, dialect: Dialect) -> Convert | None:
    kind = table.c[name].type
    if isinstance(kind, Words):
        return storable  # what its processor comes to, without the calls around it
    convert: Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _default(table: Table, name: str) -> Any:
    default = table.c[name].default
    return default.arg if isinstance(default, ScalarElementColumnDefault) else None


@lru_cache(maxsize=64)
def bulk_insert_missing(table: Table, dialect: Dialect) -> Bulk:
    """Insertion into all columns of what is not there yet."""
    columns = [column.name for column in table.c]
    engine = postgresql if dialect.name == "postgresql" else sqlite
    return Bulk(engine.insert(table).on_conflict_do_nothing(), table, columns, dialect)


@lru_cache(maxsize=64)
def bulk_insert(table: Table, dialect: Dialect) -> Bulk:
    """Plain insertion into all columns."""
    columns = [column.name for column in table.c]
    return Bulk(table.insert(), table, columns, dialect)
