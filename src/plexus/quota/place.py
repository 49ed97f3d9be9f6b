"""One quota's counter at the moment a request asks: whether there is room for a target, and taking it."""

from collections.abc import Sequence

from plexus.quota.admission import Charge, Held, Offer
from plexus.quota.counter import Counter
from plexus.quota.definition import Definition
from plexus.quota.refusing import SOON, Blocked


class Place:
    """Good for one moment: what is found must be taken before anything else happens."""

    __slots__ = ("_counter", "_definition", "_now", "_room", "_slot")

    def __init__(self, counter: Counter, definition: Definition, now: int) -> None:
        """Look at the counter; `now` in milliseconds since 1970."""
        self._counter, self._definition, self._now = counter, definition, now
        self._slot = counter.slot(now)
        self._room = counter.room(definition, self._slot, now)

    def blocks(self, asked: str, offer: Offer) -> Blocked | None:
        """What stands in the way of this target; None when it is outside of the quota, or there is room.

        A bound that is known must fit whole. An estimate needs any room at all, and will be held as far as that goes.
        """
        definition, room = self._definition, self._room
        if not definition.scope.covers(asked, offer.provider, offer.model):
            return None
        units, known = units_of_offer(definition, offer)
        needed = max(1, units) if known else 1
        return None if needed <= room else self._blocked(needed)

    def _blocked(self, needed: int) -> Blocked:
        counter, definition, slot, now = self._counter, self._definition, self._slot, self._now
        opens: int | None = counter.frees_at(definition, needed, slot, now)
        if needed > definition.limit:
            opens = None
        elif opens is not None and opens <= now:
            opens = now + SOON
        used = definition.limit - self._room
        return Blocked(definition, used, needed, counter.resets_at(slot, now), opens)

    def take(self, asked: str, offers: Sequence[Offer]) -> Held:
        """Hold the most that any of these targets might use; none of them is blocked."""
        definition, most = self._definition, 0
        for one in offers:
            if definition.scope.covers(asked, one.provider, one.model):
                most = max(most, units_of_offer(definition, one)[0])
        units = min(most, max(self._room, 0))
        self._counter.hold(self._slot, units)
        return Held(definition, self._counter.identity, self._slot, units)


def units_of_offer(definition: Definition, offer: Offer) -> tuple[int, bool]:
    """The units a target might use of a quota, and whether that is a bound."""
    match definition.measure:
        case "requests":
            return 1, True
        case "tokens":
            return max(0, offer.tokens), offer.known
        case "cost":
            return max(0, offer.cost or 0), offer.known and offer.cost is not None


def units_of_charges(definition: Definition, charges: Sequence[Charge]) -> int:
    """The units used of a quota by one request, of what falls under it: a request once, however many attempts were billed."""
    match definition.measure:
        case "requests":
            return 1 if charges else 0
        case "tokens":
            return sum(max(0, one.tokens) for one in charges)
        case "cost":
            return sum(max(0, one.cost or 0) for one in charges)
