"""The newest entries of a journal as who wrote them has them: nobody reads back what was just written. All are on the disk."""

from bisect import bisect_right
from operator import itemgetter
from typing import Any

from plexus.storage.segments import Position

MOST = 10_000
"""Entries held at most, some ten megabytes; beyond them they are read from the disk."""
_place = itemgetter(0)


class Recent:
    """All entries after one position, as long as they are few."""

    def __init__(self, begins: Position, most: int = MOST) -> None:
        """Nothing comes after `begins` yet."""
        self._begins, self._most = begins, most
        self._entries: list[tuple[Position, Any]] = []

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
        del self._entries[: bisect_right(self._entries, position, key=_place)]
        found = self._entries[:most]
        return (found[-1][0] if found else position), [said for _, said in found]
