"""A value of a YAML file that remembers where it was written."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from plexus.settings.problems import Finding, Path
from plexus.settings.references import BadReference, expanded
from plexus.settings.scalars import Unquoted, looks_like_number, snake

_WORDS = {"true", "false"}


class Node:
    """A scalar, a list of nodes, or a map of entries. `line` and `column` count from 1.

    `size` counts the values in it, aliases written out; `height` its levels; `plain` tells a scalar without quotes.
    """

    __slots__ = ("column", "height", "line", "plain", "size", "value")

    def __init__(self, value: Any, line: int, column: int, *, plain: bool = False) -> None:
        self.value = value
        self.line = line
        self.column = column
        self.plain = plain
        self.size = 1
        self.height = 1

    @property
    def text(self) -> str:
        """A scalar as the name it makes when it is a key."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        return "null" if self.value is None else str(self.value)

    def grow(self, child: "Node") -> None:
        """Count a value that was put into this one."""
        self.size += child.size
        self.height = max(self.height, child.height + 1)

    def data(self, environ: Mapping[str, str], findings: list[Finding], path: Path = ()) -> Any:
        """The plain value with references filled in; those that cannot be are added to `findings` and become None."""
        value = self.value
        if isinstance(value, dict):
            return {name: entry.node.data(environ, findings, (*path, name)) for name, entry in value.items()}
        if isinstance(value, list):
            return [node.data(environ, findings, (*path, index)) for index, node in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            filled = expanded(value, environ)
        except BadReference as bad:
            findings.append(Finding(path, bad.message, bad.fix))
            return None
        if not self.plain:
            return filled
        if not filled:
            return None
        return Unquoted(filled) if looks_like_number(filled) or filled in _WORDS else filled

    def place(self, path: Path, *, of_key: bool = False) -> tuple[int, int]:
        """Line and column of what is written at `path`, or of the nearest thing above it that is written."""
        node, at = self, (self.line, self.column)
        for step in path:
            entry = _step(node, step)
            if entry is None:
                break
            node, at = entry.node, (entry.line, entry.column)
        else:
            if path and not of_key and not isinstance(node.value, dict | list):
                return node.line, node.column
        return at


class Entry(NamedTuple):
    """A value in a map, and where its key stands."""

    node: Node
    line: int
    column: int


def _step(node: Node, step: str | int) -> Entry | None:
    if isinstance(node.value, dict):
        found: Entry | None = node.value.get(str(step))
        if found is not None:
            return found
        return next((entry for name, entry in node.value.items() if snake(name) == step), None)
    if isinstance(node.value, list) and isinstance(step, int) and 0 <= step < len(node.value):
        item = node.value[step]
        return Entry(item, item.line, item.column)
    return None
