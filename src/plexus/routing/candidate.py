"""A target that could serve a request: provider and model, with the facts selectors weigh."""

from decimal import Decimal

from msgspec import Struct


class Candidate(Struct, frozen=True, gc=False):
    """One provider and one of its models. `weight` is relative, for random choice. Every other fact is None while unknown.

    Unknown is not zero: an unknown price is not free, an unmeasured target is not the fastest.
    """

    provider: str
    model: str
    weight: float = 1.0
    cost: Decimal | None = None
    """Expected cost of this request, in USD."""
    ttft: float | None = None
    """Seconds from the request to the first event of the answer."""
    throughput: float | None = None
    """Output tokens a second once the answer has begun."""
    end_to_end: float | None = None
    """Output tokens a second over the whole request."""
    recent: float | None = None
    """Requests sent lately, old ones counting less."""
    error_rate: float | None = None
    """Share of failed attempts, 0 to 1."""
    headroom: float | None = None
    """What is left of the provider's quota, 0 to 1."""
    age: float | None = None
    """Seconds since the newest measurement; None when there is none."""
    samples: int = 0
    """Measurements taken so far."""
