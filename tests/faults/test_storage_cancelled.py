"""A write that is cancelled, at whatever moment and however often, leaves no half of itself behind, and no lock.

Nothing is collected meanwhile: what is only let go of when the collector comes is not let go of in time.
"""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, insert, select

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import vault
from tests.gateway.processes import spelled

PATIENCE = 10
"""Seconds another one waits for the lock: only what is never let go of takes so long."""


class Cancelling:
    """Awaits a thing and cancels the task that does, at those of its waits."""

    def __init__(self, thing: Awaitable[None], at: frozenset[int] = frozenset()) -> None:
        self._thing, self._at = thing, at
        self.waits = 0

    def __await__(self) -> Generator[Any, None, None]:
        steps = self._thing.__await__()
        failed: BaseException | None = None
        while True:
            try:
                waited_for = next(steps) if failed is None else steps.throw(failed)
            except StopIteration:
                return
            self.waits += 1
            if self.waits in self._at and (task := asyncio.current_task()) is not None:
                task.cancel()
            try:
                yield waited_for
                failed = None
            except BaseException as error:
                failed = error


def row(name: str) -> Any:
    return insert(vault).values(name=name, value=StoredText("plain:v"), created_at=0).returning(vault.c.name)


async def one_by_one(database: Database, name: str) -> None:
    """As what changes the configuration does: statements that are awaited."""
    async with database.writing() as connection:
        await connection.execute(row(f"{name} a"))
        (await connection.execute(select(vault.c.name))).all()
        more = [{"name": f"{name} {end}", "value": StoredText("plain:v"), "created_at": 0} for end in "bc"]
        await connection.execute(insert(vault), more)


async def in_one_go(database: Database, name: str) -> None:
    """As what works in the background does."""

    def work(connection: Any) -> None:
        connection.execute(row(f"{name} a"))
        connection.execute(select(vault.c.name)).first()
        connection.execute(row(f"{name} b"))

    await database.write(work)


Write = Callable[[Database, str], Awaitable[None]]


async def waits_of(database: Database, write: Write) -> int:
    """How often it waits when it has to connect first, as it has to after each that was cancelled."""
    await database.engine.dispose()
    cancelling = Cancelling(write(database, "whole"))
    await cancelling
    return cancelling.waits


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@asynccontextmanager
async def another(address: DatabaseAddress) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A program of its own that takes the lock of all that writes, and gives it back."""
    async with AsyncExitStack() as stack:
        if address.path is not None:
            file = sqlite3.connect(address.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            stack.callback(file.close)

            def take() -> None:
                file.execute("BEGIN IMMEDIATE")
                file.execute("ROLLBACK")

            yield lambda: asyncio.to_thread(take)
            return
        other = await asyncpg.connect(spelled(address))
        stack.push_async_callback(other.close)
        await other.execute(f"SET lock_timeout = '{PATIENCE}s'")

        async def lock() -> None:
            async with other.transaction():
                await other.execute("LOCK TABLE vault IN ACCESS EXCLUSIVE MODE")

        yield lock


async def cancelled_everywhere(address: DatabaseAddress, write: Write, more: tuple[int, ...]) -> None:
    """Cancelled at each wait, and again at those so many waits later."""
    database = await open_database(address)
    await migrate(database)
    ended = []  # what a task ended with keeps all it was doing from being forgotten
    async with another(address) as take:
        for first in range(1, await waits_of(database, write) + 1):
            at = frozenset({first, *(first + later for later in more)})
            cancelling = Cancelling(write(database, f"cancelled at {first}"), at)
            ended.append(asyncio.ensure_future(_run(cancelling)))
            await asyncio.wait(ended)
            await take()
    assert {str(task.exception()) if not task.cancelled() else "cancelled" for task in ended} <= {"cancelled", "None"}
    assert any(task.cancelled() for task in ended)
    async with database.reading() as connection:
        names = (await connection.execute(select(vault.c.name))).scalars().all()
        assert (await connection.execute(select(func.count()).select_from(vault))).scalar_one() == len(names)
    assert {name[:-2] for name in names if name.endswith("a")} == {name[:-2] for name in names if name.endswith("b")}
    await one_by_one(database, "after")
    await database.close()


async def _run(thing: Awaitable[None]) -> None:
    await thing


@pytest.mark.parametrize("more", [(), (1,), (2,), (1, 2), (3,), (1, 2, 3, 4, 5, 6, 7, 8)], ids=str)
@pytest.mark.parametrize("write", [one_by_one, in_one_go])
@pytest.mark.usefixtures("no_collector")
async def test_a_write_cancelled_at_any_moment_leaves_no_half_and_no_lock(address, write, more):
    await cancelled_everywhere(address, write, more)
