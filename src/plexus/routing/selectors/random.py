"""Random order, weighted: a target of weight 3 comes first three times as often as one of weight 1."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Dice, Selector


def order(candidates: Sequence[Candidate], dice: Dice) -> list[Candidate]:
    """Draw without replacement, each time in proportion to the weights left; weight 0 comes last, in order."""
    left = list(candidates)
    drawn: list[Candidate] = []
    while len(left) > 1:
        drawn.append(left.pop(_draw(left, dice())))
    return drawn + left


def _draw(candidates: Sequence[Candidate], chance: float) -> int:
    point = chance * sum(candidate.weight for candidate in candidates)
    for place, candidate in enumerate(candidates):
        point -= candidate.weight
        if point < 0:
            return place
    return 0


SELECTOR = Selector("random", order)
