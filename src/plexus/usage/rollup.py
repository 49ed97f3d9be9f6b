"""Sums over usage rows: by the hour in UTC, written with the rows, and whatever summaries add up from them. Never a mean.

Every sum is of whole numbers or decimals, so that adding in any order gives the same.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from plexus.usage.cost import EXACT
from plexus.usage.price import NOTHING
from plexus.usage.row import UsageRow

HOUR = 3_600_000
"""Milliseconds of a rollup."""
_ERRORS = frozenset({"error", "timeout", "stalled", "interrupted"})
"""Statuses that are somebody's failure; a client that left is none."""
_THOUSAND = 1000


class Sums(Struct, frozen=True, kw_only=True):
    """What rows add up to. A mean is a sum by its count: not every request has a first token or a speed."""

    requests: int = 0
    errors: int = 0
    attempts: int = 0
    estimated: int = 0
    """Requests whose tokens were estimated."""
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal = NOTHING
    """USD, of the requests whose cost is known."""
    cost_unknown: int = 0
    """Requests whose cost is not known; they are not in `cost`."""
    duration_us: int = 0
    ttft_us: int = 0
    ttft_count: int = 0
    speed_milli: int = 0
    """Thousandths of output tokens a second, summed over requests."""
    speed_count: int = 0


class RollupKey(Struct, frozen=True, order=True):
    """What a rollup is for. `hour`: hours since the epoch, UTC."""

    hour: int
    key: str
    alias: str
    provider: str
    model: str
    status: str


Rollups = dict[RollupKey, Sums]
NONE = Sums()
_WHOLE = tuple(name for name in Sums.__struct_fields__ if name != "cost")


def key_of(row: UsageRow) -> RollupKey:
    """The rollup a row belongs to."""
    return RollupKey(row.started_at // HOUR, row.key, row.alias, row.provider, row.model, row.status)


def sums_of(row: UsageRow) -> Sums:
    """What one row adds."""
    return Sums(
        requests=1,
        errors=int(row.status in _ERRORS),
        attempts=sum(not attempt.aside for attempt in row.attempts),
        estimated=int(row.tokens_estimated),
        input_tokens=row.input_tokens,
        cache_read_tokens=row.cache_read_tokens,
        cache_write_tokens=row.cache_write_tokens,
        output_tokens=row.output_tokens,
        reasoning_tokens=row.reasoning_tokens,
        cost=NOTHING if row.cost is None else row.cost,
        cost_unknown=int(row.cost is None),
        duration_us=round(row.duration_ms * _THOUSAND),
        ttft_us=round((row.ttft_ms or 0) * _THOUSAND),
        ttft_count=int(row.ttft_ms is not None),
        speed_milli=round((row.tokens_per_second or 0) * _THOUSAND),
        speed_count=int(row.tokens_per_second is not None),
    )


def plus(one: Sums, other: Sums) -> Sums:
    """Both together."""
    numbers = {name: getattr(one, name) + getattr(other, name) for name in _WHOLE}
    return Sums(**numbers, cost=EXACT.add(one.cost, other.cost))


def minus(one: Sums, other: Sums) -> Sums:
    """The first without the second: for a row that was deleted or priced anew."""
    numbers = {name: getattr(one, name) - getattr(other, name) for name in _WHOLE}
    return Sums(**numbers, cost=EXACT.subtract(one.cost, other.cost))


def rolled_up(rows: Iterable[UsageRow]) -> Rollups:
    """The rollups of rows: what is to be added to those that are there."""
    rollups: Rollups = {}
    for row in rows:
        key = key_of(row)
        rollups[key] = plus(rollups.get(key, NONE), sums_of(row))
    return rollups
