"""Secrets of a configuration hidden where it is shown as it is written, and put back where it is sent back. It stores nothing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from plexus.core.json import dumps
from plexus.core.redact import redact
from plexus.core.secret import REDACTED, Secret
from plexus.settings.plain import same
from plexus.settings.references import BadReference, expanded
from plexus.settings.scalars import json_typed
from plexus.settings.write_back import CannotEdit, Edit, content_of, with_edits

_REFERENCE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_SECRET_FIELDS = frozenset({"secret_hash", "options"})
"""Fields that are hidden although their type is no secret."""


class MaskedValue(Exception):  # noqa: N818 - what was sent
    """A hidden value was sent for something that has no such secret; it would be stored as one."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: {REDACTED} stands for a secret that is not there; send the secret itself")
        self.path = path


def secrets_of(settings: BaseModel) -> frozenset[str]:
    """Every text in the settings that is not to be seen."""
    return frozenset(_secrets(settings, hidden=False))


def _secrets(value: Any, *, hidden: bool) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name), hidden=hidden or name in _SECRET_FIELDS)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner, hidden=hidden)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(inner, hidden=hidden)
    elif hidden and value not in (None, True, False):
        yield str(value)


def masked(value: Any, secrets: frozenset[str], environ: Mapping[str, str]) -> Any:
    """Plain data with what is secret hidden. A bare `${NAME}` is shown: it names the secret and does not tell it."""
    if isinstance(value, dict):
        return {name: masked(inner, secrets, environ) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, secrets, environ) for inner in value]
    if not isinstance(value, str) or _REFERENCE.fullmatch(value):
        return value
    try:
        meant = expanded(value, environ)
    except BadReference:
        return REDACTED
    return REDACTED if meant in secrets else value


def revealed(
    value: Any, secrets: frozenset[str], environ: Mapping[str, str], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Where in plain data secrets are, and how they are written there: a literal as it is, a reference as the reference."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from revealed(inner, secrets, environ, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from revealed(inner, secrets, environ, f"{path}[{index}]")
    elif isinstance(value, str):
        try:
            meant = expanded(value, environ)
        except BadReference:
            return
        if meant in secrets:
            yield path, value


def masked_text(text: str, secrets: frozenset[str], environ: Mapping[str, str]) -> str:
    """The YAML of a configuration with its secrets hidden, in comments too as far as they look like any."""
    content = content_of(text)
    hidden = masked(content, secrets, environ)
    for name in content:
        edits = list(_hiding((name,), content[name], hidden[name]))
        if edits:
            try:
                text = with_edits(text, edits)
            except CannotEdit:
                return dumps(json_typed(hidden)).decode()  # JSON is YAML
    return "".join(_without_tales(line) for line in text.splitlines(keepends=True))


def _hiding(path: tuple[str, ...], value: Any, hidden: Any) -> Iterator[Edit]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _hiding((*path, name), inner, hidden[name])
    elif value != hidden:
        yield Edit(path, hidden)


def _without_tales(line: str) -> str:
    place = line.find("#")
    return line if place < 0 else line[:place] + redact(line[place:])


def restored(sent: Any, old: Any, hidden: Any, path: str = "") -> Any:
    """What was sent, with each hidden value replaced by the one it stands for; `hidden` is `old` as it was shown.

    Raises:
        MaskedValue: where there is none.
    """
    if isinstance(sent, dict):
        return {
            name: restored(inner, _at(old, name), _at(hidden, name), f"{path}.{name}" if path else name)
            for name, inner in sent.items()
        }
    if isinstance(sent, list):
        return [_entry(item, old, hidden, f"{path}[{index}]") for index, item in enumerate(sent)]
    if not isinstance(sent, str) or REDACTED not in sent:
        return sent
    if sent != REDACTED or hidden != REDACTED:
        raise MaskedValue(path)
    return old


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _entry(item: Any, old: Any, hidden: Any, path: str) -> Any:
    """An entry of a list stands for the one that was shown like it, if only one was."""
    shown = hidden if isinstance(hidden, list) and isinstance(old, list) else []
    like = [index for index, one in enumerate(shown) if same(one) == same(item)]
    return old[like[0]] if len(like) == 1 else restored(item, None, None, path)
