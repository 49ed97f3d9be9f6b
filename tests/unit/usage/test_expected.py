"""What a request will cost: about, for selectors; at most, for holds."""

import time
from decimal import Decimal

import pytest

from plexus.usage.expected import TYPICAL_OUTPUT, at_most, expected
from plexus.usage.price import Price, Rates, Scale

RATES = Rates(
    input=Decimal(3), output=Decimal(15), cache_read=Decimal("0.3"), cache_write_1h=Decimal(6), audio_output=Decimal(80)
)
SIMPLE = Price(source="configured", origin="simple", scales=(Scale(RATES),))
FLAT = Price(source="configured", origin="per_request", per_request=Decimal("0.04"))
LONG = Price(
    source="configured", origin="tiered",
    scales=(Scale(RATES, 0, 1000), Scale(Rates(input=Decimal(30), output=Decimal(1)), 1001, None)),
)  # fmt: skip


def test_an_unknown_price_is_no_cost():
    assert expected(None, 10, 10) is None
    assert at_most(None, 10, 10) is None
    embeddings = Price(source="catalogue", origin="x", scales=(Scale(Rates(input=Decimal(1))),))
    assert expected(embeddings, 10, 10) is None
    assert at_most(embeddings, 10, 10) is None
    assert at_most(embeddings, 10, 0) == Decimal("0.00001")


def test_it_goes_by_the_size_of_the_request():
    assert expected(SIMPLE, 1000, 100) == Decimal("0.0045")
    assert expected(LONG, 1001, 100) == Decimal("0.03013")


def test_a_limit_far_above_the_usual_says_nothing():
    usual = expected(SIMPLE, 1000)
    assert usual == expected(SIMPLE, 1000, 64_000) == Decimal("0.003") + TYPICAL_OUTPUT * Decimal("0.000015")


def test_a_fee_and_a_discount_are_in_it():
    assert expected(FLAT, 10**6, 10**6) == Decimal("0.04")
    given = Price(
        source="configured", origin="x", scales=(Scale(RATES),), per_request=Decimal(1), discount=Decimal("0.5")
    )
    assert expected(given, 1000, 100) == Decimal("1.00225")
    assert at_most(given, 1000, 100) == Decimal("1.007")


def test_at_most_takes_the_dearest_kind_of_every_token():
    assert at_most(SIMPLE, 1000, 100) == Decimal("0.006") + Decimal("0.008")


def test_at_most_takes_the_dearest_scale_the_request_could_fall_into():
    assert at_most(LONG, 1001, 0) == Decimal("0.03003")
    assert at_most(LONG, 1000, 0) == Decimal("0.006")


def test_without_a_bound_there_is_no_most():
    assert at_most(SIMPLE, None, 100) is None
    assert at_most(SIMPLE, 100, None) is None
    assert at_most(FLAT, None, None) == Decimal("0.04")


@pytest.mark.parametrize(("rate", "most"), [("0.001", "0.00000001"), ("0.01", "0.00000001"), ("0.011", "0.00000002")])
def test_at_most_is_rounded_up(rate: str, most: str):
    given = Price(source="configured", origin="x", scales=(Scale(Rates(input=Decimal(rate), output=Decimal(0))),))
    assert at_most(given, 1, 0) == Decimal(most)


def test_it_is_quick_enough_to_be_asked_for_every_candidate():
    # Two microseconds of processor time at most; the best of many runs, for the machine may be busy.
    def run() -> float:
        started = time.process_time()
        for _ in range(2000):
            expected(LONG, 1234, 4096)
        return (time.process_time() - started) / 2000

    assert min(run() for _ in range(50)) <= 2e-6
