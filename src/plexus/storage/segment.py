"""One segment of the journal while it is written: its room is taken when it is begun, and entries are copied into its pages.

The pages are the system's and not the process's, so what is copied there outlives SIGKILL without a call for each entry. Which
segments there are is not its business.
"""

import errno
import mmap
import os
import sys
from contextlib import suppress
from pathlib import Path

from plexus.storage.frames import HEAD_SIZE, SALT_SIZE, frame, head

_STRETCH = 64 * 1024
"""Bytes written at once to take room. The system then handles so many as one, and writes so many for each that is synced."""
_SYNCS_PAGES = sys.platform == "linux"
"""Whether syncing a file takes what was copied into its pages along, as Linux does and POSIX leaves open."""


class Segment:
    """A file that was begun. The caller looks whether there is room, and appends and closes under a lock of its own."""

    def __init__(self, path: Path, size: int) -> None:
        """Begin a file of so many bytes.

        Raises:
            OSError: when there is no room for them, or no file can be made; then there is none.
        """
        self._salt = os.urandom(SALT_SIZE)
        self.size = size
        """Bytes there is room for; none any more when it has ended."""
        self.used = HEAD_SIZE
        """Bytes that are written: the head, and whole entries."""
        self.file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._pages: mmap.mmap | None = None
        try:
            _take_room(self.file, size)
            self._pages = _mapped(self.file, size)
            self._put(head(self._salt), 0)
        except OSError:
            os.close(self.file)
            path.unlink(missing_ok=True)
            raise

    def append(self, entry: bytes) -> int:
        """Write an entry behind the last one; returns where it ends.

        Raises:
            OSError: when it was not written, which only a file system that maps no files says here.
        """
        at = self.used
        data = frame(entry, self._salt, at)
        end = at + len(data)
        if self._pages is not None:
            self._pages[at:end] = data
        else:
            _write(self.file, data, at)
        self.used = end
        return end

    def flush(self) -> None:
        """See to it that syncing the file takes all that was appended.

        Raises:
            OSError: when the disk refuses.
        """
        if self._pages is not None and not _SYNCS_PAGES:
            self._pages.flush()

    def end(self) -> int:
        """Have no room any more, and give back what was not used. Returns the descriptor, which the caller syncs and closes."""
        self.size = 0
        with suppress(OSError):  # what stays behind the last entry is zeros, which are read as the end
            self.flush()
            if self._pages is not None:
                self._pages.close()
            os.ftruncate(self.file, self.used)
        return self.file

    def _put(self, data: bytes, at: int) -> None:
        if self._pages is not None:
            self._pages[at : at + len(data)] = data
        else:
            _write(self.file, data, at)


def _take_room(file: int, size: int) -> None:
    """Write zeros, so that a full disk says so now and not, by SIGBUS, when an entry is copied.

    That costs less than `posix_fallocate`, whose pages the system makes one by one, and asks nothing of the file system.
    """
    zeros = bytes(_STRETCH)
    for at in range(0, size, _STRETCH):
        _write(file, zeros[: size - at], at)


def _mapped(file: int, size: int) -> mmap.mmap | None:
    """The pages of the file; None where they cannot be had, as on some network file systems."""
    try:
        return mmap.mmap(file, size)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise
        return None


def _write(file: int, data: bytes, at: int) -> None:
    """All of it at its place, or nothing that counts: what a failed write left is written over by the next."""
    written = os.pwrite(file, data, at)
    while written < len(data):  # a disk that is nearly full takes a part, and says why at the next try
        more = os.pwrite(file, data[written:], at + written)
        if more == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written += more
