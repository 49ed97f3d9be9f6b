"""Typed looks into a client's body: each returns the value or names the offending field. No wire knowledge here."""

from typing import Any

from plexus.ir.errors import InvalidRequest

Wire = dict[str, Any]


def an_object(value: Any, path: str) -> Wire:
    """The object at `path`. Raises InvalidRequest when it is anything else."""
    if isinstance(value, dict):
        return value
    raise InvalidRequest(path, "must be an object")


def a_list(value: Any, path: str) -> list[Any]:
    """The list at `path`; null is an empty one. Raises InvalidRequest when it is anything else."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise InvalidRequest(path, "must be an array")


def a_string(value: Any, path: str) -> str:
    """The string at `path`. Raises InvalidRequest when it is anything else, null included."""
    if isinstance(value, str):
        return value
    raise InvalidRequest(path, "must be a string")


def string_or_nothing(value: Any, path: str) -> str:
    """The string at `path`, or "" for null. Raises InvalidRequest when it is anything else."""
    return "" if value is None else a_string(value, path)


def bool_or_none(value: Any, path: str) -> bool | None:
    """The boolean at `path`, or None for null. Raises InvalidRequest when it is anything else."""
    if value is None or isinstance(value, bool):
        return value
    raise InvalidRequest(path, "must be a boolean")


def number_or_none(value: Any, path: str) -> float | None:
    """The number at `path` (an integer stays one), or None for null. Raises InvalidRequest when it is anything else."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise InvalidRequest(path, "must be a number")


def int_or_none(value: Any, path: str) -> int | None:
    """The integer at `path` (4.0 counts as 4), or None for null. Raises InvalidRequest when it is anything else."""
    number = number_or_none(value, path)
    if number is None or isinstance(number, int):
        return number
    if number.is_integer():
        return int(number)
    raise InvalidRequest(path, "must be an integer")


def rest(value: Wire, known: frozenset[str]) -> Wire | None:
    """The fields of `value` that are not known here, without nulls, or None when there are none."""
    return {key: item for key, item in value.items() if key not in known and item is not None} or None
