"""The text of a configuration with a change made in it. Comments, `${NAME}` and everything that is not changed stay as they are.

A section is edited by ruamel.yaml. Each edit is checked by reading the result as the gateway does: it means the old content
with exactly this change, or it is refused.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from plexus.settings.plain import plain, same
from plexus.settings.problems import ConfigurationError
from plexus.settings.references import masked, unmasked
from plexus.settings.yaml_source import compose

_WIDE = 1_000_000
_BY_HAND = "change it by hand"
_OF_ITEM = 2
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
    raise CannotEdit(f"the section `{edits[0].path[0]}` is written in a way that cannot be changed safely; {_BY_HAND}")


def content_of(text: str) -> dict[str, Any]:
    """What the text says, references as they are written.

    Raises:
        ConfigurationError: when it is no YAML.
        CannotEdit: when it is no map.
    """
    data = plain(compose(text.encode("utf-8", "surrogatepass"), "the configuration"))
    if not isinstance(data, dict):
        raise CannotEdit(f"it is not a map; {_BY_HAND}")
    return data


def _put_plain(content: dict[str, Any], edit: Edit) -> None:
    *above, last = edit.path
    place = content
    for step in above:
        inner = place.get(step)
        if inner is not None and not isinstance(inner, dict):
            raise CannotEdit(f"`{step}` is not a map; {_BY_HAND}")
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
    return _edited(text, edits, old)


def _by_section(text: str, edits: Sequence[Edit], old: Mapping[str, Any]) -> str | None:
    name = edits[0].path[0]
    return _replaced(text, name, lambda section: _edited(section or f"{name}:\n", edits, old))


def _cut(text: str, edits: Sequence[Edit], _old: Mapping[str, Any]) -> str | None:
    """Without the lines of what is taken out; comments at the margin around it stay. None when it is another kind of edit."""
    [edit, *more] = edits
    if more or edit.value is not REMOVED or len(edit.path) > _OF_ITEM:
        return None
    if len(edit.path) < _OF_ITEM:
        return _replaced(text, edit.path[0], lambda _: "")
    return _replaced(text, edit.path[0], lambda section: _without(section, *edit.path))


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


def _without(section: str, name: str, item: str) -> str | None:
    loaded = _loaded(section)
    part = loaded[1].get(name) if loaded is not None and isinstance(loaded[1], CommentedMap) else None
    if not isinstance(part, CommentedMap) or part.fa.flow_style() or item not in part:
        return None
    line, column = part.lc.key(item)
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


def _edited(text: str, edits: Sequence[Edit], old: Mapping[str, Any]) -> str | None:
    """The text after ruamel has made the edits in it; None when it cannot."""
    loaded = _loaded(text)
    if loaded is None:
        return None
    yaml, content = loaded
    commented = "#" in text or "\n\n" in text
    try:
        for edit in edits:
            _put(content, edit, old, commented=commented)
        out = io.StringIO()
        yaml.dump(content, out)
    except (YAMLError, AttributeError, TypeError, ValueError, KeyError):
        return None
    return unmasked(out.getvalue())


def _put(content: Any, edit: Edit, old: Any, *, commented: bool) -> None:
    *above, last = edit.path
    place, was = content, old
    for step in above:
        key = _key(place, step)
        if not place.get(key):
            place[key] = CommentedMap()
        place, was = place[key], (was or {}).get(step)
    key = _key(place, last)
    if edit.value is REMOVED:
        del place[key]
    elif key in place:
        place[key] = _merged(place[key], (was or {}).get(last), edit.value, commented=commented)
    else:
        _add(place, key, edit.value, first=0 if commented and len(above) >= _OF_ITEM else None)


def _merged(there: Any, old: Any, new: Any, *, commented: bool) -> Any:
    """What is written, changed to mean `new`; `old` is what it means."""
    if same(old) == same(new):
        return there
    if not (there and isinstance(there, CommentedMap) and isinstance(old, dict) and isinstance(new, Mapping) and new):
        return _laid_out(new)
    for name in [name for name in old if name not in new]:
        del there[_key(there, name)]
    added = 0
    for name, value in new.items():
        key = _key(there, name)
        if name in old:
            there[key] = _merged(there[key], old[name], value, commented=commented)
        else:
            _add(there, key, value, first=added if commented and not there.fa.flow_style() else None)
            added += 1
    return there


def _add(place: Any, key: str, value: Any, first: int | None) -> None:
    """One more entry. At the end it would come after comments about what follows, so `first` says where else."""
    if first is not None and isinstance(place, CommentedMap) and len(place):
        place.insert(first, key, _laid_out(value))
    else:
        place[key] = _laid_out(value)


def _key(place: Any, name: str) -> Any:
    """The key of this name as ruamel holds it: it reads some as numbers or words."""
    if name in place:
        return name
    words = {True: "true", False: "false", None: "null"}
    return next((key for key in place if words.get(key, str(key)) == name and not isinstance(key, str)), name)


def _laid_out(value: Any) -> Any:
    """A value as it is written: maps in lines, lists and what is in them on one line where that is short."""
    if isinstance(value, str):
        return masked(str(value)) or str(value)
    if isinstance(value, Mapping):
        entries = CommentedMap({str(key): _laid_out(inner) for key, inner in value.items()})
        if not entries:
            entries.fa.set_flow_style()
        return entries
    if not isinstance(value, list | tuple):
        return value
    items = CommentedSeq([_laid_out(item) for item in value])
    for item in items:
        if isinstance(item, CommentedMap) and not any(isinstance(inner, list | dict) for inner in item.values()):
            item.fa.set_flow_style()
    if not any(isinstance(item, list | dict) for item in items):
        items.fa.set_flow_style()
    return items


def _loaded(section: str) -> tuple[YAML, Any] | None:
    hidden = masked(section)
    if hidden is None:
        raise CannotEdit(f"it holds letters of the last private plane of Unicode; {_BY_HAND}")
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    offset = _dashes(section)
    yaml.indent(mapping=_margin(section), sequence=offset + 2, offset=offset)
    try:
        return yaml, yaml.load(hidden)
    except (YAMLError, ValueError):
        return None


def _margin(section: str) -> int:
    found = re.search(r"^( +)[^\s#]", section, re.MULTILINE)
    return len(found[1]) if found else 2


def _dashes(section: str) -> int:
    """How far the dashes of a list stand in."""
    found = re.search(r"^( *)[^ \n#-][^\n]*:[ ]*\n( *)- ", section, re.MULTILINE)
    return max(0, len(found[2]) - len(found[1])) if found else 2
