"""Moves the journal's entries into the database, in order and in batches. What an entry becomes, a function of the caller says.

While the database is away it tries on for ever, and the disk is the queue. An entry may be offered twice (a commit whose answer
was lost, a restart), so that function must come to the same rows again: insert … on conflict do nothing, or set by key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from sqlalchemy import Connection

from plexus.core.logging import logger
from plexus.storage.engine import STATEMENT_WITHIN, Database
from plexus.storage.failures import is_passing
from plexus.storage.journal import Journal
from plexus.storage.patience import pauses
from plexus.storage.segments import Entry, Position

Apply = Callable[[Connection, Sequence[Any]], None]
"""Writes the rows of some entries through a connection whose transaction it neither begins nor ends, in whatever thread.

An entry is bytes when it was read from the disk, and else what `Journal.append` was told that it says."""

BATCH = 1000
"""Entries of one transaction at most."""
PORTION = 1024 * 1024
"""Bytes read from the disk at once, about."""
EVERY = 0.25
"""Seconds between looks at a journal that had few entries or none."""
FEW, LATER = 100, 0.2
"""After more than a few entries the next look is this many seconds later: many rows in one transaction cost less each."""
WAL_WARNS_AT = 512 * 1024 * 1024
_WITHIN = STATEMENT_WITHIN + 15
_REFUSED = "refused"
log = logger("plexus.storage")


class Drain:
    """The way from one journal into one database. `run` it as a task; `settle` moves what is there now."""

    def __init__(
        self,
        journal: Journal,
        database: Database,
        apply: Apply,
        *,
        dice: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`dice` (0 to 1) spreads the tries at a database that is away, `sleep` waits between them."""
        self._journal, self._database, self._apply = journal, database, apply
        self._dice, self._sleep = dice, sleep
        self._turn = asyncio.Lock()
        self._warned = False
        self._reading = True  # whether the last entries came from the disk
        self.trouble: str | None = None
        """Why nothing moves at the moment; None while it does."""
        self.refused = 0
        """Entries the database will not have, kept beside the journal and offered again at the next start."""

    @property
    def behind(self) -> int:
        """Bytes of entries the database does not have yet."""
        return self._journal.pending()

    async def run(self) -> NoReturn:
        """Move entries until cancelled."""
        tries, offered = pauses(self._dice), False
        while True:
            try:
                if not offered:
                    await self._offer_refused()
                    offered = True
                moved = await self._once()
            except Exception as error:  # noqa: BLE001 - whatever it is, the entries stay in the journal and are tried again
                self._note_trouble(error)
                await self._sleep(next(tries))
                continue
            if self.trouble is not None:
                log.info("the database takes usage again", behind_bytes=self.behind)
            self.trouble, tries = None, pauses(self._dice)
            self._watch_wal()
            if pause := self._pause(moved):
                await self._sleep(pause)

    def _pause(self, moved: int) -> float:
        if moved >= BATCH or (moved and self._reading):
            return 0.0
        return LATER if moved > FEW else EVERY

    async def settle(self) -> None:
        """Move everything that is in the journal now, such as before the end.

        Raises:
            DatabaseAway, SQLAlchemyError: when the database does not take it; the entries stay.
        """
        tail = self._journal.tail
        while self._journal.finished < tail and await self._once():
            pass

    async def _once(self) -> int:
        """Move one batch and say how many entries it had."""
        async with self._turn:
            tail = self._journal.tail
            if self._journal.finished >= tail:
                return 0
            position, said = self._journal.recent(BATCH)
            self._reading = not said
            if said:
                await self._move_recent(position, said)
                return len(said)
            entries = (await asyncio.to_thread(self._journal.read, None, PORTION))[:BATCH]
            if entries:
                await self._move(entries)
            else:
                self._journal.done(tail)  # only damage was left
            return len(entries)

    async def _move_recent(self, position: Position, said: Sequence[Any]) -> None:
        """Write a batch from memory. When something in it is refused, what that is, is found among what the disk has."""
        try:
            await self._write(said)
        except Exception as error:
            if is_passing(error):
                raise
            self._journal.forget()
        else:
            self._journal.done(position)

    async def _move(self, entries: Sequence[Entry]) -> None:
        """Write a batch; if it is refused, its halves, until the entry that is to blame is alone and set aside."""
        try:
            await self._write([entry.data for entry in entries])
        except Exception as error:
            if is_passing(error):
                raise
            if len(entries) > 1:
                middle = len(entries) // 2
                await self._move(entries[:middle])
                await self._move(entries[middle:])
                return
            await asyncio.to_thread(self._set_aside, entries[0].data)
            self.refused += 1
            log.error("the database refuses an entry of the journal; it was set aside", reason=_kind(error))  # noqa: TRY400 - a traceback would show its values
        self._journal.done(entries[-1].position)

    async def _write(self, entries: Sequence[Any]) -> None:
        async with asyncio.timeout(_WITHIN):
            await self._database.write(lambda connection: self._apply(connection, entries))

    def _set_aside(self, entry: bytes) -> None:
        aside = Journal(self._journal.folder / _REFUSED)
        try:
            aside.append(entry)
        finally:
            aside.close()

    async def _offer_refused(self) -> None:
        """Offer what earlier runs set aside once more: a newer version may know how to take it."""
        folder = self._journal.folder / _REFUSED
        if not folder.is_dir():
            return
        aside = Journal(folder)
        try:
            end, at, kept = aside.tail, aside.finished, 0
            while at < end and (entries := aside.read(at)):
                for entry in entries:
                    if entry.position > end:
                        break
                    try:
                        await self._write([entry.data])
                    except Exception as error:
                        if is_passing(error):
                            raise
                        aside.append(entry.data)
                        kept += 1
                    aside.done(entry.position)
                at = entries[-1].position
            self.refused = kept
        finally:
            aside.close()

    def _note_trouble(self, error: Exception) -> None:
        """Say it once for each kind of trouble, not at each try; the text of a driver may hold values and is left out."""
        kind = _kind(error)
        if self.trouble == kind:
            return
        self.trouble = kind
        if is_passing(error):
            log.warning("the database does not take usage; it is kept in the journal", reason=kind)
        else:
            log.error("usage cannot be moved into the database; it is kept in the journal", reason=kind)

    def _watch_wal(self) -> None:
        """A reader that never ends keeps SQLite from giving the log of its writes free."""
        with suppress(OSError):
            large = self._database.wal_bytes() > WAL_WARNS_AT
            if large and not self._warned:
                log.warning("the write-ahead log of the database is large; a reader may not end", bytes=WAL_WARNS_AT)
            self._warned = large


def _kind(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__
