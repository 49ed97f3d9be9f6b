"""Content blocks of a request to parts. Blocks without a canonical part become `Opaque` and go back only to Anthropic's protocol.

https://platform.claude.com/docs/en/api/messages/create
"""

from collections.abc import Callable
from typing import Any

from plexus.core import json
from plexus.ir.parts import Media, Opaque, Origin, Part, Text, Thinking, ToolCall, ToolResult
from plexus.ir.signature import unwrap
from plexus.protocols.messages import wire
from plexus.protocols.messages.citations import read_citations

_HERE = Origin(wire.NAME)
_TEXT = frozenset({"type", "text", "citations", "cache_control"})
_IMAGE = frozenset({"type", "source", "cache_control"})
_DOCUMENT = frozenset({"type", "source", "title", "context", "citations", "cache_control"})
_THINKING = frozenset({"type", "thinking", "signature"})
_REDACTED = frozenset({"type", "data"})
_TOOL_USE = frozenset({"type", "id", "name", "input", "cache_control"})
_TOOL_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})
_SOURCES: dict[str, frozenset[str]] = {
    "base64": frozenset({"type", "media_type", "data"}),
    "text": frozenset({"type", "media_type", "data"}),
    "url": frozenset({"type", "url"}),
    "file": frozenset({"type", "file_id"}),
}


def read_content(content: Any, path: str) -> list[Part]:
    """The parts of a `content` field: a string is one text, null is nothing.

    Raises:
        InvalidRequest: with the path of the block or field that cannot be read.
    """
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    return [read_block(block, f"{path}[{n}]") for n, block in enumerate(wire.array(content, path))]


def read_block(block: Any, path: str) -> Part:
    """One content block.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    block = wire.mapping(block, path)
    kind = wire.text(block.get("type"), f"{path}.type")
    reader = _READERS.get(kind)
    return reader(block, path) if reader else Opaque(kind=kind, raw=block, origin=_HERE)


def _text(block: dict[str, Any], path: str) -> Part:
    return Text(
        text=wire.text(block.get("text"), f"{path}.text"),
        citations=read_citations(block.get("citations")),
        cache=wire.read_mark(block, path),
        extras=wire.fields_left(block, _TEXT),
    )


def _image(block: dict[str, Any], path: str) -> Part:
    media = Media(kind="image", cache=wire.read_mark(block, path), extras=wire.fields_left(block, _IMAGE))
    _take_source(media, block.get("source"), f"{path}.source")
    return media


def _document(block: dict[str, Any], path: str) -> Part:
    extras = wire.fields_left(block, _DOCUMENT)
    citations = block.get("citations")
    if isinstance(citations, dict) and not citations.keys() <= {"enabled"}:
        extras = {**(extras or {}), "citations": citations}
    media = Media(
        kind="document",
        name=wire.optional_text(block.get("title"), f"{path}.title"),
        context=wire.optional_text(block.get("context"), f"{path}.context"),
        cite=isinstance(citations, dict) and citations.get("enabled") is True,
        cache=wire.read_mark(block, path),
        extras=extras,
    )
    _take_source(media, block.get("source"), f"{path}.source")
    return media


def _take_source(media: Media, source: Any, path: str) -> None:
    source = wire.mapping(source, path)
    kind = wire.text(source.get("type"), f"{path}.type")
    match kind:
        case "base64":
            media.mime = wire.optional_text(source.get("media_type"), f"{path}.media_type")
            media.data = wire.text(source.get("data"), f"{path}.data")
        case "url":
            media.url = wire.text(source.get("url"), f"{path}.url")
        case "file":
            media.file_id = wire.text(source.get("file_id"), f"{path}.file_id")
        case "text":
            media.mime = wire.optional_text(source.get("media_type"), f"{path}.media_type") or "text/plain"
            media.text = wire.text(source.get("data"), f"{path}.data")
        case "content":
            media.mime = "text/plain"
            media.text = _plain(source.get("content"))
    if wire.rest(source, _SOURCES.get(kind, frozenset())):
        # The canonical form does not hold all of it: the source goes back whole to the protocol it came in.
        media.extras = {**(media.extras or {}), "source": source}


def _search_result(block: dict[str, Any], path: str) -> Part:
    """A search result is a text document to everybody else; `extras` hold what it takes to write it back."""
    citations = block.get("citations")
    return Media(
        kind="document",
        mime="text/plain",
        text=_plain(block.get("content")),
        name=wire.optional_text(block.get("title"), f"{path}.title"),
        context=wire.optional_text(block.get("source"), f"{path}.source"),
        cite=isinstance(citations, dict) and citations.get("enabled") is True,
        cache=wire.read_mark(block, path),
        extras={"type": "search_result", **{k: v for k, v in block.items() if k != "type" and v is not None}},
    )


def _plain(content: Any) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _thinking(block: dict[str, Any], path: str) -> Part:
    signature = wire.optional_text(block.get("signature"), f"{path}.signature")
    return Thinking(
        text=wire.optional_text(block.get("thinking"), f"{path}.thinking"),
        signature=unwrap(signature, wire.NAME) if signature else None,
        extras=wire.rest(block, _THINKING),
    )


def _redacted(block: dict[str, Any], path: str) -> Part:
    data = wire.text(block.get("data"), f"{path}.data")
    return Thinking(redacted=True, signature=unwrap(data, wire.NAME), extras=wire.rest(block, _REDACTED))


def _tool_use(block: dict[str, Any], path: str) -> Part:
    return ToolCall(
        id=wire.text(block.get("id"), f"{path}.id"),
        name=wire.text(block.get("name"), f"{path}.name"),
        arguments=arguments_text(block.get("input")),
        cache=wire.read_mark(block, path),
        extras=wire.fields_left(block, _TOOL_USE),
    )


def arguments_text(given: Any) -> str:
    """A call's `input` as JSON text; one that was never said is an empty object."""
    return json.dumps({} if given is None else given).decode()


def _tool_result(block: dict[str, Any], path: str) -> Part:
    return ToolResult(
        call_id=wire.text(block.get("tool_use_id"), f"{path}.tool_use_id"),
        parts=read_content(block.get("content"), f"{path}.content"),
        is_error=bool(wire.flag(block.get("is_error"), f"{path}.is_error")),
        cache=wire.read_mark(block, path),
        extras=wire.fields_left(block, _TOOL_RESULT),
    )


_READERS: dict[str, Callable[[dict[str, Any], str], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
