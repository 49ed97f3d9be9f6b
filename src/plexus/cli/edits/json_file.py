"""Values set in, and taken out of, a JSON file."""

import json
from collections.abc import Mapping
from typing import Any

from plexus.cli.edits import CannotEdit


def merged(text: str, changes: Mapping[str, Any], without: tuple[tuple[str, ...], ...] = ()) -> str:
    """The file with `changes` merged in (maps into maps) and the values at the paths `without` taken out.

    Raises:
        CannotEdit: when it is not one strict JSON object.
    """
    data: Any = {}
    if text.strip():
        try:
            data = json.loads(text)
        except ValueError:
            raise CannotEdit("it is not strict JSON (perhaps it has comments)") from None
    if not isinstance(data, dict):
        raise CannotEdit("it is not a JSON object")
    changed = _merge(data, changes)
    for path in without:
        changed = _without(changed, path)
    return text if changed == data else json.dumps(changed, indent=_indent(text), ensure_ascii=False) + "\n"


def _merge(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(data)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = _merge(old if isinstance(old, dict) else {}, value) if isinstance(value, Mapping) else value
    return result


def _without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    first, *rest = path
    if first not in data:
        return data
    if not rest:
        return {key: value for key, value in data.items() if key != first}
    return {**data, first: _without(data[first], tuple(rest))} if isinstance(data[first], dict) else data


def _indent(text: str) -> int | str:
    for line in text.splitlines()[1:]:
        blank = line[: len(line) - len(line.lstrip())]
        if blank:
            return "\t" if blank.startswith("\t") else len(blank)
    return 2
