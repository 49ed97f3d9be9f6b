"""Processes that die at a chosen statement: each runs in a fork of this one, which has everything imported already.

`python -m tests.faults.storage_child migrate URL FIRST STEP` migrates the database again and again, killed with SIGKILL before
statement FIRST, FIRST + STEP and so on, until a run gets through, and writes a line of JSON for each run.

`python -m tests.faults.storage_child rekey URL FIRST STEP` does the same with a change of the key, and looks which key opens how
many secrets. `… seal …` does it with the first start with a key.

`… restore URL FIRST STEP FILE` does it with the restoring of a backup, and looks which content is there.

`python -m tests.faults.storage_child append URL FOLDER KILLS SEED` appends to a journal and drains it into the database, killed
KILLS times at random moments; then it drains what is left and writes what was acknowledged, kept and counted.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event, func, insert, inspect, select

from plexus.core import logging
from plexus.core.secret import Secret
from plexus.settings.database_url import database_address
from plexus.storage.backup import back_up, restore
from plexus.storage.drain import Drain
from plexus.storage.encrypted import open_sealer, rekey
from plexus.storage.encryption_key import derive
from plexus.storage.engine import Database, open_database
from plexus.storage.journal import Journal
from plexus.storage.schema import migrate, revisions
from plexus.storage.seal import Sealer, Unreadable
from plexus.storage.tables import audit_log, encryption, vault
from tests.harness.ledger_entries import apply, entry, kept


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


async def append_and_drain(url: str, folder: Path, acknowledged: Path, run: int, database: Database) -> None:
    """Append as fast as it goes, acknowledge each entry after it was appended, and drain meanwhile, until killed."""
    journal = Journal(folder, segment=50_000)
    told = os.open(acknowledged, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    draining = asyncio.create_task(Drain(journal, database, apply, dice=random.random).run())
    for number in count():
        name = f"{run}-{number}"
        journal.append(entry(name, filler="x" * random.randrange(2000)))
        os.write(told, f"{name}\n".encode())
        await asyncio.sleep(0.0005)
        assert not draining.done()


def killed_while_appending(url: str, folder: Path, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    acknowledged = folder / "acknowledged"
    asyncio.run(with_database(url, migrate))
    for run in range(kills):
        child = os.fork()
        if child == 0:
            work = partial(append_and_drain, url, folder / "journal", acknowledged, run)
            asyncio.run(with_database(url, work))
            os._exit(1)  # it never ends by itself
        time.sleep(dice.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    async def finish(database: Database) -> tuple[set[str], int]:
        journal = Journal(folder / "journal")
        await Drain(journal, database, apply, dice=random.random).settle()
        journal.close()
        return await kept(database)

    found: Any = asyncio.run(with_database(url, finish))
    names, counted = found
    told = set(acknowledged.read_text().split())
    result = {"acknowledged": len(told), "lost": len(told - names), "kept": len(names), "counted": counted}
    sys.stdout.write(json.dumps(result) + "\n")


HEX, OTHER = Secret("0123456789abcdef" * 4), Secret("fedcba9876543210" * 4)
SECRETS = 40


async def readable(database: Database) -> dict[str, int]:
    """How many of the secrets open with each key, for the keys that fit the database."""
    found = {}
    for name, key in (("none", None), ("old", HEX), ("new", OTHER)):
        async with database.reading() as connection:
            state = (await connection.execute(select(encryption))).one_or_none()
            rows = [dict(row) for row in (await connection.execute(select(vault))).mappings()]
        if (state is None) != (key is None):
            continue
        sealer = Sealer(derive(key, state.derivation) if key and state else None)
        found[name] = 0
        for row in rows:
            with suppress(Unreadable):
                found[name] += sealer.open_row(vault, row)["value"].reveal() == f"canary-{row['name']}"
    return {name: number for name, number in found.items() if number}


async def prepare(database: Database, key: Secret | None) -> None:
    await migrate(database)
    sealer = await open_sealer(database, key)
    rows = [
        sealer.seal_row(vault, {"name": f"n{n}", "value": Secret(f"canary-n{n}"), "created_at": 0})
        for n in range(SECRETS)
    ]
    async with database.writing() as connection:
        await connection.execute(insert(vault), rows)


async def content(database: Database) -> list[str]:
    """The names in one table, and how many rows another has that is restored long after it."""
    async with database.reading() as connection:
        names = (await connection.execute(select(vault.c.name).order_by(vault.c.name))).scalars().all()
        audits = (await connection.execute(select(func.count()).select_from(audit_log))).scalar_one()
    return [*names, str(audits)]


async def named(database: Database, name: str) -> None:
    audit = {"at": 1, "actor": name, "action": "a", "subject_kind": "k", "subject": "s"}
    async with database.writing() as connection:
        await connection.execute(vault.delete())
        await connection.execute(audit_log.delete())
        row = {"name": name, "value": Secret(name), "created_at": 0}
        await connection.execute(insert(vault).values(**Sealer(None).seal_row(vault, row)))
        await connection.execute(insert(audit_log), [audit] * (1 if name == "now" else 2))


async def with_a_backup(database: Database, file: Path) -> None:
    await migrate(database)
    await named(database, "then")
    await back_up(database, file, None, 0)
    await named(database, "now")


def main(what: str, url: str, *more: str) -> None:
    logging.configure("error", "json")
    revisions()
    if what in {"rekey", "seal"}:
        asyncio.run(with_database(url, partial(prepare, key=HEX if what == "rekey" else None)))
        work = partial(rekey, old=HEX, new=OTHER) if what == "rekey" else partial(open_sealer, key=HEX)
        until_through(url, work, readable, int(more[0]), int(more[1]))
        return
    if what == "restore":
        file = Path(more[2])
        asyncio.run(with_database(url, partial(with_a_backup, file=file)))
        until_through(url, partial(restore, path=file, key=None), content, int(more[0]), int(more[1]))
        return
    if what == "append":
        killed_while_appending(url, Path(more[0]), int(more[1]), int(more[2]))
        return
    assert what == "migrate"
    until_through(url, migrate, tables, int(more[0]), int(more[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
