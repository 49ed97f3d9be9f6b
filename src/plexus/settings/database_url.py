"""Where the database is, from the spellings of `DATABASE_URL` in use. It parses and opens nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from plexus.core.secret import Secret

SPELLINGS = "sqlite:///abs/path, sqlite://./rel/path, sqlite:rel/path or postgresql://user:password@host/name"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A file for SQLite, or the whole URL for PostgreSQL, which holds a password and is therefore secret."""

    dialect: Literal["sqlite", "postgresql"]
    path: Path | None = None
    url: Secret | None = None


def database_address(text: str) -> DatabaseAddress:
    """The address that `text` spells.

    Raises:
        ValueError: when it spells none; the message says what is wrong and quotes nothing of it.
    """
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise ValueError(f"is no URL; write {SPELLINGS}")
    if scheme == "sqlite":
        return DatabaseAddress("sqlite", path=_file(rest))
    if scheme in {"postgresql", "postgres"}:
        return DatabaseAddress("postgresql", url=_postgres(text))
    raise ValueError(f"is neither SQLite nor PostgreSQL; write {SPELLINGS}")


def _file(rest: str) -> Path:
    if "?" in rest or "#" in rest:
        raise ValueError("names a SQLite file with options, which are not read; leave ? and # out")
    path = unquote(rest)
    if path.startswith("///"):
        path = "/" + path.lstrip("/")
    elif path.startswith(("//./", "//../")):
        path = path[2:]
    elif path.startswith("//"):
        raise ValueError("has two slashes before a name; write sqlite:///abs/path or sqlite://./rel/path")
    if not path or path.endswith("/") or "\x00" in path or path == ":memory:":
        raise ValueError("names no file; write sqlite:///abs/path, sqlite://./rel/path or sqlite:rel/path")
    return Path(path)


def _postgres(text: str) -> Secret:
    try:
        parts = urlsplit(text)
        port_is_usable = parts.port is None or parts.port > 0
    except ValueError:
        port_is_usable = False
    if not port_is_usable or not text.partition(":")[2].startswith("//"):
        raise ValueError("has no readable host and port; write postgresql://user:password@host:5432/name")
    if parts.path in {"", "/"}:
        raise ValueError("names no database; write postgresql://user:password@host/name")
    return Secret(f"postgresql:{text.partition(':')[2]}")
