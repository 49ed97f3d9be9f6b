"""Processes that die at a chosen statement: each runs in a fork of this one, which has everything imported already.

`python -m tests.faults.storage_child migrate URL FIRST STEP` migrates the database again and again, killed with SIGKILL before
statement FIRST, FIRST + STEP and so on, until a run gets through, and writes a line of JSON for each run.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from itertools import count

from sqlalchemy import event, inspect

from plexus.settings.database_url import database_address
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate, revisions


def killed_before(engine, statement: int) -> None:
    """Have this process killed before its n-th statement on that engine, COMMIT among them."""
    seen = count(1)

    def step(*_: object) -> None:
        if next(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engine.sync_engine, "before_cursor_execute", step)
    event.listen(engine.sync_engine, "commit", step)


async def with_database(url: str, work: Callable[[Database], Awaitable[object]], statement: int = 0) -> object:
    database = await open_database(database_address(url))
    try:
        if statement:
            killed_before(database.engine, statement)
        return await work(database)
    finally:
        await database.close()


def in_fork(work: Callable[[], Awaitable[object]]) -> int:
    """The exit status of a fork that does this: 0 when it got through, -9 when it was killed."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(work())  # type: ignore[arg-type]
        except BaseException as error:
            sys.stderr.write(f"{error!r}\n")
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


async def tables(database: Database) -> list[str]:
    async with database.reading() as connection:
        return await connection.run_sync(lambda sync: sorted(inspect(sync).get_table_names()))


def until_through(url: str, work: Callable[[Database], Awaitable[object]], look, first: int, step: int) -> None:
    """Kill at statement first, first + step …; after each, print how it ended and what `look` sees."""
    for statement in count(first, step):
        ended = in_fork(lambda at=statement: with_database(url, work, at))  # type: ignore[misc]
        seen = asyncio.run(with_database(url, look))
        sys.stdout.write(json.dumps({"statement": statement, "ended": ended, "seen": seen}) + "\n")
        if ended != -signal.SIGKILL:
            return


if __name__ == "__main__":
    _, what, url, first, step = sys.argv
    revisions()
    assert what == "migrate"
    until_through(url, migrate, tables, int(first), int(step))
