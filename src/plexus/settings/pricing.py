"""What a model costs, in USD per million tokens unless said otherwise. Amounts are decimal; unknown is absent, never zero."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plexus.settings.scalars import Name, Strict, refusal

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Discount = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]
"""The share taken off, 0 to 1."""


class SimplePricing(Strict):
    """One price per kind of token. A kind without a price costs what `input` does (cache) or is unknown."""

    source: Literal["simple"] = "simple"
    input: Amount
    output: Amount
    cached: Amount | None = None
    cache_write: Amount | None = None
    discount: Discount | None = None


class Tier(Strict):
    """The prices that hold while the uncached input tokens of a request lie between the two bounds, both inclusive."""

    lower_bound: Annotated[int, Field(ge=0)] = 0
    upper_bound: Annotated[int, Field(ge=0)] | None = None
    input_per_m: Amount
    output_per_m: Amount
    cached_per_m: Amount | None = None
    cache_write_per_m: Amount | None = None


class TieredPricing(Strict):
    """Prices by the size of the request: one tier holds for the whole request."""

    source: Literal["tiered"] = "tiered"
    range: Annotated[tuple[Tier, ...], Field(min_length=1)]
    discount: Discount | None = None

    @model_validator(mode="after")
    def _bounds_make_sense(self) -> Self:
        for index, tier in enumerate(self.range):
            if tier.upper_bound is not None and tier.upper_bound < tier.lower_bound:
                raise refusal(
                    "upper_bound is below lower_bound", "swap them, or leave upper_bound out", ("range", index)
                )
        return self


class PerRequestPricing(Strict):
    """A flat price in USD for each request; discounts do not apply."""

    source: Literal["per_request"] = "per_request"
    amount: Amount


class OpenRouterPricing(Strict):
    """The price of a model in OpenRouter's catalogue."""

    source: Literal["openrouter"] = "openrouter"
    slug: Name
    discount: Discount | None = None


Pricing = Annotated[
    SimplePricing | TieredPricing | PerRequestPricing | OpenRouterPricing, Field(discriminator="source")
]
