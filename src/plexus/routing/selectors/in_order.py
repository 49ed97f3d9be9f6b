"""The order of the configuration."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Dice, Selector


def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
    """As configured."""
    return list(candidates)


SELECTOR = Selector("in_order", order, meaning="The place in the configuration decides; there is no score.")
