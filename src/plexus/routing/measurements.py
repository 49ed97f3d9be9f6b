"""What was measured of each target: times, speeds, failures, use. Old samples fade; failures never make a target look fast.

Each value is a mean in which a sample of `half_life` seconds ago counts half. One sample a request. All times come in, in
seconds of the wall clock. Bounded: the target that was used least recently is forgotten first.
"""

import math
from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from plexus.routing.candidate import Candidate

Key = tuple[str, str]


class Sample(Struct, frozen=True):
    """What one request showed. `failed`: it says nothing of speed. Speeds are None where nothing was written or timed."""

    failed: bool = False
    ttft: float | None = None
    """Seconds to the first event that is content."""
    throughput: float | None = None
    """Output tokens, reasoning included, a second after the first."""
    end_to_end: float | None = None
    """The same over the whole request."""


class Window(Struct, frozen=True):
    """How fast samples fade, in seconds, and how many targets are kept."""

    half_life: float = 900.0
    use_half_life: float = 21_600.0
    """For the count of recent requests: a day later a sixteenth is left."""
    size: int = 10_000


class _Mean(Struct):
    total: float = 0.0
    weight: float = 0.0

    def add(self, value: float) -> None:
        self.total += value
        self.weight += 1

    @property
    def value(self) -> float | None:
        return self.total / self.weight if self.weight > 0 else None


_Values = tuple[float | None, float | None, float | None, float | None]


class _Target(Struct):
    ttft: _Mean
    throughput: _Mean
    end_to_end: _Mean
    errors: _Mean
    faded_at: float
    use: float = 0.0
    used_at: float = 0.0
    newest: float | None = None
    """When speed was measured last."""
    samples: int = 0
    known: _Values | None = None
    """The four means as they were asked for last; None once there was another sample."""

    def add(self, sample: Sample) -> bool:
        """Whether the sample told anything of speed."""
        said = (self.ttft, sample.ttft), (self.throughput, sample.throughput), (self.end_to_end, sample.end_to_end)
        told = False
        for mean, value in said:
            if value is not None and 0 <= value < math.inf:
                mean.total += value
                mean.weight += 1
                told = True
        return told

    @property
    def values(self) -> _Values:
        """The four means."""
        if self.known is None:
            self.known = (self.ttft.value, self.throughput.value, self.end_to_end.value, self.errors.value)
        return self.known

    def fade(self, now: float, half_life: float) -> None:
        if now <= self.faded_at:
            return
        kept = math.exp2((self.faded_at - now) / half_life)
        for mean in (self.ttft, self.throughput, self.end_to_end, self.errors):
            mean.total *= kept
            mean.weight *= kept
        self.faded_at = now


class Measurements:
    """The measurements of one process."""

    def __init__(self, window: Window | None = None) -> None:
        """Nothing is measured yet."""
        self._window = window or Window()
        self._targets: OrderedDict[Key, _Target] = OrderedDict()

    def used(self, provider: str, model: str, now: float) -> None:
        """A request is sent to the target."""
        target = self._target((provider, model), now)
        target.use = self._use(target, now) + 1
        target.used_at = max(now, target.used_at)

    def took(self, provider: str, model: str, now: float, sample: Sample) -> None:
        """A request has ended."""
        target = self._target((provider, model), now)
        target.fade(now, self._window.half_life)
        target.errors.add(float(sample.failed))
        if not sample.failed and target.add(sample):
            target.newest = now if target.newest is None else max(now, target.newest)
            target.samples += 1
        target.known = None

    def of(self, candidate: Candidate, now: float, cost: Decimal | None, headroom: float | None) -> Candidate:
        """The candidate as measured by `now`, with these facts from elsewhere."""
        provider, model = candidate.provider, candidate.model
        target = self._targets.get((provider, model))
        if target is None:
            return Candidate(provider, model, candidate.weight, cost, None, None, None, 0.0, None, headroom)
        ttft, throughput, end_to_end, errors = target.values
        newest = target.newest
        age = None if newest is None else now - newest if now > newest else 0.0
        return Candidate(
            provider,
            model,
            candidate.weight,
            cost,
            ttft,
            throughput,
            end_to_end,
            self._use(target, now),
            errors,
            headroom,
            age,
            target.samples,
        )

    def _use(self, target: _Target, now: float) -> float:
        passed = now - target.used_at
        return target.use * math.exp2(-passed / self._window.use_half_life) if passed > 0 else target.use

    def _target(self, key: Key, now: float) -> _Target:
        target = self._targets.get(key)
        if target is None:
            target = self._targets[key] = _Target(_Mean(), _Mean(), _Mean(), _Mean(), now)
            while len(self._targets) > self._window.size:
                self._targets.popitem(last=False)
        else:
            self._targets.move_to_end(key)
        return target

    def targets(self) -> list[Key]:
        """Those of which anything is known."""
        return list(self._targets)

    def clear(self, provider: str | None = None, model: str | None = None) -> list[Key]:
        """Forget everything, one provider's targets, or exactly one target. Returns what was there."""
        gone = [key for key in self._targets if provider in (None, key[0]) and model in (None, key[1])]
        for key in gone:
            del self._targets[key]
        return gone

    def export(self) -> list[dict[str, Any]]:
        """Everything as plain data, the least recently used target first."""
        return [{"provider": key[0], "model": key[1], **_plain(target)} for key, target in self._targets.items()]

    def load(self, rows: Iterable[Any], now: float) -> None:
        """Take up what was exported. What is known here already stays; rows that cannot be read are skipped."""
        for row in rows:
            read = _read(row, now)
            if read is not None and read[0] not in self._targets:
                self._target(read[0], now)
                self._targets[read[0]] = read[1]


_MEANS = ("ttft", "throughput", "end_to_end", "errors")


def _plain(target: _Target) -> dict[str, Any]:
    state = asdict(target)
    del state["known"]
    return {**state, **{name: [getattr(target, name).total, getattr(target, name).weight] for name in _MEANS}}


def _read(row: Any, now: float) -> tuple[Key, _Target] | None:
    """The target of a row; moments that lie ahead of `now` are moved to it."""
    try:
        key = (row["provider"], row["model"])
        ttft, throughput, end_to_end, errors = (_Mean(*map(_number, row[name])) for name in _MEANS)
        target = _Target(
            ttft,
            throughput,
            end_to_end,
            errors,
            min(_number(row["faded_at"]), now),
            _number(row["use"]),
            min(_number(row["used_at"]), now),
            None if row["newest"] is None else min(_number(row["newest"]), now),
            int(_number(row["samples"])),
        )
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    return (key, target) if isinstance(key[0], str) and isinstance(key[1], str) else None


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise TypeError
    return float(value)
