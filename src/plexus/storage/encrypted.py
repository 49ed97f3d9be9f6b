"""Encryption of a database as a whole: taken up at start, checked at each start, changed to another key.

Single secrets are sealed by `storage.seal`. Everything that changes secrets does so in one transaction, with no other writer
of secrets beside it: whoever is killed leaves the state before, or the one after.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, text, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from plexus.core.logging import logger
from plexus.core.secret import Secret
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.encryption_key import SALT_SIZE, Key, Underivable, derivation, derive
from plexus.storage.engine import Database
from plexus.storage.failures import DatabaseUnusable
from plexus.storage.seal import Place, Sealer, Unreadable, row_of, secret_columns
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import METADATA, encryption

PAGE = 500
VACUUMED_UP_TO = 512 * 1024 * 1024
"""Bytes of a SQLite file that is written anew to be rid of old secrets; in a larger one `secure_delete` has to be enough."""
_CHECK = Place("encryption", "check_text", (1,))
_KNOWN = Secret("plexus encryption check")
ADVISORY = 0x504C5854
"""The number of the lock that PostgreSQL keeps writers of secrets and a change of the key apart with."""
log = logger("plexus.storage")


class WrongKey(DatabaseUnusable):
    """ENCRYPTION_KEY is not the one the secrets are sealed with, or is missing."""


class KeyReplaced(Exception):  # noqa: N818 - says what happened
    """The key was changed by another process; this one has to be started again with the new one."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """What a change of keys came to: secrets sealed and read back, or that it had been done before."""

    secrets: int
    already: bool = False


async def open_sealer(database: Database, key: Secret | None, chance: Callable[[int], bytes] = os.urandom) -> Sealer:
    """The sealer of this database, checked to fit; the first start with a key seals what was plain.

    Raises:
        WrongKey: when the key does not fit or is missing; nothing was written.
    """
    async with database.reading() as connection:
        state = await _state(connection)
    if state is None and key is not None:
        new, how = await _new_key(key, chance)
        sealer = Sealer(new, chance)
        async with database.writing(within=None) as connection:
            await _keep_others_out(connection)
            state = await _state(connection)  # another process may have taken it up meanwhile
            if state is None:
                await _note(connection, how, sealer, None)
                done = await _reseal(connection, Sealer(None), sealer)
                if done:
                    log.warning(
                        "secrets are encrypted from now on; backups made before hold them in plaintext", count=done
                    )
    if state is not None:
        sealer = Sealer(await _fitting(key, state), chance)
    elif key is None:
        return Sealer(None, chance)
    await scrub(database)
    return sealer


async def rekey(
    database: Database, old: Secret | None, new: Secret, chance: Callable[[int], bytes] = os.urandom
) -> Sealing:
    """Seal every secret with a new key, in one transaction, and read each back. Run twice, the second finds it done.

    Raises:
        WrongKey: when neither key fits.
        Unreadable: when a secret does not open with the old key; nothing was changed.
    """
    key, how = await _new_key(new, chance)
    sealer = Sealer(key, chance)
    async with database.writing(within=None) as connection:
        await _keep_others_out(connection)
        state = await _state(connection)
        already = state is not None and await _fits(new, state)
        if not already:
            before = Sealer(None) if state is None else Sealer(await _fitting(old, state))
            await _note(connection, how, sealer, state)
            done = await _reseal(connection, before, sealer)
    await scrub(database)
    return Sealing(0, already=True) if already else Sealing(done)


async def check_key(connection: AsyncConnection, key: Secret | None) -> bool:
    """Whether the secrets are encrypted; `key`, if there is one, has to fit.

    Raises:
        WrongKey: when it does not.
    """
    state = await _state(connection)
    if state is not None and key is not None:
        await _fitting(key, state)
    return state is not None


async def hold_key(connection: AsyncConnection, sealer: Sealer) -> None:
    """Call this first in each transaction that writes secrets: it keeps `rekey` out until the end of it.

    Raises:
        KeyReplaced: when the key in use is no longer the sealer's.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({ADVISORY})"))
    state = await _state(connection)
    if (state is None) != (sealer.key is None):
        raise KeyReplaced("the encryption of this database was changed; start this process again")
    if state is not None:
        try:
            sealer.open(_CHECK, StoredText(state.check_text))
        except Unreadable:
            raise KeyReplaced("the key of this database was changed; start this process again with it") from None


