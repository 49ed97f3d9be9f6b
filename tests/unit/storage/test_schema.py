"""The schema at start: raised once, again for nothing, refused when newer or foreign."""

import asyncio
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, inspect, text

from plexus.storage import schema
from plexus.storage.engine import open_database
from plexus.storage.failures import DatabaseUnusable, NewerSchema
from plexus.storage.schema import head, migrate, raise_to, revision_of, revisions
from plexus.storage.tables import METADATA, RETIRED, REVISIONS


async def names(database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_a_second_start_changes_nothing(database):
    before = await names(database)
    await migrate(database)
    assert await names(database) == before
    async with database.reading() as connection:
        assert await connection.run_sync(revision_of) == head()


async def test_every_earlier_state_is_raised_to_the_last(address):
    database = await open_database(address)
    for revision in revisions():
        async with database.writing() as connection:
            await connection.run_sync(raise_to, revision)
            assert await connection.run_sync(revision_of) == revision
    assert await names(database) == set(METADATA.tables) | {REVISIONS}
    await database.close()


async def test_tables_that_nobody_wrote_go_and_the_rows_of_the_others_stay(address):
    database = await open_database(address)
    before = revisions()[revisions().index("0010") - 1]
    async with database.writing() as connection:
        await connection.run_sync(raise_to, before)
    kept, gone = {"vault", "audit_log", "quota_counters"}, set(RETIRED)
    async with database.writing() as connection:
        await connection.run_sync(one_row_each, [*RETIRED, *sorted(kept)])
    assert gone <= await names(database)
    await migrate(database)
    assert await names(database) == set(METADATA.tables) | {REVISIONS}
    async with database.reading() as connection:
        for name in kept:
            assert (await connection.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one() == 1
    await database.close()


def one_row_each(connection: Connection, tables: list[str]) -> None:
    """A row in each of these tables, as they are in the database; those they refer to have one of the same name."""
    for name in tables:
        table = Table(name, MetaData(), autoload_with=connection)
        kinds = {column.name: column.type.python_type for column in table.c}
        values = {name: "1" if kind is str else kind(1) for name, kind in kinds.items()}
        connection.execute(insert(table).values(**values))


async def test_p27_a_newer_schema_is_refused_with_what_to_do(database):
    async with database.writing() as connection:
        await connection.execute(text(f"UPDATE {REVISIONS} SET version_num = '9999'"))
    with pytest.raises(NewerSchema, match=r"newer version of Plexus \(schema 9999.*start that version, or restore"):
        await migrate(database)
    async with database.reading() as connection:
        assert (await connection.execute(text(f"SELECT version_num FROM {REVISIONS}"))).scalar_one() == "9999"


async def test_p22_tables_of_another_program_are_left_alone(address):
    database = await open_database(address)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE providers (id INTEGER)"))
    with pytest.raises(DatabaseUnusable, match="another program"):
        await migrate(database)
    assert await names(database) == {"providers"}
    await database.close()


async def test_tables_with_other_names_are_no_hindrance(address):
    database = await open_database(address)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE quota_snapshots (id INTEGER)"))
    await migrate(database)
    assert await names(database) == set(METADATA.tables) | {REVISIONS, "quota_snapshots"}
    await database.close()


async def test_p27_two_that_start_at_once_make_the_tables_once(address):
    first = await open_database(address)
    second = await open_database(address, exclusive=False)
    await asyncio.gather(migrate(first), migrate(second))
    assert await names(first) == set(METADATA.tables) | {REVISIONS}
    await second.close()
    await first.close()


def test_the_steps_known_by_their_files_are_those_alembic_finds_in_their_order():
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    walked = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(schema.revisions()) == walked[::-1]
