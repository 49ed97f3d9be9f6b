"""Summaries of any range in any time zone, from hourly rollups, and from rows where an edge cuts through an hour."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec.structs import replace

from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR, NONE, RollupKey, Sums, key_of, plus, sums_of
from plexus.usage.row import UsageRow

Dimension = Literal["key", "attribution", "alias", "provider", "model", "client_protocol", "status"]
FAILURES = frozenset({"error", "timeout", "stalled", "interrupted"})
"""Statuses that are somebody's failure; a client that left is none."""
Group = tuple[int, tuple[str, ...]]
"""A bucket's place in the list, and the values of the dimensions asked for."""


def cut_hours(buckets: Sequence[Bucket]) -> list[tuple[int, int]]:
    """The spans for which rows are needed beside rollups: whole hours through which an edge goes, as milliseconds.

    Where the zone is whole hours from UTC and the range begins and ends on the hour, there are none.
    """
    cut = sorted({edge // HOUR for bucket in buckets for edge in (bucket.start, bucket.end) if edge % HOUR})
    spans: list[tuple[int, int]] = []
    for hour in cut:
        start = hour * HOUR
        if spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], start + HOUR)
        else:
            spans.append((start, start + HOUR))
    return spans


def summary(
    buckets: Sequence[Bucket],
    rollups: Iterable[tuple[RollupKey, Sums]],
    rows: Iterable[UsageRow],
    by: Sequence[Dimension] = (),
) -> dict[Group, Sums]:
    """The sums of each bucket and each combination of the dimensions that occurs in it; what nothing fell into is left out.

    `buckets` follow one another without gaps. `rollups` of at least their range, `rows` of at least `cut_hours`; more of
    either changes nothing.
    """
    cut = {hour for start, end in cut_hours(buckets) for hour in range(start, end, HOUR)}
    starts = [bucket.start for bucket in buckets]
    found: dict[Group, Sums] = {}

    def add(moment: int, key: RollupKey, sums: Sums) -> None:
        place = bisect_right(starts, moment) - 1
        if place >= 0 and moment < buckets[place].end:
            group = (place, tuple(str(getattr(key, name)) for name in by))
            failed = replace(sums, errors=sums.requests if key.status in FAILURES else 0)
            found[group] = plus(found.get(group, NONE), failed)

    for key, sums in rollups:
        if key.hour not in cut:
            add(key.hour, key, sums)
    for row in rows:
        key = key_of(row)
        if key.hour in cut:
            add(row.started_at, key, sums_of(row))
    return found
