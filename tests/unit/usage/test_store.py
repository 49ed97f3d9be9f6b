"""Rows in real databases: once however often an entry is offered, summed with their hours, interrupted when nobody ended them."""

from decimal import Decimal

from msgspec.structs import replace
from sqlalchemy import func, select

from plexus.core.clock import Clock
from plexus.quota.admission import Booking
from plexus.quota.ledger import Ledger
from plexus.quota.store import Shadow
from plexus.quota.store import read as counters
from plexus.storage.tables.usage import open_requests, usage_attempts, usage_hours, usage_requests
from plexus.usage.entries import Closed, Opened, closed_entry, opened_entry, read_entry
from plexus.usage.row import AttemptRow, UsageRow
from plexus.usage.store import close_interrupted, write

AT = 1_700_000_000_000


def row(name: str, **more) -> UsageRow:
    attempt = AttemptRow(
        status="ok", provider="p", model="m", input_tokens=3, output_tokens=2, cost=Decimal("0.00000001"), billed=True
    )
    said = {
        "key": "me",
        "alias": "a",
        "provider": "p",
        "model": "m",
        "status": "ok",
        "input_tokens": 3,
        "output_tokens": 2,
    }
    return UsageRow(
        **{"request_id": name, "started_at": AT, "attempts": (attempt,), "cost": Decimal("0.00000001"), **said, **more}
    )


def opened(name: str, process: str = "here") -> Opened:
    return Opened(request_id=name, process=process, started_at=AT, key="me", alias="a", client_protocol="chat")


def test_an_entry_says_what_was_put_into_it():
    begun, over = opened("1"), row("1", usage_flags=("estimated",), error="\ud800\x00 é")
    assert read_entry(opened_entry(begun)) == begun
    booking = Booking(1, "q", "me", "daily", "tokens", 0, AT, 5)
    said = read_entry(closed_entry(Closed(over, [booking])))
    assert isinstance(said, Closed)
    assert replace(said.row, error="") == replace(over, error="")
    assert [Booking(*one) for one in said.bookings] == [booking]


def test_entries_of_an_earlier_version_are_read():
    """As they were written when entries began; a journal may be older than the program that reads it."""
    begun = (
        b'{"type":"open","request_id":"1","process":"here","started_at":%d,"key":"me","attribution":null,"alias":"a",'
        % AT
    )
    begun += b'"client_protocol":"chat","streaming":false}'
    assert read_entry(begun) == opened("1")
    over = b'{"type":"row","row":{"request_id":"1","started_at":%d,"status":"ok","key":"me","cost":"0.00000001",' % AT
    over += b'"input_tokens":3,"usage_flags":["estimated_input"],"no_longer_there":1,"attempts":[{"status":"ok","cost":"0"}]},'
    over += b'"bookings":[[7,"q","me","daily","tokens",0,1,5,0,0]]}'
    said = read_entry(over)
    assert isinstance(said, Closed)
    assert (said.row.cost, said.row.key, said.row.usage_flags) == (Decimal("0.00000001"), "me", ("estimated_input",))
    assert said.row.attempts == (AttemptRow(status="ok", cost=Decimal(0)),)
    assert Booking(*said.bookings[0]).units == 5


async def test_rows_are_written_once_however_often_they_are_offered(database):
    entries: list[Opened | Closed] = [
        opened("1"),
        opened("2"),
        Closed(row("1")),
        Closed(row("3", error="a\x00b", cost=None, alias="é", attribution="x")),
    ]
    for _ in range(3):
        async with database.writing() as connection:
            await write(connection, entries)
    async with database.writing() as connection:
        await write(connection, [Closed(row("2")), *entries])
    async with database.reading() as connection:
        found = (
            (await connection.execute(select(usage_requests).order_by(usage_requests.c.request_id))).mappings().all()
        )
        assert [one["request_id"] for one in found] == ["1", "2", "3"]
        assert found[0]["cost"] == Decimal("0.00000001")
        assert found[2]["cost"] is None
        assert found[2]["error"] == "a\ufffdb"
        assert found[0]["attempt_count"] == 1
        assert (await connection.execute(select(func.count()).select_from(usage_attempts))).scalar_one() == 3
        assert (await connection.execute(select(func.count()).select_from(open_requests))).scalar_one() == 0
        hours = (await connection.execute(select(usage_hours))).mappings().all()
        assert sum(hour["requests"] for hour in hours) == 3
        assert sum(hour["cost"] for hour in hours) == Decimal("0.00000002")
        assert sum(hour["cost_unknown"] for hour in hours) == 1


async def test_what_a_dead_process_left_open_is_interrupted_and_what_another_has_open_is_not(database):
    async with database.writing() as connection:
        await write(connection, [opened("1", "dead"), opened("2", "alive"), opened("3", "dead"), Closed(row("3"))])
        assert len(await close_interrupted(connection, "dead")) == 1
        assert await close_interrupted(connection, "dead") == []
    async with database.reading() as connection:
        found = {one.request_id: (one.status, one.cost) for one in await connection.execute(select(usage_requests))}
        assert found == {"1": ("interrupted", None), "3": ("ok", Decimal("0.00000001"))}
        assert [one.request_id for one in await connection.execute(select(open_requests))] == ["2"]


async def test_counters_of_quotas_follow_their_bookings_and_a_batch_offered_again_changes_nothing(database):
    shadow = Shadow(Ledger(Clock()))
    bookings = [
        Booking(AT * 1000 + number, "q", "me", "daily", "tokens", AT // 86_400_000 * 86_400_000, AT, 5, 0, 0)
        for number in range(1, 4)
    ]
    for offered in (bookings[:2], bookings[:2], bookings):
        async with database.writing() as connection:
            await connection.run_sync(shadow.follow, offered)
    again = Shadow(Ledger(Clock()))
    async with database.writing() as connection:
        await again.load(connection)
        await connection.run_sync(again.follow, bookings)
        [counter] = await counters(connection)
    assert (counter.quota, counter.owner, counter.used, counter.through) == ("q", "me", 15, AT * 1000 + 3)
