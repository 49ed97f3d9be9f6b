"""A quota's counters worked out anew from usage rows: what the ledger must equal, and how a new quota learns the past.

It knows no hold. Rows come in the order in which they were booked.
"""

from collections.abc import Iterable
from typing import NamedTuple

from plexus.quota.admission import Charge
from plexus.quota.counter import Counter, CounterRow, Identity, new_counter
from plexus.quota.definition import Definition
from plexus.quota.place import units_of_charges


class Spent(NamedTuple):
    """One usage row, as far as quotas care: whose, what was asked for, when it began and was booked (ms), what was billed."""

    key: str
    asked: str
    began: int
    booked: int
    charges: tuple[Charge, ...]
    """One for each attempt that was billed."""


def recompute(definition: Definition, rows: Iterable[Spent]) -> dict[str, Counter]:
    """The counters of a quota by their owner. Rolling quotas drain as they are defined now, calendar ones are exact always."""
    counters: dict[str, Counter] = {}
    for row in rows:
        scope = definition.scope
        covered = [one for one in row.charges if scope.covers(row.asked, one.provider, one.model)]
        units = units_of_charges(definition, covered)
        if not units:
            continue
        owner = definition.owner(row.key)
        counter = counters.get(owner)
        if counter is None:
            identity = Identity(definition.name, owner, definition.kind, definition.measure)
            counter = counters[owner] = new_counter(identity, definition.limit, definition.duration, row.booked)
        counter.charge(counter.slot(row.began), units, row.booked)
    return counters


def rows_of(definition: Definition, rows: Iterable[Spent], through: int = 0) -> list[CounterRow]:
    """The same as rows a ledger can load; `through` is the number of the newest booking among them."""
    found: list[CounterRow] = []
    for counter in recompute(definition, rows).values():
        counter.through = through
        found += counter.rows()
    return found
