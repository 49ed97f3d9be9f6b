"""Secrets in the database: killed at any statement they stay readable, and no plaintext is left where it once was."""

from pathlib import Path

from sqlalchemy import insert, text

from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress
from plexus.storage.encrypted import open_sealer, rekey
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate
from plexus.storage.tables import vault
from tests.faults.storage_child import HEX, OTHER, SECRETS
from tests.faults.test_storage_database import run_child, spelled

CANARY = "sk-canary-7f3a9c51e2"


def kills(address: DatabaseAddress, what: str, before: str, after: str, step: int) -> None:
    runs = run_child(what, spelled(address), "1", str(step))
    assert len(runs) > 10 // step
    assert runs[-1]["ended"] == 0
    assert runs[-1]["seen"] == {after: SECRETS}
    for run in runs[:-1]:
        assert run["ended"] == -9
        assert run["seen"] in ({before: SECRETS}, {after: SECRETS}), run  # the old key or the new one, and every secret
    assert runs[0]["seen"] == {before: SECRETS}


async def test_s49_killed_at_any_statement_of_rekey_no_secret_becomes_unreadable(address):
    kills(address, "rekey", "old", "new", 1)


async def test_s51_killed_at_any_statement_of_the_first_start_with_a_key_no_secret_becomes_unreadable(address):
    kills(address, "seal", "none", "old", 1)


def seen_on_disk(folder: Path, canary: str) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]


async def put(database: Database, sealer, rounds: int = 3) -> None:
    """Write secrets several times over, in rows that are changed, moved and deleted."""
    for number in range(rounds):
        rows = [
            sealer.seal_row(vault, {"name": f"r{number}-{n}", "value": Secret(f"{CANARY}-{n}" * 5), "created_at": 0})
            for n in range(100)
        ]
        async with database.writing() as connection:
            await connection.execute(insert(vault), rows)
        async with database.writing() as connection:
            await connection.execute(vault.delete().where(vault.c.name.like(f"r{number}-%5")))


async def test_s51_after_the_first_start_with_a_key_the_files_of_sqlite_hold_no_plaintext(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    await migrate(database)
    await put(database, await open_sealer(database, None))
    assert seen_on_disk(tmp_path, CANARY)  # it can be seen before
    await open_sealer(database, HEX)
    assert seen_on_disk(tmp_path, CANARY) == []
    await database.close()
    assert seen_on_disk(tmp_path, CANARY) == []


async def test_s51_a_wipe_that_was_hindered_is_done_at_the_next_start(tmp_path):
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    database = await open_database(address)
    await migrate(database)
    await put(database, await open_sealer(database, None))
    reader = await open_database(address, exclusive=False)
    async with reader.reading() as held:  # a backup under way keeps the log of writes
        await held.execute(text("SELECT count(*) FROM vault"))
        await open_sealer(database, HEX)
        assert seen_on_disk(tmp_path, CANARY)
    await reader.close()
    await open_sealer(database, HEX)
    assert seen_on_disk(tmp_path, CANARY) == []
    await database.close()


async def test_s51_after_the_first_start_with_a_key_the_tables_of_postgresql_hold_no_plaintext(postgres):
    database = await open_database(await postgres.fresh())
    await migrate(database)
    await put(database, await open_sealer(database, None))
    base = Path(postgres.data) / "base"
    await postgres.run("CHECKPOINT")
    assert seen_on_disk(base, CANARY)
    await open_sealer(database, HEX)
    await postgres.run("CHECKPOINT")
    assert seen_on_disk(base, CANARY) == []
    await database.close()


async def test_secrets_written_with_a_key_never_reach_the_disk_in_plaintext(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    await migrate(database)
    await put(database, await open_sealer(database, HEX))
    await rekey(database, HEX, OTHER)
    await put(database, await open_sealer(database, OTHER), 0)
    await database.close()
    assert seen_on_disk(tmp_path, CANARY) == []
    assert len(list(tmp_path.iterdir())) >= 2
