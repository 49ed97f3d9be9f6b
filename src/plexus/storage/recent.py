"""The newest entries of a journal as who wrote them has them: nobody reads back what was just written. All are on the disk."""

from collections import deque
from itertools import islice
from typing import Any

from plexus.storage.segments import Position

MOST = 10_000
"""Entries held at most, some ten megabytes; beyond them they are read from the disk."""


class Recent:
    """All entries after one position, as long as they are few."""

    def __init__(self, begins: Position, most: int = MOST) -> None:
        """Nothing comes after `begins` yet."""
        self._begins, self._most = begins, most
        self._entries: deque[tuple[Position, Any]] = deque()

    def add(self, position: Position, said: Any) -> None:
        """One more. When it says nothing, or there are too many, all are left to the disk, this one too."""
        if said is None or len(self._entries) >= self._most:
            self.forget(position)
        else:
            self._entries.append((position, said))

    def forget(self, begins: Position) -> None:
        """Leave everything up to here to the disk."""
        self._entries.clear()
        self._begins = begins

    def after(self, position: Position, most: int) -> tuple[Position, list[Any]]:
        """What the entries say that follow a position, and the position of the last; nothing when they are on the disk only."""
        if position < self._begins:
            return position, []
        entries = self._entries
        segment, offset = position.segment, position.offset
        while entries:
            at = entries[0][0]
            if at.segment > segment or (at.segment == segment and at.offset > offset):
                break
            entries.popleft()
        found = list(islice(entries, most))
        return (found[-1][0] if found else position), [said for _, said in found]
