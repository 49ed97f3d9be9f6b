"""`plexus config import` and `export`: the configuration of the database, from a file and to one."""

import sys
from pathlib import Path

from plexus import app
from plexus.cli.config import file_in_use
from plexus.cli.database import NotDone, shared
from plexus.pipeline.configuring import unlocked
from plexus.settings.environment import Environment
from plexus.settings.export import foreign, without_client_secrets
from plexus.settings.file_home import FileHome
from plexus.settings.homes import EMPTY, InDatabase
from plexus.settings.schema import Settings
from plexus.settings.write_back import CannotEdit
from plexus.storage.configuration import Note, Revisions
from plexus.storage.encrypted import open_sealer
from plexus.storage.engine import Database
from plexus.storage.replace import replace_file

_HOME = InDatabase.name
_FOREIGN = (
    "its secret was hashed with the pepper of another database and is not accepted beside this one; rotate it, or restore a "
    "backup of that database instead"
)


async def import_file(environment: Environment, file: Path) -> str:
    """Make the file the configuration of the database; the sentence to print.

    Raises:
        NotDone, ConfigurationError: when the file is refused; nothing was changed.
        DatabaseUnusable, DatabaseAway: when the database cannot take it.
    """
    home, settings, given = _readable(file)
    async with shared(environment, make=True) as database:
        revisions, pepper = await unlocked(database, environment.encryption_key)
        text = without_client_secrets(given, settings, pepper)
        base = await revisions.newest()
        note = Note("plexus config import", "import", "config", "", None, None)
        async with revisions.database.writing() as connection:
            number = await revisions.append(connection, base, _HOME, text, note)
    notices = [str(notice) for notice in home.notices]
    notices += [f"{file}: keys.{name}: {_FOREIGN}" for name in foreign(settings, pepper)]
    for notice in notices:
        print(f"{notice} [notice]", file=sys.stderr)
    counts = f"{len(settings.providers)} providers, {len(settings.models)} aliases, {len(settings.keys)} keys"
    said = f"{file}: imported as revision {number}: {counts}"
    if (other := file_in_use()) is not None:
        said += f"; a gateway started here still reads {other}: it takes the database when there is no file"
    return said


async def export(environment: Environment, file: Path | None) -> str:
    """What is configured, as YAML: from the file in use, else from the database. The text, or a sentence, to print.

    Raises:
        NotDone: when the file in use cannot be read.
        Unreadable, DatabaseUnusable, DatabaseAway: when the database cannot be.
    """
    source = file_in_use()
    if source is not None:
        try:
            text = source.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise NotDone(f"{source} cannot be read") from None
    else:
        async with shared(environment) as database:
            found = await (await _sealed(database, environment)).current(_HOME)
        text = EMPTY if found is None else found[1]
    if file is None:
        return text.rstrip("\n")
    replace_file(file, text, keep=False)
    return f"{file}: written; it holds the secrets that are configured"


def _readable(file: Path) -> tuple[FileHome, Settings, str]:
    home = FileHome(file, app.known())
    settings = home.load()
    text = file.read_bytes().decode("utf-8-sig")
    try:
        without_client_secrets(text, settings)
    except CannotEdit as reason:
        raise NotDone(f"{file}: {reason}") from None
    return home, settings, text


async def _sealed(database: Database, environment: Environment) -> Revisions:
    return Revisions(database, await open_sealer(database, environment.encryption_key))
