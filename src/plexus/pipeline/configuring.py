"""The home of the configuration opened once its database answers, and served from there where no file is."""

import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from plexus.core.secret import Secret
from plexus.settings.database_home import follow
from plexus.settings.editing import Editing
from plexus.settings.file_home import FileHome
from plexus.settings.homes import InDatabase, InFile
from plexus.settings.known import Known
from plexus.settings.noted import Noted
from plexus.settings.schema import Settings
from plexus.storage import vault
from plexus.storage.configuration import Revisions
from plexus.storage.encrypted import open_sealer
from plexus.storage.engine import Database
from plexus.storage.failures import DatabaseUnusable
from plexus.storage.seal import Unreadable


async def unlocked(database: Database, key: Secret | None) -> tuple[Revisions, Secret]:
    """The revisions in an open database, and the pepper of its client keys, which is made if there is none.

    Raises:
        DatabaseUnusable: when the key of the secrets does not fit, or the pepper cannot be read.
    """
    sealer = await open_sealer(database, key)
    try:
        pepper = await vault.kept(database, sealer, vault.PEPPER)
    except Unreadable as reason:
        raise DatabaseUnusable(
            f"the hashes of client keys cannot be told: {reason}; restore a backup, or delete its row and rotate the keys"
        ) from None
    return Revisions(database, sealer), pepper


async def opened(
    revisions: Revisions,
    pepper: Secret,
    file: FileHome | None,
    known: Known,
    apply: Callable[[Settings], Awaitable[None]],
) -> tuple[Editing, Coroutine[Any, Any, None] | None]:
    """What changes the configuration, and what follows the changes of other processes where there can be any.

    Raises:
        ConfigurationError: when the configuration in the database does not load.
        DatabaseUnusable: when its seal does not open.
    """
    home = InDatabase(revisions) if file is None else InFile(file, revisions)
    editing = Editing(home, revisions, known, apply, Noted(os.environ), pepper)
    if file is not None:
        return editing, None
    try:
        await editing.catch_up()
    except Unreadable as reason:
        raise DatabaseUnusable(f"the configuration in the database cannot be read: {reason}") from None
    return editing, follow(editing)
