"""The target whose provider has most of its quota left."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, highest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """What is left, 0 to 1."""
    return [candidate.headroom for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The most left first; providers without a reading after them."""
    return highest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "quota",
    order,
    scores,
    "Share of the provider's quota that is left, 0 to 1; higher is better.",
    frozenset({"headroom"}),
)
