"""One quota's counter at the moment a request asks: whether there is room for a target, and taking it."""

from collections.abc import Sequence

from plexus.quota.admission import Charge, Held, Offer
from plexus.quota.counter import Counter
from plexus.quota.definition import Definition
from plexus.quota.refusing import SOON, Blocked


class Place:
    """Good for one moment: what is found must be taken before anything else happens."""

    __slots__ = ("_counter", "_definition", "_most", "_now", "_room", "_slot")

    def __init__(self, counter: Counter, definition: Definition, now: int) -> None:
        """Look at the counter; `now` in milliseconds since 1970."""
        self._counter, self._definition, self._now = counter, definition, now
        self._slot = slot = counter.slot(now)
        self._room = counter.room(definition, slot, now)
        self._most = 0

    def blocks(self, asked: str, offer: Offer) -> Blocked | None:
        """What stands in the way of this target; None when it is outside of the quota, or there is room.

        A bound that is known must fit whole. An estimate needs any room at all, and will be held as far as that goes.
        """
        definition = self._definition
        if not definition.scope.covers(asked, offer.provider, offer.model):
            return None
        units, known = units_of_offer(definition, offer)
        needed = units if known and units > 1 else 1
        if needed > self._room:
            return self._blocked(needed)
        self._most = max(self._most, units)
        return None

    def _blocked(self, needed: int) -> Blocked:
        counter, definition, slot, now = self._counter, self._definition, self._slot, self._now
        opens: int | None = counter.frees_at(definition, needed, slot, now)
        if needed > definition.limit:
            opens = None
        elif opens is not None and opens <= now:
            opens = now + SOON
        used = definition.limit - self._room
        return Blocked(definition, used, needed, counter.resets_at(slot, now), opens)

    def forget(self) -> None:
        """Forget the targets that were asked about: not all of them stay."""
        self._most = 0

    def take(self) -> Held:
        """Hold the most that any of the targets asked about might use; none of them is blocked."""
        room = self._room
        units = self._most if self._most <= room else max(room, 0)
        self._counter.hold(self._slot, units)
        return Held(self._definition, self._counter, self._slot, units)


def taken(counted: Sequence[tuple[Definition, Counter]], asked: str, offer: Offer, now: int) -> tuple[Held, ...] | None:
    """What is held for the only target there is, as most requests have, in one look; None when a quota has no room for it."""
    found: list[Held] = []
    for definition, counter in counted:
        slot = counter.slot(now)
        units = 0
        if definition.scope.everything or definition.scope.covers(asked, offer.provider, offer.model):
            room = counter.room(definition, slot, now)
            units, known = units_of_offer(definition, offer)
            if room < (units if known and units > 1 else 1):
                return None
            units = min(units, room)
        found.append(Held(definition, counter, slot, units))
    for held in found:
        held.counter.hold(held.slot, held.units)
    return tuple(found)


def units_of_offer(definition: Definition, offer: Offer) -> tuple[int, bool]:
    """The units a target might use of a quota, and whether that is a bound."""
    measure = definition.measure
    if measure == "requests":
        return 1, True
    if measure == "tokens":
        return max(0, offer.tokens), offer.known
    return max(0, offer.cost or 0), offer.known and offer.cost is not None


def units_of_charges(definition: Definition, charges: Sequence[Charge]) -> int:
    """The units used of a quota by one request, of what falls under it: a request once, however many attempts were billed."""
    measure = definition.measure
    if measure == "requests":
        return 1 if charges else 0
    if measure == "tokens":
        return sum([max(0, one.tokens) for one in charges])
    return sum([max(0, one.cost or 0) for one in charges])
