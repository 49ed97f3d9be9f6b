"""A configuration as plain data: as it is written, references unexpanded, comparable and with a version. It judges nothing."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plexus.core.json import dumps
from plexus.settings.scalars import Unquoted
from plexus.settings.yaml_node import Node


def plain(node: Node) -> Any:
    """The value of a node and what is in it, `${NAME}` left as it stands."""
    value = node.value
    if isinstance(value, dict):
        return {name: plain(entry.node) for name, entry in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def same(value: Any) -> Any:
    """The value in a form that is equal for values which mean the same: `1`, `1.0` and a 1 of JSON, a list and a tuple."""
    if isinstance(value, Mapping):
        return {str(name): same(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [same(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Unquoted | int | float | Decimal):
        number = Decimal(str(value))
        return ("number", str(number.normalize()) if number else "0")
    return str(value)


def version(value: Any) -> str:
    """A short text that is the same for what means the same, and another after a change."""
    return hashlib.blake2b(dumps(same(value)), digest_size=8).hexdigest()
