"""A backup of the whole database, and its restoring, on either engine and from one to the other.

A backup is one state of the database, taken while others write. Restoring replaces everything in one transaction, or nothing.
Secrets stay as they are stored: a backup of an encrypted database opens with its key only.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    collate,
    func,
    insert,
    inspect,
    select,
    text,
)

from plexus.core.json import dumps
from plexus.core.secret import Secret
from plexus.storage.archive import NotRestorable, Writer, check, head_of, packed, read, unpacked
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.encrypted import check_key
from plexus.storage.encryption_key import Underivable, derive
from plexus.storage.engine import Database
from plexus.storage.failures import DatabaseUnusable
from plexus.storage.schema import ADVISORY, raise_to, revision_of, revisions
from plexus.storage.tables import METADATA, RETIRED, REVISIONS, encryption

PAGE = 500
_NAMES = (*RETIRED, *(table.name for table in METADATA.sorted_tables))
_KINDS = ((Boolean, "bool"), (Integer, "int"), (Float, "float"), (LargeBinary, "bytes"), (Text, "text"))


@dataclass(frozen=True, slots=True)
class Saved:
    """How many rows of how many tables are in a backup; whether its secrets are encrypted, and its sum made with their key."""

    rows: int
    tables: int
    encrypted: bool
    signed: bool


async def back_up(database: Database, path: Path, key: Secret | None, made_at: int) -> Saved:
    """Write the whole database to a file, replacing one that is there once the new one is whole. `made_at` in milliseconds.

    Raises:
        WrongKey: when there is a key and it is not the one the database is encrypted with.
        DatabaseUnusable: when there is nothing of ours in the database.
        OSError: when the file cannot be written.
    """
    async with database.reading(within=None) as connection:
        await _one_state(connection)
        revision = await connection.run_sync(revision_of)
        if revision is None:
            raise DatabaseUnusable("there are no tables of Plexus in the database, so there is nothing to back up")
        tables = await connection.run_sync(_reflected)
        await check_key(connection, key)
        how = (await connection.execute(select(encryption.c.derivation))).scalar_one_or_none()
        signing = await _signing(key, how)
        head = {"revision": revision, "dialect": database.dialect, "made_at": made_at, "derivation": how}
        total = 0
        with Writer(path, head, signing) as writer:
            for table in tables:
                writer.table(table.name, [[column.name, _kind(column)] for column in table.c])
                content = hashlib.sha256()
                async for row in _rows(connection, table):
                    content.update(writer.row(row))
                    total += 1
                writer.end_table(content.hexdigest())
    return Saved(total, len(tables), how is not None, signing is not None)


async def is_empty(database: Database) -> bool:
    """Whether there is no row of ours in the database."""

    def look(connection: Connection) -> bool:
        return all(connection.execute(select(table).limit(1)).first() is None for table in _reflected(connection))

    async with database.reading() as connection:
        return await connection.run_sync(look)


async def verify(path: Path, key: Secret | None) -> tuple[dict[str, Any], dict[str, int]]:
    """Read a backup to its end without a database; its head, and the number of rows of each table.

    Raises:
        NotRestorable: when it is not whole, or this version cannot read it.
    """
    head = head_of(path)
    if head.get("revision") not in revisions():
        raise NotRestorable(f"{path} was made by a newer version of Plexus; restore it with that one")
    return await asyncio.to_thread(check, path, await _signing_of(path, head, key))


async def restore(database: Database, path: Path, key: Secret | None) -> dict[str, int]:
    """Replace the content of the database by that of a backup; the number of rows of each table.

    Raises:
        NotRestorable: when the backup is not whole, or this version cannot read it; nothing was changed.
        WrongKey: when there is a key and the secrets in the backup do not open with it; nothing was changed.
        DatabaseUnusable: when the tables in the database are another program's.
    """
    head, counts = await verify(path, key)
    async with database.writing(within=None) as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY})"))
        await connection.run_sync(revision_of)  # which refuses what is not ours to drop
        await connection.run_sync(_begin_anew, head["revision"])
        tables = {table.name: table for table in await connection.run_sync(_reflected)}
        await _fill(connection, tables, path)
        if database.dialect == "postgresql":
            await connection.execute(text("CLOSE ALL"))  # a table with an open cursor cannot be changed or dropped
        await connection.run_sync(raise_to)
        await check_key(connection, key)
    return counts


async def _one_state(connection: AsyncConnection) -> None:
    """Have all that is read be of one moment. On SQLite a transaction is like that anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        await connection.execute(text("SET LOCAL statement_timeout = 0"))


def _reflected(connection: Connection) -> list[Table]:
    """Our tables as they are in the database, which an older version may have made; those others refer to first.

    Columns by name: a table that was raised has them in another order than one that was made at once.
    """
    there = set(inspect(connection).get_table_names())
    found = [Table(name, MetaData(), autoload_with=connection, resolve_fks=False) for name in _NAMES if name in there]
    return [_ordered(table, sorted(table.c.keys())) for table in found]


