"""Keys added to a configuration file, changed and taken out: text in, text out. Nothing outside of the section `keys` is touched.

The section is edited by ruamel.yaml, which keeps its comments. Each edit is checked by reading the result as the gateway does: it
means the old content with exactly this change, or it is refused.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from plexus.settings.problems import ConfigurationError
from plexus.settings.references import masked, unmasked
from plexus.settings.yaml_source import compose

_SECTION = re.compile(r"""(?:keys|"keys"|'keys')\s*:(?:\s|$)""")
_WIDE = 1_000_000
_BY_HAND = "change it by hand"


Change = Callable[[dict[str, Any]], None]


class CannotEdit(Exception):  # noqa: N818 - why the file is left alone
    """The file cannot be changed safely; the message says why."""


def with_key(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """The file with one more key.

    Raises:
        CannotEdit: when there is one of that name, or the section cannot be changed safely.
        ConfigurationError: when the file is no YAML.
    """

    def add(keys: dict[str, Any]) -> None:
        if name in keys:
            raise CannotEdit(f"there is a key called {name!r}; choose another name, or revoke it first")
        keys[name] = {field: _laid_out(value) for field, value in fields.items()}

    return _edited(text, add)


def with_fields(text: str, name: str, fields: Mapping[str, Any]) -> str:
    """The file with these fields of a key set, others as they were.

    Raises:
        CannotEdit, ConfigurationError: as `with_key`, and when there is no such key.
    """

    def change(keys: dict[str, Any]) -> None:
        key = keys[_there(keys, name)]
        for field, value in fields.items():
            if field in key or not isinstance(key, CommentedMap):
                key[field] = _laid_out(value)
            else:
                key.insert(0, field, _laid_out(value))  # at the end it would come after comments about what follows

    return _edited(text, change)


def without_key(text: str, name: str) -> str:
    """The file without a key.

    Raises:
        CannotEdit, ConfigurationError: as `with_fields`.
    """

    def remove(keys: dict[str, Any]) -> None:
        del keys[_there(keys, name)]

    return _edited(text, remove, lambda section: _cut(section, name))


def _laid_out(value: Any) -> Any:
    """A value as it is written: lists on one line."""
    if not isinstance(value, list | tuple):
        return value
    items = CommentedSeq(value)
    items.fa.set_flow_style()
    return items


def _there(keys: Mapping[str, Any], name: str) -> str:
    if name not in keys:
        raise CannotEdit(f"there is no key called {name!r}; `plexus keys list` shows those there are")
    return name


def _not_by_line(_section: str) -> str | None:
    return None


def _edited(text: str, change: Change, by_line: Callable[[str], str | None] = _not_by_line) -> str:
    """The text after a change, made by `by_line` where that can, and by ruamel where it cannot."""
    wanted = _meaning(text)
    wanted["keys"] = {name: dict(key) for name, key in wanted["keys"].items()}
    change(wanted["keys"])
    lines = list(io.StringIO(text, newline=""))
    start, end = _section(lines)
    old = "".join(lines[start:end]).replace("\r\n", "\n")
    section = by_line(old) or _section_edited(old, change)
    if "\r\n" in text:
        section = section.replace("\n", "\r\n")
    if start and not lines[start - 1].endswith("\n"):
        section = "\n" + section
    new = "".join(lines[:start]) + section + "".join(lines[end:])
    if not _means(new, wanted):
        raise CannotEdit(f"the section `keys` is written in a way that cannot be changed safely; {_BY_HAND}")
    return new


def _section(lines: list[str]) -> tuple[int, int]:
    """The lines of the section, without what stands before the next one: blank lines, and comments at the margin."""
    starts = [index for index, line in enumerate(lines) if _SECTION.match(line)]
    if not starts:
        return len(lines), len(lines)
    start = end = starts[0] + 1
    for index in range(start, len(lines)):
        line = lines[index]
        if line.strip() and not line.startswith((" ", "#")):
            break
        if line.startswith(" ") and line.strip():
            end = index + 1
    return starts[0], end


def _section_edited(section: str, change: Change) -> str:
    yaml, content = _loaded(section or "keys:\n")
    try:
        keys = content.get("keys")
        if keys is None:
            keys = content["keys"] = {}
        change(keys)
        out = io.StringIO()
        yaml.dump(content, out)
    except (YAMLError, AttributeError, TypeError):
        raise CannotEdit(f"the section `keys` is written in a way that cannot be changed; {_BY_HAND}") from None
    return unmasked(out.getvalue())


def _cut(section: str, name: str) -> str | None:
    """The section without the lines of one key; comments at the margin of the keys stay. None when it is written otherwise."""
    _, content = _loaded(section)
    keys = content.get("keys")
    if not isinstance(keys, CommentedMap) or keys.fa.flow_style():
        return None
    line, column = keys.lc.key(name)
    lines = section.splitlines(keepends=True)
    end = line + 1
    for index in range(line + 1, len(lines)):
        text = lines[index].strip()
        deep = len(lines[index]) - len(lines[index].lstrip(" ")) > column
        if text and deep:
            end = index + 1
        elif text and not text.startswith("#"):
            break
    return "".join(lines[:line] + lines[end:])


def _loaded(section: str) -> tuple[YAML, Any]:
    hidden = masked(section)
    if hidden is None:
        raise CannotEdit(f"the file holds letters of the last private plane of Unicode; {_BY_HAND}")
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    offset = _dashes(section)
    yaml.indent(mapping=_margin(section), sequence=offset + 2, offset=offset)
    try:
        return yaml, yaml.load(hidden)
    except YAMLError:
        raise CannotEdit(f"the section `keys` is written in a way that cannot be changed; {_BY_HAND}") from None


def _margin(section: str) -> int:
    found = re.search(r"^( +)[^\s#]", section, re.MULTILINE)
    return len(found[1]) if found else 2


def _dashes(section: str) -> int:
    """How far the dashes of a list stand in."""
    found = re.search(r"^( *)[^ \n#-][^\n]*:[ ]*\n( *)- ", section, re.MULTILINE)
    return max(0, len(found[2]) - len(found[1])) if found else 2


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return _meaning(text) == wanted
    except (ConfigurationError, CannotEdit):
        return False


def _meaning(text: str) -> dict[str, Any]:
    """What the gateway reads in the file; a reference stands for itself."""
    data = compose(text.encode("utf-8"), "the file").data(_AsWritten(), [])
    if not isinstance(data, dict) or not isinstance(data.get("keys") or {}, dict):
        raise CannotEdit(f"it is not a map, or `keys` is not one; {_BY_HAND}")
    return {**data, "keys": data.get("keys") or {}}


class _AsWritten(Mapping[str, str]):
    """An environment in which every name is set, to itself."""

    def __getitem__(self, name: str) -> str:
        return f"${name}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
