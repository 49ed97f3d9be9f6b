"""Notes about what could not be carried over. A codec that leaves something out adds a `Drop`; silence is a defect."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

DropKind = Literal[
    "dropped",  # the target has no place for it
    "approximated",  # carried by the nearest thing the target has
    "stripped",  # an opaque value of another maker, never sent
    "clamped",  # a number outside what the target accepts
    "repaired",  # malformed input put right (empty arguments, an invalid tool name)
]


class Drop(Struct, frozen=True):
    """One loss: its kind, the field as the client spells it (`messages[2].content[0].cache_control`), and why."""

    kind: DropKind
    field: str
    reason: str = ""


def tally(drops: Iterable[Drop]) -> str:
    """The counts by kind as the `x-plexus-fidelity` header says them: `dropped=2;approximated=1`; empty when none."""
    counts: dict[str, int] = {}
    for drop in drops:
        counts[drop.kind] = counts.get(drop.kind, 0) + 1
    return ";".join(f"{kind}={count}" for kind, count in counts.items())
