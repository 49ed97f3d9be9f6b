"""For every folder: a PostgreSQL server, started once if a test asks for it, and an empty database on either engine."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate
from tests.harness.databases import Postgres, postgres_server

# How long an example takes is the machine's business: on a busy one, seconds go by between two lines.
settings.register_profile("plexus", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plexus")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """Where an empty database is, on each engine in turn."""
    if request.param == "sqlite":
        return DatabaseAddress("sqlite", path=tmp_path / "data" / "plexus.db")
    server: Postgres = request.getfixturevalue("postgres")
    return await server.fresh()


@pytest_asyncio.fixture
async def database(address: DatabaseAddress) -> AsyncIterator[Database]:
    """An open database with its tables, on each engine in turn."""
    opened = await open_database(address)
    try:
        await migrate(opened)
        yield opened
    finally:
        await opened.close()
