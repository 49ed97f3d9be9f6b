"""What a request asks of its quotas, what it is granted or refused, and what is booked for it in the end. Data only."""

from typing import NamedTuple

from msgspec import Struct

from plexus.quota.counter import Counter
from plexus.quota.definition import Definition
from plexus.quota.measure import Measure
from plexus.quota.window import Kind


class Offer(Struct, frozen=True):
    """A target that might serve the request, and the most this would use there.

    `tokens` counts input, output and cache. `cost` is in units of 1e-8 USD, None when the price is not known. `known`:
    these are bounds that hold (the client named its maximum); otherwise they are estimates, and held as far as there is room.
    """

    provider: str
    model: str
    tokens: int = 0
    cost: int | None = None
    known: bool = True


class Charge(Struct, frozen=True):
    """What one provider was paid for, as the usage row tells it: tokens of all kinds, cost in units, None when unknown.

    An attempt that was not billed makes no charge. A request with none does not count as a request either.
    """

    provider: str
    model: str
    tokens: int = 0
    cost: int | None = None


class Held(Struct, frozen=True):
    """What one quota keeps back for an admission: zero when none of its targets falls under the quota."""

    definition: Definition
    counter: Counter
    slot: int
    units: int


class Removed(NamedTuple):
    """A target that is out because of a quota, by its place among the offers."""

    place: int
    quota: str


class Admission(Struct, eq=False, kw_only=True):
    """The leave to send a request. It is ended exactly once, by settling or by release; later endings do nothing."""

    asked: str
    """The model name the client asked for."""
    allowed: tuple[int, ...]
    """The places of the offers that may serve it, in their order."""
    removed: tuple[Removed, ...] = ()
    held: tuple[Held, ...] = ()
    until: float = 0.0
    """The end of the lease, in monotonic seconds: after it nothing is held, and settling still books what was used."""
    holding: bool = False
    ended: bool = False


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a request may not be sent. Amounts in units of the measure, `resets_at` in milliseconds since 1970.

    `used` includes what is held for requests under way. `blocking` names every quota that stands in the way.
    """

    quota: str
    measure: Measure
    limit: int
    used: int
    needed: int
    resets_at: int | None = None
    retry_after: int | None = None
    """Seconds, at least 1; None when waiting will not help: the quota is broken, or the request is larger than its limit."""
    blocking: tuple[str, ...] = ()
    broken: str = ""
    """Why the quota cannot be enforced, and so refuses everything: the operator's fault, not the client's."""

    @property
    def too_large(self) -> bool:
        """Whether the request could not be sent even if nothing had been used."""
        return not self.broken and self.needed > self.limit


class Booking(Struct, frozen=True, array_like=True, gc=False):
    """One entry of the ledger: it belongs into the journal, as a plain list, beside the usage row it comes from.

    `number` grows with every booking of a process and across its restarts. `slot` is the start of the window, `at` the
    moment it was booked; `limit` and `duration` shape the bucket of a rolling quota.
    """

    number: int
    quota: str
    owner: str
    kind: Kind
    measure: Measure
    slot: int
    at: int
    units: int
    limit: int = 0
    duration: int = 0


class Reading(Struct, frozen=True):
    """How a quota stands for one owner at one moment, in units."""

    definition: Definition
    used: int
    held: int
    resets_at: int

    @property
    def remaining(self) -> int:
        """Units left, never below zero."""
        return max(0, self.definition.limit - self.used - self.held)

    @property
    def warns(self) -> bool:
        """Whether the warning level is reached by what is used or held."""
        level = self.definition.warn_from
        return level is not None and self.used + self.held >= level
