"""The files of a journal: which there are, how they are read, how far the database has them. It appends nothing."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from plexus.storage.frames import HEAD_SIZE, needed, salt_of, scan

_NOTE = struct.Struct("<QQI")
_SUFFIX = ".journal"


class Position(Struct, frozen=True, order=True):
    """A place between two entries: the number of a segment, and bytes from its beginning."""

    segment: int
    offset: int


class Entry(NamedTuple):
    """An entry as it was read, and the position after it."""

    position: Position
    data: bytes


START = Position(0, 0)


class Segments:
    """The segments in a folder, and the note beside them of what is done with."""

    def __init__(self, folder: Path) -> None:
        """Look at what is there.

        Raises:
            OSError: when it cannot be read.
        """
        self._folder = folder
        self._note = folder / "done"
        self._sizes = {
            int(path.stem): path.stat().st_size for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()
        }
        self.done = self._noted()
        self._holes: dict[Position, int] = {}

    def path(self, number: int) -> Path:
        """The file of a segment."""
        return self._folder / f"{number:012}{_SUFFIX}"

    def next_number(self) -> int:
        """A number above all that were ever used."""
        return max(self.done.segment, *self._sizes, 0) + 1

    def begun(self, number: int) -> None:
        """Count a segment that was begun."""
        self._sizes[number] = 0

    def ended(self, number: int, size: int) -> None:
        """Note how many bytes of a segment were used; it grows no more."""
        self._sizes[number] = size

    def bytes_before(self, number: int) -> int:
        """Bytes of the segments before that one."""
        return sum(self._sizes[known] for known in self._known() if known < number)

    def after(self, position: Position, tail: Position) -> int:
        """Bytes between two positions, without the heads of segments."""
        begins = {position.segment: position.offset}
        sizes = {**self._sizes, tail.segment: tail.offset}
        known = [number for number in self._known() if position.segment <= number <= tail.segment]
        return sum(max(0, sizes[number] - begins.get(number, HEAD_SIZE)) for number in known)

    @property
    def damaged(self) -> int:
        """Bytes that were no whole entries, as far as has been read."""
        return sum(self._holes.values())

    def _known(self) -> list[int]:
        """The numbers of all segments, in order; taken at once, because a writer adds some while a reader goes through."""
        return sorted(list(self._sizes))  # noqa: C414 - the copy is one step for the interpreter, sorting is not

    def drop_before(self, number: int) -> None:
        """Delete the segments before that one.

        Raises:
            OSError: when one stays.
        """
        for known in self._known():
            if known < number:
                self.path(known).unlink(missing_ok=True)
                del self._sizes[known]

    def read(self, after: Position, tail: Position, most: int) -> Iterator[Entry]:
        """Entries between two positions, about `most` bytes of them, at least one if there is one.

        Raises:
            OSError: when a segment cannot be read.
        """
        for number in self._known():
            if not after.segment <= number <= tail.segment:
                continue
            begin = after.offset if number == after.segment else 0
            end = tail.offset if number == tail.segment else self.path(number).stat().st_size
            for entry in self._read_one(number, max(begin, HEAD_SIZE), end, most):
                yield entry
                most -= len(entry.data)
            if most <= 0:
                return

    def _read_one(self, number: int, at: int, end: int, most: int) -> Iterator[Entry]:
        with self.path(number).open("rb") as file:
            salt = salt_of(file.read(HEAD_SIZE))
            if salt is None:
                self._hole(Position(number, 0), end)
                return
            while at < end and most > 0:
                file.seek(at)
                data = file.read(min(most, end - at))
                if (size := needed(data, 0)) > len(data):  # an entry larger than the portion
                    data += file.read(min(size, end - at) - len(data))
                last, before = at + len(data) >= end, at
                for found in scan(data, salt, at):
                    self._hole(Position(number, at), found.damaged)
                    yield Entry(Position(number, found.end), found.entry)
                    at, most = found.end, most - len(found.entry)
                if last:  # what was being written when a process died; zeros are room that was never written to
                    self._hole(Position(number, at), len(data[at - before :].rstrip(b"\0")))
                    return
                if at == before:  # damage where a portion begins: look at all that follows
                    most = end - at

    def _hole(self, where: Position, size: int) -> None:
        if size > 0:
            self._holes[where] = size

    def note(self, position: Position) -> None:
        """Write down what is done with, in place: no room is needed for it.

        Raises:
            OSError: when it cannot be written.
        """
        place = _NOTE.pack(position.segment, position.offset, 0)[:16]
        file = os.open(self._note, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(file, place + struct.pack("<I", crc32(place)), 0)
        finally:
            os.close(file)

    def _noted(self) -> Position:
        """What was written down; the very beginning when that is missing or torn, and then entries are replayed."""
        try:
            data = self._note.read_bytes()
            segment, offset, checksum = _NOTE.unpack(data)
        except (OSError, struct.error):
            return START
        return Position(segment, offset) if crc32(data[:16]) == checksum else START

    def sync_folder(self) -> None:
        """Make the names of new segments durable.

        Raises:
            OSError: when the disk refuses.
        """
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
