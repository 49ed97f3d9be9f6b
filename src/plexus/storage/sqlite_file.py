"""The file of a SQLite database before SQLAlchemy opens it: one process has it, it is what it should be, it exists."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from plexus.storage.failures import DatabaseDamaged, DatabaseUnusable, is_corruption

APPLICATION_ID = 0x504C5853
"""`PLXS`, in the header of the file: tells our files from those of other programs."""
CHECKED_UP_TO = 64 * 1024 * 1024
"""Bytes of a file that is checked page by page at every start (about a second); a larger one only as far as it is read."""
_BUSY_SECONDS = 5.0
_ADVICE = "restore a backup with `plexus restore`, or move the file away to begin with an empty database"


def lock(path: Path) -> FileLock:
    """Take the database for this process, until the lock is released or the process ends.

    Raises:
        DatabaseUnusable: when another process has it, or the folder cannot be written.
    """
    beside = path.with_name(f"{path.name}.lock")
    held = FileLock(beside, timeout=0, mode=0o600)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held.acquire()
    except Timeout:
        raise DatabaseUnusable(
            f"another process uses the database {path}; stop it first, or give this one a database of its own"
        ) from None
    except OSError as error:
        raise DatabaseUnusable(_not_writable(path, error)) from None
    return held


def make(path: Path) -> None:
    """Make an empty database if there is no file yet: whole or not at all, so that an empty file is always a damaged one.

    Raises:
        DatabaseUnusable: when the folder cannot be written.
    """
    if path.exists():
        return
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(new)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("PRAGMA journal_mode = WAL")
        new.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseUnusable(_not_writable(path, error)) from None
    finally:
        for left in (new, new.with_name(f"{new.name}-wal"), new.with_name(f"{new.name}-shm")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def inspect(path: Path) -> None:
    """Look at an existing file without changing it.

    Raises:
        DatabaseUnusable: when it is no SQLite database, damaged, empty, or may not be written.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise DatabaseUnusable(f"there is no database {path}; set DATABASE_URL to where it is") from None
    except OSError as error:
        raise DatabaseUnusable(f"the database {path} cannot be read: {error.strerror}") from None
    if not path.is_file():
        raise DatabaseUnusable(f"the database {path} is no file")
    if size == 0:
        raise DatabaseDamaged(f"the database {path} is an empty file, so its content was lost; {_ADVICE}")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise DatabaseUnusable(f"the database {path} may not be written; give this user the file and its folder")
    try:
        _read_through(path, deep=size <= CHECKED_UP_TO)
    except sqlite3.DatabaseError as error:
        if is_corruption(error):
            raise damaged(path, error) from None
        raise DatabaseUnusable(f"the database {path} cannot be opened: {error}") from None


def set_aside(path: Path) -> Path:
    """Move a damaged file, and the logs beside it, out of the way; where it is now.

    Raises:
        OSError: when it cannot be moved.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged.{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside


def damaged(path: Path, error: BaseException) -> DatabaseDamaged:
    """What to say of a file that SQLite calls damaged."""
    return DatabaseDamaged(f"the database {path} is damaged ({error}); nothing was changed; {_ADVICE}")


def _read_through(path: Path, *, deep: bool) -> None:
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        if owner not in {0, APPLICATION_ID}:
            raise DatabaseUnusable(f"the database {path} belongs to another program; name another file")
        found = connection.execute("PRAGMA quick_check(1)").fetchall() if deep else [("ok",)]
        if found != [("ok",)]:
            raise damaged(path, sqlite3.DatabaseError(found[0][0].splitlines()[0]))


def _not_writable(path: Path, error: BaseException) -> str:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return (
        f"the folder of the database {path} cannot be written ({why}); give this user the folder, or set DATABASE_URL"
    )
