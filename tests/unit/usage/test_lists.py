"""Lists of usage rows on both engines: every page of every order and filter is what sorting in memory gives."""

import json
from decimal import Decimal
from operator import attrgetter
from typing import get_args

import pytest
from tests.unit.usage.some_rows import some_rows

from plexus.core.clock import Clock
from plexus.storage.engine import Database
from plexus.usage.list_filter import Filter, Place, Sort
from plexus.usage.lists import listed, one, order_of
from plexus.usage.purge import purge_usage
from plexus.usage.row import UsageRow, to_wire
from plexus.usage.store import write_rows

ROWS = some_rows(1, 150, 1_700_000_000_000, 1_700_000_000_050)
FAILED = {"error", "timeout", "stalled", "interrupted"}
FILTERS = {
    "everything": (Filter(), lambda _: True),
    "of a key": (Filter(key="me"), lambda r: r.key == "me"),
    "of an owner": (Filter(owner="you"), lambda r: r.key == "you"),
    "of an owner and another key": (Filter(owner="you", key="me"), lambda _: False),
    "failed": (Filter(failed=True), lambda r: r.status in FAILED),
    "of a target": (Filter(provider="a", model="m"), lambda r: (r.provider, r.model) == ("a", "m")),
    "of a class": (Filter(error_class="quota"), lambda r: r.error_class == "quota"),
    "streamed": (Filter(streaming=True, status="ok"), lambda r: r.streaming and r.status == "ok"),
    "in a time": (
        Filter(since=1_700_000_000_010, until=1_700_000_000_020),
        lambda r: 10 <= r.started_at - 1_700_000_000_000 < 20,
    ),
    "dear": (
        Filter(min_cost=Decimal(10), max_cost=Decimal(40)),
        lambda r: r.cost is not None and 10 <= r.cost <= 40,
    ),
    "slow": (Filter(min_duration_ms=20.0, max_duration_ms=30.0), lambda r: 20 <= r.duration_ms <= 30),
    "by protocol": (
        Filter(client_protocol="gemini", alias="fast"),
        lambda r: r.client_protocol == "gemini" and r.alias == "fast",
    ),
    "attributed": (Filter(attribution="team"), lambda r: r.attribution == "team"),
    "s14 a wildcard is a letter": (Filter(key="%"), lambda r: r.key == "%"),
    "s14 a wildcard in a model is a letter": (Filter(model="m_"), lambda r: r.model == "m_"),
    "s14 a statement is a word": (Filter(alias="'; DROP TABLE usage_requests; --"), lambda _: False),
}


async def put(database: Database, rows: list[UsageRow]) -> None:
    async with database.writing() as connection:
        await write_rows(connection, rows)


async def walked(database: Database, wanted: Filter, sort: Sort, *, rising: bool, limit: int = 7) -> list[str]:
    """The ids of all pages, one after the other."""
    names: list[str] = []
    after: Place = ()
    async with database.reading() as connection:
        while True:
            page = await listed(connection, wanted, sort, limit, rising=rising, after=after)
            assert len(page.rows) <= limit
            names += [row["request_id"] for row in page.rows]
            if page.following is None:
                return names
            after = page.following


async def test_pages_of_any_filter_and_order_are_those_of_a_sorted_list(database):
    await put(database, ROWS)
    for name, (wanted, holds) in FILTERS.items():
        for sort in get_args(Sort):
            for rising in (False, True):
                columns = [column.name for column in order_of(sort)]
                there = [row for row in ROWS if holds(row) and getattr(row, sort) is not None]
                there.sort(key=attrgetter(*columns), reverse=not rising)
                found = await walked(database, wanted, sort, rising=rising)
                assert found == [row.request_id for row in there], (name, sort, rising)


