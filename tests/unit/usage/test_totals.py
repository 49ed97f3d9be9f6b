"""Summaries by the database, on both engines: what the sum in memory gives, in any zone, whatever the range cuts."""

import random
from datetime import UTC, datetime

import pytest
from tests.unit.usage.some_rows import some_rows

from plexus.storage.engine import Database
from plexus.usage.calendar import Bucket, Unit, buckets, zone
from plexus.usage.kept_sums import added_up, keep
from plexus.usage.rollup import rolled_up
from plexus.usage.row import COSTS, UsageRow
from plexus.usage.store import write_rows
from plexus.usage.summary import Dimension, summary
from plexus.usage.totals import TooManyGroups, totals

START = int(datetime(2026, 3, 27, tzinfo=UTC).timestamp() * 1000)
END = int(datetime(2026, 3, 31, tzinfo=UTC).timestamp() * 1000)
ROWS = some_rows(2, 400, START, END)
ASKED: list[tuple[str, Unit, tuple[Dimension, ...]]] = [
    ("UTC", "day", ("key",)),
    ("UTC", "hour", ()),
    ("Europe/Berlin", "day", ("alias", "status")),
    ("Europe/Berlin", "hour", ("provider", "model")),
    ("Asia/Kolkata", "day", ("key", "attribution")),
    ("Australia/Lord_Howe", "hour", ()),
    ("America/St_Johns", "week", ("client_protocol",)),
    ("Pacific/Chatham", "month", ("model",)),
]


async def put(database: Database, rows: list[UsageRow]) -> None:
    async with database.writing() as connection:
        await write_rows(connection, rows)


def in_memory(cut: list[Bucket], rows: list[UsageRow], by: tuple[Dimension, ...]) -> dict:
    return summary(cut, rolled_up(rows).items(), rows, by)


def same(found: dict, wanted: dict) -> None:
    assert found.keys() == wanted.keys()
    for group, sums in wanted.items():
        for name in type(sums).__struct_fields__:
            one, other = getattr(found[group], name), getattr(sums, name)
            exact = name in COSTS or isinstance(other, int)
            assert one == other if exact else one == pytest.approx(other), (group, name, one, other)


DAY = 86_400_000
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")


async def kept(database: Database, dice: random.Random, share: float) -> None:
    """Keep some of the days, weeks and months of some zones."""
    for where in ZONES:
        for unit in ("day", "week", "month"):
            for bucket in buckets(START - 40 * DAY, END + 40 * DAY, unit, zone(where))[1:-1]:
                near = bucket.start < END and bucket.end > START
                if near and dice.random() < share:
                    async with database.writing() as connection:
                        assert await keep(connection, await added_up(connection, (bucket.start, bucket.end)))


@pytest.mark.parametrize("share", [0.4, 1.0])
async def test_a_summary_with_kept_sums_is_the_sum_of_the_rows_whatever_is_kept_and_comes_late(share, database):
    dice = random.Random(7)
    await put(database, ROWS[:300])
    await kept(database, dice, share)
    await put(database, ROWS[300:])
    units: list[Unit] = ["hour", "day", "week", "month"]
    by: list[tuple[Dimension, ...]] = [
        (),
        ("key",),
        ("attribution",),
        ("model",),
        ("alias", "status"),
        ("key", "model"),
    ]
    async with database.reading() as connection:
        for _ in range(25):
            since, until = sorted(dice.randrange(START - DAY, END + DAY) for _ in range(2))
            if dice.random() < 0.4:
                since, until = START, END
            told, where, unit = dice.choice(by), dice.choice(ZONES), dice.choice(units)
            cut = buckets(since, until, unit, zone(where))
            same(await totals(connection, cut, told), in_memory(cut, ROWS, told))
            mine = [row for row in ROWS if row.key == "me"]
            same(await totals(connection, cut, told, {"key": "me"}), in_memory(cut, mine, told))


async def test_a_span_is_kept_once_and_not_when_a_request_came_meanwhile(database):
    await put(database, ROWS[1:])
    first = min(ROWS[1:], key=lambda row: row.started_at).started_at
    spans = [(first // DAY * DAY + number * DAY, first // DAY * DAY + (number + 1) * DAY) for number in range(5)]
    mine = next(span for span in spans if span[0] <= ROWS[0].started_at < span[1])
    async with database.reading() as connection:
        found = [await added_up(connection, span) for span in spans]
    await put(database, ROWS[:1])
    async with database.writing() as connection:
        assert [await keep(connection, one) for one in found] == [span != mine for span in spans]
        assert not any([await keep(connection, one) for one in found])


@pytest.mark.parametrize(("where", "unit", "by"), ASKED)
async def test_a_summary_by_the_database_is_the_sum_of_the_rows(where, unit, by, database):
    await put(database, ROWS)
    dice = random.Random(3)
    async with database.reading() as connection:
        for _ in range(4):
            since, until = sorted(dice.randrange(START, END) for _ in range(2))
            cut = buckets(since, until, unit, zone(where))
            wanted = in_memory(cut, ROWS, by)
            assert wanted
            same(await totals(connection, cut, by), wanted)


async def test_only_what_is_asked_for_is_summed(database):
    await put(database, ROWS)
    cut = buckets(START + 1, END, "day", zone("UTC"))
    async with database.reading() as connection:
        found = await totals(connection, cut, ("key",), {"key": "me", "attribution": ""})
        mine = [row for row in ROWS if row.key == "me" and row.attribution is None]
        same(found, in_memory(cut, mine, ("key",)))


async def test_more_groups_than_anybody_reads_are_refused(database, monkeypatch):
    await put(database, ROWS)
    monkeypatch.setattr("plexus.usage.totals.MOST", 20)
    async with database.reading() as connection:
        with pytest.raises(TooManyGroups, match="20 groups"):
            await totals(connection, buckets(START, END, "hour", zone("UTC")), ("key", "model"))
