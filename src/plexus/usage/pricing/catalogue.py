"""The built-in price catalogue (`genai-prices`): what a model costs at its provider, at the time of the request, in its tier.

For models nobody configured a price for. It is matched by the provider itself, never by the model's name alone: the same
open model costs something else elsewhere. Imported when it is first asked; it fetches nothing.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from plexus.usage.price import NOTHING, Price, Rates, Scale
from plexus.usage.pricing import PriceSource, Question

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "audio_input": "input_audio_mtok",
    "image_input": "input_image_mtok",
    "cache_read_audio": "cache_audio_read_mtok",
    "audio_output": "output_audio_mtok",
    "image_output": "output_image_mtok",
    "reasoning": "output_reasoning_mtok",
    "web_search": "web_searches_kcount",
}
"""Our kinds of tokens, and what the catalogue calls their prices."""
NAMES = {"gemini": "google", "vertex": "google", "xai": "x-ai", "bedrock": "aws"}
"""Our names of providers that the catalogue calls otherwise."""
_KILO = 3
_PATH = re.compile(r"^(?:[^/]+/)*models/")
"""What Google and Fireworks put before a model's id: `models/…`, `publishers/…/models/…`, `accounts/…/models/…`."""


def price(question: Question) -> Price | None:
    """The catalogue's price, or None when it does not know the provider or the model there."""
    if question.pricing is not None:
        return None
    # A provider that puts another model in the place of the one asked bills the one that answered.
    for model in (question.served, question.model):
        found = _match(question.kind, question.base_url, _PATH.sub("", model)) if model else None
        if found is not None:
            return _price(*found, question)
    return None


@cache
def kept() -> "tuple[DataSnapshot, str]":
    """The catalogue and its version."""
    from genai_prices import __version__  # noqa: PLC0415 - 0.2 s and 15 MB that a server with configured prices never pays
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - same

    return get_snapshot(), __version__


@lru_cache(maxsize=4096)
def _match(kind: str, base_url: str, model: str) -> "tuple[Provider, ModelInfo] | None":
    """The catalogue's entry: at the provider by its address, which tells more than a type, else by its name.

    The name must be the catalogue's own: it would take "openai-compatible" for OpenAI. The search takes a millisecond.
    """
    snapshot, _ = kept()
    name = NAMES.get(kind, kind)
    known = name if any(provider.id == name for provider in snapshot.providers) else None
    for provider_id, url in ((None, base_url), (known, None)):
        if provider_id or url:
            try:
                return snapshot.find_provider_model(model, None, provider_id, url)
            except LookupError:
                continue
    return None


def rates_of(model: "ModelInfo", at: datetime, tier: str = "") -> tuple[tuple[Scale, ...], Decimal]:
    """What a model costs at a moment in a tier: rates by the size of the request, and USD for each request."""
    prices = model.get_prices(at, _context(tier))
    return _scales(prices), _at(prices, "requests_kcount", 0) or NOTHING


def _price(provider: "Provider", model: "ModelInfo", question: Question) -> Price:
    scales, each = rates_of(model, datetime.fromtimestamp(question.at / 1000, UTC), question.service_tier)
    return Price(
        source="catalogue",
        origin=f"genai-prices {kept()[1]} {provider.id}/{model.id}",
        scales=scales,
        sized_by="whole",
        per_request=each,
        discount=question.discount,
    )


def _context(tier: str) -> dict[str, str]:
    """The catalogue's words for the tiers; those it does not know for a model change nothing."""
    word = tier.lower()
    return {"service_tier": word, "processing": word, "speed": word} if word else {}


def _scales(prices: "ModelPrice") -> tuple[Scale, ...]:
    """One scale between each two sizes at which some rate changes. Theirs begin above the size, ours at it."""
    starts = sorted({tier.start for name in _RATES.values() for tier in getattr(getattr(prices, name), "tiers", ())})
    bounds = [-1, *starts]
    uppers: list[int | None] = [*starts, None]
    return tuple(
        Scale(Rates(**{kind: _at(prices, name, lower + 1) for kind, name in _RATES.items()}), lower + 1, upper)
        for lower, upper in zip(bounds, uppers, strict=True)
    )


def _at(prices: "ModelPrice", name: str, size: int) -> Decimal | None:
    """A rate for a request of this size."""
    price = getattr(prices, name)
    if price is None or isinstance(price, Decimal):
        return price if name != "requests_kcount" or price is None else price.scaleb(-_KILO)
    rate: Decimal = price.base
    for tier in price.tiers:
        if size > tier.start:
            rate = tier.price
    return rate


SOURCE = PriceSource("catalogue", price, dated=True)
