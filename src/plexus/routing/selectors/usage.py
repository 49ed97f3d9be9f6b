"""The target that was used least lately."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, lowest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """Recent requests."""
    return [candidate.recent for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The least used first; what nobody counted after what is counted."""
    return lowest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "usage", order, scores, "Requests lately, old ones counting less; lower is better.", frozenset({"recent"})
)
