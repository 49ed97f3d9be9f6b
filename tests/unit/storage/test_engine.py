"""Transactions on either engine: what is committed, what is rolled back, what is not imported before it is needed."""

import asyncio
import subprocess
import sys
import threading

import pytest
from sqlalchemy import func, insert, select, text

from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress, database_address
from plexus.storage.engine import open_database
from plexus.storage.failures import DatabaseAway, DatabaseUnusable
from plexus.storage.schema import migrate
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import vault


def entry(name: str):
    return insert(vault).values(name=name, value=StoredText("plain:v"), created_at=0)


async def count(database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(vault))).scalar_one()


async def test_what_a_writing_block_did_is_there_after_it(database):
    async with database.writing() as connection:
        await connection.execute(entry("a"))
    assert await count(database) == 1


async def test_what_a_failing_block_did_is_gone(database):
    with pytest.raises(KeyError):
        async with database.writing() as connection:
            await connection.execute(entry("a"))
            raise KeyError
    assert await count(database) == 0


async def test_what_is_done_in_one_go_is_there_after_it_and_gives_its_result(database):
    assert await database.write(lambda connection: connection.execute(entry("a")).rowcount) == 1
    assert await count(database) == 1


async def test_what_fails_in_one_go_leaves_nothing_and_raises_its_own_error(database):
    def work(connection):
        connection.execute(entry("a"))
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(work)
    assert await count(database) == 0
    await database.write(lambda connection: connection.execute(entry("b")))
    assert await count(database) == 1


async def test_who_is_cancelled_while_something_is_done_in_one_go_leaves_no_lock_behind(tmp_path):
    database = await opened_with_tables(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def work(connection):
        connection.execute(entry("a"))
        begun.set()
        assert go_on.wait(10)

    task = asyncio.create_task(database.write(work))
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()  # the file is locked until the work is over
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.writing() as connection:
        await connection.execute(entry("b"))
    assert await count(database) == 2
    await database.close()


async def opened_with_tables(folder):
    database = await open_database(DatabaseAddress("sqlite", path=folder / "p.db"))
    await migrate(database)
    return database


async def test_what_a_cancelled_block_did_is_gone(database):
    inside = asyncio.Event()

    async def write() -> None:
        async with database.writing() as connection:
            await connection.execute(entry("a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(database) == 0
    async with database.writing() as connection:
        await connection.execute(entry("b"))
    assert await count(database) == 1


async def test_p20_many_writers_that_read_first_all_succeed(database):
    async def add(number: int) -> None:
        async with database.writing() as connection:
            await connection.execute(select(func.count()).select_from(vault))
            await connection.execute(entry(f"n{number}"))

    await asyncio.gather(*(add(number) for number in range(40)))
    assert await count(database) == 40


async def test_a_reader_sees_one_state_while_others_write(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER)"))
    async with database.reading() as reader:
        assert (await reader.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0
        async with database.writing() as writer:
            await writer.execute(text("INSERT INTO t VALUES (1)"))
        assert (await reader.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0
    await database.close()


async def test_sqlite_is_set_up_as_decided(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    expected = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "foreign_keys": 1, "secure_delete": 1}
    async with database.outside() as connection:
        found = {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in expected}
    await database.close()
    assert found == expected


async def test_outside_a_transaction_statements_stand_for_themselves(database):
    async with database.outside() as connection:
        await connection.execute(text("VACUUM"))
    async with database.writing() as connection:
        await connection.execute(entry("after"))
    assert await count(database) == 1


async def test_a_file_is_made_private_and_its_folder_too(tmp_path):
    path = tmp_path / "new" / "deep" / "p.db"
    database = await open_database(DatabaseAddress("sqlite", path=path))
    await database.close()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in path.parent.iterdir() if p.suffix not in {".db-wal", ".db-shm"}) == [
        "p.db",
        "p.db.lock",
    ]


async def test_a_name_with_odd_characters_is_that_file(tmp_path):
    path = tmp_path / "a b?c#d%41ä.db"
    database = await open_database(DatabaseAddress("sqlite", path=path))
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER)"))
    await database.close()
    assert path.stat().st_size > 4096


async def test_who_only_reads_neither_makes_a_file_nor_takes_it(tmp_path):
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    with pytest.raises(DatabaseUnusable, match="no database"):
        await open_database(address, exclusive=False, make=False)
    assert list(tmp_path.iterdir()) == []
    first = await open_database(address)
    second = await open_database(address, exclusive=False, make=False)
    await second.close()
    await first.close()


async def test_a_postgresql_that_is_not_there_is_away_and_nothing_of_its_url_is_told():
    address = database_address("postgresql://someone:hunter2-canary@127.0.0.1:9/plexus")
    database = await open_database(address)
    with pytest.raises(DatabaseAway) as away:
        async with database.reading():
            pass
    await database.close()
    assert "hunter2" not in str(away.value)


async def test_a_postgresql_url_nobody_understands_is_unusable():
    database = await open_database(DatabaseAddress("postgresql", url=Secret("postgresql://h/d?sslmode=sometimes")))
    with pytest.raises(DatabaseUnusable):
        async with database.reading():
            pass
    await database.close()


def test_nothing_heavy_is_imported_until_storage_is_opened():
    code = "import sys, plexus.storage, plexus.storage.patience, plexus.storage.failures, plexus.storage.address; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "alembic", "aiosqlite", "asyncpg"} & set(done.stdout.split())
