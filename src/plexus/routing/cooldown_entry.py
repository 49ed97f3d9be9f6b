"""What is known of one resting target: count, deadline, trial, and its recent share of failures. Holds no rules."""

import math
from typing import Any

from msgspec import Struct


class Cooling(Struct, frozen=True):
    """A cooldown as seen from outside. `until` is when the next attempt may begin, in seconds of the wall clock."""

    provider: str
    model: str
    """Empty when the provider's credential cools down, with all models."""
    until: float
    count: int
    """Failures in a row that led to a cooldown, this one included."""
    since: float
    """The newest failure."""
    said: bool = False
    """The provider named the time."""
    trial: bool = False
    """The time is over and one request is trying the target; `until` is the end of its lease."""
    by_rate: bool = False
    """The target also answers: it rests for its share of failures."""

    def sentence(self, now: float) -> str:
        """The reason in words."""
        what = "the provider's credential" if not self.model else "the target"
        if self.trial:
            return f"{what} is being tried by another request after a cooldown"
        why = "as the provider asked" if self.said else f"after {self.count} failure{'s' if self.count > 1 else ''}"
        return f"{what} cools down for another {max(0.0, self.until - now):.0f} s, {why}"


class Entry(Struct):
    """The state of one target or credential."""

    count: int = 0
    run: int = 0
    """Failures since the last success."""
    failed_at: float = -math.inf
    until: float = 0.0
    """The deadline as the formula or the provider has it."""
    opens: float = 0.0
    """The deadline with its jitter: when a trial may begin."""
    resting: bool = False
    """A cooldown was set and no success has ended it: it is running, or waits for its trial."""
    said: bool = False
    by_rate: bool = False
    trial: int = 0
    """The number of the trial under way, 0 for none."""
    leased: float = 0.0
    """Until when the trial has the target for itself."""
    volume: float = 0.0
    failures: float = 0.0
    counted_at: float = 0.0

    @property
    def successes(self) -> float:
        """Recent attempts that did not fail."""
        return self.volume - self.failures

    def tally(self, now: float, half_life: float, *, failed: bool) -> None:
        """Count one attempt; older ones lose half their weight every `half_life` seconds."""
        kept = math.exp2(-max(now - self.counted_at, 0.0) / half_life)
        self.volume = self.volume * kept + 1
        self.failures = self.failures * kept + failed
        self.counted_at = max(now, self.counted_at)

    def seen(self, key: tuple[str, str], until: float, *, trial: bool = False) -> Cooling:
        """The entry as others see it."""
        return Cooling(*key, until, self.count, self.failed_at, self.said, trial, self.by_rate)


def write_entry(key: tuple[str, str], entry: Entry) -> dict[str, Any]:
    """An entry as plain data. A trial is not kept: it ended with its process."""
    return {
        "provider": key[0],
        "model": key[1],
        "count": entry.count,
        "run": entry.run,
        "failed_at": entry.failed_at if math.isfinite(entry.failed_at) else None,
        "until": entry.until,
        "opens": entry.opens,
        "resting": entry.resting,
        "said": entry.said,
    }


def read_entry(row: Any, now: float, farthest: float, jitter: float) -> tuple[tuple[str, str], Entry] | None:
    """The entry of a row, None when it is none. Its deadline lies at most `farthest` seconds ahead, its trial `jitter` later."""
    try:
        key = (_text(row["provider"]), _text(row["model"]))
        until = min(_number(row["until"]), now + farthest)
        return key, Entry(
            count=max(int(_number(row["count"])), 0),
            run=max(int(_number(row["run"])), 0),
            failed_at=-math.inf if row["failed_at"] is None else min(_number(row["failed_at"]), now),
            until=until,
            opens=max(until, min(_number(row["opens"]), until + jitter)),
            resting=bool(row["resting"]),
            said=bool(row["said"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)
