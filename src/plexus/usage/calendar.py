"""Hours, days, weeks and months as clocks on a wall show them, in any time zone: when each begins and ends. Reads no clock.

A day has 23 to 25 hours and an hour may be half of one: every edge is worked out where it lies, none by adding seconds.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

Unit = Literal["hour", "day", "week", "month"]

MOST = 10_000
"""Buckets of one summary."""
_SECOND = 1000
_LAST = 252_800_000_000_000
"""Some day in the year 9980, in milliseconds: calendars here end with the year 9999."""
_HOUR = 3_600_000
_APART = timedelta(hours=30)
"""No wall clock is further from UTC, with a day line crossed on the way."""


class Bucket(Struct, frozen=True):
    """A span of time, `start` included and `end` not, in milliseconds since the epoch; `label` is its beginning on the wall.

    The first and the last of a range are cut to it; their labels are those of the whole.
    """

    label: str
    start: int
    end: int


class UnknownZone(ValueError):  # noqa: N818 - named for what it is
    """No time zone has this name."""


def zone(name: str) -> tzinfo:
    """The time zone of an IANA name.

    Raises:
        UnknownZone: when there is none.
    """
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise UnknownZone(f"{name!r} is no time zone; use an IANA name such as Europe/Berlin") from None


def buckets(start: int, end: int, unit: Unit, where: tzinfo) -> list[Bucket]:
    """The range from `start` to `end` (milliseconds) cut at the edges of the unit, without gaps.

    Raises:
        ValueError: when there would be more than `MOST`, or the range ends before it begins.
    """
    if end < start:
        raise ValueError("the range ends before it begins")
    if start < 0 or end > _LAST:
        raise ValueError("the range must lie between the years 1970 and 9980")
    found: list[Bucket] = []
    cursor = start
    while cursor < end:
        if len(found) == MOST:
            raise ValueError(f"more than {MOST} {unit}s; ask for a longer unit or a shorter range")
        label, edge = _hour(cursor, where) if unit == "hour" else _days(cursor, unit, where)
        found.append(Bucket(label, cursor, min(edge, end)))
        cursor = edge
    return found


def _hour(moment: int, where: tzinfo) -> tuple[str, int]:
    """The wall's hour at a moment and when it ends: on the full hour, or when the clocks are changed before."""
    wall = datetime.fromtimestamp(moment // _SECOND, where)
    edge = moment + _HOUR - (wall.minute * 60 + wall.second) * _SECOND - moment % _SECOND
    offset = wall.utcoffset()
    if where is not UTC and _wall(edge - 1, where).utcoffset() != offset:
        edge = _first(moment, edge, lambda at: _wall(at, where).utcoffset() != offset)
    return f"{wall.year:04}-{wall.month:02}-{wall.day:02}T{wall.hour:02}:00{_offset(offset)}", edge


@lru_cache(maxsize=64)
def _offset(offset: timedelta | None) -> str:
    """How ISO 8601 writes it."""
    return datetime(2000, 1, 1, tzinfo=timezone(offset or timedelta())).isoformat(timespec="minutes")[16:]


def _days(moment: int, unit: Unit, where: tzinfo) -> tuple[str, int]:
    """The wall's day, week or month at a moment and when it ends."""
    today = _wall(moment, where).date()
    first = _begun(today, unit)
    following = _following(first, unit)
    guess = datetime(following.year, following.month, following.day, tzinfo=UTC)
    before, after = _millis(guess - _APART), _millis(guess + _APART)
    return first.isoformat(), _first(max(before, moment), after, lambda at: _wall(at, where).date() >= following)


def _begun(day: date, unit: Unit) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _following(first: date, unit: Unit) -> date:
    if unit == "month":
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=7 if unit == "week" else 1)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first millisecond above `low` at which something holds that holds from then on."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _wall(moment: int, where: tzinfo) -> datetime:
    # Not by adding: a sum forgets which of two equal hours it is.
    return datetime.fromtimestamp(moment // _SECOND, where).replace(microsecond=moment % _SECOND * _SECOND)


def _millis(moment: datetime) -> int:
    return int(moment.timestamp()) * _SECOND
