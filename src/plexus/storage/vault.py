"""The gateway's own secrets in the database, each made at the first asking and the same for every process from then on."""

import secrets
import time
from collections.abc import Callable

from sqlalchemy import select

from plexus.core.secret import Secret
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.encrypted import hold_key
from plexus.storage.engine import Database
from plexus.storage.inserting import insert
from plexus.storage.seal import Sealer
from plexus.storage.tables import vault

PEPPER = "client-keys"
"""What the hashes of client secrets are keyed with: 256 bits as 64 hex digits."""


async def found(database: Database, sealer: Sealer, name: str) -> Secret | None:
    """The secret of this name; None when it was not made yet.

    Raises:
        Unreadable: when its seal does not open.
    """
    async with database.reading() as connection:
        return await _read(connection, sealer, name)


async def kept(
    database: Database, sealer: Sealer, name: str, make: Callable[[], str] = lambda: secrets.token_hex(32)
) -> Secret:
    """The secret of this name, made if there is none. Of processes that make it at the same time one does.

    Raises:
        Unreadable: when its seal does not open.
        KeyReplaced: when the key secrets are sealed with was changed.
    """
    if (there := await found(database, sealer, name)) is not None:
        return there
    row = {"name": name, "value": Secret(make()), "created_at": int(time.time() * 1000)}
    async with database.writing() as connection:
        await hold_key(connection, sealer)
        made_anew = insert(connection.dialect.name, vault).values(**sealer.seal_row(vault, row))
        await connection.execute(made_anew.on_conflict_do_nothing())
        made = await _read(connection, sealer, name)
    if made is None:
        raise RuntimeError(f"the vault did not keep {name}")
    return made


async def _read(connection: AsyncConnection, sealer: Sealer, name: str) -> Secret | None:
    row = (await connection.execute(select(vault).where(vault.c.name == name))).mappings().one_or_none()
    if row is None:
        return None
    value: Secret = sealer.open_row(vault, dict(row))["value"]
    return value
