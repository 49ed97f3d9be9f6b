"""From what stands in the way of each target to the one refusal the client is told: the way out that opens first."""

from collections.abc import Sequence
from typing import NamedTuple

from plexus.quota.admission import Refusal
from plexus.quota.definition import Definition

SOON = 1000
"""Milliseconds to wait when only requests under way stand in the way: they may end at any moment."""


class Blocked(NamedTuple):
    """A quota without room for one target. Units and moments as in `Refusal`; `opens_at` is None when it never will."""

    definition: Definition
    used: int
    needed: int
    resets_at: int
    opens_at: int | None


def broken(definition: Definition) -> Refusal:
    """The refusal of a quota that cannot be enforced. It refuses, since the operator meant a limit to be there."""
    return Refusal(
        quota=definition.name,
        measure=definition.measure,
        limit=0,
        used=0,
        needed=0,
        blocking=(definition.name,),
        broken=definition.broken,
    )


def refusal(blocked: Sequence[Sequence[Blocked]], now: int) -> Refusal:
    """The refusal when every target is blocked: each by all of the quotas listed for it, so the slowest of them decides.

    Among the targets it tells of the one that opens first.
    """
    slowest = [max(target, key=_opening) for target in blocked]
    first = min(slowest, key=_opening)
    opens = first.opens_at
    return Refusal(
        quota=first.definition.name,
        measure=first.definition.measure,
        limit=first.definition.limit,
        used=first.used,
        needed=first.needed,
        resets_at=first.resets_at,
        retry_after=None if opens is None else max(1, -(-(opens - now) // 1000)),
        blocking=tuple(dict.fromkeys(one.definition.name for target in blocked for one in target)),
    )


def _opening(one: Blocked) -> tuple[bool, int]:
    return one.opens_at is None, one.opens_at or 0
