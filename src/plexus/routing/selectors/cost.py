"""The target that is expected to cost least for this request."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, lowest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """Expected cost in USD."""
    return [None if candidate.cost is None else float(candidate.cost) for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The cheapest first. An unknown price is not a low one: such targets come after those with a price."""
    return lowest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "cost", order, scores, "Expected cost of this request in USD; lower is better.", frozenset({"cost"})
)
