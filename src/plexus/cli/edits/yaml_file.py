"""Keys at the top of a YAML file, or one entry of its list, set."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from plexus.cli.edits import CannotEdit


def with_keys(text: str, keys: Mapping[str, str]) -> str:
    """The file with these keys at its top level, each on one line.

    Raises:
        CannotEdit: when it is no YAML map, or is written so that the change cannot be made line by line.
    """
    old = _read(text, {})
    if not isinstance(old, dict):
        raise CannotEdit("it is not a map")
    lines = text.rstrip().splitlines()
    for key, value in keys.items():
        setting = re.compile(rf"{re.escape(key)}\s*:")
        place = next((index for index, line in enumerate(lines) if setting.match(line)), None)
        if place is None:
            lines.append(f"{key}: {_quoted(value)}")
        else:
            lines[place] = f"{key}: {_quoted(value)}"
    return _checked(text, "\n".join(lines) + "\n", old, {**old, **keys})


def with_entry(text: str, entry: Mapping[str, str], by: str) -> str:
    """The file, a list of maps, with `entry` in the place of the one that has the same value at `by`, or at the end.

    Raises:
        CannotEdit: when it is no list of maps, or is written so that the change cannot be made line by line.
    """
    old = _read(text, [])
    if not isinstance(old, list) or not all(isinstance(item, dict) for item in old):
        raise CannotEdit("it is not a list of maps")
    place = next((index for index, item in enumerate(old) if item.get(by) == entry[by]), len(old))
    wanted = [*old[:place], dict(entry), *old[place + 1 :]]
    written = [
        f"{'- ' if index == 0 else '  '}{key}: {_quoted(value)}" for index, (key, value) in enumerate(entry.items())
    ]
    lines = text.rstrip().splitlines()
    starts = [index for index, line in enumerate(lines) if re.match(r"-\s", line)]
    if place < len(old):
        if len(starts) != len(old):
            raise CannotEdit("it is written in a way that cannot be changed line by line")
        end = starts[place + 1] if place + 1 < len(starts) else len(lines)
        lines[starts[place] : end] = written
    else:
        lines += written
    return _checked(text, "\n".join(lines) + "\n", old, wanted)


def _checked(text: str, new: str, old: Any, wanted: Any) -> str:
    if wanted == old:
        return text
    if _read(new, None) != wanted:
        raise CannotEdit("it is written in a way that cannot be changed line by line")
    return new


def _read(text: str, empty: Any) -> Any:
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        raise CannotEdit("it is not YAML") from None
    return empty if data is None else data


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
