"""An engine's own kind of insert, which knows what to do with rows that are there already."""

from typing import Any

from sqlalchemy import Table


def insert(dialect: str, table: Table) -> Any:
    """An insert into the table, for `sqlite` or `postgresql`. Only the engine that is asked for is loaded: each takes 2 MB."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite  # noqa: PLC0415

    return sqlite.insert(table)
