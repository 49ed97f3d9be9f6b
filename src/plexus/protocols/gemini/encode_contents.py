"""Messages to `contents` and `systemInstruction`: turns alternate, results stand right after their calls, grouped.

Sources: https://ai.google.dev/api/caching#Content, https://ai.google.dev/gemini-api/docs/function-calling and, for signatures,
https://ai.google.dev/gemini-api/docs/thought-signatures
"""

from typing import Any

from plexus.ir.billing import is_billing
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.drops import Drop
from plexus.ir.parts import Opaque, Part, Signature, Text, ToolCall, ToolResult
from plexus.ir.target import Target
from plexus.protocols.gemini.encode_part import PROTOCOL, Sink, write_part
from plexus.protocols.gemini.encode_result import write_response, write_result_media
from plexus.protocols.gemini.encode_tools import ToolNames
from plexus.protocols.gemini.ids import told
from plexus.protocols.gemini.protojson import Wire, nest

SKIP_VALIDATION = "skip_thought_signature_validator"
"""What Google documents for function calls no Gemini model made; sent only where there is no real signature."""


def own_signature(signature: Signature) -> str:
    """The value for Gemini itself; a value another protocol's model made never goes there."""
    return signature.value if signature.origin.protocol == PROTOCOL else ""


class Turns:
    """Collects contents turn by turn. For Gemini's own clients every turn stays as it was written."""

    def __init__(self, request: ChatRequest, target: Target, names: ToolNames, drops: list[Drop]) -> None:
        """Nothing said yet."""
        self.contents: list[Wire] = []
        self.system: list[Wire] = []
        self._ours = request.protocol == PROTOCOL
        self._level = target.profile.reasoning.style == "level"
        self._billed = target.dialect.billing_header
        self._drops = drops
        self._names = names
        self._calls: dict[str, str] = {}
        self._order: dict[str, int] = {}
        ids = "functionCall.id" not in target.dialect.refused
        self._ids = ids
        self._sink = Sink(ours=self._ours, sign=own_signature, rename=names.name, ids=ids, drops=drops)
        self._results: list[tuple[int, Wire]] = []
        self._media: list[Wire] = []
        self._parts: list[Wire] = []
        self._role = ""

    def add(self, message: Message, path: str) -> None:
        """Take in the next message."""
        if message.role in ("system", "developer"):
            self._add_system(message, path)
            return
        role = "model" if message.role == "assistant" else "user"
        if self._ours or role != self._role:
            self.close()
            self._role = role
        self._report(message, path)
        for index, part in enumerate(message.parts):
            self._add_part(part, f"{path}.parts[{index}]")
        if self._ours and message.extras:
            self.close()
            if self.contents:
                nest(message.extras, self.contents[-1])

    def _report(self, message: Message, path: str) -> None:
        if self._ours:
            return
        if message.name:
            self._drops.append(Drop("dropped", f"{path}.name", "Gemini has no names of speakers"))
        self._drops.extend(Drop("dropped", f"{path}.{key}", "not known to Gemini") for key in message.extras or {})

    def _add_part(self, part: Part, path: str) -> None:
        if isinstance(part, ToolResult):
            self._add_result(part, path)
            return
        if isinstance(part, ToolCall):
            self._order[part.id] = len(self._order)
            self._calls[part.id] = self._names.name(part.name)
        elif isinstance(part, Text) and part.citations and not self._ours:
            self._drops.append(Drop("dropped", f"{path}.citations", "Gemini takes no citations back"))
        wire = write_part(part, self._sink, path)
        if wire is not None:
            self._parts.append(wire)

    def _add_result(self, result: ToolResult, path: str) -> None:
        name = self._calls.get(result.call_id) or (self._names.name(result.name) if result.name else "")
        if not name:
            name = self._names.name(result.call_id or "unknown")
            self._drops.append(Drop("repaired", path, "the call this result belongs to is not in the conversation"))
        value: Wire = {"name": name, "response": write_response(result, self._drops, path, ours=self._ours)}
        shown = told(result.call_id) if self._ids else ""
        if shown:
            value["id"] = shown
        wire: Wire = {"functionResponse": value}
        media = write_result_media(result, self._sink, path, inside=self._level or self._ours)
        if media and (self._level or self._ours):
            value["parts"] = media
        else:
            self._media += media
        if result.extras and self._ours:
            nest(result.extras, wire)
        elif result.extras:
            self._drops.extend(Drop("dropped", f"{path}.{key}", "not known to Gemini") for key in result.extras)
        if result.cache is not None:
            self._drops.append(Drop("dropped", f"{path}.cache", "Gemini caches by itself"))
        if self._ours:
            self._parts.append(wire)
        else:
            self._results.append((self._order.get(result.call_id, len(self._order)), wire))

    def _add_system(self, message: Message, path: str) -> None:
        if self.contents or self._role:
            self._drops.append(Drop("approximated", path, "moved to the one system slot"))
        for index, part in enumerate(message.parts):
            where = f"{path}.parts[{index}]"
            if is_billing(part) and not self._billed:
                self._drops.append(Drop("dropped", where, "a billing header meant for Anthropic alone"))
                continue
            if not isinstance(part, Text | Opaque) and not self._ours:
                self._drops.append(Drop("dropped", where, "Gemini's system slot holds text only"))
                continue
            wire = write_part(part, self._sink, where)
            if wire is not None:
                self.system.append(wire)
        self._report(message, path)

    def close(self) -> None:
        """End the turn: results first, in the order of their calls, then their media, then what else was said."""
        results = [wire for _, wire in sorted(self._results, key=lambda entry: entry[0])]
        parts = [*results, *self._media, *self._parts]
        if self._role == "model" and self._level:
            self._sign_first_call(parts)
        if parts and not self._ours and self.contents and self.contents[-1]["role"] == self._role:
            self.contents[-1]["parts"] += parts  # the turn between them had nothing to send
        elif parts:
            self.contents.append({"role": self._role, "parts": parts})
        self._results, self._media, self._parts = [], [], []

    def _sign_first_call(self, parts: list[Wire]) -> None:
        """Gemini 3 demands a signature on the first call of a step; for calls made elsewhere there is a documented word."""
        calls = [wire for wire in parts if "functionCall" in wire]
        if calls and not any("thoughtSignature" in call for call in calls):
            calls[0]["thoughtSignature"] = SKIP_VALIDATION

    def finish(self) -> None:
        """End the last turn and see that there is a user's turn to answer."""
        self.close()
        if self._ours:
            return
        if not self.contents:
            self.contents.append(_blank_turn())
            self._drops.append(Drop("repaired", "messages", "Gemini refuses a conversation without a user's turn"))
        elif _opens_with_a_call(self.contents[0]):
            self.contents.insert(0, _blank_turn())
            self._drops.append(
                Drop("repaired", "messages[0]", "Gemini refuses a conversation that opens with a tool call")
            )


def _blank_turn() -> Wire:
    return {"role": "user", "parts": [{"text": " "}]}


def _opens_with_a_call(content: Wire) -> bool:
    parts: list[Any] = content["parts"]
    return content["role"] == "model" and any("functionCall" in part for part in parts)
