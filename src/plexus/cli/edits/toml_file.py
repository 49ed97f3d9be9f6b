"""Keys at the top of a TOML file, and one table of it, set."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from plexus.cli.edits import CannotEdit

_TABLE = re.compile(r"\s*\[")


def with_values(text: str, top: Mapping[str, str], table: tuple[str, str], values: Mapping[str, str]) -> str:
    """The file with the keys `top` before its first table, and the table `[a.b]` holding exactly `values`.

    Raises:
        CannotEdit: when it is not TOML, or is written so that the change cannot be made line by line.
    """
    old = _read(text, "it is not TOML")
    lines = text.splitlines()
    first = next((index for index, line in enumerate(lines) if _TABLE.match(line)), len(lines))
    head = _with_keys(lines[:first], top)
    header = f"[{'.'.join(table)}]"
    body = _without_table(lines[first:], header)
    block = [header, *(f"{key} = {_quoted(value)}" for key, value in values.items())]
    new = "\n".join([*_ended(head), *_ended(body), *block]) + "\n"
    wanted = {**old, **top, table[0]: {**old.get(table[0], {}), table[1]: dict(values)}}
    if wanted == old:
        return text
    if _read(new, "the change would break it") != wanted:
        raise CannotEdit("it is written in a way that cannot be changed line by line")
    return new


def _with_keys(lines: list[str], keys: Mapping[str, str]) -> list[str]:
    result = list(lines)
    for key, value in keys.items():
        written = f"{key} = {_quoted(value)}"
        setting = re.compile(rf"\s*(?:{re.escape(key)}|\"{re.escape(key)}\")\s*=")
        place = next((index for index, line in enumerate(result) if setting.match(line)), None)
        if place is None:
            result.append(written)
        else:
            result[place] = written
    return result


def _without_table(lines: list[str], header: str) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in lines:
        if _TABLE.match(line):
            inside = line.split("#")[0].replace(" ", "").strip() == header
        if not inside:
            kept.append(line)
    return kept


def _ended(lines: list[str]) -> list[str]:
    """The lines with one empty line after them, so that what follows stands apart; none for none."""
    text = "\n".join(lines).rstrip()
    return [*text.split("\n"), ""] if text else []


def _read(text: str, complaint: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise CannotEdit(complaint) from None


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
