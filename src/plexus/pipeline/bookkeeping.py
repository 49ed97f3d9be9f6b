"""Keeping the books of one process: journal, database and the way between, opened before requests and closed after them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.booking import spent_of
from plexus.pipeline.books import Books, Place
from plexus.quota.definition import Definition
from plexus.quota.ledger import Ledger
from plexus.quota.store import Shadow
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.drain import Drain
from plexus.storage.engine import Database, open_database
from plexus.storage.failures import is_passing
from plexus.storage.journal import Journal, JournalFailed, abandoned, claim
from plexus.storage.patience import pauses
from plexus.storage.schema import migrate_when_there
from plexus.usage import store
from plexus.usage.entries import Closed, read_entry

T = TypeVar("T")
log = logger("plexus.books")
_SETTLE = 10.0
"""Seconds the last rows are given to reach the database at the end; what does not stays in the journal."""


COUNTED = 86_400.0
"""Seconds for which a counter is kept at least: a booking that is offered again, as after a power cut, must find it."""
_PAUSE = 0.05
_PATIENCE = 10.0
"""Seconds a start waits for a database that answers, before it goes on without."""
_UNOPENED = "the database has not been opened yet"
_REPLACING = "a backup is being restored"
ENDING = 10.0
"""Seconds that requests under way are given to end before the content of the database is replaced."""


class NotNow(Exception):  # noqa: N818 - says what is so
    """The content of the database cannot be replaced while it is used like this; nothing was changed."""


class NotUsable(Exception):  # noqa: N818 - as above
    """What was put into the database cannot be served; what was there before is there again."""


class Bookkeeping:
    """The books of one process. `start` it before requests are served, `stop` it when none is under way."""

    def __init__(
        self,
        place: Place,
        quotas: Ledger,
        clock: Clock,
        dice: Callable[[], float],
        opened: Callable[[Database], Awaitable[None]] | None = None,
        quotas_of: Callable[[str], Sequence[Definition]] = lambda _: (),
    ) -> None:
        """`quotas` is the ledger that requests are admitted by; it learns what was used before. `quotas_of` has those of a key.

        `opened` is awaited once the database answers and has its tables, before anything is served from it.
        """
        self._opened, self._quotas_of = opened, quotas_of
        self._place, self._quotas, self._clock, self._dice = place, quotas, clock, dice
        self._shadow = Shadow(Ledger(clock))
        self._journal: Journal
        self.database: Database
        self.drain: Drain
        self.books: Books
        self._process = ""
        self._task: asyncio.Task[None] | None = None
        self._waited_for = True
        self.waits_for = _UNOPENED
        """Why requests cannot be served yet; empty when they can."""

    async def start(self) -> None:
        """Take the journal and open the database. Until that answers, `waits_for` tells why.

        Raises:
            JournalFailed, DatabaseUnusable: when the operator has to do something first.
        """
        self._journal = await asyncio.to_thread(claim, self._place.folder)
        self._process = await asyncio.to_thread(_identity, self._journal.folder)
        self.books = Books(self._journal, JournalFailed, self._process, self._clock)
        self.database = await open_database(self._place.database)
        self.drain = Drain(self._journal, self.database, self._apply, dice=self._dice)
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def ready(self, *, or_away: bool = False) -> None:
        """Wait until the database has answered, or will never; `or_away`: or has not, for now, or takes long about it.

        Raises:
            DatabaseUnusable, ConfigurationError: when the operator has to do something first.
        """
        until = self._clock.monotonic() + _PATIENCE
        while self.waits_for and self._task is not None and not self._task.done():
            if or_away and (self.waits_for != _UNOPENED or self._clock.monotonic() > until):
                self._waited_for = False
                return
            await asyncio.sleep(0.01)
        if self._task is not None and self._task.done():
            self._task.result()

    async def replaced(self, put_back: Callable[[], Awaitable[T]], undo: Callable[[], Awaitable[object]]) -> T:
        """Have the content of the database replaced and go on from what is in it then, as at a start.

        Whoever calls it sees to it that nothing new is begun meanwhile. `undo` puts back what was there before.

        Raises:
            NotNow: when requests do not end, or other processes use the database; nothing was touched.
            NotUsable: when what was put back cannot be served; what was there before is again.
        """
        self.waits_for = _REPLACING
        try:
            await self._alone()
        except BaseException:
            self.waits_for = ""
            raise
        await self._leave()
        try:
            async with self.database.quiet():
                done = await put_back()
        except BaseException:
            await self._begin_anew()
            raise
        try:
            await self._begin_anew()
        except Exception as error:
            async with self.database.quiet():
                await undo()
            await self._begin_anew()
            raise NotUsable(str(error)) from error
        return done

    async def _alone(self) -> None:
        """Wait until what this process has begun is over, and all of it is in the database."""
        if await self.database.others():
            raise NotNow("other processes use this database")
        until = self._clock.monotonic() + ENDING
        while True:
            await self.drain.settle()
            async with self.database.reading() as connection:
                left = await store.count_open(connection, self._process)
            if not left:
                return
            if self._clock.monotonic() >= until:
                raise NotNow(f"{left} requests are still under way")
            await asyncio.sleep(0.05)

    async def _leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _begin_anew(self) -> None:
        """As at a start: what is in memory of the database is forgotten, and read again."""
        await self._leave()
        self._quotas.empty()
        self.waits_for, self._waited_for = _REPLACING, True
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)
        await self.ready()

    async def forget_counters(self) -> int:
        """Forget the counters whose windows were over a day ago, here and in the database. Returns how many rows went.

        Raises:
            DatabaseAway, SQLAlchemyError: when the database does not answer; what is gone stays so.
        """
        now = self._clock.wall()
        done, gone = min(self._quotas.number, int((now - COUNTED) * 1_000_000)), 0
        await self.drain.settle()  # so that the journal, too, is done with what is older
        while removed := await self.database.write(
            lambda connection: self._shadow.forget(connection, done, int(now * 1000))
        ):
            gone += removed
            await asyncio.sleep(_PAUSE)
        self._quotas.prune(done)
        return gone

    async def stop(self) -> None:
        """Move what is in the journal, as far as that goes, and close everything."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if not self.waits_for:
            try:
                async with asyncio.timeout(_SETTLE):
                    await self.drain.settle()
            except Exception as error:  # noqa: BLE001 - whatever it is, the entries are in the journal
                log.warning("the last usage rows stay in the journal until the next start", reason=type(error).__name__)
        await asyncio.to_thread(self._journal.close)
        await self.database.close()

    async def _run(self) -> None:
        await migrate_when_there(self.database, self._dice, asyncio.sleep, self._tell)
        await self._take_up_at_last()
        self.waits_for = ""
        await self.drain.run()

    async def _take_up_at_last(self) -> None:
        for pause in pauses(self._dice):
            try:
                await self._take_up()
            except Exception as error:
                if not is_passing(error):
                    raise
                self._tell(f"the books cannot be opened now: {type(error).__name__}")
            else:
                return
            await asyncio.sleep(pause)

    async def _take_up(self) -> None:
        """Begin where the process before this one ended. It may be broken off by a database that goes away, and begun again."""
        if self._opened is not None:
            await self._opened(self.database)
        self._shadow = Shadow(Ledger(self._clock))
        async with self.database.reading() as connection:
            await self._shadow.load(connection)
        await self.drain.settle()
        found = await self._inherit()
        async with self.database.writing() as connection:
            found += await self._close(connection, self._process)
            self._quotas.load(await Shadow(Ledger(self._clock)).load(connection))
        if found:
            log.warning("requests were interrupted when the gateway ended last", requests=found)

    async def _inherit(self) -> int:
        """Take over what processes that are gone left in the folder. Returns how many requests were interrupted."""
        found = 0
        journals = await asyncio.to_thread(lambda: list(abandoned(self._place.folder)))
        try:
            for journal in journals:
                await Drain(journal, self.database, self._apply, dice=self._dice).settle()
                async with self.database.writing() as connection:
                    found += await self._close(connection, _identity(journal.folder))
        finally:
            for journal in journals:  # all of them: the next try takes them again
                await asyncio.to_thread(journal.close)
        return found

    async def _close(self, connection: AsyncConnection, process: str) -> int:
        """Book what a process that is gone had under way, in its quotas too: they were made, whatever became of them."""
        rows = await store.close_interrupted(connection, process)
        spent = [(self._quotas_of(row.key), spent_of(row)) for row in rows]
        await connection.run_sync(self._shadow.charge, spent)
        return len(rows)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Whatever ended it, `/health/ready` says why; who waits at start has it as an exception."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.waits_for = f"the database cannot be used: {error}"
            if not self._waited_for:
                log.error("the database cannot be used; mend it and start again", reason=str(error))

    def _tell(self, reason: str) -> None:
        if reason != self.waits_for:
            log.warning("waiting for the database", reason=reason)
        self.waits_for = reason

    def _apply(self, connection: Connection, entries: Sequence[Any]) -> None:
        said = [read_entry(entry) if isinstance(entry, bytes) else entry for entry in entries]
        store.book(connection, said)
        bookings = [booking for entry in said if isinstance(entry, Closed) for booking in entry.bookings]
        if bookings:
            self._shadow.follow(connection, bookings)


def _identity(folder: Path) -> str:
    """Who writes in this folder: the same from one start to the next, so that it knows its own open requests again."""
    file = folder / "identity"
    if not file.exists():
        file.write_text(secrets.token_hex(16), encoding="ascii")
    return file.read_text(encoding="ascii").strip()
