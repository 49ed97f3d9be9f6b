"""The shape of a price source: a pure function from a question to a price, or to None. One file each, exporting `SOURCE`."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from plexus.settings.pricing import Pricing
from plexus.usage.price import NOTHING, Price, Rates


class Question(Struct, frozen=True, kw_only=True):
    """What is asked: the price of a model at a provider, at a moment."""

    pricing: Pricing | None = None
    """What the configuration says of this model's price."""
    discount: Decimal = NOTHING
    """The provider's, for pricing that has none of its own."""
    kind: str = ""
    """The known provider behind it ("openai", "gemini" …), or ""."""
    base_url: str = ""
    model: str
    """The model's id as it is sent to the provider."""
    served: str = ""
    """The model's id as the provider answered it, or ""."""
    at: int = 0
    """When the request began: milliseconds since the epoch."""
    service_tier: str = ""
    """The tier the provider served it with, in the provider's word."""
    feed: Callable[[str], Rates | None] = lambda _slug: None
    """OpenRouter's catalogue as it was fetched last: slug to rates."""


class PriceSource(Struct, frozen=True):
    """A source of prices. `price` answers None when it does not know, and never guesses."""

    name: str
    price: Callable[[Question], Price | None]
    dated: bool = False
    """Whether the answer depends on the moment or the tier."""


def discounted(own: Decimal | None, question: Question) -> Decimal:
    """The discount that holds: the pricing's own, else the provider's."""
    return question.discount if own is None else own
