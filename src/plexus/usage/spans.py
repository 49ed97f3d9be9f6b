"""How a range is put together: from spans whose sums are kept, from whole hours, and from rows where an edge cuts an hour."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR
from plexus.usage.summary import Dimension

SHAPES: tuple[tuple[Dimension, ...], ...] = (
    ("status",),
    ("key", "status"),
    ("attribution", "status"),
    ("alias", "status"),
    ("provider", "model", "status"),
    ("client_protocol", "status"),
    ("key", "attribution", "alias", "provider", "model", "client_protocol", "status"),
)
"""Which dimensions the sums of a span tell apart: each alone, since those are few, and all. Stored by their place here."""
ALL = len(SHAPES) - 1
_LONGEST_DAY = 30 * HOUR

Span = tuple[int, int]
"""A beginning, included, and an end, in milliseconds since the epoch."""
Placed = tuple[int, int, int]
"""A bucket's place, and a span within it."""


class Pieces(Struct, frozen=True):
    """What buckets are added up from, without gaps or overlaps."""

    spans: list[Placed]
    hours: list[Placed]
    rows: list[Placed]


class Kept:
    """The spans whose sums are kept."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """In any order."""
        self._ends: dict[int, list[int]] = {}
        for since, until in spans:
            self._ends.setdefault(since, []).append(until)
        self._starts = sorted(self._ends)

    def longest(self, since: int, until: int) -> int | None:
        """Where the longest kept span ends that begins at a moment and lies before another; None when there is none."""
        return max((end for end in self._ends.get(since, ()) if end <= until), default=None)

    def following(self, since: int, until: int) -> int:
        """Where, after one moment and before another, the next span begins that lies before that; else the other moment."""
        for place in range(bisect_left(self._starts, since + 1), len(self._starts)):
            start = self._starts[place]
            if start >= until:
                break
            if self.longest(start, until) is not None:
                return start
        return until

    def has_hour(self, since: int, until: int) -> bool:
        """Whether the sums of an hour are kept: with those of a day that holds it, counted from that day's beginning."""
        if until - since != HOUR:
            return False
        for place in range(bisect_left(self._starts, since + 1) - 1, -1, -1):
            start = self._starts[place]
            if start < since - _LONGEST_DAY:
                return False
            ends = self._ends[start]
            if (since - start) % HOUR == 0 and any(until <= end <= start + _LONGEST_DAY for end in ends):
                return True
        return False


def pieces(buckets: Sequence[Bucket], kept: Kept, *, shape: int = ALL) -> Pieces:
    """What each bucket is added up from. Sums of an hour are kept in every shape but the one of all dimensions."""
    found = Pieces([], [], [])
    for place, bucket in enumerate(buckets):
        if shape != ALL and kept.has_hour(bucket.start, bucket.end):
            found.spans.append((place, bucket.start, bucket.end))
            continue
        cursor = bucket.start
        while cursor < bucket.end:
            edge = kept.longest(cursor, bucket.end)
            if edge is not None:
                found.spans.append((place, cursor, edge))
            else:
                edge = kept.following(cursor, bucket.end)
                _hourly(found, place, cursor, edge)
            cursor = edge
    return found


def hours_of(since: int, until: int) -> tuple[list[Span], list[Span]]:
    """The whole hours in UTC of a span, as one, and the parts of hours at its edges."""
    low, high = -(-since // HOUR) * HOUR, until // HOUR * HOUR
    if low > high:
        return [], [(since, until)]
    whole = [(low, high)] if low < high else []
    return whole, [(start, end) for start, end in ((since, low), (high, until)) if start < end]


def shape_for(dimensions: Iterable[Dimension]) -> int:
    """The shape with the fewest sums that tells these dimensions apart."""
    wanted = set(dimensions)
    return next(place for place, told in enumerate(SHAPES) if wanted <= set(told))


def touched(moment: int, spans: Iterable[Span]) -> Iterator[tuple[Span, int]]:
    """The kept sums that a request of a moment belongs to: the span and the shape of each, every one once."""
    hours: set[Span] = set()
    for since, until in spans:
        if not since <= moment < until:
            continue
        for shape in range(len(SHAPES)):
            yield (since, until), shape
        hour = since + (moment - since) // HOUR * HOUR
        if until - since <= _LONGEST_DAY and hour + HOUR <= until:
            hours.add((hour, hour + HOUR))
    for span in hours:
        for shape in range(ALL):
            yield span, shape


def is_day(since: int, until: int) -> bool:
    """Whether a span is a day, which keeps the sums of its hours too."""
    return until - since <= _LONGEST_DAY


def _hourly(found: Pieces, place: int, since: int, until: int) -> None:
    whole, parts = hours_of(since, until)
    found.hours.extend((place, *span) for span in whole)
    found.rows.extend((place, *span) for span in parts)
