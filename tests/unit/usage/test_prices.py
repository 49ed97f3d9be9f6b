"""Which source answers for which target, and what it says."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from plexus.core.registry import find
from plexus.settings.provider import ProviderSettings
from plexus.usage import pricing
from plexus.usage.cost import cost
from plexus.usage.price import Price, Rates
from plexus.usage.prices import Prices
from plexus.usage.pricing import PriceSource
from plexus.usage.row import Tokens

SOURCES = find(pricing, "SOURCE", PriceSource)
NOW = 1_793_793_600_000  # 2026-11-04 12:00 UTC
settings = TypeAdapter(ProviderSettings)


def prices(feed: Any = None, **provider: Any) -> Prices:
    return Prices({"p": settings.validate_python({"type": "openai", **provider})}, SOURCES, feed)


def configured(pricing_of_m: dict[str, Any], **provider: Any) -> Price:
    found = prices(models={"m": {"pricing": pricing_of_m}}, **provider).price("p", "m", NOW)
    assert found is not None
    return found


def test_the_sources_are_those_of_the_configuration_and_the_catalogue():
    assert set(SOURCES) == {"simple", "tiered", "per_request", "openrouter", "catalogue"}


def test_simple_is_linear():
    found = configured({"source": "simple", "input": "3.0", "output": "15.0", "cached": "0.3", "cache_write": "3.75"})
    tokens = Tokens(input_tokens=1000, output_tokens=100, cache_read_tokens=10_000, cache_write_tokens=400)
    assert found.source == "configured"
    assert cost(found, tokens).total == Decimal("0.009")


def test_tiered_takes_one_tier_for_the_whole_request_by_its_uncached_input():
    tiers = [
        {"lower_bound": 0, "upper_bound": 1000, "input_per_m": 1, "output_per_m": 10},
        {"lower_bound": 1001, "upper_bound": None, "input_per_m": 2, "output_per_m": 20},
    ]
    found = configured({"source": "tiered", "range": tiers})
    assert cost(found, Tokens(input_tokens=1000, cache_read_tokens=10**6, output_tokens=1)).total == Decimal("1.00101")
    assert cost(found, Tokens(input_tokens=1001, output_tokens=1)).total == Decimal("0.002022")


def test_per_request_is_flat_and_no_discount_applies():
    found = configured({"source": "per_request", "amount": "0.04"}, discount="0.5")
    assert cost(found, Tokens(input_tokens=99)).total == Decimal("0.04")


@pytest.mark.parametrize(
    ("own", "providers", "kept"),
    [(None, None, "1"), (None, "0.25", "0.75"), ("0.5", "0.25", "0.5"), ("0", "0.25", "1")],
)
def test_the_pricings_discount_goes_before_the_providers(own: str | None, providers: str | None, kept: str):
    found = configured({"source": "simple", "input": 1, "output": 1, "discount": own}, discount=providers)
    assert cost(found, Tokens(input_tokens=10**6)).total == Decimal(kept)


def test_the_providers_discount_holds_for_the_catalogue_too():
    found = prices(discount="0.5").price("p", "gpt-4o", NOW)
    assert cost(found, Tokens(input_tokens=10**6)).total == Decimal("1.25")


def test_129_a_configured_price_is_never_replaced_by_the_catalogues():
    found = prices(models={"gpt-4o": {"pricing": {"source": "simple", "input": 7, "output": 7}}}).price(
        "p", "gpt-4o", NOW
    )
    assert cost(found, Tokens(input_tokens=10**6)).total == 7


def test_129_a_deployment_is_priced_by_the_model_that_served_it():
    found = prices()
    assert found.price("p", "our-deployment", NOW) is None
    served = found.price("p", "our-deployment", NOW, served="gpt-4o-2024-08-06")
    assert served is not None
    assert "openai/gpt-4o" in served.origin


def test_q14_the_demo_is_free_by_name_and_a_model_nobody_knows_is_not():
    free = prices(type="demo").price("p", "demo/echo", NOW)
    assert free is not None
    assert free.source == "simulated"
    assert cost(free, Tokens(input_tokens=10**6, output_tokens=5)).total == 0
    assert prices(type="ollama").price("p", "llama3", NOW) is None


def test_the_address_tells_more_than_the_type():
    groq = prices(api_base_url="https://api.groq.com/openai/v1").price("p", "openai/gpt-oss-120b", NOW)
    assert groq is not None
    assert groq.origin.endswith("groq/openai/gpt-oss-120b")


def test_an_unknown_provider_has_no_prices():
    assert prices().price("other", "gpt-4o", NOW) is None


def test_q14_a_price_that_changes_in_the_day_is_asked_by_the_minute():
    found = prices(type="deepseek")
    peak, off = (found.price("p", "deepseek-flash", NOW - NOW % 86_400_000 + hour * 3_600_000 - 1) for hour in (4, 5))
    assert peak is not None
    assert off is not None
    assert cost(peak, Tokens(input_tokens=10**6)).total == 2 * (cost(off, Tokens(input_tokens=10**6)).total or 0)


class Feed:
    def __init__(self, **rates: Rates) -> None:
        self.version, self.known = 1, rates

    def rates(self, slug: str) -> Rates | None:
        return self.known.get(slug)


def test_openrouter_is_asked_by_the_slug_configured_and_again_after_a_refresh():
    feed = Feed(slug=Rates(input=Decimal(1), output=Decimal(2)))
    asked = prices(feed, models={"m": {"pricing": {"source": "openrouter", "slug": "slug", "discount": "0.1"}}})
    found = asked.price("p", "m", NOW)
    assert found is not None
    assert (found.source, cost(found, Tokens(input_tokens=10**6)).total) == ("openrouter", Decimal("0.9"))
    feed.known, feed.version = {}, 2
    assert asked.price("p", "m", NOW) is None


def test_openrouters_own_models_fall_back_on_its_live_list():
    feed = Feed(**{"maker/newest": Rates(input=Decimal(1), output=Decimal(2))})
    found = prices(feed, type="openrouter").price("p", "maker/newest", NOW)
    assert found is not None
    assert found.source == "openrouter"
    assert prices(feed).price("p", "maker/newest", NOW) is None


def test_what_was_asked_is_remembered_within_bounds():
    asked = prices()
    for minute in range(5000):
        asked.price("p", "gpt-4o", NOW + minute * 60_000)
    assert len(asked._known) <= 4096
