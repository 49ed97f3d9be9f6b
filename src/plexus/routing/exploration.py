"""Exploration: now and then a target goes first because little is known of it, not because it is good.

A target nobody sends requests to is never measured, and a measurement grows old. So with probability `rate` one that was never
measured, or not for `stale_after` seconds, is put first, the one with the oldest measurement before the others. Without it an
unmeasured target stays behind the measured ones: unknown is not fast.
"""

from collections.abc import Sequence

from msgspec import Struct

from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Dice


class Exploration(Struct, frozen=True):
    """`rate` is the share of requests, 0 to 1. With `background` probes do the measuring, and requests none of it."""

    rate: float = 0.05
    background: bool = False
    stale_after: float = 600.0


def to_explore(candidates: Sequence[Candidate], exploration: Exploration) -> list[Candidate]:
    """The unmeasured and stale ones, the most in need first; equal ones in the order given."""
    unmeasured = [candidate for candidate in candidates if candidate.age is None]
    stale = [c for c in candidates if c.age is not None and c.age > exploration.stale_after]
    stale.sort(key=_age, reverse=True)
    return unmeasured + stale


def explored(candidates: Sequence[Candidate], dice: Dice, exploration: Exploration) -> Candidate | None:
    """The candidate that goes first this time in spite of its rank, None mostly."""
    if exploration.background or len(candidates) < 2 or dice() >= exploration.rate:  # noqa: PLR2004 - a choice needs two
        return None
    waiting = to_explore(candidates, exploration)
    return waiting[0] if waiting else None


def _age(candidate: Candidate) -> float:
    return candidate.age or 0.0
