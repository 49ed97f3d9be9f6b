"""Counters in the database: those whose windows are over go, the others stay and count on, on either engine."""

from typing import Any

import pytest
from sqlalchemy import select

from plexus.core.clock import Clock
from plexus.quota import store
from plexus.quota.admission import Admission, Charge, Offer
from plexus.quota.definition import Definition
from plexus.quota.ledger import Ledger
from plexus.quota.store import Shadow
from plexus.quota.window import DAY
from plexus.storage.tables import quota_counters

START = 1_790_000_000_000  # the 21st of a month
QUOTAS = [
    Definition(name="d", kind="daily", measure="requests", limit=9),
    Definition(name="w", kind="weekly", measure="requests", limit=9),
    Definition(name="m", kind="monthly", measure="requests", limit=9),
    Definition(name="r", kind="rolling", measure="requests", limit=9, duration=270 * DAY),
]


class Books:
    """A ledger with its shadow in a database, and a clock that is set by hand."""

    def __init__(self, database: Any) -> None:
        self.now, self.database = START, database
        clock = Clock(wall=lambda: self.now / 1000, monotonic=lambda: self.now / 1000)
        self.ledger, self.shadow = Ledger(clock), Shadow(Ledger(clock))

    async def request(self, key: str, quotas: list[Definition]) -> None:
        admission = self.ledger.admit(quotas, key, "fast", [Offer("p", "m")])
        assert isinstance(admission, Admission)
        bookings = self.ledger.settle(admission, [Charge("p", "m")])
        await self.database.write(lambda connection: self.shadow.follow(connection, bookings))

    async def forget(self, done: int) -> int:
        gone = 0
        while removed := await self.database.write(lambda connection: self.shadow.forget(connection, done, self.now)):
            gone += removed
        self.ledger.prune(done)
        return gone

    async def rows(self) -> list[str]:
        async with self.database.reading() as connection:
            found = await connection.execute(select(quota_counters.c.quota, quota_counters.c.owner))
            return sorted(f"{quota} {owner}" for quota, owner in found)


@pytest.fixture
def books(database):
    return Books(database)


async def test_what_is_over_goes_and_what_is_not_stays(books):
    await books.request("alice", QUOTAS)
    done = books.ledger.number
    assert await books.forget(done) == 0
    for days, left in ((1, ["m", "r", "w"]), (7, ["m", "r"]), (28, ["r"]), (31, [])):
        books.now = START + days * DAY
        await books.forget(done)
        assert await books.rows() == [f"{name} alice" for name in left], days
        assert sorted({row.quota for row in books.ledger.export()}) == left
        assert sorted({row.quota for row in books.shadow._ledger.export()}) == left


async def test_what_was_booked_after_the_number_stays(books):
    await books.request("alice", QUOTAS[:1])
    done = books.ledger.number
    await books.request("bob", QUOTAS[:1])
    books.now += 2 * DAY
    assert await books.forget(done) == 1
    assert await books.rows() == ["d bob"]


async def test_a_key_that_goes_on_keeps_its_last_windows_and_no_more(books):
    for _ in range(10):
        await books.request("alice", QUOTAS[:1])
        books.now += DAY
    assert await books.rows() == ["d alice"] * 10
    assert await books.forget(books.ledger.number - 1) == 7
    assert len(await books.rows()) == 3
    books.now -= DAY
    assert books.ledger.readings(QUOTAS[:1], "alice")[0].used == 1


async def test_a_counter_that_was_forgotten_begins_anew_and_is_the_same_after_a_start(books):
    await books.request("alice", QUOTAS)
    books.now += 400 * DAY
    assert await books.forget(books.ledger.number) == 4
    for _ in range(2):
        await books.request("alice", QUOTAS)
    assert [reading.used for reading in books.ledger.readings(QUOTAS, "alice")] == [2] * 4
    again = Books(books.database)
    again.now = books.now
    async with books.database.reading() as connection:
        again.ledger.load(await again.shadow.load(connection))
    assert [reading.used for reading in again.ledger.readings(QUOTAS, "alice")] == [2] * 4


async def test_more_than_one_portion_goes(books, monkeypatch):
    monkeypatch.setattr(store, "PORTION", 3)
    for number in range(10):
        await books.request(f"key-{number}", [QUOTAS[0], QUOTAS[3]])
    books.now += 400 * DAY
    assert await books.forget(books.ledger.number) == 20
    assert await books.rows() == []
