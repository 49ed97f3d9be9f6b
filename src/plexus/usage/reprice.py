"""Pricing past requests anew: rows and a price in, changed rows out. What was counted and what was reported stays as it was."""

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from plexus.usage.booking import booked, priced
from plexus.usage.price import Price
from plexus.usage.row import COSTS, AttemptRow, UsageRow

PriceOf = Callable[[AttemptRow, int], Price | None]
"""The price for an attempt of a request that began at a moment, in milliseconds since the epoch."""
PRICED = (*COSTS, "cost_source", "price_version")
"""What pricing anew may change of a row and of an attempt."""


def repriced(
    rows: Iterable[UsageRow],
    price_of: PriceOf,
    meant: Callable[[AttemptRow], bool] = lambda _: True,
    *,
    trust_reported: bool = True,
) -> Iterator[tuple[UsageRow, UsageRow]]:
    """Each row that changes, as it was and as it is now. Doing it again with the same prices changes nothing.

    `meant` says which attempts are priced anew. A cost that a provider reported stays unless it is not trusted, and so does
    one that nobody can work out any more. The rollup of a row changes by the difference of
    the two (`rollup.minus`, `rollup.plus`).
    """
    for row in rows:
        attempts = [
            _anew(attempt, price_of, row.started_at, trust_reported=trust_reported) if meant(attempt) else attempt
            for attempt in row.attempts
        ]
        if attempts == list(row.attempts):
            continue
        summed = booked(row, attempts)
        money = {name: getattr(summed, name) for name in PRICED}
        yield row, replace(row, attempts=tuple(attempts), **money)


def _anew(attempt: AttemptRow, price_of: PriceOf, at: int, *, trust_reported: bool) -> AttemptRow:
    if not attempt.billed or (attempt.cost_source == "provider" and trust_reported):
        return attempt
    anew = priced(attempt, price_of(attempt, at), trust_reported=trust_reported)
    return attempt if anew.cost is None and attempt.cost is not None else anew
