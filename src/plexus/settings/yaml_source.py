"""YAML as the configuration reads it: typed like JSON, bounded, no tags, every key once, every value with its place.

It reads the events of the C parser itself and never builds Python objects by tag. References are left as written here.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from plexus.settings.problems import ConfigurationError, Problem
from plexus.settings.references import masked, unmasked
from plexus.settings.scalars import Unquoted, looks_like_number
from plexus.settings.yaml_node import Entry, Node

MAX_BYTES = 4_000_000
MAX_DEPTH = 64
MAX_ALIASED = 100_000
"""How many values aliases may repeat in all."""

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
_PLAIN_TAGS = {None, *_TEXT_TAGS, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def compose(content: bytes, file: str) -> Node:
    """The one document in `content` as a tree of nodes.

    Raises:
        ConfigurationError: with every problem found when this is not YAML as described above, or it is empty.
    """
    text = _decoded(content, file)
    parser = yaml.CSafeLoader(text)
    composer = _Composer(file)
    try:
        while parser.check_event():
            composer.feed(parser.get_event())
    except yaml.MarkedYAMLError as error:
        raise ConfigurationError([*composer.problems, _syntax(error, file)]) from None
    except yaml.YAMLError as error:
        raise ConfigurationError([_unreadable(error, text, file)]) from None
    finally:
        parser.dispose()
    if composer.root is None or composer.root.value is None:
        composer.problems.append(Problem(file, 0, 0, "", "the file is empty", "write a configuration into it"))
    if composer.problems or composer.root is None:
        raise ConfigurationError(composer.problems)
    return composer.root


def _decoded(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        said = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        raise ConfigurationError([Problem(file, 0, 0, "", said, "split off what does not belong there")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigurationError([Problem(file, line, column, "", "is not UTF-8", "save it as UTF-8")]) from None
    hidden = masked(text)
    if hidden is None:
        said = "the file holds letters of the last private plane of Unicode"
        raise ConfigurationError([Problem(file, 0, 0, "", said, "take them out")])
    return hidden


class _Open:
    """A list or map whose end has not come yet."""

    __slots__ = ("anchor", "key", "node")

    def __init__(self, node: Node, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.key: Node | None = None


class _Composer:
    """Builds the tree from events, one method per kind of event."""

    def __init__(self, file: str) -> None:
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._aliased = 0
        self._documents = 0

    def feed(self, event: Any) -> None:
        """Take the next event in."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._add(self._scalar(event), event.anchor)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = self._open.pop()
            self._add(closed.node, closed.anchor)
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "a second document begins here", "keep one document to a file")

    def _scalar(self, event: Any) -> Node:
        value: Any = event.value if event.value.isascii() else unmasked(event.value)
        plain = event.tag is None and not event.style
        if plain:
            if value in _WORDS:
                value = _WORDS[value]
            elif looks_like_number(value):
                value = Unquoted(value)
        elif event.tag is not None and event.tag not in _TEXT_TAGS:
            self._tag(event)
        return Node(value, event.start_mark.line + 1, event.start_mark.column + 1, plain=plain)

    def _begin(self, event: Any) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        if event.tag not in _PLAIN_TAGS:
            self._tag(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        node = Node(value, event.start_mark.line + 1, event.start_mark.column + 1)
        self._open.append(_Open(node, event.anchor))

    def _alias(self, event: Any) -> None:
        node = self._anchors.get(event.anchor)
        if node is None:
            known = event.anchor in self._anchors
            what = "stands inside itself" if known else "is not defined before it is used"
            self._stop(event, f"the anchor {event.anchor!r} {what}", "write the value out")
            return
        self._aliased += node.size
        if self._aliased > MAX_ALIASED or len(self._open) + node.height > MAX_DEPTH:
            self._stop(event, "aliases make the file too large", "write fewer of them")
        self._add(node, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.node.grow(node)
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            key, parent.key = parent.key, None
            self._put(parent.node.value, key, node)

    def _put(self, entries: dict[str, Entry], key: Node, value: Node) -> None:
        if isinstance(key.value, list | dict):
            self._complain(key, "a list or map cannot be a key", "use text")
            return
        name = key.text
        if name == "<<" and key.plain:
            self._complain(key, "merge keys (<<) are not read", "write the keys out, or repeat a whole value by *alias")
        elif name in entries:
            self._complain(key, f"the key {name!r} is given twice, first in line {entries[name].line}", "keep one")
        elif "${" in name:
            self._complain(key, "a key cannot be taken from the environment", "write the name out")
        else:
            entries[name] = Entry(value, key.line, key.column)

    def _tag(self, event: Any) -> None:
        mark = event.start_mark
        place = Node(None, mark.line + 1, mark.column + 1)
        self._complain(place, f"the tag {event.tag!r} is not read", "write plain text, numbers, lists and maps")

    def _complain(self, node: Node, message: str, fix: str) -> None:
        path = ".".join(self._steps())
        self.problems.append(Problem(self._file, node.line, node.column, path, message, fix))

    def _steps(self) -> Iterator[str]:
        for level in self._open:
            if level.key is not None:
                yield level.key.text
            elif isinstance(level.node.value, list):
                yield f"[{len(level.node.value)}]"

    def _stop(self, event: Any, message: str, fix: str) -> None:
        mark = event.start_mark
        problem = Problem(self._file, mark.line + 1, mark.column + 1, "", message, fix)
        raise ConfigurationError([*self.problems, problem])


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    said = ", ".join(part for part in (error.context, error.problem) if part)
    fix = "look at the indentation, and put text with special characters into quotes"
    if "cannot start any token" in said or "tab" in said:
        fix = "indent with blanks, not tabs, and put text that begins with a special character into quotes"
    return Problem(file, line, column, "", f"is not YAML: {unmasked(said)}", fix)


def _unreadable(error: yaml.YAMLError, text: str, file: str) -> Problem:
    at = getattr(error, "position", None)
    line, column = 0, 0
    if isinstance(at, int) and 0 <= at <= len(text):
        line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    return Problem(file, line, column, "", "is not YAML: it holds a character that YAML does not allow", "take it out")
