"""`plexus backup FILE`: the whole database in one file."""

import time
from pathlib import Path

from plexus.cli.database import opened
from plexus.settings.environment import Environment
from plexus.storage.backup import back_up


async def backup(environment: Environment, file: Path) -> str:
    """Write the backup; the sentence to print. The gateway may be running.

    Raises:
        DatabaseUnusable, DatabaseAway, OSError: when there is none.
    """
    async with opened(environment, exclusive=False) as database:
        saved = await back_up(database, file, environment.encryption_key, int(time.time() * 1000))
    secrets = (
        "its secrets are encrypted: keep their ENCRYPTION_KEY, apart from it"
        if saved.encrypted
        else "its secrets are in plaintext: keep it where nobody else reads it"
    )
    return f"{file}: {saved.rows} rows of {saved.tables} tables; {secrets}"
