"""From the facts of attempts to the rows that are booked: who billed, what counts, which cost the books go by."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, astuple, replace

from plexus.ir.chat import Usage
from plexus.protocols.messages.usage import beside
from plexus.usage.cost import ZERO, added, cost
from plexus.usage.price import Price
from plexus.usage.reported import reported
from plexus.usage.row import COSTS, COUNTERS, AttemptRow, CostSource, Money, RowStatus, Tokens, UsageRow
from plexus.usage.tokens import measured

_SHORTEST = 10.0
"""Milliseconds below which a speed says more of buffers than of the model."""
_NOTHING = Tokens()
_MONEY = Money.__struct_fields__


class Tried(Struct, frozen=True, kw_only=True):
    """What is known of one attempt by its end. Times as in `AttemptRow`; tokens `sent` and `delivered` are estimates."""

    provider: str
    model: str
    upstream_protocol: str = ""
    served_model: str = ""
    offset_ms: float = 0.0
    duration_ms: float = 0.0
    ttft_ms: float | None = None
    streaming: bool = False
    status: RowStatus
    http_status: int = 0
    error_class: str | None = None
    error: str | None = None
    usage: Usage | None = None
    sent: int = 0
    delivered: int = 0
    thought: int = 0
    """The part of `delivered` that is reasoning."""
    comments: tuple[str, ...] = ()
    """Comment lines of the stream that may hold a cost."""


def attempt_rows(
    tried: Tried, price_of: Callable[[Tried], Price | None], *, trust_reported: bool = True
) -> list[AttemptRow]:
    """The row of an attempt, last, after those of what the provider did beside it and bills at another model's price."""
    rows = [attempt_row(tried, price_of(tried), trust_reported=trust_reported)]
    if rows[0].cost_reported is None:
        for model, usage in beside(tried.usage.raw if tried.usage is not None else None):
            done = replace(
                tried, model=model or tried.model, served_model="", usage=usage, sent=0, delivered=0, thought=0
            )
            beside_it = attempt_row(done, price_of(done), trust_reported=trust_reported)
            rows.insert(-1, replace(beside_it, aside=True, duration_ms=0.0, ttft_ms=None, tokens_per_second=None))
    return rows


def attempt_row(tried: Tried, price: Price | None, *, trust_reported: bool = True) -> AttemptRow:
    """The row of one attempt. A failed one that the provider billed, by its own word or by what came, counts.

    `trust_reported`: whether a cost the provider reported goes before the computed one. Both are kept.
    """
    charged, whole = reported(tried.usage, tried.comments), tried.status == "ok"
    billed = bool(whole or tried.delivered or charged or _counted(tried.usage))
    tokens = _NOTHING
    if billed:
        tokens = measured(tried.usage, sent=tried.sent, delivered=tried.delivered, thought=tried.thought, whole=whole)
    return AttemptRow(
        **asdict(tokens),
        **_amounts(tokens, price, charged, billed=billed, trust_reported=trust_reported),
        cost_reported=charged,
        provider=tried.provider,
        model=tried.model,
        upstream_protocol=tried.upstream_protocol,
        served_model=tried.served_model,
        offset_ms=tried.offset_ms,
        duration_ms=tried.duration_ms,
        ttft_ms=tried.ttft_ms,
        tokens_per_second=speed(tokens.output_tokens, tried.duration_ms, tried.ttft_ms if tried.streaming else None),
        status=tried.status,
        http_status=tried.http_status,
        error_class=tried.error_class,
        error=tried.error,
        billed=billed,
    )


def priced(row: AttemptRow, price: Price | None, *, trust_reported: bool = True) -> AttemptRow:
    """The same attempt at this price: its counters and what the provider reported stay as they are."""
    amounts = _amounts(row, price, row.cost_reported, billed=row.billed, trust_reported=trust_reported)
    return replace(row, **amounts)


def _amounts(
    tokens: Tokens, price: Price | None, charged: Decimal | None, *, billed: bool, trust_reported: bool
) -> dict[str, Any]:
    """The cost the books go by, where it comes from, and the computed one with its parts."""
    computed, source = ZERO, "unbilled"
    if billed:
        computed = cost(price, tokens)
        source = price.source if price is not None and computed.total is not None else "unknown"
    booked, by_provider = computed.total, billed and charged is not None
    if by_provider and (trust_reported or booked is None):
        booked, source = charged, "provider"
    return {
        "cost": booked,
        "cost_source": source,
        "cost_computed": computed.total,
        "cost_input": computed.input,
        "cost_output": computed.output,
        "cost_cache_read": computed.cache_read,
        "cost_cache_write": computed.cache_write,
        "price_version": computed.version,
    }


