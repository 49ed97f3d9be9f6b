"""OpenRouter's price list: fetched when a price comes from it, kept, and believed only while it is sound."""

import json
from decimal import Decimal

import pytest

from plexus.pipeline.price_feed import fetched, wants_live_prices
from plexus.settings.schema import Settings
from plexus.upstream.client import Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.usage.live_prices import LivePrices
from plexus.usage.shelf import FileShelf
from tests.harness.recorded_upstream import Answer, RecordedUpstream


def settings(pricing: dict | None) -> Settings:
    model = {"pricing": pricing} if pricing else {}
    return Settings.model_validate(
        {
            "providers": {
                "o": {"api_base_url": {"chat": "http://127.0.0.1:9/v1"}, "api_key": "k", "models": {"m": model}}
            }
        }
    )


def listed(prompt: str) -> bytes:
    pricing = {"prompt": prompt, "completion": "0.00001"}
    return json.dumps({"data": [{"id": "vendor/model", "pricing": pricing}]}).encode()


def rate(prices: LivePrices) -> Decimal | None:
    found = prices.rates("vendor/model")
    return found.input if found is not None else None


async def test_the_list_is_fetched_over_the_wire_and_a_bad_one_changes_nothing(tmp_path):
    warned: list[str] = []
    prices = LivePrices(FileShelf(tmp_path / "prices.json"), warned.append)
    upstream = Upstream()
    try:
        async with RecordedUpstream(
            [Answer([listed("0.000001")]), Answer([b"{"]), Answer([b"no"], status=500)]
        ) as server:
            url = f"{server.base_url('chat')}/models"
            assert await prices.refresh(lambda: fetched(upstream, url))
            assert rate(prices) == 1
            assert not await prices.refresh(lambda: fetched(upstream, url))
            assert not await prices.refresh(lambda: fetched(upstream, url))
        assert rate(prices) == 1
        assert len(warned) == 2
        assert rate(LivePrices(FileShelf(tmp_path / "prices.json"), warned.append)) == 1
        with pytest.raises(UpstreamFailed):
            await fetched(upstream, "http://127.0.0.1:9/models")
    finally:
        await upstream.close()


def test_nothing_is_fetched_unless_a_price_comes_from_the_list():
    assert wants_live_prices(settings({"source": "openrouter", "slug": "vendor/model"}))
    assert not wants_live_prices(settings({"source": "simple", "input": 1, "output": 2}))
    assert not wants_live_prices(settings(None))