async def scrub(database: Database) -> None:
    """Wipe what old secrets left in free pages and logs; what cannot be wiped now is tried again at the next start."""
    async with database.reading() as connection:
        state = await _state(connection)
    if state is None or not state.residue:
        return
    try:
        async with database.outside() as connection:
            wiped = await (_wipe_sqlite(connection, database) if database.path else _wipe_postgresql(connection))
        if wiped:
            async with database.writing() as connection:
                await connection.execute(update(encryption).where(encryption.c.id == 1).values(residue=0))
    except SQLAlchemyError as error:
        log.warning(
            "free pages may still hold old secrets; this is tried again at the next start", reason=type(error).__name__
        )


async def _wipe_sqlite(connection: AsyncConnection, database: Database) -> bool:
    if database.path is not None and database.path.stat().st_size <= VACUUMED_UP_TO:
        await connection.execute(text("VACUUM"))
    busy = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()[0]
    return not busy


async def _wipe_postgresql(connection: AsyncConnection) -> bool:
    """Its write-ahead log and its archives keep old pages for a while; that is the operator's to end."""
    await connection.execute(text("SET lock_timeout = '5s'"))
    try:
        for table in METADATA.sorted_tables:
            if secret_columns(table):
                await connection.execute(text(f"VACUUM (FULL) {table.name}"))
    finally:
        await connection.execute(text("RESET lock_timeout"))
    return True


async def _keep_others_out(connection: AsyncConnection) -> None:
    """Wait until nobody writes secrets, and keep it so to the end of the transaction. On SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY})"))


async def _state(connection: AsyncConnection) -> Any:
    """The row that tells of the key in use, or None."""
    return (await connection.execute(select(encryption).where(encryption.c.id == 1))).one_or_none()


async def _new_key(secret: Secret, chance: Callable[[int], bytes]) -> tuple[Key, Any]:
    how = derivation(secret, chance(SALT_SIZE))
    return await asyncio.to_thread(derive, secret, how), how


async def _fitting(secret: Secret | None, state: Any) -> Key:
    if secret is None:
        raise WrongKey(
            "the secrets in the database are encrypted; set ENCRYPTION_KEY to the key they were encrypted with"
        )
    try:
        key = await asyncio.to_thread(derive, secret, state.derivation)
        known = Sealer(key).open(_CHECK, StoredText(state.check_text))
    except (Unreadable, Underivable):
        known = None
    if known != _KNOWN:
        raise WrongKey(
            "ENCRYPTION_KEY is not the key the secrets in the database are encrypted with; nothing was changed; "
            "set the right one, or restore a backup"
        )
    return key


async def _fits(secret: Secret, state: Any) -> bool:
    try:
        await _fitting(secret, state)
    except WrongKey:
        return False
    return True


async def _note(connection: AsyncConnection, how: Any, sealer: Sealer, before: Any) -> None:
    """Write down how the key in use is made, and a text to know it by."""
    values = {"derivation": how, "check_text": sealer.seal(_CHECK, _KNOWN).text, "residue": 1}
    if before is None:
        await connection.execute(insert(encryption).values(id=1, created_at=int(time.time() * 1000), **values))
    else:
        await connection.execute(update(encryption).where(encryption.c.id == 1).values(**values))


async def _reseal(connection: AsyncConnection, old: Sealer, new: Sealer) -> int:
    """Seal every secret anew, then read every one back from the database; how many there are."""
    sealed = read = 0
    for table in METADATA.sorted_tables:
        columns = secret_columns(table)
        if not columns:
            continue
        async for page in _pages(connection, table, columns):
            changes = []
            for row in page:
                opened = old.open_row(table, row)
                sealed += sum(opened[name] is not None for name in columns)
                changes.append({f"new_{name}": value for name, value in new.seal_row(table, opened).items()})
            keys = [column == bindparam(f"new_{column.name}") for column in table.primary_key.columns]
            await connection.execute(
                update(table).where(*keys).values({name: bindparam(f"new_{name}") for name in columns}), changes
            )
        async for page in _pages(connection, table, columns):
            for row in page:
                read += sum(new.open_row(table, row)[name] is not None for name in columns)
    if read != sealed:
        raise RuntimeError(f"{sealed} secrets were sealed and {read} read back; nothing is changed")
    return sealed


async def _pages(connection: AsyncConnection, table: Table, columns: list[str]) -> AsyncIterator[list[dict[str, Any]]]:
    """Keys and secrets of all rows, in the order of their keys, so many at a time."""
    keys = list(table.primary_key.columns)
    query = select(*keys, *(table.c[name] for name in columns)).order_by(*keys).limit(PAGE)
    last: tuple[Any, ...] | None = None
    while True:
        after = query if last is None else query.where(tuple_(*keys) > tuple_(*last))
        page = [dict(row) for row in (await connection.execute(after)).mappings()]
        if not page:
            return
        yield page
        last = row_of(table, page[-1])
