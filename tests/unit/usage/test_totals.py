"""Summaries by the database, on both engines: what the sum in memory gives, in any zone, whatever the range cuts."""

import random
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from tests.unit.usage.some_rows import some_rows

from plexus.storage.engine import Database
from plexus.usage.calendar import Bucket, Unit, buckets, zone
from plexus.usage.rollup import rolled_up
from plexus.usage.row import COSTS, UsageRow
from plexus.usage.store import write_rows
from plexus.usage.summary import Dimension, summary
from plexus.usage.totals import TooManyGroups, spans, totals

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
            assert one == other if exact else one == pytest.approx(other), (group, name)


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


def test_spans_cover_each_bucket_once():
    dice = random.Random(4)
    for _ in range(300):
        edges = sorted(dice.randrange(20 * 3_600_000) for _ in range(5))
        cut = [Bucket("", low, high) for low, high in pairwise(edges)]
        whole, parts = spans(cut)
        assert all(low % 3_600_000 == high % 3_600_000 == 0 for _, low, high in whole)
        for place, bucket in enumerate(cut):
            pieces = sorted((low, high) for where, low, high in [*whole, *parts] if where == place)
            covered = [bucket.start, *(edge for piece in pieces for edge in piece), bucket.end]
            assert covered == sorted(covered)
            assert sum(high - low for low, high in pieces) == bucket.end - bucket.start
