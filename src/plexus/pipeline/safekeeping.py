"""Backups of a running gateway, and putting one back while it runs.

The work is done in a thread with a connection of its own: a backup packs every row, which is nothing for the event loop. While
one is put back no request is begun, and afterwards everything is read from the database as at a start: docs/adr/0021-backups.md.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from plexus.core import ids
from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.bookkeeping import Bookkeeping
from plexus.pipeline.books import Place
from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.storage.backup import Saved, back_up, restore, verify
from plexus.storage.configuration import Note, write_note
from plexus.storage.engine import Database, open_database

T = TypeVar("T")
log = logger("plexus.backup")
_DAY = 86_400.0


class Busy(Exception):  # noqa: N818 - says what is so
    """A backup is being made or put back already."""


class Author(NamedTuple):
    """In whose name it is done, for the log."""

    actor: str
    address: str | None = None
    request_id: str | None = None


class Archive(NamedTuple):
    """A backup that was made: its file, open, with no name any more; its size in bytes, and what is in it."""

    file: IO[bytes]
    size: int
    saved: Saved


class Restored(NamedTuple):
    """What was put back: rows and tables; and where what was there before is kept."""

    rows: int
    tables: int
    kept: Path


class Safekeeping:
    """Backups of one gateway. One thing at a time."""

    def __init__(
        self,
        place: Place,
        books: Bookkeeping,
        gateway: Gateway,
        still: Callable[[], AbstractAsyncContextManager[None]],
        clock: Clock,
    ) -> None:
        """`still` keeps the configuration from being changed meanwhile. Files lie in `backups` beside the journal."""
        self._place, self._books, self._gateway, self._still, self._clock = place, books, gateway, still, clock
        self.folder = place.folder.parent / "backups"
        self._task: asyncio.Task[object] | None = None
        self._reading: Path | None = None

    def room(self) -> Path:
        """A free name for a file that is taken in, or made; what was left there by a process that was killed is deleted.

        Raises:
            OSError: when there is no room for it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.folder.glob(".*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _DAY:
                    left.unlink()
        return self.folder / f".{ids.request_id()}"

    async def backup(self, author: Author) -> Archive:
        """Make a backup. It is in the log before.

        Raises:
            Busy, DatabaseUnusable, DatabaseAway, OSError: when there is none.
        """
        return await self._alone(lambda: self._backup(author))

    def done_with(self, path: Path) -> None:
        """A file that was taken in is wanted no more; it goes as soon as nothing is read from it."""
        if path != self._reading:
            path.unlink(missing_ok=True)

    async def restore(self, path: Path, author: Author) -> Restored:
        """Put a backup in the place of what is in the database. It is in the log of what was put back.

        Raises:
            Busy, NotNow, NotRestorable, NotUsable, DatabaseUnusable, DatabaseAway, OSError: when nothing was changed.
        """
        return await self._alone(lambda: self._restore(path, author))

    async def finish(self) -> None:
        """Wait for what is being done."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _alone(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it to its end, also when who asked for it has gone: half of it would be worse."""
        if self._task is not None and not self._task.done():
            raise Busy("another backup is being made or put back; wait for its end")

        async def run() -> T:
            return await work()

        self._task = task = asyncio.create_task(run())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_let_go)
            raise

    async def _backup(self, author: Author) -> Archive:
        path, now = self.room(), int(self._clock.wall() * 1000)
        key = self._place.encryption_key
        await self._note(author, "backup", None)
        try:
            saved = await self._apart(lambda database: back_up(database, path, key, now))
            file = await asyncio.to_thread(path.open, "rb")
        finally:
            path.unlink(missing_ok=True)
        log.info("a backup was made", rows=saved.rows, by=author.actor)
        return Archive(file, os.fstat(file.fileno()).st_size, saved)

    async def _restore(self, path: Path, author: Author) -> Restored:
        self._reading = path
        try:
            return await self._put_back(path, author)
        finally:
            self._reading = None
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _put_back(self, path: Path, author: Author) -> Restored:
        key = self._place.encryption_key
        await verify(path, key)
        kept = self._kept()

        async def put_back() -> dict[str, int]:
            now = int(self._clock.wall() * 1000)
            await self._apart(lambda database: back_up(database, kept, None, now))
            return await self._apart(lambda database: restore(database, path, key))

        async def undo() -> None:
            await self._apart(lambda database: restore(database, kept, None))

        async with self._still():
            with self._shut():
                counts = await self._books.replaced(put_back, undo)
        told = Restored(sum(counts.values()), len(counts), kept)
        await self._note(author, "restore", {"rows": told.rows, "tables": told.tables, "kept": kept.name})
        log.warning("a backup was restored", rows=told.rows, by=author.actor, before=kept.name)
        return told

    @contextmanager
    def _shut(self) -> Iterator[None]:
        """Meanwhile no request is begun."""
        gateway = self._gateway
        before, gateway.opened = gateway.opened, _refused
        try:
            yield
        finally:
            gateway.opened = before

    def _kept(self) -> Path:
        number = 1
        while (name := self.folder / f"before-restore.{number}").exists():
            number += 1
        return name

    async def _apart(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do something with the database in a thread, in a loop of its own."""

        async def run() -> T:
            database = await open_database(self._place.database, exclusive=False, make=False)
            try:
                return await work(database)
            finally:
                await database.close()

        return await asyncio.to_thread(lambda: asyncio.run(run()))

    async def _note(self, author: Author, action: str, after: object) -> None:
        note = Note(author.actor, action, "database", "", None, after, author.address, author.request_id)
        async with self._books.database.writing() as connection:
            await write_note(connection, note, int(self._clock.wall() * 1000))


def _refused(_call: Call) -> None:
    refused = Refused("unavailable", "a backup is being restored; try again in a moment", code="restoring")
    refused.fault.retry_after = 5.0
    raise refused


def _let_go(task: "asyncio.Task[object]") -> None:
    """Nobody waits for it any more: a file is closed, a failure told."""
    if task.cancelled():
        return
    if (error := task.exception()) is not None:
        log.error("what was asked for by somebody who has gone failed", reason=type(error).__name__)
    elif isinstance(found := task.result(), Archive):
        found.file.close()
