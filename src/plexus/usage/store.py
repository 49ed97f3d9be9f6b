"""Usage in the database: entries of the journal become rows and sums, each once however often an entry is offered."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from plexus.storage.bulk import bulk_insert
from plexus.storage.tables.usage import open_requests, usage_attempts, usage_hours, usage_requests
from plexus.usage.entries import Closed, Opened, interrupted
from plexus.usage.kept_sums import add_to_kept, kept_over
from plexus.usage.rollup import key_of, rolled_up, sums_of
from plexus.usage.row import AttemptRow, UsageRow
from plexus.usage.sums import add, inserting

_AT_ONCE = 400
"""Keys asked for in one statement; SQLite takes some thousand values, PostgreSQL 32,767."""


async def write(connection: AsyncConnection, said: Sequence[Opened | Closed]) -> None:
    """Write what entries say. The transaction is the caller's."""
    rows = {entry.row.request_id: entry.row for entry in said if isinstance(entry, Closed)}
    begun = {entry.request_id: entry for entry in said if isinstance(entry, Opened) and entry.request_id not in rows}
    known = await _known(connection, [*rows, *begun])
    await write_rows(connection, [row for name, row in rows.items() if name not in known])
    for some in _portions(list(rows)):
        await connection.execute(delete(open_requests).where(open_requests.c.request_id.in_(some)))
    fresh = [opened for name, opened in begun.items() if name not in known]
    await _insert(connection, open_requests, [_open(opened) for opened in fresh])


async def write_rows(connection: AsyncConnection, rows: Sequence[UsageRow]) -> None:
    """Write rows that are not there yet, with their attempts and what they add to the sums of their hours."""
    if not rows:
        return
    dialect = connection.dialect
    await bulk_insert(usage_requests, dialect).write(connection, [_request(row) for row in rows])
    attempts = [_attempt(row, number, one) for row in rows for number, one in enumerate(row.attempts, 1)]
    await bulk_insert(usage_attempts, dialect).write(connection, attempts)
    hours = [{**asdict(key), **_stored(asdict(sums))} for key, sums in rolled_up(rows).items()]
    await add(connection, usage_hours, hours)
    # after the hours, whose lock whoever keeps sums takes; mostly the rows are of now, and nothing is kept of that yet
    if over := await kept_over(connection, [row.started_at for row in rows]):
        await add_to_kept(connection, over, ((row.started_at, key_of(row), sums_of(row)) for row in rows))


async def close_interrupted(connection: AsyncConnection, process: str) -> int:
    """Book the open requests of a process that is gone as interrupted. Returns how many there were."""
    found = await connection.execute(select(open_requests.c.document).where(open_requests.c.process == process))
    rows = [interrupted(Opened(**document)) for (document,) in found]
    known = await _known(connection, [row.request_id for row in rows])
    await write_rows(connection, [row for row in rows if row.request_id not in known])
    await connection.execute(delete(open_requests).where(open_requests.c.process == process))
    return len(rows)


async def _known(connection: AsyncConnection, names: list[str]) -> set[str]:
    found: set[str] = set()
    for some in _portions(names):
        column = usage_requests.c.request_id
        found.update((await connection.execute(select(column).where(column.in_(some)))).scalars())
    return found


def _portions(names: list[str]) -> Iterable[list[str]]:
    return (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))


def _request(row: UsageRow) -> dict[str, Any]:
    values = _stored(asdict(row))
    values["fidelity"] = [asdict(drop) for drop in row.fidelity] or None
    values["attempt_count"] = sum(not one.aside for one in row.attempts)
    return values


def _attempt(row: UsageRow, number: int, attempt: AttemptRow) -> dict[str, Any]:
    values = _stored(asdict(attempt))
    values["request_id"], values["number"], values["started_at"] = row.request_id, number, row.started_at
    return values


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    if "usage_flags" in values:
        values["usage_flags"] = list(values["usage_flags"]) or None
    return values


def _open(opened: Opened) -> dict[str, Any]:
    return {
        "request_id": opened.request_id,
        "process": opened.process,
        "started_at": opened.started_at,
        "document": asdict(opened),
    }


async def _insert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(inserting(connection, table).on_conflict_do_nothing(), rows)
