"""Costs as providers report them, in the order they are believed."""

from decimal import Decimal
from typing import Any

import pytest

from plexus.ir.chat import Usage
from plexus.usage.booking import Tried, attempt_row
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.reported import reported


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ({}, None),
        ({"cost": 0.0001}, "0.0001"),
        ({"cost": "0.0000702"}, "0.0000702"),
        ({"cost": 0}, "0"),
        ({"estimated_cost": 0.5}, "0.5"),
        ({"cost": 0.25, "estimated_cost": 0.5}, "0.25"),
        ({"cost": {"total_cost": 0.005141, "request_cost": 0.005}}, "0.005141"),
        ({"cost_details": {"total_cost": 0.75}, "cost": 0.25}, "0.75"),
        ({"cost_in_usd_ticks": 1489500}, "0.00014895"),
        ({"cost_in_usd_ticks": 1489500, "cost": 0.25}, "0.25"),
        ({"cost_in_usd_ticks": 0}, None),
        ({"cost": 0.0160614, "cost_details": {"upstream_inference_cost": 0.0001764}}, "0.0160614"),
        ({"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}, "0.21"),
        ({"cost": -1}, None),
        ({"cost": float("inf")}, None),
        ({"cost": float("nan")}, None),
        ({"cost": "free"}, None),
        ({"cost": True}, None),
        ({"cost": 10**9}, None),
        ({"cost": None, "estimated_cost": None, "cost_details": None}, None),
        ({"cost_details": []}, None),
        ({"cost": 1e-12}, "0"),
    ],
)
def test_u52_what_a_provider_reports(raw: dict[str, Any], amount: str | None):
    assert reported(Usage(raw=raw)) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    "comment",
    [
        '{"request_cost_usd": 0.00042, "energy_kwh": 1e-6}',
        "cost: request_cost_usd=0.00042",
        'x "request_cost_usd":"4.2e-4"',
    ],
)
def test_u51_a_cost_in_a_comment_goes_before_all(comment: str):
    assert reported(Usage(raw={"cost": 0.25}), ["keep-alive", comment]) == Decimal("0.00042")


def test_a_comment_that_is_no_number_is_passed_over():
    assert reported(Usage(raw={"cost": 0.25}), ["request_cost_usd: ...", "request_cost_usd: -5"]) == Decimal("0.25")


PRICE = Price(source="configured", origin="simple", scales=(Scale(Rates(input=Decimal(1), output=Decimal(1))),))
USAGE = Usage(input=1_000_000, output=0, raw={"cost": 0.25})


def test_u52_both_costs_are_kept_and_the_reported_one_is_booked():
    row = attempt_row(Tried(provider="p", model="m", status="ok", usage=USAGE), PRICE)
    assert (row.cost, row.cost_source) == (Decimal("0.25"), "provider")
    assert (row.cost_reported, row.cost_computed, row.cost_input) == (Decimal("0.25"), Decimal(1), Decimal(1))


def test_u52_unless_the_computed_one_is_preferred():
    row = attempt_row(Tried(provider="p", model="m", status="ok", usage=USAGE), PRICE, trust_reported=False)
    assert (row.cost, row.cost_source, row.cost_reported) == (Decimal(1), "configured", Decimal("0.25"))


def test_a_reported_cost_is_better_than_an_unknown_one_either_way():
    row = attempt_row(Tried(provider="p", model="m", status="ok", usage=USAGE), None, trust_reported=False)
    assert (row.cost, row.cost_source, row.cost_computed) == (Decimal("0.25"), "provider", None)
