"""The revisions of the configuration and the log of what was changed, in the database. What they say is not its business."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import delete, desc, func, insert, select
from sqlalchemy.exc import IntegrityError

from plexus.core.secret import Secret
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.encrypted import hold_key
from plexus.storage.engine import Database
from plexus.storage.seal import Sealer
from plexus.storage.tables import audit_log, config_revisions

KEPT = 200
"""Revisions of a home that are kept; older ones go when a new one comes."""
_TABLE = config_revisions


class Overtaken(Exception):  # noqa: N818 - what happened
    """Another process wrote a revision meanwhile; read again, and try again."""


class Revision(NamedTuple):
    """One revision, without its text. `created_at` in milliseconds since 1970, UTC."""

    revision: int
    created_at: int
    home: str
    actor: str
    comment: str | None


class Note(NamedTuple):
    """What an administrator did, for the log; secrets in `before` and `after` are hidden by whoever makes it."""

    actor: str
    action: str
    kind: str
    subject: str
    before: Any
    after: Any
    address: str | None = None
    request_id: str | None = None


class Revisions:
    """The revisions and the log in an open database."""

    def __init__(self, database: Database, sealer: Sealer, now: Callable[[], float] = time.time) -> None:
        """`now` in seconds since 1970."""
        self.database, self._sealer, self._now = database, sealer, now

    async def newest(self, home: str | None = None) -> int:
        """The number of the last revision (of a home); 0 when there is none."""
        async with self.database.reading() as connection:
            return await _newest(connection, home)

    async def current(self, home: str) -> tuple[int, str] | None:
        """Number and text of the last revision of a home.

        Raises:
            Unreadable: when its seal does not open.
        """
        async with self.database.reading() as connection:
            number = await _newest(connection, home)
            return (number, await self._text(connection, number) or "") if number else None

    async def text(self, number: int) -> str | None:
        """The text of a revision; None when there is no such.

        Raises:
            Unreadable: when its seal does not open.
        """
        async with self.database.reading() as connection:
            return await self._text(connection, number)

    async def listed(self, before: int | None, limit: int) -> tuple[list[Revision], int]:
        """Revisions older than `before`, newest first, and how many there are in all."""
        names = [_TABLE.c[name] for name in Revision._fields]
        query = select(*names).order_by(desc(_TABLE.c.revision)).limit(limit)
        if before is not None:
            query = query.where(_TABLE.c.revision < before)
        async with self.database.reading() as connection:
            rows = (await connection.execute(query)).all()
            total = (await connection.execute(select(func.count()).select_from(_TABLE))).scalar_one()
        return [Revision(*row) for row in rows], total

    async def append(self, connection: AsyncConnection, base: int, home: str, text: str, note: Note) -> int:
        """Write the revision that follows `base`, the last one in any home, and the log's row; the revision's number.

        Raises:
            Overtaken: when another one follows it already.
            KeyReplaced: when the key secrets are sealed with was changed.
        """
        await hold_key(connection, self._sealer)
        if await _newest(connection, None) != base:
            raise Overtaken
        at = int(self._now() * 1000)
        values = {
            "revision": base + 1,
            "created_at": at,
            "home": home,
            "actor": note.actor,
            "comment": f"{note.action} {note.kind} {note.subject}".strip(),
            "configuration": Secret(text),
        }
        try:
            await connection.execute(insert(_TABLE).values(self._sealer.seal_row(_TABLE, values)))
        except IntegrityError:
            raise Overtaken from None
        await self._forget(connection, home)
        await self.log(connection, note, at)
        return base + 1

    async def log(self, connection: AsyncConnection, note: Note, at: int | None = None) -> None:
        """Write a row into the log. `at` in milliseconds since 1970; now, when it is not given."""
        await write_note(connection, note, int(self._now() * 1000) if at is None else at)

    async def logged(self, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Rows of the log older than the one numbered `before`, newest first, and how many there are in all."""
        query = select(audit_log).order_by(desc(audit_log.c.id)).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.id < before)
        async with self.database.reading() as connection:
            rows = (await connection.execute(query)).mappings().all()
            total = (await connection.execute(select(func.count()).select_from(audit_log))).scalar_one()
        return [dict(row) for row in rows], total

    async def _text(self, connection: AsyncConnection, number: int) -> str | None:
        query = select(_TABLE.c.revision, _TABLE.c.configuration).where(_TABLE.c.revision == number)
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        text: Secret = self._sealer.open_row(_TABLE, dict(row))["configuration"]
        return text.reveal()

    async def _forget(self, connection: AsyncConnection, home: str) -> None:
        old = (
            select(_TABLE.c.revision)
            .where(_TABLE.c.home == home)
            .order_by(desc(_TABLE.c.revision))
            .offset(KEPT)
            .limit(1)
        )
        last = (await connection.execute(old)).scalar_one_or_none()
        if last is not None:
            await connection.execute(delete(_TABLE).where(_TABLE.c.home == home, _TABLE.c.revision <= last))


async def write_note(connection: AsyncConnection, note: Note, at: int) -> None:
    """Write a row into the log. `at` in milliseconds since 1970."""
    named = note._asdict()
    kind = named.pop("kind")
    await connection.execute(insert(audit_log).values(at=at, subject_kind=kind, **named))


async def _newest(connection: AsyncConnection, home: str | None) -> int:
    query = select(func.max(_TABLE.c.revision))
    if home is not None:
        query = query.where(_TABLE.c.home == home)
    return (await connection.execute(query)).scalar_one() or 0
