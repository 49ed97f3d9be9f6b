"""`plexus keys …`: client keys of a configuration file, made, listed and revoked. A secret is shown once and never kept."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plexus import app
from plexus.core.secret import Secret
from plexus.keys.in_file import with_fields, with_key, without_key
from plexus.keys.lifecycle import created, new_secret, revoked
from plexus.settings.problems import ConfigurationError, Finding, spelled
from plexus.settings.reading import Reading, read
from plexus.settings.write_back import CannotEdit
from plexus.settings.yaml_source import compose
from plexus.storage.replace import replace_file

DEFAULT = Path("config/plexus.yaml")


class NotDone(Exception):  # noqa: N818 - why nothing was changed
    """Nothing was changed; the message says why and what to do."""


def home(config: Path | None, environ: Mapping[str, str]) -> Path:
    """The file the keys are in: the one given, else PLEXUS_CONFIG_PATH, else config/plexus.yaml if it exists.

    Raises:
        NotDone: when there is none. Keys of a database are not reached from here yet.
    """
    named = environ.get("PLEXUS_CONFIG_PATH", "").strip()
    path = config or (Path(named) if named else DEFAULT)
    if not path.exists():
        said = "no configuration file" if config is None and not named else f"{path} does not exist"
        raise NotDone(f"{said}; give --config FILE")
    return path


def create(path: Path, name: str, fields: Mapping[str, Any], secret: Secret | None = None) -> Secret:
    """Add a key with a new secret to the file, and return the secret: it stands nowhere else.

    Raises:
        NotDone: when it cannot be added; the file is then as it was.
    """
    secret = secret or new_secret()
    given = {field: value for field, value in fields.items() if value not in (None, [], ())}
    _change(path, lambda text: with_key(text, name, {**created(secret), **given}))
    return secret


def revoke(path: Path, name: str, *, remove: bool) -> None:
    """Disable a key, or take it out of the file.

    Raises:
        NotDone: when it cannot be done; the file is then as it was.
    """
    _change(path, lambda text: without_key(text, name) if remove else with_fields(text, name, revoked()))


def listed(path: Path, environ: Mapping[str, str], now: datetime | None = None) -> list[str]:
    """One line for each key: name, end of the secret, state, expiry, comment. Secrets that stand in the file are not shown.

    Raises:
        NotDone: when the file is no good configuration.
    """
    reading = _read(path, _text(path), environ)
    if reading.settings is None:
        raise NotDone("\n".join(_said(one) for one in reading.wrong))
    now = now or datetime.now(UTC)
    rows = [("NAME", "SECRET", "STATE", "EXPIRES", "COMMENT")]
    for name, key in reading.settings.keys.items():
        expired = key.expires_at is not None and key.expires_at <= now
        state = "disabled" if not key.enabled else "expired" if expired else "enabled"
        expires = key.expires_at.strftime("%Y-%m-%d %H:%M UTC") if key.expires_at else "never"
        secret = "in the file" if key.secret is not None else f"...{key.last_four or '?'}"
        rows.append((name, secret, state, expires, key.comment or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _change(path: Path, edit: Callable[[str], str]) -> None:
    try:
        text = _text(path)
        known = {_said(one) for one in _read(path, text, os.environ).wrong}
        new = edit(text)
        worse = [said for one in _read(path, new, os.environ).wrong if (said := _said(one)) not in known]
        if worse:
            raise NotDone("\n".join(worse))
        if _text(path) != text:
            raise NotDone(f"{path} has changed in this moment; try again")
        replace_file(path, new, keep=False)
    except CannotEdit as reason:
        raise NotDone(f"{path}: {reason}") from None
    except OSError as error:
        raise NotDone(f"{path} cannot be written: {error.strerror or 'unknown error'}") from None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotDone(f"{path} is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise NotDone(f"{path} cannot be read: {error.strerror or 'unknown error'}") from None


def _read(path: Path, text: str, environ: Mapping[str, str]) -> Reading:
    # the variables of the server need not be set where its keys are managed
    try:
        root = compose(text.encode("utf-8"), str(path))
    except ConfigurationError as error:
        raise NotDone(str(error)) from None
    return read(root.data(_Filled(environ), []), app.known())


class _Filled(Mapping[str, str]):
    """An environment in which every variable is set: those that are not, each to a text of its own."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        return self._environ.get(name) or f"unset-{name}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def _said(one: Finding) -> str:
    return f"{spelled(one.path)}: {one.message}" + (f" ({one.fix})" if one.fix else "")
