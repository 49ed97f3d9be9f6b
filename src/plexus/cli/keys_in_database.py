"""The client keys of a database for `plexus keys`: changed as the management API does it, with a revision and a row in the log.

Gateways that use the database see it when they look for a new revision.
"""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from plexus import app
from plexus.cli.database import NotDone, shared
from plexus.cli.keys_in_file import Filled
from plexus.core.secret import Secret
from plexus.keys.lifecycle import revoked
from plexus.pipeline.configuring import unlocked
from plexus.settings.editing import Author, Change, Editing, Stale
from plexus.settings.environment import Environment
from plexus.settings.homes import InDatabase
from plexus.settings.schema import Settings
from plexus.settings.write_back import REMOVED, CannotEdit


async def add(environment: Environment, name: str, fields: Callable[[Secret], Mapping[str, Any]]) -> None:
    """Add a key; `fields` are its settings under a pepper.

    Raises:
        NotDone, ConfigurationError: when it cannot be added; nothing was changed.
        DatabaseUnusable, DatabaseAway, Unreadable, KeyReplaced: when the database cannot be used.
    """
    async with _editing(environment) as (editing, pepper):
        await _make(editing, Change("create", ("keys", name), dict(fields(pepper)), None))


async def end(environment: Environment, name: str, *, remove: bool) -> None:
    """Disable a key, or take it out.

    Raises:
        NotDone, ConfigurationError, DatabaseUnusable, DatabaseAway, Unreadable, KeyReplaced: as `add`.
    """
    path = ("keys", name)
    async with _editing(environment) as (editing, _):
        written = await editing.now()
        if written.at(path) is REMOVED:
            raise NotDone(f"there is no key called {name!r}; `plexus keys list` shows those there are")
        value = REMOVED if remove else {**_as_map(editing.shown(written, path)), **revoked()}
        await _make(editing, Change("delete" if remove else "revoke", path, value, written.version(path)))


async def settings(environment: Environment) -> Settings:
    """What the database says.

    Raises:
        ConfigurationError, DatabaseUnusable, DatabaseAway, Unreadable: when it says nothing that can be read.
    """
    async with _editing(environment) as (editing, _):
        return (await editing.now()).settings


@asynccontextmanager
async def _editing(environment: Environment) -> AsyncIterator[tuple[Editing, Secret]]:
    async with shared(environment) as database:
        revisions, pepper = await unlocked(database, environment.encryption_key)
        home = InDatabase(revisions)
        await home.read()
        # the variables of the gateways need not be set where their keys are managed
        yield Editing(home, revisions, app.known(), _served_elsewhere, Filled(os.environ), pepper), pepper


async def _served_elsewhere(_: Settings) -> None:
    return


async def _make(editing: Editing, change: Change) -> None:
    try:
        await editing.make(change, Author("plexus keys"))
    except Stale as stale:
        if change.version is None and stale.current is not None:
            said = f"there is a key called {change.path[1]!r}; choose another name, or revoke it first"
            raise NotDone(said) from None
        raise NotDone("the configuration has changed in this moment; try again") from None
    except CannotEdit as reason:
        raise NotDone(str(reason)) from None


def _as_map(written: Any) -> Mapping[str, Any]:
    """A key that is written as its secret alone, as a map."""
    return written if isinstance(written, Mapping) else {"secret": written}
