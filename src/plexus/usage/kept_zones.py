"""Which spans are worth keeping: days, weeks and months that are over, in UTC and the time zones summaries are asked in."""

from collections.abc import Iterator
from datetime import tzinfo

from plexus.usage.calendar import Unit, buckets
from plexus.usage.rollup import HOUR
from plexus.usage.spans import Span

MOST = 4
"""Time zones at most, those asked for last: each costs room in the database and time to be kept up."""
LATE = 2 * HOUR
"""Milliseconds after its end at which a span is added up: by then nearly all its requests have ended."""
_EARLIER = 40 * 24 * HOUR
_FARTHEST = 2000 * 24 * HOUR
"""Milliseconds before now beyond which nothing is kept: what lies there is of a clock that was wrong, or is never looked at."""
_UNITS: tuple[Unit, ...] = ("day", "week", "month")
"""Short ones first: long ones are added up from them."""


class KeptZones:
    """The time zones that summaries are asked in."""

    def __init__(self) -> None:
        """UTC alone."""
        self._zones: dict[str, None] = {"UTC": None}

    def ask(self, name: str) -> None:
        """A summary is asked in a zone that exists."""
        self._zones.pop(name, None)
        self._zones[name] = None
        if len(self._zones) > MOST:
            del self._zones[next(one for one in self._zones if one != "UTC")]

    def names(self) -> tuple[str, ...]:
        """Those to be kept."""
        return tuple(self._zones)


def over(where: tzinfo, first: int, now: int) -> Iterator[Span]:
    """The spans of a zone that are over, the newest of each unit first, back to the first request (milliseconds)."""
    last = now - LATE
    start = max(first - _EARLIER, last - _FARTHEST)
    if last <= start:
        return
    for unit in _UNITS:
        # the first and the last are cut by the range
        for bucket in reversed(buckets(start, last, unit, where)[1:-1]):
            if bucket.end > first:
                yield bucket.start, bucket.end
