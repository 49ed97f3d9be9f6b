"""Edits of a section's text by ruamel.yaml, which keeps its comments. Whether the result means what was wanted others look at."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from plexus.settings.plain import same
from plexus.settings.references import masked, unmasked
from plexus.settings.write_back import BY_HAND, OF_ITEM, REMOVED, CannotEdit, Edit

_WIDE = 1_000_000


def without(section: str, name: str, item: str) -> str | None:
    """The section without the lines of one named thing; None when they cannot be told."""
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


def edited(text: str, edits: Sequence[Edit], old: Mapping[str, Any]) -> str | None:
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
        _add(place, key, edit.value, first=0 if commented and len(above) >= OF_ITEM else None)


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
        raise CannotEdit(f"it holds letters of the last private plane of Unicode; {BY_HAND}")
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
