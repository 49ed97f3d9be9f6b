"""The windows of quotas: calendar windows in UTC, and a bucket that drains. Pure arithmetic on integers.

Moments are milliseconds since 1970 in UTC, where a day has always 86,400,000 of them: no time zone and no clock change
of anybody's summer touches a window.
"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

from msgspec import Struct

Calendar = Literal["daily", "weekly", "monthly"]
Kind = Literal["rolling", "daily", "weekly", "monthly"]

DAY = 86_400_000
_WEEK = 7 * DAY
_MONDAY = 4 * DAY
"""1970 began on a Thursday; its first Monday was the 5th."""
_LAST = 253_370_764_800_000
"""The first moment of the year 9999: clocks that say more are taken to say this."""


class Window(NamedTuple):
    """From `start` (inclusive) to `end` (exclusive), the moment of the reset."""

    start: int
    end: int


def window_at(kind: Calendar, moment: int) -> Window:
    """The window a moment lies in: from 00:00 UTC of the day, of Monday, or of the 1st of the month."""
    moment = min(max(moment, 0), _LAST)
    if kind == "monthly":
        return _month(moment)
    length, offset = (DAY, 0) if kind == "daily" else (_WEEK, _MONDAY)
    start = moment - (moment - offset) % length
    return Window(start, start + length)


def _month(moment: int) -> Window:
    day = datetime.fromtimestamp(moment // 1000, UTC)
    first = datetime(day.year, day.month, 1, tzinfo=UTC)
    following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return Window(int(first.timestamp()) * 1000, int(following.timestamp()) * 1000)


class Bucket(Struct, frozen=True):
    """A bucket that holds `limit` units and drains them in `duration` milliseconds, continuously.

    Its filling is counted in units times milliseconds of duration, which keeps every step a whole number: in one
    millisecond it drains by exactly `limit`.
    """

    limit: int
    duration: int
    filling: int = 0
    at: int = 0
    """The moment `filling` was true."""

    def left(self, now: int) -> int:
        """The filling at a later moment. A clock that went back costs and gives nothing: draining goes on from there."""
        if now <= self.at:
            return self.filling
        return max(0, self.filling - (now - self.at) * self.limit)

    def drained(self, now: int) -> "Bucket":
        """The bucket as it is at a later moment."""
        return Bucket(self.limit, self.duration, self.left(now), now)

    def poured(self, units: int, now: int) -> "Bucket":
        """The bucket with so many units more in it. What comes late comes as of the last change: time is not drained twice."""
        at = max(now, self.at)
        return Bucket(self.limit, self.duration, self.left(at) + units * self.duration, at)

    def reshaped(self, limit: int, duration: int, now: int) -> "Bucket":
        """The bucket under another limit and duration: what is in it stays, rounded up to the new grain."""
        if (limit, duration) == (self.limit, self.duration):
            return self
        bucket = self.drained(now)
        return Bucket(limit, duration, -(-bucket.filling * duration // self.duration), now)

    @property
    def used(self) -> int:
        """Units in it, rounded up."""
        return -(-self.filling // self.duration)

    def empty_in(self, units: int = 0) -> int:
        """Milliseconds until no more than so many units are left in it, rounded up."""
        return max(0, -(-(self.filling - units * self.duration) // self.limit))