async def test_a_row_is_shown_as_it_was_booked_with_its_attempts(database):
    await put(database, ROWS)
    async with database.reading() as connection:
        for row in ROWS[:40]:
            found = await one(connection, row.request_id, None)
            assert found is not None
            wire = json.loads(json.dumps(to_wire(row)))
            attempts, below = wire.pop("attempts"), found["attempts"]
            assert {name: found[name] for name in wire} == wire
            assert [
                {name: shown[name] for name in sent} for sent, shown in zip(attempts, below, strict=True)
            ] == attempts
            assert [shown["number"] for shown in below] == list(range(1, len(attempts) + 1))


async def test_s11_a_row_of_another_key_is_not_there(database):
    await put(database, ROWS)
    mine = next(row for row in ROWS if row.key == "me")
    async with database.reading() as connection:
        assert await one(connection, mine.request_id, "you") is None
        assert await one(connection, mine.request_id, "me") is not None
        assert await one(connection, "nothing", None) is None


async def test_a_list_is_counted_by_sums_however_long_it_is(database, monkeypatch):
    monkeypatch.setattr("plexus.usage.list_total.COUNTED", 5)
    monkeypatch.setattr("plexus.usage.lists.GATHERED", 5)
    await put(database, ROWS)
    async with database.reading() as connection:
        for name, (wanted, holds) in FILTERS.items():
            page = await listed(connection, wanted, "started_at", 5)
            there = sum(map(holds, ROWS))
            assert page.total == there if page.counted else page.total <= there, name
        assert (await listed(connection, Filter(model="m", status="ok"), "started_at", 5)).counted
        known = await listed(connection, Filter(), "cost", 5)
        assert (known.total, known.counted) == (sum(row.cost is not None for row in ROWS), True)
    assert await purge_usage(database, 1_700_000_000_025, Clock(), nothing)
    async with database.reading() as connection:
        page = await listed(connection, Filter(key="me"), "started_at", 5)
        left = [row for row in ROWS if row.started_at >= 1_700_000_000_025 and row.key == "me"]
        assert (page.total, page.counted) == (len(left), True)


async def nothing(_seconds: float) -> None:
    """A pause that takes no time."""


async def test_what_neither_sums_nor_a_short_index_count_is_counted_in_part_and_said_so(database, monkeypatch):
    await put(database, ROWS)
    async with database.reading() as connection:
        page = await listed(connection, Filter(streaming=True), "started_at", 5)
        assert not page.counted or page.total == sum(row.streaming for row in ROWS)
        monkeypatch.setattr("plexus.usage.list_total.COUNTED", 20)
        page = await listed(connection, Filter(streaming=True), "started_at", 5)
        assert not page.counted
        assert 0 < page.total <= sum(row.streaming for row in ROWS)


@pytest.mark.parametrize("walked_rows", [3, 20])
async def test_pages_that_end_where_the_looking_did_miss_nothing(walked_rows, database, monkeypatch):
    """Rows of a millisecond are all looked at, however many that are."""
    rows = some_rows(11, 120, 1_700_000_000_000, 1_700_000_900_000)
    await put(database, rows)
    monkeypatch.setattr("plexus.usage.lists.GATHERED", 1)
    monkeypatch.setattr("plexus.usage.lists.WALKED", walked_rows)
    for name, (wanted, holds) in FILTERS.items():
        if name == "in a time":
            continue
        for sort in get_args(Sort):
            for rising in (False, True):
                columns = [column.name for column in order_of(sort)]
                there = [row for row in rows if holds(row) and getattr(row, sort) is not None]
                there.sort(key=attrgetter(*columns), reverse=not rising)
                found = await walked(database, wanted, sort, rising=rising)
                assert found == [row.request_id for row in there], (name, sort, rising)


@pytest.mark.parametrize("missing", ["client_address", "routing"])
async def test_what_is_for_the_operator_alone_is_in_no_list(missing, database):
    await put(database, ROWS[:1])
    async with database.reading() as connection:
        page = await listed(connection, Filter(), "started_at", 5)
    assert missing not in page.rows[0]
