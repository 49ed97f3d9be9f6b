"""Whatever the range and the zone: sums of rollups and cut hours are the sums of the rows."""

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plexus.usage.calendar import Bucket, Unit, UnknownZone, buckets, zone
from plexus.usage.rollup import HOUR, NONE, Sums, minus, plus, rolled_up, sums_of
from plexus.usage.row import AttemptRow, UsageRow
from plexus.usage.summary import cut_hours, summary

ZONES = sorted(available_timezones() - {"localtime"})
DAY = 24 * HOUR
FIRST, LAST = 1_577_836_800_000, 1_924_992_000_000  # 2020 to 2031
UNITS: list[Unit] = ["hour", "day", "week", "month"]
CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),  # clocks go back over midnight
    ("Africa/Cairo", "2026-04-23T22:00:00Z"),  # a day that begins at one
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),  # half an hour back
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Asia/Kathmandu", "2026-06-01T00:00:00Z"),
    ("America/St_Johns", "2026-11-01T04:30:00Z"),
    ("Pacific/Chatham", "2026-04-04T14:00:00Z"),
    ("Asia/Beirut", "2026-03-28T22:00:00Z"),
    ("UTC", "2026-12-31T23:59:59Z"),
]
whereabouts = st.sampled_from(CHANGES).map(lambda found: (found[0], _at(found[1]))) | st.tuples(
    st.sampled_from(ZONES), st.integers(FIRST, LAST)
)


quarters = st.integers(0, 10**7).map(lambda number: number / 4)
"""Times whose sums are exact in any order."""


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


@st.composite
def rows_around(draw: st.DrawFn, middle: int) -> list[UsageRow]:
    return draw(
        st.lists(
            st.builds(
                UsageRow,
                request_id=st.just("r"),
                started_at=st.integers(middle - 3 * DAY, middle + 3 * DAY) | st.integers(middle - HOUR, middle + HOUR),
                key=st.sampled_from(["alice", "bob"]),
                model=st.sampled_from(["m", "n"]),
                status=st.sampled_from(["ok", "error", "cancelled"]),
                input_tokens=st.integers(0, 10**12),
                cost=st.none() | st.decimals(0, 10**6, places=8),
                ttft_ms=st.none() | quarters,
                duration_ms=quarters,
                tokens_per_second=st.none() | quarters,
                overhead_ms=st.none() | quarters,
                attribution=st.none() | st.just("team"),
                attempts=st.lists(st.just(AttemptRow(status="ok")), max_size=2).map(tuple),
            ),
            max_size=25,
        )
    )


def label(moment: int, unit: Unit, where: str) -> str:
    """The bucket a moment falls into, by what the clock on the wall shows."""
    wall = datetime.fromtimestamp(moment / 1000, UTC).astimezone(ZoneInfo(where))
    year, week, _ = wall.isocalendar()
    shown = {
        "hour": wall.strftime("%Y-%m-%dT%H") + str(wall.utcoffset()),
        "day": str(wall.date()),
        "week": f"{year}-{week}",
        "month": wall.strftime("%Y-%m"),
    }
    return shown[unit]


@settings(max_examples=300)
@given(st.data(), whereabouts, st.sampled_from(UNITS), st.booleans())
def test_a_summary_of_rollups_and_cut_hours_equals_the_sum_of_the_rows(
    data: st.DataObject, place: tuple[str, int], unit: Unit, everything: bool
):
    where, middle = place
    rows = data.draw(rows_around(middle))
    start = middle - data.draw(st.integers(0, 3 * DAY))
    end = middle + data.draw(st.integers(0, 3 * DAY))
    spans = buckets(start, end, unit, zone(where))
    needed = cut_hours(spans)
    edges = rows if everything else [row for row in rows if any(low <= row.started_at < high for low, high in needed)]
    found = summary(spans, rolled_up(rows).items(), edges, ["key", "status"])

    direct: dict[tuple[str, str, str], Sums] = defaultdict(Sums)
    for row in rows:
        if start <= row.started_at < end:
            group = (label(row.started_at, unit, where), row.key, row.status)
            failed = row.status == "error"
            direct[group] = plus(direct[group], replace(sums_of(row), errors=int(failed)))
    told = {(label(spans[at].start, unit, where), *dimensions): sums for (at, dimensions), sums in found.items()}
    assert len(told) == len(found)
    assert told == direct


