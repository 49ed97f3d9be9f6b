"""Attempts to rows: who is counted, what the request comes to, how fast it was."""

from decimal import Decimal
from typing import Any

import pytest

from plexus.ir.chat import Usage
from plexus.protocols.messages.usage import read_usage
from plexus.usage.booking import Tried, attempt_row, attempt_rows, booked, overhead, speed
from plexus.usage.entries import Closed, closed_entry, read_entry
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.row import AttemptRow, UsageRow

PRICE = Price(source="catalogue", origin="here", scales=(Scale(Rates(input=Decimal(1), output=Decimal(2))),))
CONFIGURED = Price(source="configured", origin="simple", scales=PRICE.scales)


def attempt(price: Price | None = PRICE, **facts: Any) -> AttemptRow:
    given: dict[str, Any] = {
        "provider": "p",
        "model": "m",
        "upstream_protocol": "chat",
        "status": "ok",
        "http_status": 200,
    }
    return attempt_row(Tried(**(given | facts)), price)


def request(*attempts: AttemptRow, **facts: Any) -> UsageRow:
    given: dict[str, Any] = {"request_id": "r", "started_at": 0, "status": "ok"}
    return booked(UsageRow(**(given | facts)), attempts)


REFUSED: dict[str, Any] = {"status": "error", "http_status": 503, "error_class": "upstream_error", "sent": 1000}


def test_q09_a_refused_attempt_is_charged_nothing():
    row = attempt(**REFUSED)
    assert (row.billed, row.input_tokens, row.cost, row.cost_source) == (False, 0, Decimal(0), "unbilled")


def test_q10_a_failed_attempt_that_was_billed_counts_and_the_request_counts_once():
    broken = attempt(
        status="error", http_status=200, error_class="truncated", usage=Usage(input=1000, output=1), delivered=50
    )
    good = attempt(usage=Usage(input=1000, output=100))
    row = request(attempt(**REFUSED), broken, good)
    assert (row.input_tokens, row.output_tokens) == (2000, 150)
    assert row.cost == Decimal("0.0023")
    assert (row.cost_source, row.cost_input, row.cost_output) == ("catalogue", Decimal("0.002"), Decimal("0.0003"))
    assert (row.tokens_estimated, row.usage_flags) == (True, ("estimated_output",))
    assert [entry.billed for entry in row.attempts] == [False, True, True]


def test_q09_125_a_client_that_left_is_charged_for_what_came():
    gone = attempt(status="cancelled", usage=Usage(input=25, output=1), delivered=40, sent=30)
    assert (gone.billed, gone.output_tokens) == (True, 40)
    silent = attempt(status="cancelled", http_status=0, sent=30)
    assert (silent.billed, silent.cost) == (False, Decimal(0))


def test_an_answer_without_usage_is_charged_by_estimate():
    row = request(attempt(sent=1000, delivered=100))
    assert (row.cost, row.tokens_estimated) == (Decimal("0.0012"), True)


def test_one_unknown_cost_makes_the_sum_unknown():
    row = request(
        attempt(usage=Usage(input=5, output=1), status="error"), attempt(None, usage=Usage(input=5, output=1))
    )
    assert (row.cost, row.cost_source) == (None, "unknown")
    assert (row.input_tokens, row.cost_input) == (10, None)


def test_costs_of_several_sources_are_mixed():
    row = request(
        attempt(usage=Usage(input=5, output=1), status="error"), attempt(CONFIGURED, usage=Usage(input=5, output=1))
    )
    assert (row.cost, row.cost_source) == (Decimal("0.000014"), "mixed")
    assert row.price_version == "here, input 1, output 2; simple, input 1, output 2"


