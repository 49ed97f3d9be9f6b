"""What is over is kept, once, in the zones that are asked for; what is not over and what nobody used is not."""

from datetime import UTC, datetime

from sqlalchemy import event, select
from tests.unit.usage.some_rows import some_rows

from plexus.core.clock import Clock
from plexus.storage.tables.usage import usage_spans
from plexus.usage.calendar import buckets, zone
from plexus.usage.keeping_sums import keep_sums
from plexus.usage.kept_sums import added_up
from plexus.usage.kept_zones import MOST, KeptZones, over
from plexus.usage.rollup import HOUR, rolled_up
from plexus.usage.store import write_rows
from plexus.usage.summary import summary
from plexus.usage.totals import totals

DAY = 24 * HOUR
START = int(datetime(2026, 3, 26, tzinfo=UTC).timestamp() * 1000)
NOW = START + 5 * DAY + 3 * HOUR
ROWS = some_rows(3, 200, START + 5 * HOUR, NOW)


async def nothing(_seconds: float) -> None:
    """A pause that takes no time."""


async def test_days_that_are_over_are_kept_once_and_summed_right(database):
    async with database.writing() as connection:
        await write_rows(connection, ROWS)
    zones, clock = KeptZones(), Clock(wall=lambda: NOW / 1000)
    zones.ask("Asia/Kolkata")
    made = await keep_sums(database, zones, clock, nothing)
    async with database.reading() as connection:
        kept = {(since, until) for since, until in await connection.execute(select(usage_spans))}
    days = {(START + number * DAY, START + (number + 1) * DAY) for number in range(5)}
    half = 5 * HOUR + HOUR // 2
    assert kept >= days | {(since - half, until - half) for since, until in days}
    assert len(kept) == made
    assert all(START - 7 * DAY < since < until <= NOW for since, until in kept)
    assert await keep_sums(database, zones, clock, nothing) == 0
    for where in zones.names():
        cut = buckets(START, NOW, "day", zone(where))
        async with database.reading() as connection:
            found = await totals(connection, cut, ("key",))
        wanted = summary(cut, rolled_up(ROWS).items(), ROWS, ("key",))
        assert {group: sums.requests for group, sums in found.items()} == {
            group: sums.requests for group, sums in wanted.items()
        }


async def test_without_a_request_nothing_is_kept(database):
    assert await keep_sums(database, KeptZones(), Clock(), nothing) == 0


def test_few_zones_are_kept_and_utc_is_always_one():
    zones = KeptZones()
    for name in ("Europe/Berlin", "Asia/Kolkata", "Europe/Berlin", "Asia/Tokyo", "America/New_York"):
        zones.ask(name)
    assert zones.names() == ("UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York")
    assert len(zones.names()) == MOST


def test_a_clock_that_was_wrong_once_does_not_make_decades():
    assert 0 < len(list(over(zone("UTC"), 0, NOW))) < 2500
    assert list(over(zone("UTC"), NOW + DAY, NOW)) == []


async def test_another_day_is_added_up_and_summed_by_statements_that_are_there(database):
    """Their text is long: to write it anew for each took longer than the sum."""
    async with database.writing() as connection:
        await write_rows(connection, ROWS)
    said: list[str] = []
    event.listen(database.engine.sync_engine, "before_cursor_execute", lambda *told: said.append(told[2]))
    of_each: list[set[str]] = []
    async with database.reading() as connection:
        for day in buckets(START, START + 4 * DAY, "day", zone("Asia/Kolkata"))[1:-1]:
            said.clear()
            await added_up(connection, (day.start, day.end))
            await totals(connection, buckets(day.start, day.end, "hour", zone("UTC")), ("key",), {"model": "m"})
            of_each.append(set(said))
    assert len(of_each) == 3
    assert of_each[0] == of_each[1] == of_each[2]
