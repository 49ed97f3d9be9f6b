"""From the journal into the database: everything, once in effect, in order; what the database refuses holds up nothing else."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from tests.harness.ledger_entries import apply, entry

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.drain import BATCH, EVERY, Drain
from plexus.storage.engine import open_database
from plexus.storage.failures import DatabaseAway
from plexus.storage.journal import Journal
from plexus.storage.schema import migrate
from plexus.storage.tables import open_requests


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal", sync_every=0.001)
    yield opened
    opened.close()


def drain(journal, database, function=apply, **options) -> Drain:
    return Drain(journal, database, function, **{"dice": lambda: 0.0, **options})


async def names(database) -> list[str]:
    async with database.reading() as connection:
        return sorted((await connection.execute(select(open_requests.c.request_id))).scalars().all())


async def run(journal, database, function=apply, sleep=None) -> Drain:
    """Run a drain until it finds nothing more to do; `sleep` is what it waits with while there is trouble."""
    idle = asyncio.Event()

    async def wait(seconds: float) -> None:
        if seconds == EVERY:
            idle.set()
        await (sleep or asyncio.sleep)(seconds)

    moving = drain(journal, database, function, sleep=wait)
    task = asyncio.create_task(moving.run())
    async with asyncio.timeout(20):
        await idle.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return moving


async def test_everything_that_was_appended_is_in_the_database(database, journal):
    expected = sorted(f"r{number}" for number in range(BATCH * 2 + 7))
    for name in expected:
        journal.append(entry(name))
    await drain(journal, database).settle()
    assert await names(database) == expected
    assert journal.pending() == 0


async def test_entries_are_applied_in_the_order_they_came_and_in_batches(database, journal):
    seen: list[list[bytes]] = []

    def note(connection, entries):
        seen.append(list(entries))

    sent = [b"%d" % number for number in range(BATCH + 10)]
    for data in sent:
        journal.append(data)
    await drain(journal, database, note).settle()
    assert [data for batch in seen for data in batch] == sent
    assert [len(batch) for batch in seen] == [BATCH, 10]


async def test_p26_an_entry_that_comes_twice_makes_one_row(database, journal):
    for _ in range(3):
        journal.append(entry("same"))
    moving = drain(journal, database)
    await moving.settle()
    journal.append(entry("same"))
    await moving.settle()
    assert await names(database) == ["same"]


async def test_p26_a_commit_whose_answer_is_lost_is_done_again_without_harm(database, journal):
    lost = iter([True])

    class Losing:
        """The same database, whose first commit is done and then reported as failed."""

        def __getattr__(self, name):
            return getattr(database, name)

        async def write(self, work):
            await database.write(work)
            if next(lost, False):
                raise ConnectionResetError

    for number in range(5):
        journal.append(entry(f"r{number}"))
    moving = drain(journal, Losing())
    with pytest.raises(ConnectionResetError):
        await moving.settle()
    assert journal.pending() > 0
    assert len(await names(database)) == 5
    again = await run(journal, Losing())
    assert await names(database) == [f"r{number}" for number in range(5)]
    assert again.trouble is None


async def test_an_entry_the_database_refuses_is_set_aside_and_the_others_go_on(database, journal):
    sent = [entry(f"r{number}", poison=number in {3, 40}) for number in range(60)]
    for data in sent:
        journal.append(data)
    moving = drain(journal, database)
    await moving.settle()
    assert moving.refused == 2
    assert len(await names(database)) == 58
    assert journal.pending() == 0


async def test_what_was_set_aside_is_offered_again_at_the_next_start(database, journal):
    journal.append(entry("a", poison=True))
    journal.append(entry("b", poison=True))
    await drain(journal, database).settle()

    def cured(connection, entries):
        apply(connection, [data.replace(b'"poison": true', b'"poison": false') for data in entries if b'"a"' in data])
        if any(b'"b"' in data for data in entries):
            raise ValueError("still not")

    again = await run(journal, database, cured)
    assert await names(database) == ["a"]
    assert again.refused == 1
    last = await run(journal, database, lambda c, es: apply(c, [data.replace(b"true", b"false") for data in es]))
    assert await names(database) == ["a", "b"]
    assert last.refused == 0


async def test_a_bug_in_the_function_loses_nothing(database, journal):
    journal.append(entry("a"))
    journal.append(b"not json")
    moving = drain(journal, database)
    await moving.settle()
    assert await names(database) == ["a"]
    assert moving.refused == 1
    kept = Journal(journal.folder / "refused")
    assert [held.data for held in kept.read()] == [b"not json"]
    kept.close()


async def test_while_the_database_is_away_it_waits_ever_longer_and_goes_on_when_it_is_back(database, journal):
    waited: list[float] = []
    back = asyncio.Event()

    class Away:
        def __getattr__(self, name):
            return getattr(database, name)

        async def write(self, work):
            if not back.is_set():
                raise DatabaseAway("gone")
            await database.write(work)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 8:
            back.set()
        await asyncio.sleep(0)

    for number in range(10):
        journal.append(entry(f"r{number}"))
    moving = await run(journal, Away(), sleep=sleep)
    assert waited[:8] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert len(await names(database)) == 10
    assert moving.refused == 0


async def test_a_task_that_is_cancelled_between_any_two_steps_loses_and_doubles_nothing(database, journal):
    sent = []
    for round_ in range(30):
        for number in range(20):
            name = f"r{round_}-{number}"
            sent.append(name)
            journal.append(entry(name))
        moving = drain(journal, database)
        task = asyncio.create_task(moving.run())
        for _ in range(round_ * 3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await drain(journal, database).settle()
    assert await names(database) == sorted(sent)


async def test_damage_at_the_end_is_not_pending_for_ever(database, tmp_path):
    first = Journal(tmp_path / "j")
    first.append(entry("a"))
    first.append(entry("torn"))
    first.close()
    (path,) = (tmp_path / "j").glob("*.journal")
    path.write_bytes(path.read_bytes()[:-3])
    second = Journal(tmp_path / "j")
    await run(second, database)
    assert await names(database) == ["a"]
    assert second.finished == second.tail
    second.close()


async def test_p35_a_slow_database_makes_the_disk_grow_and_not_the_memory(database, journal):
    most = 0

    def slow(connection, entries):
        nonlocal most
        most = max(most, len(entries))
        time.sleep(0.01)
        apply(connection, entries)

    for number in range(3000):
        journal.append(entry(f"r{number}", filler="x" * 500))
    assert drain(journal, database).behind > 3000 * 500
    await run(journal, database, slow)
    assert len(await names(database)) == 3000
    assert most <= BATCH


async def test_p21_a_log_of_writes_that_a_reader_keeps_growing_is_told_once(tmp_path, journal, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr("plexus.storage.drain.WAL_WARNS_AT", 100_000)
    monkeypatch.setattr("plexus.storage.drain.log", SimpleNamespace(warning=lambda event, **_: told.append(event)))
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    database = await open_database(address)
    await migrate(database)
    reader = await open_database(address, exclusive=False)
    async with reader.reading() as held:
        await held.execute(select(open_requests))
        for round_ in range(4):
            for number in range(100):
                journal.append(entry(f"r{round_}-{number}", filler="x" * 500))
            await run(journal, database)
        assert database.wal_bytes() > 100_000
    assert told
    assert all("a reader may not end" in event for event in told)
    await reader.close()
    await database.close()
