"""Items of an answer's `output`, both ways: what one complete item means, and the items this gateway writes.

Reading one item whole and reading its stream must agree; both take their facts from here.
"""

from typing import Any

from plexus.ir.chat import StopReason
from plexus.ir.exchange import Reading
from plexus.ir.parts import Citation, Opaque, Origin, Part, Signature, Text, Thinking, ToolCall
from plexus.protocols.responses.decode_content import decode_part, rest
from plexus.protocols.responses.decode_items import as_text, generated_image, reasoning_part
from plexus.protocols.responses.encode_content import encode_citation
from plexus.protocols.responses.ids import digest, is_made
from plexus.protocols.responses.namespaces import KEY, joined

CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that call a client's tool, and the field with what it is called with."""


def parts_of(item: dict[str, Any], index: int, reading: Reading, taken: set[str]) -> list[Part]:
    """The parts one output item means. `index` is its place in the output, `taken` the ids of the calls before it."""
    kind = item.get("type")
    if kind == "message":
        return _message(item, reading.origin)
    if is_nameless(item):
        return []
    if isinstance(kind, str) and kind in CALLS:
        call = call_of(item, index, reading, taken)
        call.arguments = as_text(item.get(CALLS[kind]))
        return [call]
    if kind == "reasoning":
        part: Part | None = thinking_of(item, reading)
    else:
        part = generated_image(item) if kind == "image_generation_call" else None
    return [part or opaque(item, reading.origin)]


def _message(item: dict[str, Any], origin: Origin) -> list[Part]:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    parts = [decode_part(raw) for raw in content if isinstance(raw, dict)] if isinstance(content, list) else []
    for number, part in enumerate(parts):
        if isinstance(part, Opaque):
            parts[number] = Opaque(kind=part.kind, raw=part.raw, origin=origin)
    if parts and isinstance(parts[0], Text) and isinstance(item.get("phase"), str):
        parts[0].extras = {**(parts[0].extras or {}), "phase": item["phase"]}
    return parts


def is_nameless(item: dict[str, Any]) -> bool:
    """Whether this is a call of nobody knows which tool: nothing a client could run."""
    kind, name = item.get("type"), item.get("name")
    return isinstance(kind, str) and kind in CALLS and not (isinstance(name, str) and name)


def call_of(item: dict[str, Any], index: int, reading: Reading, taken: set[str]) -> ToolCall:
    """The call's shell, without arguments. An id that is missing or `taken` is made."""
    space, name = item.get(KEY), str(item.get("name") or "")
    space = space if isinstance(space, str) else ""
    name = reading.tool_names.get(name, name)
    extras = rest(item, "type", "id", "call_id", "name", KEY, "arguments", "input", "status") or {}
    if space:
        extras[KEY] = space
    given = item.get("call_id") or item.get("id")
    if not isinstance(given, str) or given in taken:
        given = f"call_{digest(f'{reading.seed}:{index}', 24)}"
    taken.add(given)
    return ToolCall(
        id=given,
        name=joined(space, name),
        custom=item.get("type") == "custom_tool_call",
        extras=extras or None,
    )


def thinking_of(item: dict[str, Any], reading: Reading) -> Thinking | None:
    """The thinking of a reasoning item, its state signed with the upstream's name; None when it is empty."""
    part = reasoning_part(item, seal_of(item, reading))
    if part is not None and is_made(part.id):
        part.id = ""
    return part


def seal_of(item: dict[str, Any], reading: Reading) -> Signature | None:
    """The encrypted state of a reasoning item."""
    sealed = item.get("encrypted_content")
    return Signature(sealed, reading.origin) if isinstance(sealed, str) and sealed else None


def opaque(item: dict[str, Any], origin: Origin) -> Opaque:
    """An item that is not modelled."""
    return Opaque(kind=str(item.get("type") or "item"), raw=item, origin=origin)


_INCOMPLETE: dict[str, StopReason] = {
    "max_output_tokens": "max_tokens",
    "content_filter": "content_filter",
    "max_messages": "pause",
    "max_tool_calls": "pause",
    "steered": "pause",
}


def stop_of(response: dict[str, Any], *, called: bool, nameless: bool) -> StopReason | None:
    """Why the answer ended, by its status, its details and what is in it. A refusal is a text that says so, no ending.

    `called`: there was a call; `nameless`: there was one of nobody knows which tool.
    """
    status = response.get("status")
    if status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return _INCOMPLETE.get(str(reason), "max_tokens")
    if status in ("failed", "cancelled"):
        return "error"
    if status in ("queued", "in_progress"):
        return None
    if nameless:
        return "malformed_tool_call"
    return "tool_use" if called else "end"


def status_of(reason: StopReason | None, *, refused: bool) -> tuple[str, str]:
    """The status, and the reason of an incomplete answer. `refused`: a content part says that the model declines."""
    match reason:
        case "max_tokens" | "context_window":
            return "incomplete", "max_output_tokens"
        case "content_filter":
            return "incomplete", "content_filter"
        case "refusal" if not refused:  # nothing else would tell that this is no ordinary answer
            return "incomplete", "content_filter"
        case "error" | "malformed_tool_call":
            return "failed", ""
        case _:
            return "completed", ""


def text_content(
    text: str, notes: list[dict[str, Any]], logprobs: list[dict[str, Any]], *, refusal: bool
) -> dict[str, Any]:
    """A content part of an output message."""
    if refusal:
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": notes, "logprobs": logprobs, "text": text}


def annotations(citations: list[Citation], *, refusal: bool) -> tuple[list[dict[str, Any]], int]:
    """The citations as annotations, and how many have no such form; a refusal has none."""
    if refusal:
        return [], len(citations)
    notes = [encode_citation(citation) for citation in citations]
    kept = [note for note in notes if note is not None]
    return kept, len(notes) - len(kept)
