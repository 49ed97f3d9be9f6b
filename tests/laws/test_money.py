"""What holds for every usage, price and request: exact sums, parts that add up, holds that hold, pricing anew that settles."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plexus.ir.chat import Usage
from plexus.usage.booking import Tried, attempt_row, booked
from plexus.usage.cost import MOST, cost
from plexus.usage.entries import Closed, closed_entry, read_entry
from plexus.usage.expected import at_most
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.reprice import repriced
from plexus.usage.row import AttemptRow, Tokens, UsageRow
from plexus.usage.tokens import LARGEST, measured

amounts = st.decimals(0, 1000, places=6)
optional = st.none() | amounts
rates = st.builds(Rates, **{name: optional for name in Rates.__struct_fields__ if name not in {"input", "output", "web_search"}},
                  input=amounts, output=amounts)  # fmt: skip
scales = st.lists(rates, min_size=1, max_size=3).map(
    lambda found: tuple(
        Scale(entry, place * 1000 + bool(place), (place + 1) * 1000 if place + 1 < len(found) else None)
        for place, entry in enumerate(found)
    )
)
prices = st.builds(
    Price,
    source=st.sampled_from(["configured", "catalogue", "openrouter"]),
    origin=st.text("abc", max_size=3),
    scales=scales,
    sized_by=st.sampled_from(["uncached", "whole"]),
    per_request=st.sampled_from([Decimal(0), Decimal("0.004")]),
    discount=st.decimals(0, 1, places=3),
)
anything = st.none() | st.integers(-5, 5000) | st.integers() | st.floats() | st.text(max_size=3) | st.booleans()
COUNTERS = [
    name for name in Usage.__struct_fields__ if name not in {"service_tier", "cost", "flags", "raw", "web_searches"}
]
usages = st.builds(Usage, **dict.fromkeys(COUNTERS, st.none() | st.integers(0, 5000)))
odd_usages = st.builds(Usage, **dict.fromkeys(COUNTERS, anything))
estimates = st.integers(0, 5000)


@given(odd_usages, estimates, estimates, st.booleans())
def test_119_124_u51_counters_are_whole_and_shares_lie_within_totals(
    usage: Usage, sent: int, delivered: int, whole: bool
):
    found = measured(usage, sent=sent, delivered=delivered, whole=whole)
    for name in Tokens.__struct_fields__:
        if name.endswith("_tokens"):
            assert type(getattr(found, name)) is int
            assert 0 <= getattr(found, name) <= 3 * LARGEST
    entire = found.input_tokens + found.cache_read_tokens + found.cache_write_tokens
    assert found.reasoning_tokens <= found.output_tokens
    assert found.cache_write_1h_tokens <= found.cache_write_tokens
    assert found.audio_input_tokens + found.image_input_tokens <= entire
    assert found.cache_read_audio_tokens <= min(found.audio_input_tokens, found.cache_read_tokens)
    assert max(found.audio_output_tokens, found.image_output_tokens) <= found.output_tokens


@given(usages)
def test_a_usage_in_order_is_left_alone(usage: Usage):
    found = measured(usage)
    if not found.usage_flags:
        again = {name: getattr(found, f"{name}_tokens") for name in COUNTERS if hasattr(found, f"{name}_tokens")}
        assert again == {name: getattr(usage, name) or 0 for name in again}


@given(prices, usages)
def test_the_parts_add_up_to_a_total_rounded_once(price: Price, usage: Usage):
    tokens = measured(usage)
    found = cost(price, tokens)
    parts = [found.input, found.output, found.cache_read, found.cache_write]
    assert found.total is not None
    assert sum(part for part in parts if part is not None) == found.total
    assert all(part is not None and part >= 0 and part == part.quantize(Decimal("1E-8")) for part in parts)
    assert abs(Fraction(found.total) - _exactly(price, tokens)) <= Fraction(1, 2 * 10**8)


@given(rates, st.integers(0, 10**9), st.integers(0, 10**9))
def test_text_costs_counters_times_rates_half_up(rate: Rates, given_tokens: int, written: int):
    price = Price(source="configured", origin="x", scales=(Scale(rate),))
    found = cost(price, Tokens(input_tokens=given_tokens, output_tokens=written))
    assert rate.input is not None
    assert rate.output is not None
    exact = (given_tokens * rate.input + written * rate.output).scaleb(-6)
    assert found.total == (None if exact > MOST else exact.quantize(Decimal("1E-8"), ROUND_HALF_UP))


@given(prices, usages)
def test_no_request_costs_more_than_its_hold(price: Price, usage: Usage):
    tokens = measured(usage)
    entire = tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens
    most, real = at_most(price, entire, tokens.output_tokens), cost(price, tokens).total
    assert most is not None
    assert real is not None
    assert real <= most


@given(prices, usages, st.data())
def test_q12_tokens_of_every_kind_at_one_rate_cost_what_their_sum_does(price: Price, usage: Usage, data: st.DataObject):
    same = data.draw(amounts)
    flat = Price(source="configured", origin="x", scales=(Scale(Rates(input=same, output=same)),))
    tokens = measured(usage)
    entire = tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens + tokens.output_tokens
    assert cost(flat, tokens).total == cost(flat, Tokens(input_tokens=entire)).total


def _exactly(price: Price, tokens: Tokens) -> Fraction:
    """The cost in fractions, kind by kind, written down once more."""
    cached = tokens.cache_read_tokens + tokens.cache_write_tokens
    size = tokens.input_tokens + (cached if price.sized_by == "whole" else 0)
    rate = next(s.rates for s in price.scales if s.lower <= size and (s.upper is None or size <= s.upper))
    given_rate, written = rate.input, rate.output

    def of(own: Decimal | None, otherwise: Decimal | None) -> Fraction:
        return Fraction(own if own is not None else otherwise or 0)

    sound = min(tokens.audio_input_tokens - tokens.cache_read_audio_tokens, tokens.input_tokens)
    seen = min(tokens.image_input_tokens, tokens.input_tokens - sound)
    said = min(tokens.audio_output_tokens, tokens.output_tokens)
    drawn = min(tokens.image_output_tokens, tokens.output_tokens - said)
    thought = min(tokens.reasoning_tokens, tokens.output_tokens - said - drawn)
    hour, heard = tokens.cache_write_1h_tokens, tokens.cache_read_audio_tokens
    read, stored = of(rate.cache_read, given_rate), of(rate.cache_write, given_rate)
    millionths = (
        (tokens.input_tokens - sound - seen) * of(given_rate, None)
        + sound * of(rate.audio_input, given_rate)
        + seen * of(rate.image_input, given_rate)
        + (tokens.output_tokens - said - drawn - thought) * of(written, None)
        + said * of(rate.audio_output, written)
        + drawn * of(rate.image_output, written)
        + thought * of(rate.reasoning, written)
        + (tokens.cache_read_tokens - heard) * read
        + heard * (of(rate.cache_read_audio, None) if rate.cache_read_audio is not None else read)
        + (tokens.cache_write_tokens - hour) * stored
        + hour * (of(rate.cache_write_1h, None) if rate.cache_write_1h is not None else stored)
    )
    return millionths * (1 - Fraction(price.discount)) / 10**6 + Fraction(price.per_request)


def _with(usage: Usage | None, raw: Any) -> Usage | None:
    if usage is not None and raw is not None:
        usage.raw = {"cost": raw}
    return usage


statuses: st.SearchStrategy[Any] = st.sampled_from(["ok", "error", "cancelled", "timeout", "stalled", "interrupted"])
costs = st.none() | st.floats(0, 5)
reports = st.builds(_with, st.none() | usages, costs)
tried = st.builds(
    Tried, provider=st.sampled_from("pq"), model=st.sampled_from("mn"), status=statuses,
    duration_ms=st.floats(0, 1e6), usage=reports, sent=estimates, delivered=estimates,
)  # fmt: skip


@st.composite
def booked_rows(draw: st.DrawFn) -> UsageRow:
    made = [attempt_row(entry, draw(st.none() | prices)) for entry in draw(st.lists(tried, max_size=3))]
    start = draw(st.integers(0, 2_000_000_000_000))
    return booked(UsageRow(request_id=draw(st.text("ab", min_size=1)), started_at=start, status=draw(statuses)), made)


@given(booked_rows())
def test_q10_a_request_is_the_sum_of_its_billed_attempts(row: UsageRow):
    billed = [attempt for attempt in row.attempts if attempt.billed]
    assert row.output_tokens == sum(attempt.output_tokens for attempt in billed)
    if row.cost is not None:
        assert row.cost == sum(attempt.cost for attempt in billed if attempt.cost is not None)
    assert (row.cost is None) == (row.cost_source == "unknown")
    assert read_entry(closed_entry(Closed(row))) == Closed(row, [])


@given(st.lists(booked_rows(), max_size=4), st.none() | prices, st.none() | prices, st.booleans())
def test_pricing_anew_leaves_the_counters_and_settles(
    rows: list[UsageRow], one: Price | None, other: Price | None, trust: bool
):
    def price_of(attempt: AttemptRow, _at: int) -> Price | None:
        return one if attempt.model == "m" else other

    anew = {id(before): after for before, after in repriced(rows, price_of, trust_reported=trust)}
    result = [anew.get(id(row), row) for row in rows]
    for before, after in zip(rows, result, strict=True):
        for name in (
            *(n for n in Tokens.__struct_fields__),
            "status",
            "provider",
            "duration_ms",
            "overhead_ms",
            "cost_reported",
        ):
            assert getattr(after, name) == getattr(before, name)
    assert list(repriced(result, price_of, trust_reported=trust)) == []
