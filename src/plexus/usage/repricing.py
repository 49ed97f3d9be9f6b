"""Pricing the requests of a past range anew in the database: some of them at a time, in short transactions, sums kept right.

Doing it twice changes nothing the second time; what is done when it is cut short stays done and is right.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, Table, and_, bindparam, insert, select, text, tuple_, update

from plexus.core.clock import Clock
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.bulk import bulk_insert_missing
from plexus.storage.engine import Database
from plexus.storage.tables.records import audit_log
from plexus.storage.tables.usage import former_costs, usage_attempts, usage_hours, usage_requests
from plexus.usage.cost import EXACT
from plexus.usage.kept_sums import add_to_kept, kept_over, stored
from plexus.usage.price import NOTHING
from plexus.usage.reprice import PRICED, PriceOf, repriced
from plexus.usage.rollup import NONE, RollupKey, Sums, key_of, minus, plus, sums_of
from plexus.usage.row import AttemptRow, UsageRow, amount_text
from plexus.usage.sums import add

BATCH = 100
"""Requests of one transaction."""
PAUSE = 0.02
"""Seconds between transactions, for those who wait for the write lock."""
Place = tuple[int, str]
"""When a request began, and its id."""
Change = tuple[UsageRow, UsageRow]


class Range(Struct, frozen=True, kw_only=True):
    """Which requests: those begun from `since` until before `until`, in milliseconds; which attempts of them are priced anew."""

    since: int
    until: int
    alias: str | None = None
    provider: str | None = None
    model: str | None = None
    reported: bool = False
    """Whether costs that a provider reported are replaced by computed ones, too."""


class Author(Struct, frozen=True, kw_only=True):
    """In whose name it is done, for the audit log."""

    actor: str
    address: str | None = None
    request_id: str | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """What it comes to. Costs are of the requests that change, in USD, as far as they are known."""

    requests: int = 0
    """Looked at."""
    changed: int = 0
    cost_before: Decimal = NOTHING
    cost_after: Decimal = NOTHING
    unknown_before: int = 0
    """Requests that change and whose cost was not known."""
    unknown_after: int = 0
    following: Place | None = None
    """The request after which to go on; None when the range is done."""


class Repricing:
    """Prices one range anew."""

    def __init__(self, database: Database, wanted: Range, price_of: PriceOf, clock: Clock) -> None:
        """`price_of` is called in a thread."""
        self._database, self._wanted, self._clock = database, wanted, clock
        self._price_of = price_of
        self._entry: int | None = None

    async def difference(self, after: Place | None, limit: int) -> Difference:
        """What would change of the next requests of the range.

        Raises:
            DatabaseAway, SQLAlchemyError: when the database does not answer.
        """
        found = Difference(following=after)
        while found.requests < limit:
            async with self._database.reading() as connection:
                rows = await self._rows(connection, found.following, min(BATCH, limit - found.requests))
            found = _told(found, rows, await self._changes(rows))
            if found.following is None:
                break
        return found

    async def apply(
        self,
        after: Place | None,
        limit: int,
        author: Author,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Difference:
        """Price the next requests of the range anew.

        Raises:
            DatabaseAway, SQLAlchemyError: when the database does not answer; what was done stays done.
        """
        found = Difference(following=after)
        while found.requests < limit:
            async with self._database.writing() as connection:
                if connection.dialect.name == "postgresql":  # two at once would change the sums twice
                    await connection.execute(text("LOCK TABLE usage_hours IN SHARE ROW EXCLUSIVE MODE"))
                rows = await self._rows(connection, found.following, min(BATCH, limit - found.requests))
                changes = await self._changes(rows)
                found = _told(found, rows, changes)
                if changes:
                    await connection.run_sync(self._write, changes)
                    await self._note(connection, found, author)
            if found.following is None:
                break
            await sleep(PAUSE)
        return found

    async def _changes(self, rows: Sequence[UsageRow]) -> list[Change]:
        trusted = not self._wanted.reported
        return await asyncio.to_thread(
            lambda: list(repriced(rows, self._price_of, self._meant, trust_reported=trusted))
        )

    def _meant(self, attempt: AttemptRow) -> bool:
        wanted = self._wanted
        return wanted.provider in {None, attempt.provider} and wanted.model in {None, attempt.model}

    async def _rows(self, connection: AsyncConnection, after: Place | None, limit: int) -> list[UsageRow]:
        columns = usage_requests.c
        asked = [columns.started_at >= self._wanted.since, columns.started_at < self._wanted.until]
        if self._wanted.alias is not None:
            asked.append(columns.alias == self._wanted.alias)
        if after is not None:
            asked.append(tuple_(columns.started_at, columns.request_id) > tuple_(*after))
        query = select(usage_requests).where(and_(*asked)).order_by(columns.started_at, columns.request_id).limit(limit)
        found = (await connection.execute(query)).mappings().all()
        names = [row["request_id"] for row in found]
        below = select(usage_attempts).where(usage_attempts.c.request_id.in_(names))
        attempts: dict[str, list[AttemptRow]] = {}
        for row in (await connection.execute(below.order_by(usage_attempts.c.number))).mappings():
            attempts.setdefault(row["request_id"], []).append(_struct(AttemptRow, row))
        return [_struct(UsageRow, row, attempts=tuple(attempts.get(row["request_id"], ()))) for row in found]

    def _write(self, connection: Connection, changes: Sequence[Change]) -> None:
        rows = [_priced(after) | {"b_request_id": after.request_id} for _, after in changes]
        _update(connection, usage_requests, rows)
        below = [
            _priced(after) | {"b_request_id": row.request_id, "b_number": number}
            for row, anew in changes
            for number, (before, after) in enumerate(zip(row.attempts, anew.attempts, strict=True), 1)
            if before != after
        ]
        _update(connection, usage_attempts, below)
        now = int(self._clock.wall() * 1000)
        former: dict[str, Sequence[Any]] = {
            "request_id": [row.request_id for row, _ in changes],
            "until": [now] * len(changes),
            "cost": [row.cost for row, _ in changes],
            "cost_source": [row.cost_source for row, _ in changes],
            "price_version": [row.price_version for row, _ in changes],
        }
        bulk_insert_missing(former_costs, connection.dialect).write(connection, former)
        _sums(connection, changes)

    async def _note(self, connection: AsyncConnection, found: Difference, author: Author) -> None:
        """One entry of the audit log, which grows with the transactions it is about."""
        told = {
            "before": {"cost": amount_text(found.cost_before), "unknown": found.unknown_before},
            "after": {"cost": amount_text(found.cost_after), "unknown": found.unknown_after, "requests": found.changed},
        }
        if self._entry is not None:
            await connection.execute(update(audit_log).where(audit_log.c.id == self._entry).values(told))
            return
        wanted = {name: value for name, value in asdict(self._wanted).items() if value is not None}
        subject = " ".join(f"{name}={value}" for name, value in wanted.items())
        said = {"actor": author.actor, "action": "reprice", "subject_kind": "usage", "subject": subject}
        whence = {"address": author.address, "request_id": author.request_id, "at": int(self._clock.wall() * 1000)}
        written = await connection.execute(insert(audit_log).values({**told, **said, **whence}))
        self._entry = written.inserted_primary_key[0] if written.inserted_primary_key is not None else None


def _told(found: Difference, rows: Sequence[UsageRow], changes: Sequence[Change]) -> Difference:
    known = [(before.cost, after.cost) for before, after in changes]
    return Difference(
        requests=found.requests + len(rows),
        changed=found.changed + len(changes),
        cost_before=_sum(found.cost_before, [before for before, _ in known]),
        cost_after=_sum(found.cost_after, [after for _, after in known]),
        unknown_before=found.unknown_before + sum(before is None for before, _ in known),
        unknown_after=found.unknown_after + sum(after is None for _, after in known),
        following=(rows[-1].started_at, rows[-1].request_id) if rows else None,
    )


def _sum(so_far: Decimal, amounts: Sequence[Decimal | None]) -> Decimal:
    for amount in amounts:
        so_far = so_far if amount is None else EXACT.add(so_far, amount)
    return so_far


def _sums(connection: Connection, changes: Sequence[Change]) -> None:
    """Put the difference of rows into the sums they are in."""
    differing = [(row.started_at, key_of(row), minus(sums_of(anew), sums_of(row))) for row, anew in changes]
    hours: dict[RollupKey, Sums] = {}
    for _, key, sums in differing:
        hours[key] = plus(hours.get(key, NONE), sums)
    add(connection, usage_hours, [{**asdict(key), **stored(sums)} for key, sums in hours.items()])
    if over := kept_over(connection, [moment for moment, _, _ in differing]):
        add_to_kept(connection, over, differing)


def _priced(row: UsageRow | AttemptRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PRICED}


def _update(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        keys = [name for name in rows[0] if name.startswith("b_")]
        found = [table.c[name.removeprefix("b_")] == bindparam(name) for name in keys]
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name not in keys}
        connection.execute(update(table).where(*found).values(values), rows)


def _struct(kind: Any, row: Any, **more: Any) -> Any:
    values = {name: row[name] for name in kind.__struct_fields__ if name in row and name != "fidelity"}
    return kind(**{**values, "usage_flags": tuple(values["usage_flags"] or ()), **more})
