"""Databases that are locked, damaged, foreign, away or slow, and processes that die while they make the tables."""

import asyncio
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import open_database
from plexus.storage.failures import DatabaseAway, DatabaseUnusable, is_passing
from plexus.storage.schema import migrate, migrate_when_there, raise_to
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import METADATA, REVISIONS, vault


def spelled(address: DatabaseAddress) -> str:
    return address.url.reveal() if address.url is not None else f"sqlite://{address.path}"


def entry(name: str, value: str = "plain:v"):
    return insert(vault).values(name=name, value=StoredText(value), created_at=0)


async def count(database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(vault))).scalar_one()


def run_child(*arguments: str) -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.storage_child", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def kills_while_migrating(address: DatabaseAddress, step: int, begun: Sequence[str] = ()) -> None:
    runs = run_child("migrate", spelled(address), "1", str(step))
    whole = sorted({*METADATA.tables, REVISIONS})
    assert runs[-1] == {"statement": runs[-1]["statement"], "ended": 0, "seen": whole}
    assert len(runs) > 40 // step
    for run in runs[:-1]:
        assert run["ended"] == -9
        assert run["seen"] == list(begun), run  # nothing is left of a run that was killed


async def test_p27_killed_while_the_tables_are_made_leaves_nothing_and_the_next_start_makes_them(address):
    kills_while_migrating(address, 9)


async def test_p27_killed_while_the_tables_are_raised_leaves_them_as_they_were(address):
    database = await open_database(address)
    async with database.writing() as connection:
        await connection.run_sync(raise_to, "0001")
        begun = await connection.run_sync(lambda sync: sorted(inspect(sync).get_table_names()))
    await database.close()
    kills_while_migrating(address, 60, begun)


@pytest.mark.deep
async def test_p27_killed_before_every_statement_of_the_migrations(address):
    kills_while_migrating(address, 1)


async def test_p09_a_second_process_on_one_file_is_refused_clearly(tmp_path):
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    database = await open_database(address)
    code = """
import asyncio, sys
from plexus.settings.database_url import database_address
from plexus.storage.engine import open_database
asyncio.run(open_database(database_address(sys.argv[1])))
"""
    command = [sys.executable, "-c", code, spelled(address)]
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await process.communicate()
    assert b"another process uses the database" in said
    await database.close()
    again = await asyncio.create_subprocess_exec(*command)
    assert await again.wait() == 0


async def test_p09_a_killed_process_leaves_no_lock_behind(tmp_path):
    code = """
import asyncio, os, sys
from plexus.settings.database_url import database_address
from plexus.storage.engine import open_database
asyncio.run(open_database(database_address(sys.argv[1])))
os.kill(os.getpid(), 9)
"""
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", code, spelled(address))
    assert await killed.wait() == -9
    database = await open_database(address)
    await database.close()


async def test_p19_a_folder_that_cannot_be_written_is_refused_at_start():
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        await open_database(DatabaseAddress("sqlite", path=Path("/proc/plexus/p.db")))


