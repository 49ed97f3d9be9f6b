"""The client keys of a configuration file for `plexus keys`: added, read and ended in its text, all else stays as it is."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from plexus import app
from plexus.cli.database import NotDone
from plexus.keys.in_file import with_fields, with_key, without_key
from plexus.keys.lifecycle import revoked
from plexus.settings.problems import ConfigurationError, Finding, spelled
from plexus.settings.reading import Reading, read
from plexus.settings.schema import Settings
from plexus.settings.write_back import CannotEdit
from plexus.settings.yaml_source import compose
from plexus.storage.replace import replace_file


def add(path: Path, name: str, fields: Mapping[str, Any]) -> None:
    """Add a key to the file.

    Raises:
        NotDone: when it cannot be added; the file is then as it was.
    """
    _change(path, lambda text: with_key(text, name, fields))


def end(path: Path, name: str, *, remove: bool) -> None:
    """Disable a key, or take it out of the file.

    Raises:
        NotDone: when it cannot be done; the file is then as it was.
    """
    _change(path, lambda text: without_key(text, name) if remove else with_fields(text, name, revoked()))


def settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """What the file says.

    Raises:
        NotDone: when it is no good configuration.
    """
    reading = _read(path, _text(path), environ)
    if reading.settings is None:
        raise NotDone("\n".join(_said(one) for one in reading.wrong))
    return reading.settings


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
    return read(root.data(Filled(environ), []), app.known())


class Filled(Mapping[str, str]):
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
