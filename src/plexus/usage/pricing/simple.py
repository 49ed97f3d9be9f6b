"""A configured price: one rate for each kind of token."""

from plexus.settings.pricing import SimplePricing
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.pricing import PriceSource, Question, discounted


def price(question: Question) -> Price | None:
    """The price as configured."""
    pricing = question.pricing
    if not isinstance(pricing, SimplePricing):
        return None
    rates = Rates(
        input=pricing.input, output=pricing.output, cache_read=pricing.cached, cache_write=pricing.cache_write
    )
    return Price(
        source="configured", origin="simple", scales=(Scale(rates),), discount=discounted(pricing.discount, question)
    )


SOURCE = PriceSource("simple", price)
