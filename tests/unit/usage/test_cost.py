"""Counters times price: every token once, exact, rounded once."""

from decimal import Decimal
from typing import Any

import pytest

from plexus.usage.cost import UNKNOWN, cost
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.row import Tokens


def price(**rates: str | None) -> Price:
    given = {name: Decimal(rate) for name, rate in rates.items() if rate is not None}
    return Price(source="configured", origin="simple", scales=(Scale(Rates(**given)),))


def test_no_price_is_unknown_and_not_free():
    assert cost(None, Tokens(input_tokens=5)) == UNKNOWN
    assert UNKNOWN.total is None


def test_129_a_kind_of_token_without_a_rate_makes_the_cost_unknown():
    embeddings = price(input="0.02")
    assert cost(embeddings, Tokens(input_tokens=8)).total == Decimal("0.00000016")
    assert cost(embeddings, Tokens(input_tokens=8, output_tokens=1)) == UNKNOWN


def test_no_tokens_at_a_known_price_cost_nothing():
    assert cost(price(input="3", output="15"), Tokens()).total == 0


def test_the_cache_costs_what_input_does_where_it_has_no_price():
    found = cost(price(input="3", output="15"), Tokens(cache_read_tokens=1000, cache_write_tokens=1000))
    assert (found.cache_read, found.cache_write) == (Decimal("0.003"), Decimal("0.003"))


def test_123_writes_for_an_hour_have_a_rate_of_their_own():
    tokens = Tokens(cache_write_tokens=1500, cache_write_1h_tokens=1000)
    assert cost(price(input="5", output="25", cache_write="6.25", cache_write_1h="10"), tokens).cache_write == Decimal(
        "0.013125"
    )
    assert cost(price(input="5", output="25", cache_write="6.25"), tokens).cache_write == Decimal("0.009375")


@pytest.mark.parametrize("kind", ["audio_input", "image_input"])
def test_122_a_cached_share_of_media_is_not_billed_twice(kind: str):
    all_of_it: dict[str, Any] = {f"{kind}_tokens": 1000}
    some: dict[str, Any] = {f"{kind}_tokens": 800}
    everything_cached = Tokens(input_tokens=0, cache_read_tokens=1000, **all_of_it)
    found = cost(price(input="1", output="1", cache_read="0.1", **{kind: "40"}), everything_cached)
    assert found.total == Decimal("0.0001")
    half = Tokens(input_tokens=500, cache_read_tokens=500, **some)
    assert cost(price(input="1", output="1", cache_read="0", **{kind: "40"}), half).total == Decimal("0.02")


def test_q12_media_and_reasoning_are_taken_out_of_the_output_that_holds_them():
    tokens = Tokens(output_tokens=100, audio_output_tokens=30, image_output_tokens=20, reasoning_tokens=40)
    found = cost(price(input="1", output="10", audio_output="100", image_output="1000", reasoning="1"), tokens)
    assert found.total == (10 * Decimal(10) + 30 * Decimal(100) + 20 * Decimal(1000) + 40 * Decimal(1)) / 10**6


def test_shares_larger_than_their_total_do_not_add_tokens():
    tokens = Tokens(
        input_tokens=10, output_tokens=10, audio_output_tokens=50, reasoning_tokens=50, image_input_tokens=99
    )
    assert cost(price(input="1", output="1"), tokens).total == Decimal("0.00002")


def test_a_discount_takes_off_tokens_and_not_a_fee_for_the_request():
    given = Price(
        source="configured", origin="x", scales=(Scale(Rates(input=Decimal(10), output=Decimal(10))),),
        per_request=Decimal("0.5"), discount=Decimal("0.1"),
    )  # fmt: skip
    found = cost(given, Tokens(input_tokens=1000))
    assert (found.total, found.input) == (Decimal("0.509"), Decimal("0.509"))


def test_a_flat_price_is_booked_as_input():
    flat = Price(source="configured", origin="per_request", per_request=Decimal("0.04"), discount=Decimal("0.5"))
    found = cost(flat, Tokens(input_tokens=10**6, output_tokens=10**6))
    assert (found.total, found.input, found.output) == (Decimal("0.04"), Decimal("0.04"), Decimal(0))


def test_a_request_no_scale_covers_is_unknown():
    scales = (
        Scale(Rates(input=Decimal(1), output=Decimal(1)), 0, 10),
        Scale(Rates(input=Decimal(2), output=Decimal(2)), 12),
    )
    given = Price(source="configured", origin="tiered", scales=scales)
    assert cost(given, Tokens(input_tokens=10)).total == Decimal("0.00001")
    assert cost(given, Tokens(input_tokens=11)) == UNKNOWN
    assert cost(given, Tokens(input_tokens=12)).total == Decimal("0.000024")


@pytest.mark.parametrize(("rate", "total"), [("0.005", "0.00000001"), ("0.0049", "0"), ("0.015", "0.00000002")])
def test_half_of_the_last_place_is_rounded_up(rate: str, total: str):
    assert cost(price(input=rate, output="0"), Tokens(input_tokens=1)).total == Decimal(total)


def test_it_is_rounded_once_and_the_parts_add_up():
    tokens = Tokens(input_tokens=1, output_tokens=1, cache_read_tokens=1, cache_write_tokens=1)
    found = cost(price(input="0.004", output="0.004", cache_read="0.004", cache_write="0.004"), tokens)
    parts = [found.input, found.output, found.cache_read, found.cache_write]
    assert found.total == Decimal("0.00000002") == sum(part for part in parts if part is not None)


def test_large_counters_and_long_prices_lose_no_digit():
    huge = Tokens(input_tokens=999_999_999_999, output_tokens=999_999_999_999)
    found = cost(price(input="0.999999999999999999999999", output="0.000000000000000000000001"), huge)
    assert (found.total, found.output) == (Decimal("999999.999999"), Decimal(0))


@pytest.mark.parametrize("rate", ["1000000.00001", "1E+30", "1E+5000"])
def test_a_cost_nobody_can_mean_is_unknown(rate: str):
    assert cost(price(input="1000000", output="0"), Tokens(input_tokens=10**6)).total == 10**6
    assert cost(price(input=rate, output="0"), Tokens(input_tokens=10**6)) == UNKNOWN


def test_the_version_says_the_price_in_words():
    given = Price(
        source="configured", origin="simple", discount=Decimal("0.1"),
        scales=(Scale(Rates(input=Decimal("3.0"), output=Decimal(15), cache_read=Decimal("0.30"))),),
    )  # fmt: skip
    assert cost(given, Tokens()).version == "simple, input 3, output 15, cache_read 0.3, discount 0.1"
