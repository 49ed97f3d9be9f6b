"""Usage in the database: entries of the journal become rows and sums, each once however often an entry is offered."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec.structs import asdict, astuple
from sqlalchemy import Connection, Table, delete, func, select

from plexus.core import json
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.bulk import Column, bulk_insert
from plexus.storage.tables.usage import open_requests, usage_attempts, usage_hours, usage_requests
from plexus.usage.entries import Closed, Opened, interrupted
from plexus.usage.kept_sums import add_to_kept, kept_over
from plexus.usage.rollup import attempts_of, columns_of, key_of, rolled_up, sums_of
from plexus.usage.row import AttemptRow, UsageRow
from plexus.usage.sums import add, inserting

_Columns = dict[str, Column]
_REQUEST = tuple(name for name in UsageRow.__struct_fields__ if name in usage_requests.c)
_ATTEMPT = tuple(name for name in AttemptRow.__struct_fields__ if name in usage_attempts.c)


async def write(connection: AsyncConnection, said: Sequence[Opened | Closed]) -> None:
    """Write what entries say. The transaction is the caller's."""
    await connection.run_sync(book, said)


async def write_rows(connection: AsyncConnection, rows: Sequence[UsageRow]) -> None:
    """Write rows that are not there yet, with their attempts and what they add to the sums of their hours."""
    await connection.run_sync(insert_rows, rows)


async def close_interrupted(connection: AsyncConnection, process: str) -> list[UsageRow]:
    """Book the open requests of a process that is gone as interrupted. Returns their rows."""
    found = await connection.execute(select(open_requests.c.document).where(open_requests.c.process == process))
    rows = [interrupted(Opened(**document)) for (document,) in found]
    await connection.run_sync(book, [Closed(row) for row in rows])
    await connection.execute(delete(open_requests).where(open_requests.c.process == process))
    return rows


async def count_open(connection: AsyncConnection, process: str) -> int:
    """How many requests a process has under way."""
    query = select(func.count()).select_from(open_requests).where(open_requests.c.process == process)
    return int((await connection.execute(query)).scalar_one())


def book(connection: Connection, said: Sequence[Opened | Closed]) -> None:
    """Write what entries say, all of it in one go."""
    rows = {entry.row.request_id: entry.row for entry in said if isinstance(entry, Closed)}
    begun = {entry.request_id: entry for entry in said if isinstance(entry, Opened) and entry.request_id not in rows}
    among, names = _among(connection, [*rows, *begun])
    found = connection.exec_driver_sql(f"SELECT request_id FROM usage_requests WHERE request_id {among}", names)  # noqa: S608 - constants
    known = set(found.scalars())
    insert_rows(connection, [row for name, row in rows.items() if name not in known])
    among, names = _among(connection, list(rows))
    connection.exec_driver_sql(f"DELETE FROM open_requests WHERE request_id {among}", names)  # noqa: S608 - constants
    _insert(connection, open_requests, [_open(opened) for name, opened in begun.items() if name not in known])


def insert_rows(connection: Connection, rows: Sequence[UsageRow]) -> None:
    """Write rows that are not there yet, with their attempts and what they add to the sums of their hours."""
    if not rows:
        return
    told = columns_of(rows)
    requests = _columns(told, _REQUEST)
    requests["attempt_count"] = list(map(attempts_of, told["attempts"]))
    if any(requests["fidelity"]):
        requests["fidelity"] = [[asdict(drop) for drop in row.fidelity] or None for row in rows]
    else:
        del requests["fidelity"]
    taken = bulk_insert(usage_requests, connection.dialect).write(connection, requests)
    if attempts := list(chain.from_iterable(told["attempts"])):
        below = _columns(
            dict(zip(AttemptRow.__struct_fields__, zip(*map(astuple, attempts), strict=True), strict=True)), _ATTEMPT
        )
        below |= _places(told)
        bulk_insert(usage_attempts, connection.dialect).write(connection, below, like=taken)
    add(connection, usage_hours, [{**asdict(key), **asdict(sums)} for key, sums in rolled_up(rows).items()])
    # after the hours, whose lock whoever keeps sums takes; mostly the rows are of now, and nothing is kept of that yet
    if over := kept_over(connection, told["started_at"]):
        add_to_kept(connection, over, ((row.started_at, key_of(row), sums_of(row)) for row in rows))


def _columns(told: Mapping[str, Column], names: tuple[str, ...]) -> _Columns:
    columns: _Columns = {name: told[name] for name in names}
    if any(columns["usage_flags"]):
        columns["usage_flags"] = [list(flags) or None for flags in columns["usage_flags"]]
    else:
        del columns["usage_flags"]
    return columns


def _places(told: Mapping[str, Column]) -> _Columns:
    """To which request each attempt belongs, and which of its attempts it is."""
    names, moments, counts = told["request_id"], told["started_at"], list(map(len, told["attempts"]))
    if counts.count(1) == len(counts):
        return {"request_id": names, "number": counts, "started_at": moments}
    places = [(at, number) for at, count in enumerate(counts) for number in range(1, count + 1)]
    return {
        "request_id": [names[at] for at, _ in places],
        "number": [number for _, number in places],
        "started_at": [moments[at] for at, _ in places],
    }


def _among(connection: Connection, names: list[str]) -> tuple[str, tuple[Any, ...]]:
    """The condition that a word is one of these, with its parameter: one, however many they are."""
    if connection.dialect.name == "postgresql":
        return "= ANY($1::text[])", (names,)
    return "IN (SELECT value FROM json_each(?))", (json.dumps(names).decode(),)


def _open(opened: Opened) -> dict[str, Any]:
    return {
        "request_id": opened.request_id,
        "process": opened.process,
        "started_at": opened.started_at,
        "document": asdict(opened),
    }


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)
