"""Random order, weighted: a target of weight 3 comes first three times as often as one of weight 1."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """The chance of each to come first."""
    total = sum(candidate.weight for candidate in candidates)
    return [candidate.weight / total if total else 1 / len(candidates) for candidate in candidates]


def order(candidates: Sequence[Candidate], dice: Dice) -> list[Candidate]:
    """Draw without replacement, each time in proportion to the weights left; weight 0 comes last, in order."""
    left = list(candidates)
    weights = [candidate.weight for candidate in left]
    drawn: list[Candidate] = []
    while len(left) > 1:
        place = _draw(weights, dice())
        drawn.append(left.pop(place))
        del weights[place]
    return drawn + left


def _draw(weights: list[float], chance: float) -> int:
    point = chance * sum(weights)
    for place, weight in enumerate(weights):
        point -= weight
        if point < 0:
            return place
    return 0


SELECTOR = Selector("random", order, scores, "Chance to come first, by weight.")
