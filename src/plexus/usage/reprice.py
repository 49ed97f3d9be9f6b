"""Pricing past requests anew: rows and a price in, changed rows out. What was counted and what was reported stays as it was."""

from collections.abc import Callable, Iterable, Iterator

from plexus.usage.booking import booked, priced
from plexus.usage.price import Price
from plexus.usage.row import AttemptRow, UsageRow

PriceOf = Callable[[AttemptRow, int], Price | None]
"""The price for an attempt of a request that began at a moment, in milliseconds since the epoch."""


def repriced(
    rows: Iterable[UsageRow], price_of: PriceOf, *, trust_reported: bool = True
) -> Iterator[tuple[UsageRow, UsageRow]]:
    """Each row that changes, as it was and as it is now. Doing it again with the same prices changes nothing.

    The rollup of a row changes by the difference of the two (`rollup.minus`, `rollup.plus`).
    """
    for row in rows:
        if not row.attempts:
            continue
        attempts = [
            priced(attempt, price_of(attempt, row.started_at), trust_reported=trust_reported)
            for attempt in row.attempts
        ]
        anew = booked(row, attempts)
        if anew != row:
            yield row, anew
