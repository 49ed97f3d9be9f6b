"""A configured price by the size of the request: the first tier that holds its uncached input holds for all of it."""

from plexus.settings.pricing import Tier, TieredPricing
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.pricing import PriceSource, Question, discounted


def price(question: Question) -> Price | None:
    """The price as configured. A request between the tiers has none."""
    pricing = question.pricing
    if not isinstance(pricing, TieredPricing):
        return None
    return Price(
        source="configured",
        origin="tiered",
        scales=tuple(_scale(tier) for tier in pricing.range),
        discount=discounted(pricing.discount, question),
    )


def _scale(tier: Tier) -> Scale:
    rates = Rates(
        input=tier.input_per_m,
        output=tier.output_per_m,
        cache_read=tier.cached_per_m,
        cache_write=tier.cache_write_per_m,
    )
    return Scale(rates, tier.lower_bound, tier.upper_bound)


SOURCE = PriceSource("tiered", price)
