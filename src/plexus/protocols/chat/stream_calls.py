"""Tool calls of one choice while they stream: which fragment belongs to which call, in every dialect.

OpenAI numbers calls by `index` and names them once. Mistral and Google leave `index` out, Ollama and Gemini proxies give
every call index 0 but an id of its own, others repeat the name or send an empty id with every fragment.
"""

from typing import TYPE_CHECKING, Any

from plexus.core import json
from plexus.ir.events import Event, PartEnd, PartStart, SignatureDelta, TextDelta
from plexus.ir.parts import Signature, ToolCall
from plexus.protocols.chat.answer_content import arguments_text, google_signature
from plexus.protocols.chat.ids import call_id

if TYPE_CHECKING:
    from plexus.protocols.chat.stream_choice import Account

Wire = dict[str, Any]


class _Call:
    """One call: `part` is None until its name is known; fragments that come before are kept."""

    __slots__ = ("custom", "early", "ended", "id", "name", "part", "said", "signed")

    def __init__(self, identity: str) -> None:
        self.id = identity
        self.name = ""
        self.custom = False
        self.part: int | None = None
        self.early: list[str] = []
        self.said: list[str] = []
        self.signed = False
        self.ended = False

    def complete(self) -> bool:
        """Whether the arguments are a whole JSON object, so that nothing can follow."""
        try:
            return isinstance(json.loads("".join(self.said)), dict)
        except json.JSONError:
            return False


class CallsReader:
    """The calls of one choice, in the order they began. They may grow side by side and end with the choice."""

    def __init__(self, number: int, account: "Account") -> None:
        self._number = number
        self._account = account
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    @property
    def any(self) -> bool:
        """Whether a call began that said which tool it is for."""
        return any(call.part is not None for call in self._calls)

    @property
    def nameless(self) -> bool:
        """Whether there were arguments for nobody knows which tool."""
        return any(call.part is None and call.early for call in self._calls)

    def read(self, entries: list[Any], events: list[Event]) -> None:
        """Add what these entries of `tool_calls` mean to `events`."""
        for entry in entries:
            if isinstance(entry, dict):
                self._read_entry(entry, events)

    def _read_entry(self, entry: Wire, events: list[Event]) -> None:
        custom = entry.get("custom")
        told = custom if isinstance(custom, dict) else entry.get("function")
        function: Wire = told if isinstance(told, dict) else {}
        name = function.get("name")
        name = name if isinstance(name, str) else ""
        call = self._belongs(entry, name)
        call.custom = call.custom or function is custom
        fragment = arguments_text(function.get("input") if function is custom else function.get("arguments"))
        self._grow(call, name, fragment, events)
        value = google_signature(entry)
        if value and not call.signed and call.part is not None:
            call.signed = True
            events.append(SignatureDelta(call.part, self._account.sign(value)))

    def _belongs(self, entry: Wire, name: str) -> _Call:
        """The call a fragment continues, or a new one."""
        identity = entry.get("id")
        identity = identity if isinstance(identity, str) else ""
        index = entry.get("index")
        if not isinstance(index, int):
            return self._belongs_unnumbered(identity, name)
        call = self._by_index.get(index)
        if call is None or (name and _another(call, identity)):
            call = self._by_index[index] = self._new(identity)
        elif identity and not call.id:
            call.id = identity
        return call

    def _belongs_unnumbered(self, identity: str, name: str) -> _Call:
        if identity:
            known = next((call for call in self._calls if call.id == identity), None)
            return known or self._new(identity)
        if name or not self._calls:
            return self._new("")
        return self._calls[-1]

    def _new(self, identity: str) -> _Call:
        call = _Call(identity)
        self._calls.append(call)
        return call

    def _grow(self, call: _Call, name: str, fragment: str, events: list[Event]) -> None:
        if call.part is None:
            call.name = call.name or name
            if not call.name:
                if fragment:
                    call.early.append(fragment)
                return
            self._start(call, events)
        if fragment and call.part is not None:
            call.said.append(fragment)
            events.append(TextDelta(call.part, fragment))

    def _start(self, call: _Call, events: list[Event]) -> None:
        reading = self._account.reading
        number = self._account.call()
        identity = call.id if call.id and call.id not in self._account.taken else call_id(reading.seed, number)
        self._account.taken.add(identity)
        call.id = call.id or identity
        call.part = self._account.part()
        shell = ToolCall(id=identity, name=reading.tool_names.get(call.name, call.name), custom=call.custom)
        events.append(PartStart(call.part, shell, self._number))
        if call.early:
            call.said += call.early
            events.append(TextDelta(call.part, "".join(call.early)))

    def sign_first(self, signature: Signature, events: list[Event]) -> bool:
        """Put a signature on the first call that has none; False when there is none."""
        for call in self._calls:
            if not call.signed and call.part is not None:
                call.signed = True
                events.append(SignatureDelta(call.part, signature))
                return True
        return False

    def close(self, events: list[Event]) -> None:
        """End every call. One that never said its name was none."""
        for call in self._calls:
            if call.part is not None and not call.ended:
                call.ended = True
                events.append(PartEnd(call.part))


def _another(call: _Call, identity: str) -> bool:
    """Whether an entry that names its tool begins a call of its own although the index is taken."""
    if identity and call.id:
        return identity != call.id
    return call.complete()
