"""The journal on local disk: what was appended outlives the process, however it ends. What entries mean is the caller's business.

An entry is in the system's pages before `append` returns, so SIGKILL takes nothing; a thread makes it durable against a power cut
within `sync_every` seconds. Entries leave when the database has them. The disk is the queue; only the newest are held in memory.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from plexus.storage.frames import FRAME_SIZE, HEAD_SIZE, LARGEST
from plexus.storage.recent import MOST, Recent
from plexus.storage.segment import Segment
from plexus.storage.segments import Entry, Position, Segments

SEGMENT = 1024 * 1024
"""Bytes of a segment. Its pages count as memory of the process while it is written, so it is small."""
LIMIT = 1024 * 1024 * 1024
"""Bytes all segments may take together: at a kilobyte a request about a million requests without a database."""
SYNC_EVERY = 0.05
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class JournalFailed(Exception):  # noqa: N818 - says what happened
    """An entry could not be kept. The next one may be: every append tries anew."""


class JournalFull(JournalFailed):
    """There is no room: the disk is full, or the database has been away so long that the journal reached its limit."""


class JournalTaken(JournalFailed):
    """Another process writes in this folder."""


class Journal:
    """The journal in one folder, which is this process's alone until `close`."""

    def __init__(
        self,
        folder: Path,
        *,
        sync_every: float = SYNC_EVERY,
        segment: int = SEGMENT,
        limit: int = LIMIT,
        remembered: int = MOST,
        trouble: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        """Take the folder, making it if need be. `remembered`: entries held in memory until the database has them.

        `trouble` is told, in another thread, of data that could not be synced.

        Raises:
            JournalTaken: when another process has it.
            JournalFailed: when it cannot be written.
        """
        self.folder, self._every, self._segment_size, self._limit, self._trouble = (
            folder,
            sync_every,
            segment,
            limit,
            trouble,
        )
        self._guard = threading.Lock()
        self._held = _take(folder)
        try:
            self._segments = Segments(folder)
            self._done = self._segments.done
            self._begin(self._segments.bytes_before(self._segments.next_number()))
        except OSError as error:
            self._held.release()
            raise _failure(error) from error
        self._recent = Recent(Position(self._number, self._segment.used), remembered)
        self._retired: list[int] = []
        self._named = 0  # the last segment whose name is durable
        self._dirty, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep_synced, name="journal-sync", daemon=True)
        self._thread.start()

    def append(self, entry: bytes, said: Any = None) -> Position:
        """Keep an entry; when this returns it outlives the process. Takes microseconds and no lock that is held long.

        `said` is what the entry says, for `recent`; without it the entry is read from the disk.

        Raises:
            JournalFull: when there is no room for it.
            JournalFailed: when it could not be written for another reason, or is larger than `LARGEST`.
        """
        size = FRAME_SIZE + len(entry)
        with self._guard:
            try:
                if self._segment.used + size > self._segment.size:
                    self._retired.append(self._roll(size))
                position = Position(self._number, self._segment.append(entry))
            except OSError as error:
                raise _failure(error) from error
            self._recent.add(position, said)
        if not self._dirty.is_set():
            self._dirty.set()
        return position

    @property
    def tail(self) -> Position:
        """The position after the last entry."""
        with self._guard:
            return Position(self._number, self._segment.used)

    @property
    def finished(self) -> Position:
        """The position up to which the database has the entries."""
        return self._done

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return self._older + self._segment.used

    @property
    def damaged(self) -> int:
        """Bytes that were passed over while reading because they were no whole entries."""
        return self._segments.damaged

    def pending(self) -> int:
        """Bytes of entries the database does not have yet."""
        return self._segments.after(self._done, self.tail)

    def read(self, after: Position | None = None, most: int = 1024 * 1024) -> list[Entry]:
        """Entries after a position (default: those the database does not have), about `most` bytes of them, at least one if any.

        Raises:
            OSError: when a segment cannot be read.
        """
        at = self._done if after is None else after
        return list(self._segments.read(at, self.tail, most))

    def recent(self, most: int) -> tuple[Position, list[Any]]:
        """What the entries say that the database does not have, and the position after them; none when they have to be read."""
        with self._guard:
            return self._recent.after(self._done, most)

    def forget(self) -> None:
        """Hold nothing in memory of what there is now: it is to be read as the disk has it."""
        with self._guard:
            self._recent.forget(Position(self._number, self._segment.used))

    def done(self, position: Position) -> None:
        """Note that the database has everything up to here, and give up the segments before."""
        with self._guard:
            self._done = max(self._done, position)
            with suppress(OSError):  # noted too little: entries are replayed, which changes nothing
                self._segments.note(self._done)
            with suppress(OSError):  # tried again next time
                self._segments.drop_before(min(self._done.segment, self._number))
            self._older = self._segments.bytes_before(self._number)

    def sync(self) -> None:
        """Make everything appended so far durable, now.

        Raises:
            OSError: when the disk refuses.
        """
        with self._guard:
            retired, self._retired = self._retired, []
            self._segment.flush()
            current, number = os.dup(self._segment.file), self._number
        refused: OSError | None = None
        for descriptor in (*retired, current):
            try:
                os.fdatasync(descriptor)
            except OSError as error:
                refused = error
            finally:
                os.close(descriptor)
        if refused is not None:
            raise refused
        if self._named != number:
            self._segments.sync_folder()
            self._named = number

    def close(self) -> None:
        """Make it durable and give the folder free. When the database has everything, no segment is left."""
        with self._guard:
            if self._closing.is_set():
                return
            self._closing.set()
        self._dirty.set()
        self._thread.join()
        with self._guard:
            os.close(self._segment.end())
        with suppress(OSError):
            if not self.read(most=1):
                self._segments.drop_before(self._number + 1)
        self._held.release()

    def _begin(self, older: int, needed: int = 0) -> None:
        """Begin a segment after all others, so that nothing is ever written behind a torn end. `older`: bytes before it."""
        room = self._limit - older
        if needed and HEAD_SIZE + needed > room:
            raise JournalFull(f"the journal holds its {self._limit} bytes, because the database did not take them")
        number = self._segments.next_number()
        size = max(min(self._segment_size, room), HEAD_SIZE + needed)
        self._segment = Segment(self._segments.path(number), size)
        self._segments.begun(number)
        self._number, self._older = number, older

    def _roll(self, needed: int = 0) -> int:
        """Begin a segment in which so many bytes fit, and end the one before. Returns its descriptor.

        Raises:
            JournalFailed: when the journal takes none.
            OSError: when the disk takes none.
        """
        if self._closing.is_set():
            raise JournalFailed("the journal is closed")
        if needed > FRAME_SIZE + LARGEST:
            raise JournalFailed(f"an entry of {needed - FRAME_SIZE} bytes is larger than the {LARGEST} that are kept")
        before, number = self._segment, self._number
        self._begin(self._older + before.used, needed)
        self._segments.ended(number, before.used)
        return before.end()

    def _keep_synced(self) -> None:
        while not self._closing.is_set() or self._dirty.is_set():
            self._dirty.wait()
            self._closing.wait(self._every)  # what is appended meanwhile is synced together
            self._dirty.clear()
            try:
                self.sync()
            except OSError as error:
                self._trouble(error)
                with self._guard, suppress(OSError, JournalFailed):
                    os.close(
                        self._roll()
                    )  # what a disk refused to sync is not asked of it twice; the entries can still be read


