"""What can be wrong with a database: unusable until somebody acts, or away for a while. It catches nothing."""

import sqlite3

_PASSING_CLASSES = frozenset({"08", "25", "40", "53", "55", "57"})
"""SQLSTATE classes of PostgreSQL that pass by themselves: connection lost, read-only standby, conflict, out of resources,
lock not available, shut down."""
_PASSING_CODES = frozenset({"28000", "28P01", "3D000", "42501"})
"""Not the statement's fault either: login refused, database not there yet, rights missing."""
_UNUSABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DatabaseUnusable(Exception):  # noqa: N818 - says what is so, and what to do
    """The database cannot be used as it is; the message says why and what the operator can do."""


class DatabaseDamaged(DatabaseUnusable):
    """The file is no whole SQLite database; a backup can take its place."""


class NewerSchema(DatabaseUnusable):
    """The database was brought up by a newer version of Plexus."""


class DatabaseAway(Exception):  # noqa: N818 - says what is so
    """The database cannot be reached or does not answer now; the same call may succeed later."""


def is_passing(error: BaseException) -> bool:
    """Whether the same statements may succeed later, because the fault lies with the database and not with them."""
    if isinstance(error, DatabaseAway | TimeoutError | ConnectionError | OSError):
        return True
    inner = _original(error)
    if isinstance(inner, sqlite3.DatabaseError):
        code = getattr(inner, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return code not in {
            sqlite3.SQLITE_ERROR,
            sqlite3.SQLITE_CONSTRAINT,
            sqlite3.SQLITE_MISMATCH,
            sqlite3.SQLITE_TOOBIG,
        }
    state = getattr(inner, "sqlstate", None)
    if isinstance(state, str):
        return state[:2] in _PASSING_CLASSES or state in _PASSING_CODES
    return _is_about_the_connection(error) or _is_about_the_connection(inner)


def is_corruption(error: BaseException) -> bool:
    """Whether SQLite says that the file is damaged or is no database."""
    inner = _original(error)
    return isinstance(inner, sqlite3.DatabaseError) and (getattr(inner, "sqlite_errorcode", 0) & 0xFF) in _UNUSABLE


def _original(error: BaseException) -> BaseException:
    """The driver's own exception below SQLAlchemy's wrapping."""
    seen = error
    while True:
        below = getattr(seen, "orig", None) or (seen.__cause__ if hasattr(seen, "pgcode") else None)
        if not isinstance(below, BaseException) or below is seen:
            return seen
        if isinstance(getattr(below, "sqlstate", None), str):
            return below
        seen = below


def _is_about_the_connection(error: BaseException) -> bool:
    if getattr(error, "connection_invalidated", False):
        return True
    if isinstance(error, ValueError):  # asyncpg's own DataError is an InterfaceError too: a value no column takes
        return False
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"InterfaceError", "ConnectionDoesNotExistError", "TimeoutError"})
