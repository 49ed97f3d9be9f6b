"""`plexus rekey`: what it says, and what it refuses."""

import asyncio

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from plexus.cli.app import app
from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress, database_address
from plexus.storage.encrypted import WrongKey, open_sealer
from plexus.storage.engine import open_database
from plexus.storage.schema import migrate
from plexus.storage.tables import vault

HEX, OTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4


def spelled(address: DatabaseAddress) -> str:
    return address.url.reveal() if address.url is not None else f"sqlite://{address.path}"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR", "ENCRYPTION_KEY", "NEW_ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    return lambda **environ: CliRunner().invoke(app, ["rekey"], env=environ)


async def prepare(url: str, key: str | None) -> None:
    database = await open_database(database_address(url))
    await migrate(database)
    sealer = await open_sealer(database, Secret(key) if key else None)
    async with database.writing() as connection:
        for name in "abc":
            row = {"name": name, "value": Secret(name), "created_at": 0}
            await connection.execute(insert(vault).values(**sealer.seal_row(vault, row)))
    await database.close()


async def fits(url: str, key: str | None) -> bool:
    database = await open_database(database_address(url))
    try:
        await open_sealer(database, Secret(key) if key else None)
    except WrongKey:
        return False
    finally:
        await database.close()
    return True


@pytest.mark.parametrize("old", [HEX, None], ids=["from a key", "from none"])
def test_the_key_is_changed_and_the_number_of_secrets_told(run, address, old):
    url = spelled(address)
    asyncio.run(prepare(url, old))
    result = run(DATABASE_URL=url, NEW_ENCRYPTION_KEY=OTHER, **({"ENCRYPTION_KEY": old} if old else {}))
    assert result.exit_code == 0, result.output
    assert "3 secrets encrypted with the new key and read back" in result.output
    assert asyncio.run(fits(url, OTHER))
    assert not asyncio.run(fits(url, old))
    again = run(DATABASE_URL=url, NEW_ENCRYPTION_KEY=OTHER, **({"ENCRYPTION_KEY": old} if old else {}))
    assert again.exit_code == 0
    assert "already" in again.output
    assert HEX not in result.output + again.output
    assert OTHER not in result.output + again.output


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ENCRYPTION_KEY": HEX}, "NEW_ENCRYPTION_KEY is not set"),
        ({"ENCRYPTION_KEY": HEX, "NEW_ENCRYPTION_KEY": "short"}, "NEW_ENCRYPTION_KEY: is shorter"),
        ({"ENCRYPTION_KEY": OTHER, "NEW_ENCRYPTION_KEY": "a" * 16 + "bcdefgh!"}, "ENCRYPTION_KEY is not the key"),
        ({"NEW_ENCRYPTION_KEY": OTHER}, "set ENCRYPTION_KEY"),
    ],
)
def test_what_it_refuses_it_refuses_in_one_line_and_changes_nothing(run, tmp_path, environ, said):
    url = f"sqlite://{tmp_path}/p.db"
    asyncio.run(prepare(url, HEX))
    result = run(DATABASE_URL=url, **environ)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert asyncio.run(fits(url, HEX))


def test_without_a_url_the_database_is_the_file_in_the_data_folder(run, tmp_path):
    (tmp_path / "data").mkdir()
    asyncio.run(prepare(f"sqlite://{tmp_path}/data/plexus.db", HEX))
    assert run(ENCRYPTION_KEY=HEX, NEW_ENCRYPTION_KEY=OTHER).exit_code == 0
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    result = run(ENCRYPTION_KEY=OTHER, NEW_ENCRYPTION_KEY=HEX, DATA_DIR=str(tmp_path / "elsewhere"))
    assert result.exit_code == 0, result.output
    missing = run(ENCRYPTION_KEY=OTHER, NEW_ENCRYPTION_KEY=HEX)
    assert missing.exit_code == 1
    assert "there is no database" in missing.output
    assert not (tmp_path / "data" / "plexus.db").exists()


def test_p09_it_is_refused_while_a_gateway_uses_the_file(run, tmp_path):
    url = f"sqlite://{tmp_path}/p.db"
    asyncio.run(prepare(url, HEX))

    async def meanwhile() -> str:
        database = await open_database(database_address(url))
        result = await asyncio.to_thread(lambda: run(DATABASE_URL=url, ENCRYPTION_KEY=HEX, NEW_ENCRYPTION_KEY=OTHER))
        await database.close()
        return result.output

    assert "another process uses the database" in asyncio.run(meanwhile())


def test_a_postgresql_that_is_away_is_told_without_its_password(run):
    url = "postgresql://me:hunter2-canary@127.0.0.1:9/plexus"
    result = run(DATABASE_URL=url, ENCRYPTION_KEY=HEX, NEW_ENCRYPTION_KEY=OTHER)
    assert result.exit_code == 1
    assert "does not answer" in result.output
    assert "hunter2" not in result.output