def _ordered(table: Table, names: Iterable[str]) -> Table:
    """The table with its columns in this order."""
    columns = [Column(name, table.c[name].type, nullable=table.c[name].nullable) for name in names]
    return Table(table.name, MetaData(), *columns, PrimaryKeyConstraint(*table.primary_key.columns.keys()))


def _kind(column: Column[Any]) -> str:
    return next(name for kind, name in _KINDS if isinstance(column.type, kind))


async def _rows(connection: AsyncConnection, table: Table) -> AsyncIterator[Sequence[Any]]:
    """All rows in the order of their keys, which is the same on both engines: that of the bytes of text."""
    bytewise = connection.dialect.name == "postgresql"
    order = [collate(c, "C") if bytewise and _kind(c) == "text" else c for c in table.primary_key.columns]
    rows = await connection.stream(select(table).order_by(*order), execution_options={"yield_per": PAGE})
    async for row in rows:
        yield row


def _begin_anew(connection: Connection, revision: str) -> None:
    there = set(inspect(connection).get_table_names())
    for name in reversed(_NAMES):
        if name in there:
            Table(name, MetaData()).drop(connection)
    connection.execute(text(f"DROP TABLE IF EXISTS {REVISIONS}"))
    raise_to(connection, revision)


async def _fill(connection: AsyncConnection, tables: dict[str, Table], path: Path) -> None:
    """Insert the rows of a checked backup and read each table back."""
    table: Table | None = None
    kinds: list[str] = []
    page: list[dict[str, Any]] = []

    async def flush() -> None:
        if table is not None and page:
            await connection.execute(insert(table), page)
            page.clear()

    for value in _body(path):
        if isinstance(value, list):
            page.append(_row(path, table, kinds, value))
            if len(page) == PAGE:
                await flush()
        elif "table" in value:
            table, kinds = _begun(path, tables, value)
        elif table is not None:
            await flush()
            if await _content(connection, table) != value.get("content"):
                raise NotRestorable(f"{path}: {table.name} did not come back as it was written; nothing was changed")
            await _count_on(connection, table)


def _body(path: Path) -> Iterator[Any]:
    lines = read(path)
    next(lines)
    for value in lines:
        if isinstance(value, dict) and "end" in value:
            return
        yield value


def _begun(path: Path, tables: dict[str, Table], value: dict[str, Any]) -> tuple[Table, list[str]]:
    """The table the next rows belong to, its columns in the order of the rows."""
    table, columns = tables.get(value["table"]), value.get("columns")
    if (
        table is None
        or not isinstance(columns, list)
        or sorted(map(str, columns)) != sorted(str([column.name, _kind(column)]) for column in table.c)
    ):
        raise NotRestorable(f"{path}: the table {value['table']} is not one of its version of Plexus")
    return _ordered(table, [name for name, _ in columns]), [kind for _, kind in columns]


def _row(path: Path, table: Table | None, kinds: list[str], values: list[Any]) -> dict[str, Any]:
    try:
        if table is None:
            raise ValueError("a row before its table")
        pairs = zip(table.c.keys(), kinds, values, strict=True)
        return {name: unpacked(value, kind) for name, kind, value in pairs}
    except ValueError:
        raise NotRestorable(f"{path} is damaged: a row in it does not fit its table") from None


async def _content(connection: AsyncConnection, table: Table) -> str:
    content = hashlib.sha256()
    async for row in _rows(connection, table):
        content.update(dumps([packed(value) for value in row]))
    return content.hexdigest()


async def _count_on(connection: AsyncConnection, table: Table) -> None:
    """Have PostgreSQL count its own numbers on from where they are; SQLite does so anyway."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        place = func.pg_get_serial_sequence(table.name, column.name)
        if (await connection.execute(select(place))).scalar_one() is not None:
            most = select(func.max(column)).scalar_subquery()
            await connection.execute(select(func.setval(place, func.coalesce(most, 1), most.is_not(None))))


async def _signing(key: Secret | None, how: Any) -> bytes | None:
    """The key of a backup's sum: that of the encrypted database, if it is at hand."""
    return None if key is None or how is None else (await asyncio.to_thread(derive, key, how)).signing


async def _signing_of(path: Path, head: dict[str, Any], key: Secret | None) -> bytes | None:
    if not head["signed"]:
        return None
    if key is None:
        raise NotRestorable(f"{path} was made with an ENCRYPTION_KEY; set it, so that the backup can be checked")
    try:
        return await _signing(key, head.get("derivation"))
    except Underivable:
        raise NotRestorable(f"{path} is damaged: how its key is made cannot be read") from None
