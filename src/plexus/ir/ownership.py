"""Who may see an opaque value again: only the provider and model that made it. Foreign ones leave the request here."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace as _copy

from plexus.ir.chat import ChatRequest
from plexus.ir.drops import Drop
from plexus.ir.parts import Media, Opaque, Origin, Part, Text, Thinking, ToolCall
from plexus.ir.target import Target


def own_state(
    request: ChatRequest, target: Target, maker: Callable[[str], Origin | None], *, alone: bool
) -> tuple[ChatRequest, list[Drop]]:
    """The request with only the target's own opaque values in it, and what was taken out. The argument is not changed.

    `maker` says who made a bare value, if that was seen here. A value of unknown origin stays only when the target speaks
    the protocol it came in and the alias has no other target (`alone`).
    """
    drops: list[Drop] = []

    def ours(value: str, origin: Origin) -> bool:
        origin = origin if origin.known else (maker(value) or origin)
        if origin.known:
            return origin == target.origin
        return alone and origin.protocol == target.protocol

    messages = []
    for m, message in enumerate(request.messages):
        parts = []
        foreign = _foreign_calls(message.parts, ours)
        for p, part in enumerate(message.parts):
            kept = None if isinstance(part, Opaque) and foreign & _ids(part) else _owned(part, ours)
            if kept is not part:
                drops.append(Drop("stripped", f"messages[{m}].parts[{p}]", "made by another provider or model"))
            if kept is not None:
                parts.append(kept)
        messages.append(message if parts == message.parts else _copy(message, parts=parts))
    return (_copy(request, messages=messages), drops) if drops else (request, drops)


_SEALED = frozenset({"encrypted_content", "encrypted_index", "encrypted_stdout"})


def sealed_in(raw: Any) -> Iterator[str]:
    """The encrypted values inside a block that is not modelled: only the account that made them can read them."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key in _SEALED and isinstance(value, str) and value:
                yield value
            else:
                yield from sealed_in(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from sealed_in(value)


def _foreign_calls(parts: list[Part], ours: Callable[[str, Origin], bool]) -> set[str]:
    """Ids of server-side calls whose results are sealed by another account; call and result leave together."""
    foreign: set[str] = set()
    for part in parts:
        if isinstance(part, Opaque) and not all(ours(value, part.origin) for value in sealed_in(part.raw)):
            foreign |= _ids(part)
    return foreign


def _ids(part: Opaque) -> set[str]:
    raw = part.raw if isinstance(part.raw, dict) else {}
    return {value for key in ("id", "tool_use_id") if isinstance(value := raw.get(key), str)}


def _owned(part: Part, ours: Callable[[str, Origin], bool]) -> Part | None:
    match part:
        case Opaque():
            known = not part.origin.known or ours("", part.origin)
            return part if known and all(ours(value, part.origin) for value in sealed_in(part.raw)) else None
        case Text() | Media() | ToolCall() if part.signature is not None:
            return part if ours(part.signature.value, part.signature.origin) else _copy(part, signature=None)
        case Thinking() if part.signature is not None:
            if ours(part.signature.value, part.signature.origin):
                return part
            return _copy(part, signature=None) if part.text else None
        case _:
            return part
