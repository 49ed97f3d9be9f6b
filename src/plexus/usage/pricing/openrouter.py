"""The price of a model in OpenRouter's catalogue as it was fetched last: by the slug configured, else by the model's id."""

from plexus.settings.pricing import OpenRouterPricing
from plexus.usage.price import Price, Scale
from plexus.usage.pricing import PriceSource, Question, discounted

_KIND = "openrouter"


def price(question: Question) -> Price | None:
    """The catalogue's price; None when there is no catalogue yet or the slug is not in it."""
    pricing, own = question.pricing, None
    if isinstance(pricing, OpenRouterPricing):
        slug, own = pricing.slug, pricing.discount
    elif pricing is None and question.kind == _KIND:
        slug = question.model
    else:
        return None
    rates = question.feed(slug)
    if rates is None:
        return None
    return Price(
        source="openrouter",
        origin=f"openrouter {slug}",
        scales=(Scale(rates),),
        discount=discounted(own, question),
    )


SOURCE = PriceSource("openrouter", price)