@settings(max_examples=300)
@given(whereabouts, st.sampled_from(UNITS), st.integers(0, 40 * DAY), st.integers(0, 40 * DAY))
def test_buckets_cover_the_range_without_gaps_under_labels_of_their_own(
    place: tuple[str, int], unit: Unit, before: int, after: int
):
    where, middle = place
    spans = buckets(middle - before, middle + after, unit, zone(where))
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert not spans or (spans[0].start, spans[-1].end) == (middle - before, middle + after)
    assert all(span.start < span.end for span in spans)
    assert len({span.label for span in spans}) == len(spans)
    for span in spans:
        assert label(span.start, unit, where) == label(span.end - 1, unit, where)


@given(st.data())
def test_rollups_of_any_parts_of_the_rows_add_up_and_take_away(data: st.DataObject):
    rows = data.draw(rows_around(FIRST + 5 * DAY))
    cut = data.draw(st.integers(0, len(rows)))
    one, other, all_ = rolled_up(rows[:cut]), rolled_up(rows[cut:]), rolled_up(rows)
    for key, sums in all_.items():
        assert plus(one.get(key, NONE), other.get(key, NONE)) == sums
        assert minus(sums, other.get(key, NONE)) == one.get(key, NONE)


def test_where_zone_and_range_are_whole_hours_no_rows_are_needed():
    spans = buckets(FIRST, FIRST + 30 * DAY, "day", zone("Europe/Berlin"))
    assert cut_hours(spans) == []
    assert len(cut_hours(buckets(FIRST, FIRST + 30 * DAY, "day", zone("Asia/Kolkata")))) == 30


@pytest.mark.parametrize(
    ("where", "begins", "unit", "label_", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "day", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "day", "2026-10-25", 25),
        ("Africa/Cairo", "2026-04-23T22:00:00Z", "day", "2026-04-24", 23),
        ("America/Havana", "2026-11-01T04:00:00Z", "day", "2026-11-01", 25),
        ("Europe/Berlin", "2026-03-22T23:00:00Z", "week", "2026-03-23", 7 * 24 - 1),
        ("America/New_York", "2026-11-01T04:00:00Z", "month", "2026-11-01", 30 * 24 + 1),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "hour", "2026-04-05T01:00+10:30", 0.5),
        ("Asia/Kathmandu", "2026-06-01T00:15:00Z", "hour", "2026-06-01T06:00+05:45", 1),
    ],
)
def test_known_days_have_the_hours_their_clocks_show(where: str, begins: str, unit: Unit, label_: str, hours: float):
    start = _at(begins)
    first = buckets(start, start + 40 * DAY, unit, zone(where))[0]
    assert first == Bucket(label_, start, start + round(hours * HOUR))


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "x" * 5000, "Europe\0Berlin"])
def test_a_zone_nobody_knows_is_said_so(name: str):
    with pytest.raises(UnknownZone):
        zone(name)


@pytest.mark.parametrize(("start", "end"), [(5, 4), (-1, 5), (0, 10**18), (0, 10**14)])
def test_a_range_that_cannot_be_cut_is_refused(start: int, end: int):
    with pytest.raises(ValueError, match=r"range|more than"):
        buckets(start, end, "hour", zone("UTC"))


def test_the_unknown_is_counted_and_not_summed():
    rows = [UsageRow(request_id="r", started_at=0, status="ok", cost=cost) for cost in (Decimal("0.25"), None)]
    (sums,) = rolled_up(rows).values()
    assert (sums.requests, sums.cost, sums.cost_unknown) == (2, Decimal("0.25"), 1)
