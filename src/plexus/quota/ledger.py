"""The counters of one process: reserve before a request, settle after it, release on every other ending.

Everything here is synchronous and in memory, for one event loop: nothing can come between looking and taking, so parallel
requests cannot overshoot, and no database is asked. What must outlive the process is handed out as bookings and rows.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.quota.admission import Admission, Booking, Charge, Held, Offer, Reading, Refusal, Removed
from plexus.quota.counter import Counter, CounterRow, Identity, new_counter
from plexus.quota.definition import Definition
from plexus.quota.place import Place, taken, units_of_charges
from plexus.quota.recompute import Spent
from plexus.quota.refusing import Blocked, broken, refusal

Counted = tuple[tuple[Definition, Counter], ...]
_NONE: tuple[Sequence[Definition], Counted] = ((), ())
_ONE = (0,)
LEASE = 2 * 3600.0
"""Seconds a hold lives without being renewed: longer than any request is given by default."""


class Tally(Struct):
    """What went past a quota since the process began, for metrics."""

    overshoots: int = 0
    """Requests that used more than there was room for."""
    overshot: int = 0
    """By how many units, in all."""
    unpriced: int = 0
    """Requests whose cost nobody knows: a cost quota could not count them."""


class Ledger:
    """All counters. Definitions come with each request, from the configuration it began with."""

    def __init__(self, clock: Clock, lease: float = LEASE) -> None:
        """`lease` in seconds: how long a hold lives when nobody ends it."""
        self._clock, self._lease = clock, lease
        self._counters: dict[Identity, Counter] = {}
        self._looked_up: dict[str, tuple[Sequence[Definition], Counted]] = {}
        """By key."""
        self._live: dict[int, Admission] = {}
        """Admissions that hold something, by identity, the earliest end of a lease first."""
        self._number = 0
        self.tallies: dict[str, Tally] = {}

    @property
    def number(self) -> int:
        """That of the last booking. Numbers grow with the clock: microseconds since 1970, if there are no more than one each."""
        return self._number

    def configure(self, quotas: Iterable[Definition]) -> None:
        """Take up a new configuration: buckets drain under their new limit and duration from now on, and usage stays.

        What is under way keeps its holds, and what it used is booked, whatever became of its quota. Write all rows
        (`export()`) afterwards: a process that is killed must not go on draining as before.
        """
        now = self._now()
        shapes = {(one.name, one.kind, one.measure): one for one in quotas if not one.broken}
        for identity, counter in self._counters.items():
            found = shapes.get((identity.quota, identity.kind, identity.measure))
            if found is not None:
                counter.reshape(found.limit, found.duration, now)

    def admit(self, quotas: Sequence[Definition], key: str, asked: str, offers: Sequence[Offer]) -> Admission | Refusal:
        """Reserve in all quotas or in none. Offers a quota has no room for are out; without any left the request is refused.

        Raises:
            ValueError: without an offer; that there is no target is not for quotas to say.
        """
        if not offers:
            raise ValueError("a request without a target cannot be admitted")
        if not quotas:
            return Admission(asked=asked, allowed=tuple(range(len(offers))))
        until = self._lapse() + self._lease
        now = self._now()
        for definition in quotas:
            if definition.broken:
                return broken(definition)
        counted = self._counted(quotas, key, now)
        if len(offers) == 1 and (held := taken(counted, asked, offers[0], now)) is not None:
            admission = Admission(asked=asked, allowed=_ONE, held=held, until=until, holding=True)
            self._live[id(admission)] = admission
            return admission
        places = [Place(counter, definition, now) for definition, counter in counted]
        allowed: list[int] = []
        blocked: list[list[Blocked]] = []
        removed: list[Removed] = []
        for index, offer in enumerate(offers):
            full = [found for place in places if (found := place.blocks(asked, offer)) is not None]
            if full:
                blocked.append(full)
                removed.append(Removed(index, full[0].definition.name))
            else:
                allowed.append(index)
        if not allowed:
            return refusal(blocked, now)
        if removed:
            _ask_again(places, asked, [offers[index] for index in allowed])
        held = tuple([place.take() for place in places])
        admission = Admission(
            asked=asked, allowed=tuple(allowed), removed=tuple(removed), held=held, until=until, holding=True
        )
        self._live[id(admission)] = admission
        return admission

    def renew(self, admission: Admission) -> None:
        """Begin the lease anew, for a request that is known to go on. One that has lapsed stays so."""
        if self._live.pop(id(admission), None) is not None:
            admission.until = self._clock.monotonic() + self._lease
            self._live[id(admission)] = admission

    def settle(self, admission: Admission, charges: Sequence[Charge], at: int | None = None) -> list[Booking]:
        """Book what was used in the windows the request began in, and give back what was held. Only the first ending counts.

        `at`, in milliseconds since 1970, is the moment the usage row gives as its end; now, when left out.
        """
        if admission.ended:
            return []
        self._drop(admission)
        admission.ended = True
        now = self._now()
        bookings: list[Booking] = []
        for held in admission.held:
            definition = held.definition
            covered = charges
            if not definition.scope.everything:
                asked = admission.asked
                covered = [one for one in charges if definition.scope.covers(asked, one.provider, one.model)]
            if not covered:
                continue
            if definition.measure == "cost" and any(one.cost is None for one in covered):
                self._tally(definition.name).unpriced += 1
            if units := units_of_charges(definition, covered):
                bookings.append(self._book(held, units, now if at is None else at, now))
        return bookings

    def charge(self, quotas: Sequence[Definition], spent: Spent) -> list[Booking]:
        """Book a request that had no admission in this process, such as one a crash interrupted."""
        began = spent.began
        counters = [(one, self._counter(one, spent.key, began)) for one in quotas if not one.broken]
        held = tuple(Held(one, counter, counter.slot(began), 0) for one, counter in counters)
        return self.settle(Admission(asked=spent.asked, allowed=(), held=held), spent.charges, spent.booked)

    def release(self, admission: Admission) -> None:
        """Give back what was held; nothing was used."""
        self.settle(admission, ())

    def _drop(self, admission: Admission) -> None:
        if self._live.pop(id(admission), None) is None:
            return
        admission.holding = False
        for held in admission.held:
            if held.units:
                held.counter.free(held.slot, held.units)

    def _lapse(self) -> float:
        """Free what is held by admissions nobody ended within their lease. Returns the monotonic time."""
        now = self._clock.monotonic()
        while self._live and (first := next(iter(self._live.values()))).until <= now:
            self._drop(first)
        return now

    def _book(self, held: Held, units: int, at: int, now: int) -> Booking:
        definition, counter = held.definition, held.counter
        if counter.forgotten:  # while nothing was held in it
            counter = self._counter(definition, counter.identity.owner, now)
        before = counter.used(held.slot, now)
        counter.charge(held.slot, units, at)
        # whatever drains meanwhile, it is not more than both together
        if (
            before + units > definition.limit
            and (past := counter.used(held.slot, now) - max(before, definition.limit)) > 0
        ):
            tally = self._tally(definition.name)
            tally.overshoots, tally.overshot = tally.overshoots + 1, tally.overshot + past
        # By the clock, so that numbers go on growing even where nothing was kept of the last process.
        self._number = counter.through = max(self._number + 1, now * 1000)
        return Booking(self._number, *counter.identity, held.slot, at, units, *counter.shape)

    def _tally(self, quota: str) -> Tally:
        return self.tallies.setdefault(quota, Tally())

    def _counted(self, quotas: Sequence[Definition], key: str, now: int) -> Counted:
        """The quotas with their counters. They are looked up once for a key, as long as its configuration is the same."""
        before, counted = self._looked_up.get(key, _NONE)
        if before is not quotas:
            counted = tuple([(one, self._counter(one, key, now)) for one in quotas])
            if isinstance(quotas, tuple):  # what cannot become another
                self._looked_up[key] = quotas, counted
        return counted

    def _counter(self, definition: Definition, key: str, now: int) -> Counter:
        owner = definition.owner(key)
        # looked up as a plain tuple, which is equal to an `Identity` and costs a fifth of one
        plain: Any = (definition.name, owner, definition.kind, definition.measure)
        counter = self._counters.get(plain)
        if counter is None:
            identity = Identity(definition.name, owner, definition.kind, definition.measure)
            counter = new_counter(identity, definition.limit, definition.duration, now)
            self._counters[identity] = counter
        return counter

    def _now(self) -> int:
        return int(self._clock.wall() * 1000)

    def readings(self, quotas: Sequence[Definition], key: str) -> list[Reading]:
        """How these quotas stand for a key at this moment. Broken ones have no reading."""
        self._lapse()
        now = self._now()
        found: list[Reading] = []
        for definition, counter in self._counted(quotas, key, now):
            if not definition.broken:
                slot = counter.slot(now)
                held = counter.held.get(slot, 0)
                found.append(Reading(definition, counter.used(slot, now), held, counter.resets_at(slot, now)))
        return found

    def export(self, since: int = 0) -> list[CounterRow]:
        """The counters with bookings after the number `since`; the highest `through` among the rows is the next `since`."""
        return [row for counter in self._counters.values() if counter.through > since for row in counter.rows()]

    def empty(self) -> None:
        """Take out all that was used, because other rows are to be loaded. What is held stays held."""
        now = self._now()
        for counter in self._counters.values():
            counter.empty(now)

    def load(self, rows: Iterable[CounterRow]) -> None:
        """Take up exported counters, before the first request."""
        for row in rows:
            identity = Identity(row.quota, row.owner, row.kind, row.measure)
            counter = self._counters.get(identity)
            if counter is None:
                counter = self._counters[identity] = new_counter(identity, row.limit, row.duration, row.at)
            counter.restore(row)
            self._number = max(self._number, row.through)

    def replay(self, bookings: Iterable[Booking]) -> int:
        """Book again what the journal holds, in its order, and return how many were new: what is already in a counter is not."""
        new = 0
        for one in bookings:
            found: Any = (one.quota, one.owner, one.kind, one.measure)  # equal to the `Identity`
            counter = self._counters.get(found)
            if counter is None:
                identity = Identity(*found)
                counter = self._counters[identity] = new_counter(identity, one.limit, one.duration, one.at)
            self._number = max(self._number, one.number)
            if one.number > counter.through:
                counter.reshape(one.limit, one.duration, one.at)
                counter.charge(one.slot, one.units, one.at)
                counter.through = one.number
                new += 1
        return new

    def prune(self, done: int) -> list[Identity]:
        """Forget the counters whose windows are over and that hold nothing, and return which: their rows may go as well.

        `done` is the number up to which bookings are no longer in the journal. Counters booked after it stay: replayed without
        their row, such a booking would drain as its bucket did then, whatever it was changed to later.
        """
        self._lapse()
        now = self._now()
        gone = [
            identity for identity, counter in self._counters.items() if counter.through <= done and counter.idle(now)
        ]
        self._looked_up.clear()
        for identity in gone:
            self._counters.pop(identity).forgotten = True
        return gone


def _ask_again(places: Sequence[Place], asked: str, left: Sequence[Offer]) -> None:
    """Have the most that may be used be that of the targets that are left."""
    for place in places:
        place.forget()
        for offer in left:
            place.blocks(asked, offer)
