"""The shape of a selector: a pure function that orders candidates, best first. One file each, exporting `SELECTOR`."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from plexus.routing.candidate import Candidate

Dice = Callable[[], float]
"""A source of chance: numbers in [0, 1)."""


class Selector(Struct, frozen=True):
    """A way to order candidates. `order` returns all of them, best first."""

    name: str
    order: Callable[[Sequence[Candidate], Dice], list[Candidate]]
