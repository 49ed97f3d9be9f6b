"""Sums over usage rows by the hour in UTC, written with the rows, and whatever summaries add up from them. Never a mean.

Names are those of the table `usage_hours`. A mean is a sum by its count: not every request has a first token or a speed.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from plexus.usage.cost import EXACT
from plexus.usage.price import NOTHING
from plexus.usage.row import COSTS, COUNTERS, AttemptRow, UsageRow

HOUR = 3_600_000
"""Milliseconds of a rollup."""
_TIMES = ("ttft_ms", "tokens_per_second", "overhead_ms")


class Sums(Struct, frozen=True, kw_only=True):
    """What rows add up to. Costs are of the requests whose cost is known; `…_known` counts those whose figure is in the sum."""

    requests: int = 0
    errors: int = 0
    """Requests that failed. Summaries work it out from the status; it is not stored."""
    attempts: int = 0
    estimated: int = 0
    """Requests whose tokens were estimated."""
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    cache_read_audio_tokens: int = 0
    image_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    web_searches: int = 0
    cost: Decimal = NOTHING
    cost_input: Decimal = NOTHING
    cost_output: Decimal = NOTHING
    cost_cache_read: Decimal = NOTHING
    cost_cache_write: Decimal = NOTHING
    cost_computed: Decimal = NOTHING
    cost_reported: Decimal = NOTHING
    cost_unknown: int = 0
    """Requests whose cost is not known."""
    duration_ms: float = 0.0
    ttft_ms: float = 0.0
    ttft_ms_known: int = 0
    tokens_per_second: float = 0.0
    tokens_per_second_known: int = 0
    overhead_ms: float = 0.0
    overhead_ms_known: int = 0


class RollupKey(Struct, frozen=True, order=True):
    """What a rollup is for. `hour`: when it begins, in milliseconds since the epoch. An absent word is the empty one."""

    hour: int
    key: str
    attribution: str
    alias: str
    provider: str
    model: str
    client_protocol: str
    status: str


Rollups = dict[RollupKey, Sums]
NONE = Sums()
_WORDS = ("key", "attribution", "alias", "provider", "model", "client_protocol", "status")
_Columns = dict[str, Sequence[Any]]
_NUMBERS = tuple(name for name in Sums.__struct_fields__ if name not in COSTS)


def key_of(row: UsageRow) -> RollupKey:
    """The rollup a row belongs to."""
    hour = row.started_at // HOUR * HOUR
    who = (row.key, row.attribution or "", row.alias, row.provider, row.model)
    return RollupKey(hour, *who, row.client_protocol, row.status)


def sums_of(row: UsageRow) -> Sums:
    """What one row adds."""
    return _sum([row])


def plus(one: Sums, other: Sums) -> Sums:
    """Both together."""
    sums: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in _NUMBERS}
    sums |= {name: EXACT.add(getattr(one, name), getattr(other, name)) for name in COSTS}
    return Sums(**sums)


def minus(one: Sums, other: Sums) -> Sums:
    """The first without the second: for a row that was deleted or priced anew."""
    sums: dict[str, Any] = {name: getattr(one, name) - getattr(other, name) for name in _NUMBERS}
    sums |= {name: EXACT.subtract(getattr(one, name), getattr(other, name)) for name in COSTS}
    return Sums(**sums)


def rolled_up(rows: Sequence[UsageRow]) -> Rollups:
    """The rollups of rows: what is to be added to those that are there."""
    if not rows:
        return {}
    columns = columns_of(rows)
    hours = [moment // HOUR for moment in columns["started_at"]]
    keys = list(zip(hours, *(columns[name] for name in _WORDS), strict=True))
    if keys.count(keys[0]) == len(keys):  # a batch of the journal is mostly of one hour and one target
        return {key_of(rows[0]): _added(columns)}
    found: dict[tuple[Any, ...], list[UsageRow]] = {}
    for key, row in zip(keys, rows, strict=True):
        found.setdefault(key, []).append(row)
    return {key_of(some[0]): _sum(some) for some in found.values()}


def columns_of(rows: Sequence[UsageRow]) -> _Columns:
    """What rows hold, field by field."""
    return dict(zip(UsageRow.__struct_fields__, zip(*map(astuple, rows), strict=True), strict=True))


def _sum(rows: Sequence[UsageRow]) -> Sums:
    return _added(columns_of(rows))


def _added(columns: _Columns) -> Sums:
    """The sums of rows, field by field."""
    sums: dict[str, Any] = {name: sum(columns[name]) for name in COUNTERS}
    with localcontext(EXACT):
        for name in COSTS:
            sums[name] = sum(filter(None, columns[name]), NOTHING)
    for name in _TIMES:
        timed = [figure for figure in columns[name] if figure is not None]
        sums[name], sums[f"{name}_known"] = sum(timed, 0.0), len(timed)
    return Sums(
        requests=len(columns["cost"]),
        attempts=sum(map(attempts_of, columns["attempts"])),
        estimated=sum(columns["tokens_estimated"]),
        cost_unknown=columns["cost"].count(None),
        duration_ms=sum(columns["duration_ms"]),
        **sums,
    )


def attempts_of(attempts: Sequence[AttemptRow]) -> int:
    """How many attempts a request made; what a provider did beside one is none of them."""
    return sum([not attempt.aside for attempt in attempts])
