"""The text of a configuration with a change made in it. Comments, `${NAME}` and everything that is not changed stay as they are.

A section is edited by `yaml_edit.py`. Each edit is checked by reading the result as the gateway does: it means the old content
with exactly this change, or it is refused.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from plexus.settings.plain import plain, same
from plexus.settings.problems import ConfigurationError
from plexus.settings.yaml_source import compose

BY_HAND = "change it by hand"
OF_ITEM = 2
"""Steps of the path to a named thing, such as `("providers", "openai")`."""


class _Removed:
    """What an edit carries in place of a value when it takes one out."""


REMOVED: Final = _Removed()


class CannotEdit(Exception):  # noqa: N818 - why the text is left alone
    """The text cannot be changed safely; the message says why."""


class Edit(NamedTuple):
    """One value set or taken out. Maps above it are made where they are missing."""

    path: tuple[str, ...]
    value: Any
    """Plain data, references written out; or `REMOVED`."""


def with_edits(text: str, edits: Sequence[Edit]) -> str:
    """The text after these edits, which all lie in one section.

    Raises:
        CannotEdit: when it is written so that they cannot be made safely.
        ConfigurationError: when it is no YAML.
    """
    old = content_of(text)
    wanted = dict(old)
    for edit in edits:
        _put_plain(wanted, edit)
    if _meant(wanted) == _meant(old):
        return text
    for way in (_cut, _by_section, _by_document):
        new = way(text, edits, old)
        if new is not None and _means(new, wanted):
            return new
    raise CannotEdit(f"the section `{edits[0].path[0]}` is written in a way that cannot be changed safely; {BY_HAND}")


def content_of(text: str) -> dict[str, Any]:
    """What the text says, references as they are written.

    Raises:
        ConfigurationError: when it is no YAML.
        CannotEdit: when it is no map.
    """
    data = plain(compose(text.encode("utf-8", "surrogatepass"), "the configuration"))
    if not isinstance(data, dict):
        raise CannotEdit(f"it is not a map; {BY_HAND}")
    return data


def _put_plain(content: dict[str, Any], edit: Edit) -> None:
    *above, last = edit.path
    place = content
    for step in above:
        inner = place.get(step)
        if inner is not None and not isinstance(inner, dict):
            raise CannotEdit(f"`{step}` is not a map; {BY_HAND}")
        place[step] = dict(inner or {})
        place = place[step]
    if edit.value is REMOVED:
        place.pop(last, None)
    else:
        place[last] = edit.value


def _meant(content: Mapping[str, Any]) -> Any:
    """A section that holds nothing is the same as none."""
    return same({name: value for name, value in content.items() if value is not None and value != {}})


def _means(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool(_meant(content_of(text)) == _meant(wanted))
    except (ConfigurationError, CannotEdit):
        return False


def _by_document(text: str, edits: Sequence[Edit], old: Mapping[str, Any]) -> str | None:
    from plexus.settings.yaml_edit import edited  # noqa: PLC0415 - a server that is not changed needs no ruamel.yaml, 1.5 MB

    return edited(text, edits, old)


def _by_section(text: str, edits: Sequence[Edit], old: Mapping[str, Any]) -> str | None:
    from plexus.settings.yaml_edit import edited  # noqa: PLC0415 - as above

    name = edits[0].path[0]
    return _replaced(text, name, lambda section: edited(section or f"{name}:\n", edits, old))


def _cut(text: str, edits: Sequence[Edit], _old: Mapping[str, Any]) -> str | None:
    """Without the lines of what is taken out; comments at the margin around it stay. None when it is another kind of edit."""
    [edit, *more] = edits
    if more or edit.value is not REMOVED or len(edit.path) > OF_ITEM:
        return None
    if len(edit.path) < OF_ITEM:
        return _replaced(text, edit.path[0], lambda _: "")
    from plexus.settings.yaml_edit import without  # noqa: PLC0415 - as above

    return _replaced(text, edit.path[0], lambda section: without(section, *edit.path))


def _replaced(text: str, name: str, change: Callable[[str], str | None]) -> str | None:
    """The text with the lines of one section changed; a section that is not there is added at the end."""
    lines = list(io.StringIO(text, newline=""))
    start, end = _section(lines, name)
    section = change("".join(lines[start:end]).replace("\r\n", "\n"))
    if section is None:
        return None
    if "\r\n" in text:
        section = section.replace("\n", "\r\n")
    if start and not lines[start - 1].endswith("\n"):
        section = "\n" + section
    return "".join(lines[:start]) + section + "".join(lines[end:])


def _section(lines: list[str], name: str) -> tuple[int, int]:
    """The lines of a section, without what stands before the next one: blank lines, and comments at the margin."""
    word = re.escape(name)
    head = re.compile(rf"""(?:{word}|"{word}"|'{word}')\s*:(?:\s|$)""")
    starts = [index for index, line in enumerate(lines) if head.match(line)]
    if not starts:
        return len(lines), len(lines)
    start = end = starts[0] + 1
    for index in range(start, len(lines)):
        line = lines[index]
        if line.strip() and not line.startswith((" ", "#", "-")):
            break
        if line.startswith((" ", "-")) and line.strip():
            end = index + 1
    return starts[0], end
