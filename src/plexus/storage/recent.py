"""The newest entries of a journal as who wrote them has them: nobody reads back what was just written. All are on the disk."""

from collections import deque
from itertools import islice
from typing import Any

from plexus.storage.segments import Entry, Position

MOST = 10_000
"""Entries held at most, some ten megabytes; beyond them they are read from the disk."""


class Recent:
    """All entries after one position, as long as they are few."""

    def __init__(self, begins: Position, most: int = MOST) -> None:
        """Nothing comes after `begins` yet."""
        self._begins, self._most = begins, most
        self._entries: deque[Entry] = deque()

    def add(self, position: Position, said: Any) -> None:
        """One more. When it says nothing, or there are too many, all are left to the disk, this one too."""
        if said is None or len(self._entries) >= self._most:
            self.forget(position)
        else:
            self._entries.append(Entry(position, said))

    def forget(self, begins: Position) -> None:
        """Leave everything up to here to the disk."""
        self._entries.clear()
        self._begins = begins

    def after(self, position: Position, most: int) -> list[Entry]:
        """The entries that follow a position; none when they are on the disk only."""
        if position < self._begins:
            return []
        while self._entries and self._entries[0].position <= position:
            self._entries.popleft()
        return list(islice(self._entries, most))