def booked(row: UsageRow, attempts: Sequence[AttemptRow]) -> UsageRow:
    """The request's row with its attempts and what they sum up to. The other facts are those of `row`.

    A request nobody charged for cost nothing ("unbilled"); one that was cut off before anything was noted is unknown.
    """
    spent = row.overhead_ms if row.overhead_ms is not None else overhead(row.duration_ms, attempts)
    return replace(row, overhead_ms=spent, **summed(attempts, cut_off=row.status == "interrupted"))


def summed(attempts: Sequence[AttemptRow], *, cut_off: bool = False) -> dict[str, Any]:
    """What the attempts say of their request: the fields of its row that come from them."""
    billed = [attempt for attempt in attempts if attempt.billed]
    told = _figures(billed, lost=cut_off and not billed)
    told["attempts"] = tuple(attempts)
    if attempts:
        last = attempts[-1]
        told["provider"], told["model"] = last.provider, last.model
        told["upstream_protocol"], told["tokens_per_second"] = last.upstream_protocol, last.tokens_per_second
    return told


def _figures(billed: Sequence[AttemptRow], *, lost: bool) -> dict[str, Any]:
    """Counters, costs and what goes with them: those of the one billed attempt, or the sums over all."""
    if len(billed) == 1:
        return dict(zip(_MONEY, astuple(billed[0]), strict=False))  # a row begins with these
    versions = dict.fromkeys(attempt.price_version for attempt in billed if attempt.price_version)
    return {
        **{name: sum(getattr(attempt, name) for attempt in billed) for name in COUNTERS},
        "tokens_estimated": any(attempt.tokens_estimated for attempt in billed),
        "usage_flags": tuple(sorted({flag for attempt in billed for flag in attempt.usage_flags})),
        "service_tier": billed[-1].service_tier if billed else "",
        "price_version": "; ".join(versions),
        "cost_source": _source(billed, lost=lost),
        **_totals(billed, lost=lost),
    }


def speed(output_tokens: int, duration_ms: float, ttft_ms: float | None) -> float | None:
    """Output tokens a second: after the first of a stream, over the whole of anything else. None where nothing was timed."""
    window = duration_ms - ttft_ms if ttft_ms is not None else duration_ms
    if window < _SHORTEST:
        window = duration_ms
    return round(output_tokens * 1000 / window, 3) if output_tokens > 0 and window >= _SHORTEST else None


def overhead(duration_ms: float, attempts: Sequence[AttemptRow]) -> float:
    """Milliseconds of a request in which no attempt was under way. Attempts that ran side by side do not count twice."""
    busy, reached = 0.0, 0.0
    if len(attempts) == 1:
        start, lasted = attempts[0].offset_ms, attempts[0].duration_ms
        if start >= 0.0 and lasted >= 0.0 and start + lasted <= duration_ms:
            return round(duration_ms - lasted, 3)
    for start, end in sorted((attempt.offset_ms, attempt.offset_ms + attempt.duration_ms) for attempt in attempts):
        busy += max(min(end, duration_ms) - max(start, reached), 0.0)
        reached = max(reached, end)
    return round(max(duration_ms - busy, 0.0), 3)


def _counted(usage: Usage | None) -> bool:
    return usage is not None and bool(usage.input_total or usage.output)


def _totals(billed: Sequence[AttemptRow], *, lost: bool) -> dict[str, Decimal | None]:
    """The sums of all amounts; an amount that one of them does not know is unknown."""
    if lost:
        return dict.fromkeys(COSTS)
    totals: dict[str, Decimal | None] = {}
    for name in COSTS:
        amounts = [getattr(attempt, name) for attempt in billed]
        known = [amount for amount in amounts if amount is not None]
        totals[name] = added(known) if len(known) == len(amounts) else None
    if not billed:
        totals["cost_reported"] = None
    return totals


def _source(billed: Sequence[AttemptRow], *, lost: bool) -> CostSource:
    sources = {attempt.cost_source for attempt in billed}
    if lost or "unknown" in sources:
        return "unknown"
    if not sources:
        return "unbilled"
    return sources.pop() if len(sources) == 1 else "mixed"
