"""One usage row for each request, whatever its ending, with a row for each attempt below it. Not where they are kept.

Names as in the management API. Tokens are whole and never negative; durations in milliseconds; money in USD, decimal with at
most 8 places. None is unknown, never zero.
"""

from decimal import Decimal
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import Struct

from plexus.ir.drops import Drop

RowStatus = Literal["ok", "error", "cancelled", "timeout", "stalled", "interrupted"]
CostSource = Literal["configured", "catalogue", "openrouter", "provider", "simulated", "unbilled", "mixed", "unknown"]
"""Where a cost comes from: a price in the configuration, the built-in catalogue, OpenRouter's live catalogue, the provider's own
word, the demo; "unbilled": no provider charged; "mixed": attempts of several sources; "unknown": no price, `cost` is None."""


class Tokens(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The counters of an attempt, or of a request: the sum over its billed attempts.

    Input excludes cache reads and writes; output includes reasoning. Shares (`reasoning_tokens`, `cache_write_1h_tokens`, audio
    and image) lie within their totals.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    """All cache writes; those kept for five minutes are what `cache_write_1h_tokens` leaves."""
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    """Of all input, `cache_read_audio_tokens` included."""
    cache_read_audio_tokens: int = 0
    image_input_tokens: int = 0
    """Of all input."""
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    web_searches: int = 0
    """Searches the provider made and bills by the piece, where it counts them."""
    tokens_estimated: bool = False
    """Whether a counter was estimated from what was delivered, because the provider did not report it."""
    usage_flags: tuple[str, ...] = ()
    """What had to be put right in the reported numbers, sorted: "clamped_reasoning", "negative_input" …"""
    service_tier: str = ""
    """The tier the provider says it served with, in its own word; "" when it said nothing."""


class Money(Tokens, frozen=True, kw_only=True, omit_defaults=True):
    """Counters with what they cost."""

    cost: Decimal | None = None
    """What the books go by: reported by the provider or computed from a price, as `cost_source` says."""
    cost_source: CostSource = "unknown"
    cost_input: Decimal | None = None
    """The four parts of `cost_computed`; they add up to it."""
    cost_output: Decimal | None = None
    cost_cache_read: Decimal | None = None
    cost_cache_write: Decimal | None = None
    cost_computed: Decimal | None = None
    """Counters times price, whether or not `cost` goes by it."""
    cost_reported: Decimal | None = None
    """What the provider says it charged, whether or not `cost` goes by it."""
    price_version: str = ""
    """Which price was used, so that a cost can be explained after the price has changed; "" when none was."""


class AttemptRow(Money, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt at a target. Times count from its own start, `offset_ms` from the request's."""

    provider: str = ""
    model: str = ""
    upstream_protocol: str = ""
    served_model: str = ""
    """The model's id as the provider answered it; "" when it did not."""
    aside: bool = False
    """Whether the provider did it on the side of the attempt that follows, with tokens its totals leave out (an advisor)."""
    offset_ms: float = 0.0
    duration_ms: float = 0.0
    ttft_ms: float | None = None
    """To the first event that is content; None when there was none."""
    tokens_per_second: float | None = None
    status: RowStatus
    http_status: int = 0
    """The provider's own; 0 when it did not answer."""
    error_class: str | None = None
    error: str | None = None
    billed: bool = False
    """Whether the provider charged for it, as far as can be told: it reported usage or cost, or it delivered content."""


class UsageRow(Money, frozen=True, kw_only=True, omit_defaults=True):
    """One request. Its counters and costs are the sums over its billed attempts; the request itself counts once."""

    request_id: str
    parent_id: str | None = None
    """The request on whose behalf the gateway made this one (a vision descriptor, a compaction), or None."""
    started_at: int
    """Milliseconds since the epoch, UTC."""
    key: str = ""
    attribution: str | None = None
    alias: str = ""
    """The model's name as the client wrote it."""
    client_protocol: str = ""
    provider: str = ""
    """Of the last attempt; "" when there was none. So `model` and `upstream_protocol`."""
    model: str = ""
    upstream_protocol: str = ""
    streaming: bool = False
    passthrough: bool = False
    status: RowStatus
    http_status: int = 0
    """The status of the answer to the client; 499 when it had left."""
    stop_reason: str | None = None
    error_class: str | None = None
    ttft_ms: float | None = None
    """From the request's arrival to the first event that is content, failed attempts included."""
    tokens_per_second: float | None = None
    """Of the last attempt."""
    duration_ms: float = 0.0
    overhead_ms: float | None = None
    """The part of `duration_ms` in which no attempt was under way."""
    attempts: tuple[AttemptRow, ...] = ()
    fidelity: tuple[Drop, ...] = ()
    error: str | None = None


COUNTERS = tuple(name for name in Tokens.__struct_fields__ if name.endswith("_tokens") or name == "web_searches")
"""The names of what is counted."""
COSTS = tuple(name for name in Money.__struct_fields__ if name.startswith("cost") and name != "cost_source")
"""The names of the amounts of money."""


def amount_text(amount: Decimal) -> str:
    """An amount in plain digits: no exponent, no idle zeros."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def to_wire(row: UsageRow | AttemptRow) -> dict[str, Any]:
    """The row as plain JSON values, every name present; money as text."""
    told = msgspec.to_builtins(row)
    wire = {name: told.get(name, default) for name, default in _defaults(type(row)).items()}
    for name in COSTS:
        amount = getattr(row, name)
        if amount is not None:
            wire[name] = amount_text(amount)
    if isinstance(row, UsageRow):
        wire["attempts"] = [to_wire(attempt) for attempt in row.attempts]
    return wire


@cache
def _defaults(kind: type[UsageRow | AttemptRow]) -> dict[str, Any]:
    """What a name says that is left out of an entry, for every name."""
    return {
        field.name: msgspec.to_builtins(field.default) if field.default is not msgspec.NODEFAULT else None
        for field in msgspec.structs.fields(kind)
    }
