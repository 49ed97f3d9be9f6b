"""Usage rows survive the journal whole, and spell money plainly."""

import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexus.core import json
from plexus.ir.drops import Drop
from plexus.usage.entries import Closed, closed_entry, read_entry
from plexus.usage.row import COSTS, AttemptRow, UsageRow, amount_text, to_wire

CONTRACT = {
    "request_id",
    "started_at",
    "key",
    "attribution",
    "alias",
    "client_protocol",
    "provider",
    "model",
    "upstream_protocol",
    "streaming",
    "passthrough",
    "status",
    "http_status",
    "stop_reason",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "tokens_estimated",
    "error_class",
    "cost",
    "cost_source",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "ttft_ms",
    "tokens_per_second",
    "duration_ms",
    "overhead_ms",
    "attempts",
    "fidelity",
    "error",
}

texts = st.text(st.characters(codec="utf-8"), max_size=20)
amounts = st.none() | st.decimals(0, 10**9, places=8)
moments = st.floats(0, 1e9)
counts = st.integers(0, 2**53)
shared = {
    **{name: counts for name in AttemptRow.__struct_fields__ if name.endswith("_tokens")},
    **dict.fromkeys(COSTS, amounts),
    "usage_flags": st.lists(texts, max_size=2).map(tuple),
    "price_version": texts,
    "ttft_ms": st.none() | moments,
    "status": st.sampled_from(["ok", "error", "cancelled", "timeout", "stalled", "interrupted"]),
    "error": st.none() | texts,
}
attempts = st.builds(AttemptRow, provider=texts, model=texts, billed=st.booleans(), **shared)
drops = st.builds(Drop, kind=st.sampled_from(["dropped", "clamped"]), field=texts, reason=texts)
rows = st.builds(
    UsageRow,
    request_id=texts,
    started_at=st.integers(0, 2**42),
    attribution=st.none() | texts,
    attempts=st.lists(attempts, max_size=3).map(tuple),
    fidelity=st.lists(drops, max_size=2).map(tuple),
    **shared,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a row has forty fields, and machines are busy
@given(rows)
def test_a_row_comes_back_from_json_as_it_was(row: UsageRow):
    line = closed_entry(Closed(row))
    assert b"\n" not in line
    assert read_entry(line) == Closed(row, [])


@given(rows)
def test_money_is_text_in_plain_digits_with_at_most_eight_places(row: UsageRow):
    wire = to_wire(row)
    for part in (wire, *wire["attempts"]):
        for name in COSTS:
            assert part[name] is None or re.fullmatch(r"\d+(\.\d{1,8})?", part[name])


def test_a_row_has_the_names_of_the_management_api():
    wire = to_wire(UsageRow(request_id="r", started_at=0, status="ok"))
    assert wire.keys() >= CONTRACT
    assert wire["cost"] is None
    assert wire["cost_source"] == "unknown"


def test_a_row_of_a_later_version_is_read():
    row = UsageRow(request_id="r", started_at=7, status="interrupted")
    wire = json.loads(closed_entry(Closed(row)))
    wire["row"]["something_new"] = [1, {"a": 2}]
    assert read_entry(json.dumps(wire)) == Closed(row, [])


@pytest.mark.parametrize(
    "torn", [b"", b"{", b'{"request_id":"r"}', b'{"request_id":"r","started_at":"x","status":"ok"}']
)
def test_what_is_no_row_is_refused(torn: bytes):
    with pytest.raises(msgspec.DecodeError):
        read_entry(b'{"type":"row","row":%b}' % torn)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.5E-7", "0.00000015"), ("0E-8", "0"), ("1E+2", "100"), ("100", "100"), ("2.50000000", "2.5"), ("10.0", "10")],
)
def test_amounts_have_no_exponent_and_no_idle_zeros(amount: str, text: str):
    assert amount_text(Decimal(amount)) == text


def test_text_that_is_no_unicode_does_not_lose_the_row():
    row = UsageRow(request_id="r", started_at=0, status="error", error="bad \ud800 text")
    said = read_entry(closed_entry(Closed(row)))
    assert isinstance(said, Closed)
    assert said.row.error == "bad \ufffd text"
