"""Reads of Anthropic wire values that both directions share: typed access with the field's path, unknown fields, cache marks.

Knows no block and no field of the protocol by name but `cache_control`.
"""

from collections.abc import Collection
from typing import Any

from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import CacheMark, Extras

NAME = "messages"
"""The protocol's name, as origins and requests carry it."""


def text(value: Any, path: str) -> str:
    """The string at `path`.

    Raises:
        InvalidRequest: when it is something else.
    """
    if isinstance(value, str):
        return value
    raise InvalidRequest(path, "must be a string")


def optional_text(value: Any, path: str) -> str:
    """The string at `path`, empty when it was not said."""
    return "" if value is None else text(value, path)


def mapping(value: Any, path: str) -> dict[str, Any]:
    """The object at `path`.

    Raises:
        InvalidRequest: when it is something else.
    """
    if isinstance(value, dict):
        return value
    raise InvalidRequest(path, "must be an object")


def array(value: Any, path: str) -> list[Any]:
    """The array at `path`.

    Raises:
        InvalidRequest: when it is something else.
    """
    if isinstance(value, list):
        return value
    raise InvalidRequest(path, "must be an array")


def flag(value: Any, path: str) -> bool | None:
    """The boolean at `path`, None when it was not said.

    Raises:
        InvalidRequest: when it is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    raise InvalidRequest(path, "must be true or false")


def integer(value: Any, path: str, least: int = 0) -> int | None:
    """The whole number at `path`, None when it was not said.

    Raises:
        InvalidRequest: when it is something else or below `least`.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(path, "must be an integer")
    if value < least:
        raise InvalidRequest(path, f"must be at least {least}")
    return value


def number(value: Any, path: str) -> float | None:
    """The number at `path`, None when it was not said.

    Raises:
        InvalidRequest: when it is something else or negative.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequest(path, "must be a number")
    if value < 0:
        raise InvalidRequest(path, "must not be negative")
    return value


def rest(wire: dict[str, Any], known: Collection[str]) -> Extras | None:
    """The fields nobody here knows; null means not said."""
    if len(wire) <= len(known) and wire.keys() <= known:  # type: ignore[operator]
        return None
    return {key: value for key, value in wire.items() if key not in known and value is not None} or None


def read_mark(wire: dict[str, Any], path: str) -> CacheMark | None:
    """The cache mark of a block, tool or body; `cache_control: null` is none.

    Raises:
        InvalidRequest: when it is not an object.
    """
    control = wire.get("cache_control")
    if control is None:
        return None
    ttl = mapping(control, f"{path}.cache_control" if path else "cache_control").get("ttl")
    return CacheMark(ttl if isinstance(ttl, str) else "")


def fields_left(wire: dict[str, Any], known: Collection[str]) -> Extras | None:
    """Like `rest`, and a `cache_control` that says more than its `ttl` (such as `scope`), whole."""
    extras = rest(wire, known)
    control = wire.get("cache_control")
    if isinstance(control, dict) and not control.keys() <= {"type", "ttl"}:
        extras = {**(extras or {}), "cache_control": control}
    return extras
