"""Many rows into one table at the cost of the driver alone: the statement is compiled once and values are converted by column.

SQLAlchemy's own way costs some microseconds a column, which adds up where a row has fifty and is written for every request.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Convert = Callable[[Any], Any]


class Bulk:
    """One statement for many rows."""

    def __init__(self, statement: Any, table: Table, columns: Sequence[str], dialect: Dialect) -> None:
        """`statement` takes the values of `columns` as its parameters."""
        compiled = statement.compile(dialect=dialect, column_keys=list(columns))
        order = compiled.positiontup or list(columns)
        self._sql = str(compiled)
        self._columns = [(name, _conversion(table, name, dialect), _default(table, name)) for name in order]

    async def write(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute it for each row. What a row lacks gets the column's default."""
        if rows:
            values = [
                tuple(_value(row, name, convert, default) for name, convert, default in self._columns) for row in rows
            ]
            await connection.exec_driver_sql(self._sql, values)


def _value(row: Mapping[str, Any], name: str, convert: Convert | None, default: Any) -> Any:
    value = row.get(name, default)
    return value if value is None or convert is None else convert(value)


def _conversion(table: Table, name: str, dialect: Dialect) -> Convert | None:
    kind = table.c[name].type
    own = kind.dialect_impl(dialect)
    convert: Convert | None = own.bind_processor(dialect)
    return convert


def _default(table: Table, name: str) -> Any:
    default = table.c[name].default
    return default.arg if isinstance(default, ScalarElementColumnDefault) else None


@lru_cache(maxsize=64)
def bulk_insert(table: Table, dialect: Dialect) -> Bulk:
    """Plain insertion into all columns."""
    columns = [column.name for column in table.c]
    return Bulk(table.insert(), table, columns, dialect)
