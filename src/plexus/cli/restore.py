"""`plexus restore FILE`: the database as it was when a backup was made."""

import time
from pathlib import Path

from plexus.cli.database import address, opened
from plexus.settings.environment import Environment
from plexus.storage import sqlite_file
from plexus.storage.backup import back_up, is_empty, verify
from plexus.storage.backup import restore as put_back
from plexus.storage.encrypted import open_sealer
from plexus.storage.failures import DatabaseDamaged


async def restore(environment: Environment, file: Path) -> str:
    """Replace the content of the database; the sentences to print. What was there is kept beside the backup.

    Raises:
        NotRestorable, DatabaseUnusable, DatabaseAway, OSError: when nothing was changed.
    """
    key = environment.encryption_key
    await verify(file, key)
    said = _damage_set_aside(environment)
    async with opened(environment, make=True) as database:
        if not await is_empty(database):
            kept = _free(file)
            await back_up(database, kept, None, int(time.time() * 1000))
            said += f"; what was there before is in {kept}"
        counts = await put_back(database, file, key)
        if key is not None:
            await open_sealer(database, key)
        elif counts.get("encryption"):
            said += "; its secrets are encrypted: start the gateway with their ENCRYPTION_KEY"
    return f"{file}: {sum(counts.values())} rows of {len(counts)} tables restored{said}"


def _damage_set_aside(environment: Environment) -> str:
    """Move a damaged SQLite file out of the way, because a backup is what is to take its place."""
    path = address(environment).path
    if path is None or not path.exists():
        return ""
    held = sqlite_file.lock(path)
    try:
        sqlite_file.inspect(path)
    except DatabaseDamaged:
        return f"; the damaged file is {sqlite_file.set_aside(path)} now"
    finally:
        held.release()
    return ""


def _free(file: Path) -> Path:
    """A name beside the file that nothing has yet."""
    number = 1
    while (name := file.with_name(f"{file.name}.before-restore.{number}")).exists():
        number += 1
    return name
