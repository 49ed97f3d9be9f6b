"""The copy of legacy quota snapshots: each field where it belongs, once, on both engines."""

import asyncio
import os

import pytest
from sqlalchemy import func, inspect, select, text
from typer.testing import CliRunner

from plexus.cli.app import app
from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import Database, open_database
from plexus.storage.quota_snapshots import Copied, Window, copy_quota_snapshots, meter, window
from plexus.storage.schema import migrate
from plexus.storage.tables import METADATA, REVISIONS, meter_snapshots

# The legacy table as it was on each engine.
TABLE = """CREATE TABLE quota_snapshots (id {serial}, provider TEXT NOT NULL, checker_id TEXT NOT NULL, group_id TEXT,
window_type TEXT NOT NULL, description TEXT, checked_at {big} NOT NULL, "limit" REAL, used REAL, remaining REAL,
utilization_percent REAL, unit TEXT, resets_at {big}, status TEXT, success INTEGER NOT NULL DEFAULT 1, error_message TEXT,
created_at {big} NOT NULL)"""
SERIAL = {"sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT", "postgresql": "SERIAL PRIMARY KEY"}
FULL = {
    "provider": "openai",
    "checker_id": "oa",
    "group_id": "g",
    "window_type": "daily",
    "description": "Daily tokens",
    "checked_at": 1_760_000_000_123,
    "limit": 100.0,
    "used": 25.0,
    "remaining": 75.0,
    "utilization_percent": 25.0,
    "unit": "tokens",
    "resets_at": 1_760_086_400_000,
    "status": "warning",
    "success": 1,
    "error_message": "none",
    "created_at": 1_760_000_000_456,
}
BARE = {"provider": "p", "checker_id": "c", "window_type": "mystery", "checked_at": 5, "created_at": 6, "success": 0}


async def legacy(database: Database, rows) -> None:
    kind = {"serial": SERIAL[database.dialect], "big": "BIGINT"}
    async with database.writing() as connection:
        await connection.execute(text(TABLE.format(**kind)))
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            places = ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO quota_snapshots ({names}) VALUES ({places})"), row)


async def meters(database: Database) -> list[dict]:
    async with database.reading() as connection:
        found = (await connection.execute(select(meter_snapshots).order_by("id"))).mappings().all()
    return [{name: value for name, value in row.items() if name != "id"} for row in found]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("daily", Window("allowance", 1, "day", "fixed")),
        ("day", Window("allowance", 1, "day", "fixed")),
        ("weekly", Window("allowance", 1, "week", "fixed")),
        ("monthly", Window("allowance", 1, "month", "fixed")),
        ("hourly", Window("allowance", 1, "hour", "rolling")),
        ("five_hour", Window("allowance", 5, "hour", "rolling")),
        ("5_hours", Window("allowance", 5, "hour", "rolling")),
        ("5h", Window("allowance", 5, "hour", "rolling")),
        ("rolling_five_hour", Window("allowance", 5, "hour", "rolling")),
        ("rolling_weekly", Window("allowance", 1, "week", "rolling")),
        ("seven_day", Window("allowance", 7, "day", "fixed")),
        (" Daily ", Window("allowance", 1, "day", "fixed")),
        ("balance", Window("balance")),
        ("credits", Window("balance")),
        ("toolcalls", Window("allowance")),
        ("", Window("allowance")),
        ("daily_ish", Window("allowance")),
    ],
)
def test_a_window_says_what_its_name_says(said, meant):
    assert window(said) == meant


async def test_each_field_goes_where_it_belongs(address):
    database = await open_database(address)
    await legacy(database, [FULL, BARE])
    assert await copy_quota_snapshots(database) == Copied(2, 2, 0)
    full, bare = await meters(database)
    same = {name: FULL[name] for name in FULL.keys() & full.keys()} | {"success": True}
    assert full == same | {
        "checker_type": "unknown",
        "meter_key": "daily",
        "kind": "allowance",
        "label": "Daily tokens",
        "group": "g",
        "scope": None,
        "utilization_state": "reported",
        "period_value": 1,
        "period_unit": "day",
        "period_cycle": "fixed",
    }
    assert (bare["meter_key"], bare["label"], bare["kind"]) == ("mystery", "mystery", "allowance")
    assert (bare["unit"], bare["status"], bare["utilization_state"]) == ("", "ok", "unknown")
    assert (bare["group"], bare["utilization_percent"], bare["period_value"], bare["success"]) == (
        None,
        None,
        None,
        False,
    )
    await database.close()


