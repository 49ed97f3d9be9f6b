"""The reach of a request, and the most it may cost by its client's own word."""

from decimal import Decimal

import pytest

from plexus.ir.errors import InvalidRequest
from plexus.quota.max_cost import CostRefusal, maximum, within
from plexus.quota.reach import reach


@pytest.mark.parametrize(
    ("asked", "cap", "choices", "output", "known", "bound", "source"),
    [
        (100, 8192, 1, 100, True, 100, "max_tokens"),
        (100, None, 3, 300, True, 300, "max_tokens"),
        (0, None, 1, 0, True, 0, "max_tokens"),
        (None, 8192, 2, 16384, False, 16384, "model_cap"),
        (None, None, 1, 4096, False, None, "default"),
        (-5, None, 0, 4096, False, None, "default"),
        (None, 0, 1, 4096, False, None, "default"),
    ],
)
def test_q03_what_is_held_comes_from_the_client_the_model_or_the_default(
    asked, cap, choices, output, known, bound, source
):
    assert reach(asked, cap, choices=choices) == (output, known, bound, source)


def test_q03_the_default_can_be_configured():
    assert reach(None, None, default=500).output == 500


@pytest.mark.parametrize(
    ("header", "field", "units"),
    [
        (None, None, None),
        ("0.25", None, 25_000_000),
        (" 1e-3 ", None, 100_000),
        (None, 0.1, 10_000_000),
        (None, 2, 200_000_000),
        ("0.5", "0.25", 25_000_000),
        ("0.25", Decimal("0.5"), 25_000_000),
    ],
)
def test_the_lower_maximum_holds(header, field, units):
    assert maximum(header, field) == units


@pytest.mark.parametrize(
    "value",
    ["", "free", "0", "-1", "NaN", "Infinity", "1e99", "0x10", "1_0", "٣", "9" * 1000, True, [], {}, float("nan")],
)
def test_a_maximum_that_is_no_amount_is_refused_with_its_name(value):
    with pytest.raises(InvalidRequest) as refused:
        maximum(None, value)
    assert refused.value.field == "max_cost"
    if isinstance(value, str):
        with pytest.raises(InvalidRequest) as refused:
            maximum(value)
        assert refused.value.field == "x-plexus-max-cost"


def test_targets_that_might_cost_more_or_nobody_knows_are_out():
    assert within(100, [100, 101, None, 0]) == (0, 3)


def test_a_maximum_nothing_stays_within_is_refused_with_the_way_out():
    found = within(25_000_000, [30_000_000, None, 26_000_000])
    assert found == CostRefusal(25_000_000, 26_000_000)
    assert isinstance(found, CostRefusal)
    assert (found.fault.status, found.fault.code, found.fault.param) == (400, "max_cost_exceeded", "max_cost")
    assert "0.26 USD" in found.fault.message
    assert "lower max_tokens" in found.fault.message


def test_a_cost_nobody_knows_is_refused_as_unknown():
    found = within(25_000_000, [None])
    assert isinstance(found, CostRefusal)
    assert "not known" in found.fault.message
