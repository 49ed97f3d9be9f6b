"""Keys added to a configuration file, changed and taken out: text in, text out. The rest of it stays as it is."""

from collections.abc import Mapping
from typing import Any

from plexus.settings.write_back import REMOVED, CannotEdit, Edit, content_of, with_edits

_SECTION = "keys"


def with_key(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """The file with one more key.

    Raises:
        CannotEdit: when there is one of that name, or the section cannot be changed safely.
        ConfigurationError: when the file is no YAML.
    """
    if name in _keys(text):
        raise CannotEdit(f"there is a key called {name!r}; choose another name, or revoke it first")
    return with_edits(text, [Edit((_SECTION, name), dict(fields))])


def with_fields(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """The file with these fields of a key set, others as they were.

    Raises:
        CannotEdit, ConfigurationError: as `with_key`, and when there is no such key.
    """
    _there(text, name)
    return with_edits(text, [Edit((_SECTION, name, field), value) for field, value in fields.items()])


def without_key(text: str, name: str) -> str:
    """The file without a key.

    Raises:
        CannotEdit, ConfigurationError: as `with_fields`.
    """
    _there(text, name)
    return with_edits(text, [Edit((_SECTION, name), REMOVED)])


def _keys(text: str) -> Mapping[str, Any]:
    keys = content_of(text).get(_SECTION) or {}
    if not isinstance(keys, dict):
        raise CannotEdit("`keys` is not a map; change it by hand")
    return keys


def _there(text: str, name: str) -> None:
    if name not in _keys(text):
        raise CannotEdit(f"there is no key called {name!r}; `plexus keys list` shows those there are")
