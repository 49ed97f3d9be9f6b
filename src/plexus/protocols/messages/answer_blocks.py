"""Content blocks of an answer to parts and back, whole. The stream codecs build on the same pieces.

https://platform.claude.com/docs/en/api/messages/create
"""

import hashlib
from typing import Any

from plexus.core import json
from plexus.ir.exchange import Reading
from plexus.ir.parts import Extras, Opaque, Part, Signature, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.messages import wire
from plexus.protocols.messages.citations import read_citations

Block = dict[str, Any]

_KNOWN = {
    "text": frozenset({"type", "text", "citations"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
    "tool_use": frozenset({"type", "id", "name", "input"}),
}


def made_id(prefix: str, seed: str, turn: int = 0) -> str:
    """An id in Anthropic's style, the same for the same seed."""
    return f"{prefix}_01{hashlib.sha256(f'{seed}:{turn}'.encode()).hexdigest()[:22]}"


def is_nameless(block: Block) -> bool:
    """Whether this is a call of nobody knows which tool: nothing a client could run."""
    return block.get("type") == "tool_use" and not said(block, "name")


def call_shell(block: Block, reading: Reading, place: int, taken: set[str]) -> ToolCall:
    """The call a block begins, without its arguments; an id that is missing or `taken` is made, a changed name led back."""
    call_id, name = said(block, "id"), said(block, "name")
    if not call_id or call_id in taken:
        call_id = made_id("toolu", reading.seed, place)
    taken.add(call_id)
    return ToolCall(
        id=call_id,
        name=reading.tool_names.get(name, name),
        extras=left(block),
    )


def left(block: Block) -> Extras | None:
    """The fields of a modelled block that have no canonical place."""
    return wire.rest(block, _KNOWN[block["type"]])


def is_modelled(kind: Any) -> bool:
    """Whether blocks of this type become something else than `Opaque`."""
    return isinstance(kind, str) and kind in _KNOWN


def said(block: Block, key: str) -> str:
    """A text field, empty when it is missing or something else."""
    value = block.get(key)
    return value if isinstance(value, str) else ""


def read_answer_block(block: Block, reading: Reading, place: int, taken: set[str]) -> Part:
    """One whole block of an answer. `taken`: ids of the calls before it."""
    match block.get("type"):
        case "text":
            return Text(text=said(block, "text"), citations=read_citations(block.get("citations")), extras=left(block))
        case "thinking":
            return Thinking(
                text=said(block, "thinking"), signature=signed(said(block, "signature"), reading), extras=left(block)
            )
        case "redacted_thinking":
            return Thinking(redacted=True, signature=signed(said(block, "data"), reading), extras=left(block))
        case "tool_use":
            call = call_shell(block, reading, place, taken)
            call.arguments = arguments(block.get("input"))
            return call
        case kind:
            return Opaque(kind=str(kind or "unknown"), raw=block, origin=reading.origin)


def arguments(given: Any) -> str:
    """A call's `input` as JSON text."""
    return json.dumps({} if given is None else given).decode()


def signed(value: str, reading: Reading) -> Signature | None:
    """The signature with its maker, None when there is none."""
    return Signature(value, reading.origin) if value else None


def signature_text(part: Thinking) -> str:
    """The signature as a client of this protocol may hold it, empty when there is none."""
    return wrap(part.signature, wire.NAME) if part.signature else ""
