"""What was acknowledged is never lost and never doubled: over kills, over a database that is away, over a disk that is full."""

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.drain import EVERY, Drain
from plexus.storage.engine import open_database
from plexus.storage.journal import Journal, JournalFull
from plexus.storage.schema import migrate
from tests.faults.small_disk import small_disk
from tests.faults.test_storage_database import run_child, spelled
from tests.harness.ledger_entries import apply, entry, kept


def killed(address: DatabaseAddress, folder: Path, kills: int) -> None:
    (result,) = run_child("append", spelled(address), str(folder), str(kills), "4")
    assert result["acknowledged"] > 20 * kills
    assert result["lost"] == 0
    assert result["kept"] == result["counted"]  # no entry was counted twice
    assert 0 <= result["kept"] - result["acknowledged"] <= kills  # killed between appending and acknowledging


async def test_p04_nothing_acknowledged_is_lost_or_doubled_over_ten_kills(address, tmp_path):
    killed(address, tmp_path, 10)


@pytest.mark.deep
async def test_p04_nothing_acknowledged_is_lost_or_doubled_over_fifty_kills(address, tmp_path):
    killed(address, tmp_path, 50)


async def over_an_outage(postgres, folder: Path, outage: int) -> None:
    """A hundred entries a second, for `outage` tenths of a second without a server."""
    database = await open_database(await postgres.fresh())
    await migrate(database)
    journal = Journal(folder)
    idle = asyncio.Event()

    async def wait(seconds: float) -> None:
        if seconds == EVERY:
            idle.set()
        await asyncio.sleep(seconds)

    moving = Drain(journal, database, apply, dice=random.random, sleep=wait)
    task = asyncio.create_task(moving.run())
    sent: set[str] = set()

    async def load(tenths: int) -> None:
        for _ in range(tenths):
            for _ in range(10):
                name = f"r{len(sent)}"
                journal.append(entry(name))
                sent.add(name)
            await asyncio.sleep(0.1)

    await load(5)
    await asyncio.to_thread(postgres.pg_ctl, "stop", "-m", "immediate")
    await load(outage)
    assert moving.trouble is not None
    assert moving.behind > 0
    await asyncio.to_thread(postgres.start)
    await load(5)
    idle.clear()
    await asyncio.wait_for(idle.wait(), 10)  # back to normal within ten seconds
    assert moving.trouble is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await moving.settle()
    names, counted = await kept(database)
    assert names == sent
    assert counted == len(sent)
    journal.close()
    await database.close()


async def test_p24_an_outage_of_the_database_under_load_loses_and_doubles_nothing(postgres, tmp_path):
    await over_an_outage(postgres, tmp_path, 20)


@pytest.mark.deep
async def test_p24_an_outage_of_a_minute_under_load_loses_and_doubles_nothing(postgres, tmp_path):
    await over_an_outage(postgres, tmp_path, 600)


async def test_p17_a_full_disk_is_told_to_who_appends_and_heals_by_itself(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as (fill, free):
        database = await open_database(DatabaseAddress("sqlite", path=folder / "p.db"))
        await migrate(database)
        journal = Journal(folder / "journal", segment=256_000)
        moving = Drain(journal, database, apply, dice=random.random)
        sent: set[str] = set()

        def append(number: int) -> None:
            journal.append(entry(f"r{number}", filler="x" * 500))
            sent.add(f"r{number}")

        for number in range(50):
            append(number)
        await moving.settle()
        fill()
        with pytest.raises(JournalFull):
            for number in range(100, 10_000):
                append(number)
        told = await asyncio.gather(moving.settle(), return_exceptions=True)
        free()
        for number in range(20_000, 20_050):
            append(number)
        await moving.settle()
        names, counted = await kept(database)
        assert names == sent
        assert counted == len(sent)
        assert len(told) == 1
        journal.close()
        await database.close()
        checked = sqlite3.connect(folder / "p.db")
        assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        checked.close()


async def test_p20_a_locked_database_makes_entries_wait_and_none_be_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("plexus.storage.engine._PRAGMAS", ("PRAGMA journal_mode = WAL", "PRAGMA busy_timeout = 20"))
    path = tmp_path / "p.db"
    database = await open_database(DatabaseAddress("sqlite", path=path))
    await migrate(database)
    journal = Journal(tmp_path / "journal")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    waited: list[float] = []
    idle = asyncio.Event()

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            other.execute("ROLLBACK")
        if seconds == EVERY:
            idle.set()
        await asyncio.sleep(0)

    for number in range(100):
        journal.append(entry(f"r{number}"))
    moving = Drain(journal, database, apply, dice=lambda: 0.0, sleep=wait)
    task = asyncio.create_task(moving.run())
    await asyncio.wait_for(idle.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    names, counted = await kept(database)
    assert len(names) == counted == 100
    assert moving.refused == 0
    other.close()
    journal.close()
    await database.close()