async def test_p20_a_file_locked_by_another_program_is_waited_for(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    await migrate(database)
    other = sqlite3.connect(tmp_path / "p.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.3, lambda: other.execute("COMMIT"))
    async with database.writing() as connection:
        await connection.execute(entry("a"))
    assert await count(database) == 1
    other.close()
    await database.close()


async def test_p20_a_file_that_stays_locked_is_away_and_comes_back(tmp_path, monkeypatch):
    monkeypatch.setattr("plexus.storage.engine._PRAGMAS", ("PRAGMA journal_mode = WAL", "PRAGMA busy_timeout = 50"))
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    await migrate(database)
    other = sqlite3.connect(tmp_path / "p.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseAway):
        async with database.writing():
            pass
    other.execute("ROLLBACK")
    other.close()
    async with database.writing() as connection:
        await connection.execute(entry("a"))
    assert await count(database) == 1
    await database.close()


@pytest.fixture
async def made(tmp_path):
    """A closed database with some rows."""
    path = tmp_path / "p.db"
    database = await open_database(DatabaseAddress("sqlite", path=path))
    await migrate(database)
    async with database.writing() as connection:
        for number in range(50):
            await connection.execute(entry(f"n{number}", "plain:" + "x" * 500))
    await database.close()
    return path


async def opened(path) -> str:
    database = await open_database(DatabaseAddress("sqlite", path=path))
    try:
        await migrate(database)
        return "opened"
    finally:
        await database.close()


async def test_p22_bits_flipped_anywhere_are_refused_with_advice_or_harmless_and_never_written_over(made, tmp_path):
    good, dice, refused = made.read_bytes(), random.Random(22), 0
    for number in range(200):
        path = tmp_path / f"flipped{number}" / "p.db"
        path.parent.mkdir()
        data = bytearray(good)
        # Half of them in the header of the file and of its first page, where it hurts.
        offset = dice.randrange(150 if number % 2 else len(data))
        data[offset] ^= 1 << dice.randrange(8)
        path.write_bytes(data)
        (ended,) = await asyncio.gather(opened(path), return_exceptions=True)
        if ended != "opened":
            refused += 1
            assert isinstance(ended, DatabaseUnusable)
            assert path.read_bytes() == bytes(data)
        shutil.rmtree(path.parent)
    assert refused > 20


@pytest.mark.parametrize(
    "content", [b"", b"not a database, but a file that somebody put here" * 100, b"SQLite format 3\x00"]
)
async def test_p22_what_is_no_database_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "p.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="restore"):
        await opened(path)
    assert path.read_bytes() == content


async def test_p22_a_truncated_file_is_refused_and_kept(made):
    whole = made.read_bytes()
    for size in (len(whole) // 2, 4096, 5000, len(whole) - 4096):
        made.write_bytes(whole[:size])
        with pytest.raises(DatabaseUnusable, match="damaged"):
            await opened(made)
        assert made.read_bytes() == whole[:size]


async def test_p22_the_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "p.db"
    other = sqlite3.connect(path)
    other.execute("PRAGMA application_id = 12345")
    other.execute("CREATE TABLE t (a)")
    other.commit()
    other.close()
    with pytest.raises(DatabaseUnusable, match="another program"):
        await opened(path)


async def test_p23_a_postgresql_that_is_down_at_start_is_taken_up_when_it_is_there(postgres):
    address = await postgres.fresh()
    postgres.pg_ctl("stop", "-m", "fast")
    database = await open_database(address)
    told: list[str] = []
    tried_twice = asyncio.Event()

    def tell(reason: str) -> None:
        told.append(reason)
        if len(told) == 2:
            tried_twice.set()

    waiting = asyncio.create_task(migrate_when_there(database, lambda: 1.0, asyncio.sleep, tell))
    try:
        await tried_twice.wait()
        assert not waiting.done()
    finally:
        await asyncio.to_thread(postgres.start)
    began = time.monotonic()
    await asyncio.wait_for(waiting, 10)
    assert time.monotonic() - began < 5
    assert await count(database) == 0
    await database.close()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_p24_a_postgresql_that_restarts_is_away_and_then_there_again(postgres, mode):
    database = await open_database(await postgres.fresh())
    await migrate(database)
    async with database.writing() as connection:
        await connection.execute(entry("before"))
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def cut() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("cut off"))
            inside.set()
            await go_on.wait()

    task = asyncio.create_task(cut())
    await inside.wait()
    await asyncio.to_thread(postgres.pg_ctl, "stop", "-m", mode)
    go_on.set()
    (failed,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(failed, Exception)
    assert is_passing(failed), failed
    with pytest.raises(DatabaseAway):
        await count(database)
    await asyncio.to_thread(postgres.start)
    async with database.writing() as connection:
        await connection.execute(entry("after"))
    assert await count(database) == 2
    await database.close()


async def test_p25_a_table_locked_for_long_is_a_passing_fault(postgres, monkeypatch):
    monkeypatch.setattr("plexus.storage.engine.STATEMENT_WITHIN", 1)
    address = await postgres.fresh()
    database, other = await open_database(address), await open_database(address)
    await migrate(database)
    async with other.writing() as holder:
        await holder.execute(text("LOCK TABLE vault IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError) as slow:
            async with database.writing() as connection:
                await connection.execute(entry("a"))
    assert is_passing(slow.value)
    async with database.writing() as connection:
        await connection.execute(entry("a"))
    await other.close()
    await database.close()


async def test_p25_no_connection_left_is_away(postgres):
    address = await postgres.fresh()
    database = await open_database(address)
    await migrate(database)
    name = (address.url.reveal().partition("?")[0]).rpartition("/")[2]
    await database.engine.dispose()
    await postgres.run(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    await postgres.run("DROP ROLE IF EXISTS guest")
    await postgres.run("CREATE ROLE guest LOGIN")
    guest = await open_database(
        DatabaseAddress("postgresql", url=type(address.url)(address.url.reveal().replace("postgres:@", "guest:@")))
    )
    with pytest.raises(DatabaseAway):
        await count(guest)
    await guest.close()
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO vault VALUES ('a', NULL, 0)",
        "INSERT INTO nowhere VALUES (1)",
        "INSERT INTO vault VALUES ('a', 'v', 0), ('a', 'v', 0)",
        "SELEC",
    ],
)
async def test_what_the_statement_is_to_blame_for_does_not_pass(database, statement):
    with pytest.raises(DBAPIError) as failed:
        async with database.writing() as connection:
            await connection.execute(text(statement))
    assert not is_passing(failed.value)


@pytest.mark.parametrize("value", [2**63, 2**70, "seven"])
async def test_a_value_that_no_column_takes_does_not_pass(database, value):
    failed: Exception | None = None
    try:
        async with database.writing() as connection:
            await connection.execute(insert(vault).values(name="a", value=StoredText("plain:v"), created_at=value))
    except Exception as error:
        failed = error
    if failed is None:
        assert database.dialect == "sqlite"  # whose columns take text anywhere
    else:
        assert not is_passing(failed), repr(failed)


async def test_p25_deadlock_and_serialization_failures_pass(postgres):
    address = await postgres.fresh()
    database = await open_database(address)
    await migrate(database)
    async with database.writing() as connection:
        await connection.execute(entry("a"))
        await connection.execute(entry("b"))
    barrier = asyncio.Barrier(2)

    async def crosswise(first: str, second: str) -> BaseException | None:
        try:
            async with database.writing() as connection:
                await connection.execute(vault.update().where(vault.c.name == first).values(created_at=1))
                await barrier.wait()
                await connection.execute(vault.update().where(vault.c.name == second).values(created_at=1))
        except DBAPIError as error:
            return error
        return None

    ended = await asyncio.gather(crosswise("a", "b"), crosswise("b", "a"))
    failed = [error for error in ended if error is not None]
    assert len(failed) == 1
    assert is_passing(failed[0])
    await database.close()
