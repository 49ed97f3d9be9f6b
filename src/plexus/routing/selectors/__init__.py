"""The shape of a selector: a pure function that orders candidates, best first. One file each, exporting `SELECTOR`."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores

Dice = Callable[[], float]
"""A source of chance: numbers in [0, 1)."""


class Selector(Struct, frozen=True):
    """A way to order candidates. `order` returns all of them, best first."""

    name: str
    order: Callable[[Sequence[Candidate], Dice], list[Candidate]]
    scores: Callable[[Sequence[Candidate]], Scores] | None = None
    """What `order` goes by, for those who want to know why: one number a candidate, None where it is unknown."""
    meaning: str = ""
    """What the score is and which end of it is better, in a sentence."""
    weighs: frozenset[str] = frozenset()
    """The facts of a candidate it looks at; no others need be gathered for it."""
    explores: bool = False
    """Whether it can only judge what was measured, so that unmeasured and stale targets must be tried now and then."""
