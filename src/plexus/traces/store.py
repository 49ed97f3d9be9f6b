"""Traces in the database: written whole, listed newest first, deleted oldest first. It decides neither what nor how long."""

from collections.abc import Sequence
from typing import Any

import zstandard
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select

from plexus.core.json import dumps
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables import trace_bodies, traces
from plexus.traces.trace import Body, Trace

Row = dict[str, Any]
BATCH = 50
"""Traces deleted by one statement."""
_LARGEST = 64_000_000
_SHOWN = [column for column in traces.c if column.name != "document"]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which traces are asked for; None is not asked. Moments in milliseconds since the epoch, `until` exclusive."""

    key: str | None = None
    alias: str | None = None
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    captured_by: str | None = None
    since: int | None = None
    until: int | None = None


def packed(trace: Trace) -> tuple[Row, list[Row]]:
    """The rows of a trace, bodies compressed. It takes a while and can run beside the event loop."""
    compressor = zstandard.ZstdCompressor(level=3)
    bodies: list[Row] = []
    for name, body in trace.bodies.items():
        small = compressor.compress(body.kept)
        shorter = len(small) < len(body.kept)
        kept, encoding = (small, "zstd") if shorter else (body.kept, "identity")
        bodies.append(
            {"request_id": trace.request_id, "name": name, "encoding": encoding, "size": body.size, "body": kept}
        )
    gaps = {name: body.gap_at for name, body in trace.bodies.items() if body.gap_at is not None}
    document = {**trace.document, "gaps": gaps}
    row = {name: getattr(trace, name) for name in Trace.__struct_fields__ if name not in {"document", "bodies"}}
    size = sum(len(body["body"]) for body in bodies) + len(dumps(document))
    return {**row, "document": document, "bytes": size}, bodies


def write(connection: Connection, row: Row, bodies: Sequence[Row]) -> None:
    """Write one trace."""
    connection.execute(insert(traces), [row])
    if bodies:
        connection.execute(insert(trace_bodies), bodies)


async def page(
    connection: AsyncConnection, wanted: Wanted, limit: int, after: tuple[int, str] | None
) -> tuple[list[Row], int]:
    """Rows newest first, at most `limit`, after the one that started at this moment and has this id; and how many there are."""
    conditions = _conditions(wanted)
    total: int = (await connection.execute(select(func.count()).select_from(traces).where(*conditions))).scalar_one()
    if after is not None:
        moment, request_id = after
        older = and_(traces.c.started_at == moment, traces.c.request_id < request_id)
        conditions.append(or_(traces.c.started_at < moment, older))
    query = select(*_SHOWN).where(*conditions).order_by(traces.c.started_at.desc(), traces.c.request_id.desc())
    rows = (await connection.execute(query.limit(limit))).mappings()
    return [dict(row) for row in rows], total


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    names = ("key", "alias", "provider", "model", "status", "captured_by")
    found: list[ColumnElement[bool]] = [
        traces.c[name] == getattr(wanted, name) for name in names if getattr(wanted, name) is not None
    ]
    if wanted.since is not None:
        found.append(traces.c.started_at >= wanted.since)
    if wanted.until is not None:
        found.append(traces.c.started_at < wanted.until)
    return found


async def one(connection: AsyncConnection, request_id: str, key: str | None = None) -> Trace | None:
    """One trace with its bodies; None when it is not there, or not of this key."""
    conditions = _conditions(Wanted(key=key))
    found = await connection.execute(select(traces).where(traces.c.request_id == request_id, *conditions))
    row = found.mappings().first()
    if row is None:
        return None
    told = await connection.execute(select(trace_bodies).where(trace_bodies.c.request_id == request_id))
    gaps = row["document"].get("gaps", {})
    bodies = {
        body["name"]: Body(
            size=body["size"], kept=_unpacked(body["encoding"], body["body"]), gap_at=gaps.get(body["name"])
        )
        for body in told.mappings()
    }
    fields = {name: row[name] for name in Trace.__struct_fields__ if name != "bodies"}
    return Trace(**fields, bodies=bodies)


async def forget(connection: AsyncConnection, request_id: str) -> bool:
    """Delete one trace; whether it was there."""
    return (await connection.execute(delete(traces).where(traces.c.request_id == request_id))).rowcount > 0


def trim(connection: Connection, before: int, most: int) -> int:
    """Delete one batch of the oldest traces that are out of bounds, and say how many went; 0 when nothing is to be done.

    `before`: a moment in milliseconds since the epoch; `most`: bytes that all of them may take.
    """
    newer = func.sum(traces.c.bytes).over(order_by=(traces.c.started_at.desc(), traces.c.request_id.desc()))
    sums = select(traces.c.request_id, traces.c.started_at, newer.label("newer")).subquery()
    out = or_(sums.c.started_at < before, sums.c.newer > most)
    oldest = select(sums.c.request_id).where(out).order_by(sums.c.started_at).limit(BATCH)
    return connection.execute(delete(traces).where(traces.c.request_id.in_(oldest))).rowcount


def _unpacked(encoding: str, body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body, max_output_size=_LARGEST) if encoding == "zstd" else body
