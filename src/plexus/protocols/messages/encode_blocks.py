"""Parts of a request to content blocks. Whatever Anthropic refuses in a block is put right or left out here, and reported.

https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Any, assert_never

from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from plexus.protocols.messages import wire
from plexus.protocols.messages.citations import sendable
from plexus.protocols.messages.draft import Draft
from plexus.protocols.messages.encode_media import media_block
from plexus.protocols.messages.response import is_block, tool_input

Block = dict[str, Any]


def write_parts(parts: list[Part], path: str, draft: Draft) -> list[Block]:
    """The blocks for these parts; those that cannot be sent are left out and reported. `path` is the message's."""
    blocks: list[Block] = []
    for n, part in enumerate(parts):
        block = write_part(part, f"{path}.parts[{n}]", draft)
        if block is not None:
            blocks.append(block)
        elif isinstance(part, Text) and part.cache and blocks and "cache_control" not in blocks[-1]:
            # The mark of an empty text, which cannot be sent, still ends the same prefix.
            blocks[-1].update(draft.mark(part.cache, path) if _can_be_marked(blocks[-1]) else {})
    return blocks


def _can_be_marked(block: Block) -> bool:
    return block.get("type") not in {"thinking", "redacted_thinking"}


def write_part(part: Part, path: str, draft: Draft) -> Block | None:
    """The block for one part, or None when there is none."""
    match part:
        case Text():
            return _text(part, path, draft)
        case ToolCall():
            return _tool_use(part, path, draft)
        case ToolResult():
            return _tool_result(part, path, draft)
        case Thinking():
            return _thinking(part, path, draft)
        case Media():
            return media_block(part, path, draft)
        case Opaque():
            return _opaque(part, path, draft)
        case _:
            assert_never(part)


def _text(part: Text, path: str, draft: Draft) -> Block | None:
    if not part.text:
        return None
    if part.refusal:
        draft.lose("approximated", f"{path}.refusal", "a refusal in the history is plain text")
    block: Block = {"type": "text", "text": part.text}
    citations = [citation.raw for citation in part.citations if sendable(citation)]
    if citations:
        block["citations"] = citations
    if len(citations) < len(part.citations):
        draft.lose("dropped", f"{path}.citations", "citations that Anthropic did not make")
    if part.signature is not None:
        draft.lose("stripped", f"{path}.signature", "text has no place for one")
    block.update(draft.mark(part.cache, path))
    block.update(draft.own(part.extras, path))
    return block


def _tool_use(part: ToolCall, path: str, draft: Draft) -> Block:
    if part.signature is not None:
        draft.lose("stripped", f"{path}.signature", "a tool call has no place for one")
    return {
        "type": "tool_use",
        "id": draft.ids.of_call(part.id, part.name),
        "name": draft.names.wire(part.name),
        "input": tool_input(part, path, draft.drops),
        **draft.mark(part.cache, path),
        **draft.own(part.extras, path),
    }


def _tool_result(part: ToolResult, path: str, draft: Draft) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": draft.ids.of_result(part.call_id, part.name)}
    inner = write_parts(part.parts, path, draft)
    if len(inner) == 1 and inner[0].keys() == {"type", "text"}:
        block["content"] = inner[0]["text"]
    elif inner:
        block["content"] = inner
    if part.is_error:
        block["is_error"] = True
    return {**block, **draft.mark(part.cache, path), **draft.own(part.extras, path)}


def _thinking(part: Thinking, path: str, draft: Draft) -> Block | None:
    signature = part.signature
    if signature is not None and signature.origin.protocol != wire.NAME:
        draft.lose("stripped", path, "made in another protocol")
        draft.lost_thinking = True
        return None
    if signature is None:
        draft.lost_thinking = True
        draft.lose("dropped", path, "thinking without a signature is refused")
        return None
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature.value, **draft.own(part.extras, path)}
    return {
        "type": "thinking",
        "thinking": part.text,
        "signature": signature.value,
        **draft.own(part.extras, path),
    }


def _opaque(part: Opaque, path: str, draft: Draft) -> Block | None:
    if part.origin.protocol != wire.NAME or not is_block(part.raw):
        draft.lose("dropped", path, f"{part.kind} belongs to another protocol")
        return None
    return {key: value for key, value in part.raw.items() if value is not None or key != "cache_control"}
