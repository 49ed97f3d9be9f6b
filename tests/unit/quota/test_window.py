"""Windows begin where UTC says, whatever a clock or a summer time does; a bucket drains exactly and never twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.quota.window import DAY, Bucket, window_at

HOUR = 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("kind", "moment", "start", "end"),
    [
        ("daily", "2026-11-28T00:00:00", "2026-11-28", "2026-11-29"),
        ("daily", "2026-11-28T23:59:59.999", "2026-11-28", "2026-11-29"),
        ("weekly", "2026-11-29T23:59:59.999", "2026-11-23", "2026-11-30"),
        ("weekly", "2026-11-30T00:00:00", "2026-11-30", "2026-12-07"),
        ("monthly", "2026-12-31T23:59:59.999", "2026-12-01", "2027-01-01"),
        ("monthly", "2028-02-29T12:00:00", "2028-02-01", "2028-03-01"),
        ("monthly", "2100-02-28T23:00:00", "2100-02-01", "2100-03-01"),
    ],
)
def test_windows_begin_at_midnight_utc_on_the_day_the_monday_and_the_first(kind, moment, start, end):
    assert window_at(kind, ms(moment)) == (ms(start), ms(end))


moments = st.integers(0, ms("9998-12-01"))


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
@given(moment=moments)
def test_every_moment_lies_in_one_window_and_its_end_begins_the_next(kind, moment):
    window = window_at(kind, moment)
    assert window.start <= moment < window.end
    assert window_at(kind, window.start) == window == window_at(kind, window.end - 1)
    assert window_at(kind, window.end).start == window.end
    began = datetime.fromtimestamp(window.start / 1000, UTC) if window.start >= 0 else None
    if began is not None:
        assert (began.hour, began.minute, began.second) == (0, 0, 0)
        assert kind != "weekly" or began.weekday() == 0
        assert kind != "monthly" or began.day == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_clock_changes_of_a_summer_time_touch_no_window(zone):
    local = datetime(2026, 3, 1, tzinfo=ZoneInfo(zone))
    first = int(local.timestamp() * 1000)
    starts = {window_at("daily", first + hour * HOUR).start for hour in range(24 * 300)}
    assert {start % DAY for start in starts} == {0}
    assert len(starts) in {300, 301}


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
@pytest.mark.parametrize("moment", [-(10**18), -1, 10**18])
def test_clocks_that_say_nonsense_are_no_crash(kind, moment):
    window = window_at(kind, moment)
    assert window.start < window.end


def test_a_bucket_drains_its_limit_in_its_duration_to_the_millisecond():
    full = Bucket(3, 7 * HOUR).poured(3, 1000)
    assert full.drained(1000 + 7 * HOUR - 1).used == 1
    assert full.drained(1000 + 7 * HOUR).used == 0
    assert full.empty_in() == 7 * HOUR
    assert full.drained(1000 + full.empty_in(2)).used == 2
    assert full.drained(1000 + full.empty_in(2) - 1).used == 3


@given(st.integers(1, 1000), st.integers(1, 10**6), st.integers(0, 5000), st.lists(st.integers(0, 10**6), max_size=6))
def test_looking_at_a_bucket_often_drains_no_more_than_looking_once(limit, duration, units, steps):
    once = often = Bucket(limit, duration).poured(units, 0)
    for at in sorted(steps):
        often = often.drained(at)
    assert often.drained(10**6) == once.drained(10**6)


def test_a_clock_that_went_back_neither_fills_nor_stops_a_bucket():
    bucket = Bucket(10, 1000).poured(10, 50_000)
    back = bucket.drained(20_000)
    assert back.used == 10
    assert back.drained(20_500).used == 5


def test_what_comes_late_drains_nothing_twice():
    bucket = Bucket(10, 1000).poured(10, 1000).poured(1, 500)
    assert bucket.drained(1500).used == 6


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 100))
def test_165_what_is_used_survives_another_limit_and_another_duration(limit, other, duration, longer, units):
    bucket = Bucket(limit, duration).poured(units, 0)
    assert bucket.reshaped(other, longer, 0).used == units
