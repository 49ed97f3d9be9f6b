"""The journal on local disk: what was appended outlives the process, however it ends. What entries mean is the caller's business.

An entry is handed to the system before `append` returns, so SIGKILL takes nothing; a thread makes it durable against a power cut
within `sync_every` seconds. Entries leave when the database has them. There is no list in memory: the disk is the queue.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from plexus.storage.frames import FRAME_SIZE, HEAD_SIZE, LARGEST, SALT_SIZE, frame, head
from plexus.storage.segments import Position, Segments

SEGMENT = 8 * 1024 * 1024
"""Bytes after which a new segment is begun."""
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


class Entry(NamedTuple):
    """An entry, and the position after it."""

    position: Position
    data: bytes


class Journal:
    """The journal in one folder, which is this process's alone until `close`."""

    def __init__(
        self,
        folder: Path,
        *,
        sync_every: float = SYNC_EVERY,
        segment: int = SEGMENT,
        limit: int = LIMIT,
        trouble: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        """Take the folder, making it if need be. `trouble` is told, in another thread, of data that could not be synced.

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
            self._open()
        except OSError as error:
            self._held.release()
            raise _failure(error) from error
        self._retired: list[int] = []
        self._dirty, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep_synced, name="journal-sync", daemon=True)
        self._thread.start()

    def append(self, entry: bytes) -> Position:
        """Keep an entry; when this returns it outlives the process. Takes microseconds and no lock that is held long.

        Raises:
            JournalFull: when there is no room for it.
            JournalFailed: when it could not be written for another reason, or is larger than `LARGEST`.
        """
        if len(entry) > LARGEST:
            raise JournalFailed(f"an entry of {len(entry)} bytes is larger than the {LARGEST} that are kept")
        with self._guard:
            if self._closing.is_set():
                raise JournalFailed("the journal is closed")
            size = FRAME_SIZE + len(entry)
            if self._older + self._offset + size > self._limit:
                raise JournalFull(f"the journal holds its {self._limit} bytes, because the database did not take them")
            try:
                if self._offset >= self._segment_size:
                    self._roll()
                self._write(frame(entry, self._salt, self._offset))
            except OSError as error:
                raise _failure(error) from error
            self._offset += size
            position = Position(self._number, self._offset)
        if not self._dirty.is_set():
            self._dirty.set()
        return position

    @property
    def tail(self) -> Position:
        """The position after the last entry."""
        with self._guard:
            return Position(self._number, self._offset)

    @property
    def finished(self) -> Position:
        """The position up to which the database has the entries."""
        return self._done

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return self._older + self._offset

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
        return [Entry(position, data) for position, data in self._segments.read(at, self.tail, most)]

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
            current = os.dup(self._file)
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

    def close(self) -> None:
        """Make it durable and give the folder free. When the database has everything, no segment is left."""
        with self._guard:
            if self._closing.is_set():
                return
            self._closing.set()
        self._dirty.set()
        self._thread.join()
        os.close(self._file)
        with suppress(OSError):
            if not self.read(most=1):
                self._segments.drop_before(self._number + 1)
        self._held.release()

    def _open(self) -> None:
        """Begin a segment after all others, so that nothing is ever written behind a torn end."""
        number = self._segments.next_number()
        salt = os.urandom(SALT_SIZE)
        path = self._segments.path(number)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            if os.pwrite(file, head(salt), 0) != HEAD_SIZE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        self._segments.add(number)
        self._file, self._number, self._salt, self._offset = file, number, salt, HEAD_SIZE
        self._older = self._segments.bytes_before(number)

    def _roll(self) -> None:
        before = self._file
        self._open()
        self._retired.append(before)

    def _write(self, data: bytes) -> None:
        """All of it at its place, or nothing that counts: what a failed write left is written over by the next."""
        written = os.pwrite(self._file, data, self._offset)
        while written < len(data):  # a disk that is nearly full takes a part, and says why at the next try
            more = os.pwrite(self._file, data[written:], self._offset + written)
            if more == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += more

    def _keep_synced(self) -> None:
        while not self._closing.is_set() or self._dirty.is_set():
            self._dirty.wait()
            self._closing.wait(self._every)  # what is appended meanwhile is synced together
            self._dirty.clear()
            try:
                self.sync()
                self._segments.sync_folder()
            except OSError as error:
                self._trouble(error)
                with self._guard, suppress(OSError):
                    self._roll()  # what a disk refused to sync is not asked of it twice; the entries can still be read


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
        raise _failure(error) from error
    return held


def _failure(error: OSError) -> JournalFailed:
    if error.errno in _FULL:
        return JournalFull(f"no room for the journal: {error.strerror}")
    return JournalFailed(f"the journal cannot be written: {error.strerror}")