def claim(root: Path, **options: float) -> Journal:
    """The journal of this process in a folder that several share: the first subfolder nobody has, entries of the dead included.

    Raises:
        JournalFailed: when none can be made.
    """
    number = 0
    while True:
        with suppress(JournalTaken):
            return Journal(root / str(number), **options)  # type: ignore[arg-type]
        number += 1


def abandoned(root: Path) -> Iterator[Journal]:
    """The journals of processes that are gone and whose entries the database may lack; the caller reads and closes each."""
    for folder in sorted(root.iterdir() if root.is_dir() else ()):
        with suppress(JournalTaken):
            if any(folder.glob("*.journal")):
                yield Journal(folder)


def _take(folder: Path) -> FileLock:
    held = FileLock(folder / "lock", timeout=0, mode=0o600)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held.acquire()
    except Timeout:
        raise JournalTaken(f"another process writes the journal {folder}") from None
    except OSError as error:
        said = f"the journal {folder} cannot be written: {error.strerror}; give this user the folder, or set DATA_DIR"
        raise JournalFailed(said) from error
    return held


def _failure(error: OSError) -> JournalFailed:
    if error.errno in _FULL:
        return JournalFull(f"no room for the journal: {error.strerror}")
    return JournalFailed(f"the journal cannot be written: {error.strerror}")
