"""The facts of a candidate for one request, gathered from where they are kept. Prices and quotas come from outside."""

from collections.abc import Callable
from decimal import Decimal

from plexus.routing.candidate import Candidate
from plexus.routing.measurements import Measurements


def nothing_known(_provider: str, _model: str) -> None:
    """No price, no reading."""
    return


class Facts:
    """What is known at one moment. Calling it gives a candidate with the facts wanted; dear ones only when wanted."""

    def __init__(
        self,
        measurements: Measurements,
        now: float,
        cost: Callable[[str, str], Decimal | None] = nothing_known,
        headroom: Callable[[str, str], float | None] = nothing_known,
    ) -> None:
        """`cost` gives the expected cost of this request at a target in USD, `headroom` what is left of its quota, 0 to 1."""
        self._measured, self._now, self._cost, self._headroom = measurements.of, now, cost, headroom

    def __call__(self, candidate: Candidate, wanted: frozenset[str]) -> Candidate:
        """The candidate with its measurements, and cost and headroom if they are among those wanted."""
        cost = self._cost(candidate.provider, candidate.model) if "cost" in wanted else None
        headroom = self._headroom(candidate.provider, candidate.model) if "headroom" in wanted else None
        return self._measured(candidate, self._now, cost, headroom)
