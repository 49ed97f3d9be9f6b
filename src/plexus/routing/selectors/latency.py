"""The target that begins to answer soonest."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, lowest_first
from plexus.routing.selectors import Dice, Selector


def scores(candidates: Sequence[Candidate]) -> Scores:
    """Seconds to the first event."""
    return [candidate.ttft for candidate in candidates]


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """The shortest wait first; unmeasured ones after the measured."""
    return lowest_first(candidates, scores(candidates))


SELECTOR = Selector(
    "latency", order, scores, "Usual seconds to the first event; lower is better.", frozenset({"ttft"}), explores=True
)
