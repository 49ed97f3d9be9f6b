"""The target that writes fastest once it has begun."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, highest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """Tokens a second after the first."""
    return [candidate.throughput for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The fastest first; unmeasured ones after the measured."""
    return highest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "performance",
    order,
    scores,
    "Usual tokens a second once the answer has begun; higher is better.",
    frozenset({"throughput"}),
    explores=True,
)