async def test_a_second_run_copies_what_is_new_and_nothing_twice(address):
    database = await open_database(address)
    await legacy(database, [FULL, BARE, BARE])
    assert await copy_quota_snapshots(database) == Copied(3, 2, 1)
    assert await copy_quota_snapshots(database) == Copied(3, 0, 3)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE quota_snapshots SET checked_at = 99 WHERE id = 3"))
    assert await copy_quota_snapshots(database) == Copied(3, 1, 2)
    assert len(await meters(database)) == 3
    await database.close()


async def test_more_rows_than_a_page_are_all_copied(address):
    database = await open_database(address)
    await legacy(
        database, [{**BARE, "checked_at": number // 2, "checker_id": f"c{number % 2}"} for number in range(1201)]
    )
    assert await copy_quota_snapshots(database) == Copied(1201, 1201, 0)
    await database.close()


@pytest.mark.parametrize("there", [False, True])
async def test_without_a_table_or_rows_nothing_is_changed(address, there):
    database = await open_database(address)
    if there:
        await legacy(database, [])
    assert await copy_quota_snapshots(database) == Copied()
    async with database.reading() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert names == (["quota_snapshots"] if there else [])
    await database.close()


async def test_beside_our_own_tables_it_works_as_well(database):
    await legacy(database, [FULL])
    assert await copy_quota_snapshots(database) == Copied(1, 1, 0)
    await migrate(database)
    assert len(await meters(database)) == 1


@pytest.mark.parametrize("other", ["providers", "meter_snapshots"])
async def test_in_the_database_of_an_earlier_version_its_other_tables_stay_as_they_are(address, other):
    database = await open_database(address)
    await legacy(database, [FULL])
    async with database.writing() as connection:
        if other == "providers":
            await connection.execute(text("CREATE TABLE providers (id INTEGER, slug TEXT)"))
        else:  # flags were numbers there
            await connection.execute(
                text(
                    f"CREATE TABLE meter_snapshots (id {SERIAL[database.dialect]}, checker_id TEXT, checker_type TEXT, "
                    'provider TEXT, meter_key TEXT, kind TEXT, unit TEXT, label TEXT, "group" TEXT, scope TEXT, "limit" REAL, '
                    "used REAL, remaining REAL, utilization_state TEXT, utilization_percent REAL, status TEXT, "
                    "period_value INTEGER, period_unit TEXT, period_cycle TEXT, resets_at BIGINT, success INTEGER, "
                    "error_message TEXT, checked_at BIGINT, created_at BIGINT)"
                )
            )
    assert await copy_quota_snapshots(database) == Copied(1, 1, 0)
    assert await copy_quota_snapshots(database) == Copied(1, 0, 1)
    async with database.reading() as connection:
        names = set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
        assert (await connection.execute(select(func.count()).select_from(meter_snapshots))).scalar_one() == 1
    assert names == {"quota_snapshots", "meter_snapshots", other}
    assert not names & {REVISIONS}
    assert names & set(METADATA.tables)
    await database.close()


def test_a_row_with_fewer_columns_than_later_ones_had_is_read():
    old = {"provider": "p", "checker_id": "c", "window_type": "balance", "checked_at": 1}
    assert meter(old)["created_at"] == 1
    assert meter(old)["kind"] == "balance"
    assert meter(old)["success"] is True


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("plexus.core.logging.configure", lambda *_: None)
    for name in list(os.environ):
        if name in {"DATABASE_URL", "DATA_DIR"}:
            monkeypatch.delenv(name)
    return lambda **environ: CliRunner().invoke(app, ["migrate-quota-snapshots"], env=environ)


def spelled(address: DatabaseAddress) -> str:
    return address.url.reveal() if address.url is not None else f"sqlite://{address.path}"


def test_the_command_prints_what_it_did(run, address):
    async def prepare() -> None:
        database = await open_database(address)
        await legacy(database, [FULL, BARE])
        await database.close()

    asyncio.run(prepare())
    first, second = run(DATABASE_URL=spelled(address)), run(DATABASE_URL=spelled(address))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "2 rows found, 2 copied, 0 skipped" in first.output
    assert "2 rows found, 0 copied, 2 skipped" in second.output


def test_the_command_needs_the_database_to_be_named(run, tmp_path):
    result = run(DATA_DIR=str(tmp_path))
    assert result.exit_code == 1
    assert "DATABASE_URL is not set" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_command_makes_no_database(run, tmp_path):
    result = run(DATABASE_URL=f"sqlite://{tmp_path}/p.db")
    assert result.exit_code == 0
    assert "nothing to copy" in result.output
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "p.db").touch()
    assert run(DATABASE_URL=f"sqlite://{tmp_path}/p.db").exit_code == 0
    assert (tmp_path / "p.db").read_bytes() == b""
