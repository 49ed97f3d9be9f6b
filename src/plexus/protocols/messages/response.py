"""Whole answers, both ways.

https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Any

from plexus.core import json
from plexus.core.json_object import as_object
from plexus.ir.chat import ChatResponse
from plexus.ir.drops import Drop
from plexus.ir.errors import InvalidAnswer
from plexus.ir.exchange import Reading, Writing
from plexus.ir.parts import Extras, Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from plexus.protocols.messages import wire
from plexus.protocols.messages.answer_blocks import Block, is_nameless, made_id, read_answer_block, signature_text
from plexus.protocols.messages.citations import is_native, shown
from plexus.protocols.messages.stops import read_stop, write_stop
from plexus.protocols.messages.usage import read_usage, write_usage

KNOWN = frozenset({"id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"})


def decode_response(body: dict[str, Any], reading: Reading) -> ChatResponse:
    """The answer of an upstream.

    Raises:
        InvalidAnswer: when the body is no message.
    """
    content = body.get("content")
    if not isinstance(content, list) and not (content is None and body.get("type") == "message"):
        raise InvalidAnswer("no content array")
    blocks = [block for block in content or [] if isinstance(block, dict)]
    taken: set[str] = set()
    parts = [read_answer_block(block, reading, n, taken) for n, block in enumerate(blocks) if not is_nameless(block)]
    stop, word = read_stop(body.get("stop_reason"), called=bool(taken), nameless=len(parts) < len(blocks))
    sequence = body.get("stop_sequence")
    extras = wire.rest(body, KNOWN) or {}
    if word:
        extras["stop_reason"] = word
    return ChatResponse(
        parts=parts,
        stop_reason=stop,
        stop_sequence=sequence if isinstance(sequence, str) else None,
        usage=read_usage(body.get("usage")),
        id=_text(body, "id"),
        model=_text(body, "model"),
        protocol=wire.NAME,
        extras=extras or None,
    )


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def encode_response(response: ChatResponse, writing: Writing) -> tuple[dict[str, Any], list[Drop]]:
    """The answer for a client of this protocol, and what could not be carried in it."""
    native = response.protocol == wire.NAME
    drops: list[Drop] = []
    content = [
        block
        for n, part in enumerate(response.parts)
        if (block := write_answer_block(part, f"parts[{n}]", drops, native=native)) is not None
    ]
    drops.extend(Drop("dropped", f"alternatives[{n}]", "one answer only") for n in range(len(response.alternatives)))
    called = any(block["type"] == "tool_use" for block in content)
    reason, faithful = write_stop(response.stop_reason, called=called)
    if not faithful:
        drops.append(Drop("approximated", "stop_reason", f"no word for {response.stop_reason}"))
    body: dict[str, Any] = {
        "id": response.id if native and response.id else made_id("msg", writing.seed),
        "type": "message",
        "role": "assistant",
        "model": response.model or writing.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": response.stop_sequence if reason == "stop_sequence" else None,
        "usage": write_usage(response.usage, native=native),
    }
    body.update(own(response.extras, "", drops, native=native))
    return body, drops


def own(extras: Extras | None, path: str, drops: list[Drop], *, native: bool) -> Extras:
    """The fields to give back as they came: all of them from this protocol, else none and each reported."""
    if not extras:
        return {}
    if native:
        return extras
    prefix = f"{path}." if path else ""
    drops.extend(Drop("dropped", f"{prefix}{key}", "a field of another protocol") for key in extras)
    return {}


def write_answer_block(part: Part, path: str, drops: list[Drop], *, native: bool) -> Block | None:
    """One whole block for the client, None when the part has no place in this protocol or says nothing."""
    match part:
        case Text():
            return _text_block(part, path, drops, native=native)
        case Thinking():
            return _thinking_block(part, path, drops, native=native)
        case ToolCall():
            if part.signature is not None:
                drops.append(Drop("dropped", f"{path}.signature", "a tool call has no place for one"))
            return {
                "type": "tool_use",
                "id": part.id,
                "name": part.name,
                "input": tool_input(part, path, drops),
                **own(part.extras, path, drops, native=native),
            }
        case Opaque() if part.origin.protocol == wire.NAME and is_block(part.raw):
            return dict(part.raw)
        case Opaque() | Media() | ToolResult():
            drops.append(Drop("dropped", path, f"no block for {part_kind(part)}"))
            return None


def is_block(raw: Any) -> bool:
    """Whether this is a content block at all: an object that names its type."""
    return isinstance(raw, dict) and isinstance(raw.get("type"), str)


def part_kind(part: Opaque | Media | ToolResult) -> str:
    """What the part is, for a report."""
    if isinstance(part, ToolResult):
        return "a tool result"
    signed = isinstance(part, Media) and part.signature is not None
    return f"{part.kind} with its signature" if signed else part.kind


def _text_block(part: Text, path: str, drops: list[Drop], *, native: bool) -> Block | None:
    report_text(part, path, drops)
    block: Block = {"type": "text", "text": part.text}
    citations = write_citations(part, path, drops)
    if not part.text and not citations and not native:
        return None
    if citations:
        block["citations"] = citations
    return {**block, **own(part.extras, path, drops, native=native)}


def report_text(part: Text, path: str, drops: list[Drop]) -> None:
    """Report what a text block has no place for."""
    if part.signature is not None:
        drops.append(Drop("dropped", f"{path}.signature", "text has no place for one"))
    if part.logprobs:
        drops.append(Drop("dropped", f"{path}.logprobs", "no place in this protocol"))
    if part.refusal:
        drops.append(Drop("approximated", f"{path}.refusal", "told as text"))


def write_citations(part: Text, path: str, drops: list[Drop]) -> list[dict[str, Any]]:
    """The citations of a text for the client: Anthropic's own whole, another maker's web sources in the nearest shape."""
    written: list[dict[str, Any]] = []
    for n, citation in enumerate(part.citations):
        wired = shown(citation)
        if wired is None:
            drops.append(Drop("dropped", f"{path}.citations[{n}]", f"no {citation.kind} citation without its document"))
            continue
        if not is_native(citation):
            drops.append(Drop("approximated", f"{path}.citations[{n}]", "told as a web search result"))
        written.append(wired)
    return written


def _thinking_block(part: Thinking, path: str, drops: list[Drop], *, native: bool) -> Block | None:
    signature = signature_text(part)
    extras = own(part.extras, path, drops, native=native)
    if part.redacted:
        return {"type": "redacted_thinking", "data": signature, **extras} if signature else None
    if not part.text and not signature:
        return None
    return {"type": "thinking", "thinking": part.text, "signature": signature, **extras}


def tool_input(part: ToolCall, path: str, drops: list[Drop]) -> json.Raw | dict[str, Any]:
    """The arguments as an object: the model's own text when it is one, else put right and reported."""
    if part.custom:
        return {"input": part.arguments}
    text, mended = as_object(part.arguments)
    if mended:
        drops.append(Drop("repaired", f"{path}.arguments", "not a JSON object"))
    return json.Raw(text.encode("utf-8", "replace"))
