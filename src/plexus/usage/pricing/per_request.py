"""A configured flat price for each request, whatever its tokens. No discount applies."""

from plexus.settings.pricing import PerRequestPricing
from plexus.usage.price import Price
from plexus.usage.pricing import PriceSource, Question


def price(question: Question) -> Price | None:
    """The price as configured; it is booked as the cost of the input."""
    if not isinstance(question.pricing, PerRequestPricing):
        return None
    return Price(source="configured", origin="per_request", per_request=question.pricing.amount)


SOURCE = PriceSource("per_request", price)
