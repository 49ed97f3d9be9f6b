"""The target that is fastest over the whole request, waiting included."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, highest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """Tokens a second from the request to the end of the answer."""
    return [candidate.end_to_end for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The fastest first; unmeasured ones after the measured."""
    return highest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "e2e_performance",
    order,
    scores,
    "Usual tokens a second over the whole request; higher is better.",
    frozenset({"end_to_end"}),
    explores=True,
)
