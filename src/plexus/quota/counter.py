"""What one owner has used of one quota, and what is held for requests under way. It decides nothing.

A calendar counter keeps a tally for each window, so that a request is charged to the window it began in, and a clock that
went forward and back finds its usage where it was. A rolling one is a bucket: a hold stays in it whole until the request is
over, and what was used drains from then on.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from plexus.quota.definition import Definition
from plexus.quota.measure import Measure
from plexus.quota.window import Bucket, Calendar, Kind, Window, window_at

_WINDOWS = 3
"""Windows kept once nothing is held in them: this one, the one before, and one for a clock that is wrong."""


class Identity(NamedTuple):
    """Which counter. A quota that counts something else from now on, or resets otherwise, is another one."""

    quota: str
    owner: str
    kind: Kind
    measure: Measure


class CounterRow(NamedTuple):
    """A counter, or one window of it, as it is stored. Integers of any size: keep `used` as text or NUMERIC.

    `slot` is the start of the window, 0 for a rolling one. `used` is in units, and for a rolling one in units times
    milliseconds of `duration`, as it was `at`. `through` is the number of the last booking that is in it.
    """

    quota: str
    owner: str
    kind: Kind
    measure: Measure
    slot: int
    used: int
    at: int
    limit: int
    duration: int
    through: int


class Counter(ABC):
    """Usage in units of the measure. A slot is the window a request was admitted in."""

    __slots__ = ("forgotten", "held", "identity", "through")

    def __init__(self, identity: Identity) -> None:
        """Begin with nothing used."""
        self.identity = identity
        self.held: dict[int, int] = {}
        """Units held, by slot."""
        self.through = 0
        self.forgotten = False
        """Whether the ledger counts no more with it: whoever still has it must ask for the one that took its place."""

    def hold(self, slot: int, units: int) -> None:
        """Keep units back for a request."""
        if units:
            self.held[slot] = self.held.get(slot, 0) + units

    def free(self, slot: int, units: int) -> None:
        """Give back what was kept."""
        left = self.held.get(slot, 0) - units
        if left > 0:
            self.held[slot] = left
        else:
            self.held.pop(slot, None)

    def room(self, definition: Definition, slot: int, now: int) -> int:
        """Units neither used nor held; negative after an overshoot."""
        return definition.limit - self.used(slot, now) - self.held.get(slot, 0)

    @property
    def shape(self) -> tuple[int, int]:
        """Limit and duration of the bucket; zeros where there is none."""
        return 0, 0

    @abstractmethod
    def reshape(self, limit: int, duration: int, now: int) -> None:
        """Take up another limit and duration. What was used stays used."""

    @abstractmethod
    def slot(self, now: int) -> int:
        """The slot of a request that begins now."""

    @abstractmethod
    def used(self, slot: int, now: int) -> int:
        """Units used in a slot as of now, rounded up, without what is held."""

    @abstractmethod
    def charge(self, slot: int, units: int, at: int) -> None:
        """Book usage."""

    @abstractmethod
    def resets_at(self, slot: int, now: int) -> int:
        """When nothing will be left of what is used now."""

    @abstractmethod
    def frees_at(self, definition: Definition, units: int, slot: int, now: int) -> int:
        """When so many units will fit, as far as usage alone decides."""

    @abstractmethod
    def rows(self) -> list[CounterRow]:
        """What has to be stored."""

    @abstractmethod
    def restore(self, row: CounterRow) -> None:
        """Take up what was stored."""

    @abstractmethod
    def empty(self, now: int) -> None:
        """Forget what was used."""

    @abstractmethod
    def idle(self, now: int) -> bool:
        """Whether forgetting it would change nothing."""


class CalendarCounter(Counter):
    """One tally for each window."""

    __slots__ = ("_kind", "_window", "windows")

    def __init__(self, identity: Identity, kind: Calendar) -> None:
        """Begin with no window."""
        super().__init__(identity)
        self._kind = kind
        self._window = Window(0, 0)  # the last one that was asked for
        self.windows: dict[int, int] = {}

    def _at(self, moment: int) -> Window:
        window = self._window
        if not window.start <= moment < window.end:
            self._window = window = window_at(self._kind, moment)
        return window

    def reshape(self, limit: int, duration: int, now: int) -> None:
        """A tally has no shape."""

    def slot(self, now: int) -> int:
        """The start of this window."""
        return self._at(now).start

    def used(self, slot: int, now: int) -> int:  # noqa: ARG002 - a tally does not drain
        """The tally of the window."""
        return self.windows.get(slot, 0)

    def charge(self, slot: int, units: int, at: int) -> None:  # noqa: ARG002 - charged to the window it began in
        """Add to the tally."""
        self.windows[slot] = self.windows.get(slot, 0) + units
        if len(self.windows) > _WINDOWS:
            for start in sorted(self.windows)[:-_WINDOWS]:
                if start not in self.held and start != slot:
                    del self.windows[start]

    def resets_at(self, slot: int, now: int) -> int:  # noqa: ARG002 - whatever the time in it
        """The end of the window."""
        return self._at(slot).end

    def frees_at(self, definition: Definition, units: int, slot: int, now: int) -> int:
        """Now, or the end of the window."""
        return now if self.used(slot, now) + units <= definition.limit else self.resets_at(slot, now)

    def rows(self) -> list[CounterRow]:
        """One for each window."""
        return [
            CounterRow(*self.identity, slot, used, at=0, limit=0, duration=0, through=self.through)
            for slot, used in self.windows.items()
        ]

    def restore(self, row: CounterRow) -> None:
        """Take up one window."""
        self.windows[row.slot] = row.used
        self.through = max(self.through, row.through)

    def empty(self, now: int) -> None:  # noqa: ARG002 - whatever the time
        """No window has a tally."""
        self.windows.clear()
        self.through = 0

    def idle(self, now: int) -> bool:
        """Whether all its windows are over."""
        current = window_at(self._kind, now).start
        return not self.held and all(start < current for start in self.windows)


class RollingCounter(Counter):
    """A bucket."""

    __slots__ = ("bucket",)

    def __init__(self, identity: Identity, bucket: Bucket) -> None:
        """Begin with this bucket."""
        super().__init__(identity)
        self.bucket = bucket

    @property
    def shape(self) -> tuple[int, int]:
        """As the bucket is now."""
        return self.bucket.limit, self.bucket.duration

    def reshape(self, limit: int, duration: int, now: int) -> None:
        """Drain under the old shape until now, and under the new one from now on."""
        self.bucket = self.bucket.reshaped(limit, duration, now)

    def slot(self, now: int) -> int:  # noqa: ARG002 - whatever the time
        """There is but one."""
        return 0

    def used(self, slot: int, now: int) -> int:  # noqa: ARG002 - there is but one
        """What has not drained yet."""
        bucket = self.bucket
        if now < bucket.at:  # the clock went back: draining goes on from there, or nothing would for that long
            self.bucket = bucket = bucket.drained(now)
        left = bucket.filling - (now - bucket.at) * bucket.limit  # as `Bucket.left`: every request asks several times
        return -(-left // bucket.duration) if left > 0 else 0

    def charge(self, slot: int, units: int, at: int) -> None:  # noqa: ARG002 - there is but one
        """Pour it in."""
        self.bucket = self.bucket.poured(units, at)

    def resets_at(self, slot: int, now: int) -> int:  # noqa: ARG002 - there is but one
        """When the bucket will be empty."""
        return now - (-self.bucket.left(now) // self.bucket.limit)

    def frees_at(self, definition: Definition, units: int, slot: int, now: int) -> int:  # noqa: ARG002 - there is but one
        """When enough has drained; when all has, if that is not enough."""
        return now + self.bucket.drained(now).empty_in(max(0, definition.limit - units))

    def rows(self) -> list[CounterRow]:
        """The bucket."""
        bucket = self.bucket
        return [
            CounterRow(
                *self.identity, 0, bucket.filling, bucket.at, bucket.limit, bucket.duration, through=self.through
            )
        ]

    def restore(self, row: CounterRow) -> None:
        """Take up the bucket."""
        self.bucket = Bucket(row.limit, row.duration, row.used, row.at)
        self.through = row.through

    def empty(self, now: int) -> None:
        """The same bucket without what is in it."""
        self.bucket = Bucket(*self.shape, at=now)
        self.through = 0

    def idle(self, now: int) -> bool:
        """Whether it is empty."""
        return not self.held and not self.bucket.drained(now).filling


def new_counter(identity: Identity, limit: int, duration: int, now: int) -> Counter:
    """A counter at which nothing has been used yet."""
    if identity.kind == "rolling":
        return RollingCounter(identity, Bucket(limit, duration, at=now))
    return CalendarCounter(identity, identity.kind)
