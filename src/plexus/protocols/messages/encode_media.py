"""Images and documents of a request to blocks; audio, video and what Anthropic cannot read are reported instead.

https://platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support
"""

import base64
import binascii
from typing import Any

from plexus.ir.parts import Media
from plexus.protocols.messages.draft import Draft

Block = dict[str, Any]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_ALSO = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
# The first bytes of each format, as they look in base64.
_HEADS = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi", "application/pdf"),
)


def media_block(part: Media, path: str, draft: Draft) -> Block | None:
    """The block for an image or a document, or None when it cannot be sent."""
    if part.kind not in {"image", "document"}:
        draft.lose("dropped", path, f"{part.kind} is no input of this protocol")
        return None
    if draft.target.profile.inputs and part.kind not in draft.target.profile.inputs:
        draft.lose("dropped", path, f"the model does not take {part.kind} input")
        return None
    if draft.native and part.extras and part.extras.get("type") == "search_result":
        return {**part.extras, **draft.mark(part.cache, path)}
    own = draft.own(part.extras, path)
    source = own.get("source") or _source(part, path, draft)
    if source is None:
        return None
    block: Block = {"type": "document" if _is_document(part, source) else "image", "source": source}
    _describe(block, part, path, draft)
    return {**block, **draft.mark(part.cache, path), **own}


def _describe(block: Block, part: Media, path: str, draft: Draft) -> None:
    if block["type"] == "document":
        if part.name:
            block["title"] = part.name
        if part.context:
            block["context"] = part.context
        if part.cite:
            block["citations"] = {"enabled": True}
    elif part.name or part.context:
        draft.lose("dropped", f"{path}.{'name' if part.name else 'context'}", "an image has no title")
    if part.detail not in {"", "auto"}:
        draft.lose("dropped", f"{path}.detail", "no choice of resolution")
    if part.signature is not None:
        draft.lose("stripped", f"{path}.signature", "media has no place for one")


def _is_document(part: Media, source: Block) -> bool:
    return part.kind == "document" and not str(source.get("media_type", "")).startswith("image/")


def _source(part: Media, path: str, draft: Draft) -> Block | None:
    if part.text:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    data, mime = (part.data, part.mime) if part.data else _inline(part.url)
    if data:
        return _embedded(data, mime, part.kind, path, draft)
    if part.url.startswith(("https://", "http://")):
        return {"type": "url", "url": part.url}
    if part.file_id and draft.native:
        return {"type": "file", "file_id": part.file_id}
    reason = "a file of another provider" if part.file_id else "the address cannot be reached by the provider"
    draft.lose("dropped", path, reason if part.file_id or part.url else "empty")
    return None


def _inline(url: str) -> tuple[str, str]:
    """Data and type of a `data:` URL, empty when it is none."""
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        return "", ""
    return data, head.removeprefix("data:").split(";")[0]


def _embedded(data: str, mime: str, kind: str, path: str, draft: Draft) -> Block | None:
    """Bytes inside the request: the type they show, else the type they were given."""
    given = mime.partition(";")[0].strip().lower()
    given = _ALSO.get(given, given)
    seen = next((named for head, named in _HEADS if data.startswith(head)), "")
    real = given if draft.native and given else seen or given
    if given and real != given:
        draft.lose("repaired", f"{path}.mime", f"the bytes are {seen}")
    if real in _IMAGES or real == "application/pdf":
        return {"type": "base64", "media_type": real, "data": data}
    if kind == "image":
        # Formats nobody here knows: the provider says what it makes of them.
        return {"type": "base64", "media_type": real or "image/png", "data": data}
    text = _as_text(data)
    if text is None:
        draft.lose("dropped", path, f"documents of type {real or 'unknown'} are refused")
        return None
    return {"type": "text", "media_type": "text/plain", "data": text}


def _as_text(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode() or None
    except (binascii.Error, ValueError):
        return None
