"""Tool names and tool-call ids that Anthropic accepts, made from any others: the same input gives the same output.

Source: the API refuses a `tools.0.custom.name` that does not match `^[a-zA-Z0-9_-]{1,128}$`, a `tool_use.id` that does not
match `^[a-zA-Z0-9_-]+$`, and two `tool_use` blocks with one id.
"""

import hashlib
import re

from plexus.ir.target import Dialect

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LENGTH = 128
_MARK = 8


class ToolNames:
    """The names on the wire; `changed` leads from each one that had to change back to the client's."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self.changed: dict[str, str] = {}

    def wire(self, name: str) -> str:
        """The name as Anthropic takes it."""
        if _NAME.fullmatch(name):
            return name
        plain = _REFUSED.sub("_", name)[: _NAME_LENGTH - _MARK - 1]
        changed = f"{plain}_{_digest(name)}" if plain else f"tool_{_digest(name)}"
        self.changed[changed] = name
        return changed


class CallIds:
    """The ids on the wire. A client's id that comes twice gets a new wire id for each call; results follow the latest."""

    def __init__(self, dialect: Dialect) -> None:
        """`dialect` may narrow what Anthropic accepts."""
        self._pattern = re.compile(dialect.tool_id_pattern) if dialect.tool_id_pattern else _ID
        self._length = dialect.tool_id_length
        self._latest: dict[str, str] = {}
        self._used: set[str] = set()
        self._unanswered: list[tuple[str, str]] = []

    def of_call(self, call_id: str, name: str) -> str:
        """The wire id of a call."""
        made = self._fitting(call_id) if call_id else ""
        turn = 2
        while not made or made in self._used:
            made = self._fitting(f"{call_id or 'call'}_{turn if call_id else len(self._used) + turn - 1}")
            turn += 1
        self._used.add(made)
        self._latest[call_id] = made
        self._unanswered.append((name, made))
        return made

    def of_result(self, call_id: str, name: str) -> str:
        """The wire id of the call a result answers; one without an id answers the first open call of that tool."""
        made = self._latest.get(call_id) if call_id else self._first_open(name)
        made = made or self._fitting(call_id or "unknown")
        self._unanswered = [entry for entry in self._unanswered if entry[1] != made]
        return made

    def _first_open(self, name: str) -> str | None:
        return next((made for tool, made in self._unanswered if not name or tool == name), None)

    def _fitting(self, call_id: str) -> str:
        short_enough = not self._length or len(call_id) <= self._length
        if short_enough and self._pattern.fullmatch(call_id):
            return call_id
        mark = _digest(call_id)
        changed = f"{_REFUSED.sub('_', call_id)}_{mark}"
        if self._length and len(changed) > self._length:
            changed = f"{changed[: max(self._length - _MARK - 1, 0)]}_{mark}"[-self._length :]
        if self._pattern.fullmatch(changed):
            return changed
        return hashlib.sha256(call_id.encode()).hexdigest()[: self._length or 32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:_MARK]