def test_what_an_advisor_and_a_compaction_took_is_billed_at_their_own_price():
    raw = {
        "input_tokens": 2390, "output_tokens": 121,
        "iterations": [
            {"type": "compaction", "input_tokens": 60385, "output_tokens": 592},
            {"type": "message", "input_tokens": 1128, "output_tokens": 110},
            {"type": "advisor_message", "model": "advisor", "input_tokens": 2518, "output_tokens": 22},
            {"type": "message", "input_tokens": 1262, "output_tokens": 11},
        ],
    }  # fmt: skip
    dear = Price(source="catalogue", origin="dear", scales=(Scale(Rates(input=Decimal(100), output=Decimal(200))),))
    tried = Tried(provider="p", model="m", status="ok", usage=read_usage(raw), duration_ms=1000.0)
    row = request(*attempt_rows(tried, lambda one: dear if one.model == "advisor" else PRICE), duration_ms=1000.0)
    assert (row.input_tokens, row.output_tokens) == (2390 + 60385 + 2518, 121 + 592 + 22)
    cheap, advice = 2390 + 60385 + 2 * (121 + 592), 2518 * 100 + 22 * 200
    assert row.cost == Decimal(cheap + advice).scaleb(-6)
    assert [(entry.model, entry.aside) for entry in row.attempts] == [("m", True), ("advisor", True), ("m", False)]
    assert (row.model, row.tokens_per_second, row.overhead_ms) == ("m", 121.0, 0.0)


def test_what_is_in_a_reported_cost_is_not_billed_again():
    raw = {
        "input_tokens": 1,
        "cost": 0.5,
        "iterations": [{"type": "compaction", "input_tokens": 9, "output_tokens": 9}],
    }
    assert len(attempt_rows(Tried(provider="p", model="m", status="ok", usage=read_usage(raw)), lambda _: PRICE)) == 1


@pytest.mark.parametrize("status", ["ok", "error", "cancelled"])
def test_q13_a_request_nobody_charged_for_cost_nothing(status: str):
    row = request(status=status)
    assert (row.cost, row.cost_source, row.cost_reported, row.input_tokens) == (Decimal(0), "unbilled", None, 0)


def test_a_request_that_was_cut_off_with_the_process_is_unknown():
    row = request(status="interrupted")
    assert (row.cost, row.cost_source, row.cost_computed) == (None, "unknown", None)


def test_the_request_is_booked_to_its_last_target():
    row = request(attempt(**REFUSED), attempt(provider="q", model="n", upstream_protocol="gemini"))
    assert (row.provider, row.model, row.upstream_protocol) == ("q", "n", "gemini")


def test_reported_costs_are_summed_only_if_all_reported():
    told = Usage(input=1, output=1, raw={"cost": 0.25})
    assert request(attempt(usage=told, status="error"), attempt(usage=told)).cost_reported == Decimal("0.5")
    assert request(attempt(usage=told, status="error"), attempt(usage=Usage(input=1, output=1))).cost_reported is None


def test_booking_again_changes_nothing():
    row = request(attempt(**REFUSED), attempt(usage=Usage(input=5, output=1, service_tier="flex")), duration_ms=12.5)
    assert booked(row, row.attempts) == row
    assert read_entry(closed_entry(Closed(row))) == Closed(row, [])


@pytest.mark.parametrize(
    ("tokens", "duration", "ttft", "found"),
    [
        (100, 3000.0, 1000.0, 50.0),  # a stream: after its first token
        (100, 2000.0, None, 50.0),  # a whole answer: over all of it
        (100, 2000.0, 1999.0, 50.0),  # a burst at the end says nothing of the model
        (0, 2000.0, 100.0, None),
        (100, 0.0, 0.0, None),
        (100, 5.0, None, None),
        (100, 1000.0, 5000.0, 100.0),
    ],
)
def test_speed_is_measured_where_there_is_time_to_measure(
    tokens: int, duration: float, ttft: float | None, found: float | None
):
    assert speed(tokens, duration, ttft) == found


def spent(offset: float, duration: float) -> AttemptRow:
    return AttemptRow(status="ok", offset_ms=offset, duration_ms=duration)


@pytest.mark.parametrize(
    ("attempts", "left"),
    [
        ([], 100.0),
        ([spent(5, 90)], 10.0),
        ([spent(5, 40), spent(50, 45)], 15.0),
        ([spent(5, 90), spent(20, 30)], 10.0),  # a hedge beside the first
        ([spent(50, 45), spent(5, 40)], 15.0),
        ([spent(5, 500)], 5.0),
    ],
)
def test_overhead_is_the_time_without_an_attempt(attempts: list[AttemptRow], left: float):
    assert overhead(100.0, attempts) == left
