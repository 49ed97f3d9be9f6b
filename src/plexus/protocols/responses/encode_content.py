"""Writing content parts of the responses protocol: input content for a target, annotations and log probabilities for a client."""

import base64
import binascii
from typing import Any

from plexus.ir.drops import Drop
from plexus.ir.parts import CacheMark, Citation, Media, Opaque, Part, Text, TokenLogprob
from plexus.protocols.responses.decode_content import BREAKPOINT, CITATION_KINDS, CONTENT, ORIGIN

_AUDIO_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
}
_MAGIC = (("/9j/", "image/jpeg"), ("iVBOR", "image/png"), ("R0lG", "image/gif"), ("UklG", "image/webp"))
_ENDINGS = {
    "application/pdf": "pdf",
    "text/plain": "txt",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "application/json": "json",
}


def encode_input(part: Part, path: str, drops: list[Drop], *, same: bool, marks: bool) -> dict[str, Any] | None:
    """A part as input content, or None when it has no place there (reported).

    `same`: the client spoke this protocol too, so `extras` go back. `marks`: the target understands `cache_control`.
    """
    raw: dict[str, Any] | None
    match part:
        case Text():
            if not part.text and not same:
                return None
            raw = {"type": "input_text", "text": part.text}
        case Media():
            raw = encode_media(part, path, drops, same=same)
        case Opaque() if same and part.origin.protocol == ORIGIN.protocol and part.kind.startswith(CONTENT):
            return dict(part.raw)
        case _:
            drops.append(Drop("dropped", path, f"no input content of kind {part_kind(part)}"))
            return None
    if raw is not None:
        finish(raw, part, path, drops, same=same, marks=marks)
    return raw


def part_kind(part: Part) -> str:
    """The part's kind, for reports."""
    return part.kind if isinstance(part, Opaque | Media) else type(part).__name__.lower()


def finish(raw: dict[str, Any], part: Text | Media, path: str, drops: list[Drop], *, same: bool, marks: bool) -> None:
    """Add what a part carries besides its content: extras and the cache mark."""
    extras = part.extras or {}
    if same:
        raw.update(
            {key: value for key, value in extras.items() if key not in ITEM_FIELDS and not key.startswith("item.")}
        )
    else:
        drops += [Drop("dropped", f"{path}.{key}") for key in extras]
    if part.cache is None or BREAKPOINT in raw:
        return
    if same or marks:
        raw["cache_control"] = cache_control(part.cache)
    else:
        drops.append(Drop("dropped", f"{path}.cache", "the target caches by itself"))


ITEM_FIELDS = frozenset({"phase", "status"})
"""Fields of a message item that are kept on the first part of the item."""


def cache_control(mark: CacheMark) -> dict[str, Any]:
    """The mark as `cache_control`."""
    return {"type": "ephemeral", "ttl": mark.ttl} if mark.ttl else {"type": "ephemeral"}


def encode_media(media: Media, path: str, drops: list[Drop], *, same: bool) -> dict[str, Any] | None:
    """An image, file or audio as input content."""
    address = media.url or media.file_id
    ours = same or media.file_id.startswith("file-")  # chat names OpenAI's files as this protocol does
    if not ours and media.file_id and not (media.data or media.url or media.text):
        drops.append(Drop("dropped", path, "a file uploaded elsewhere"))
        return None
    if "://" in address[:16] and not address.startswith(("http://", "https://")):
        drops.append(Drop("dropped", path, "the target cannot fetch this address"))
        return None
    if media.kind == "image":
        return _encode_image(media, path, drops)
    if media.kind == "document":
        return _encode_file(media, path, drops, same=same)
    form = _AUDIO_FORMATS.get(media.mime.partition(";")[0].lower()) if media.kind == "audio" else None
    if form and media.data:
        return {"type": "input_audio", "input_audio": {"data": media.data, "format": form}}
    drops.append(Drop("dropped", path, f"{media.mime or media.kind} is not accepted"))
    return None


def _encode_image(media: Media, path: str, drops: list[Drop]) -> dict[str, Any] | None:
    raw: dict[str, Any] = {"type": "input_image", "detail": media.detail or "auto"}
    if media.name:
        drops.append(Drop("dropped", f"{path}.name", "an image has no name"))
    if media.data:
        raw["image_url"] = f"data:{media.mime or _sniff(media.data)};base64,{media.data}"
    elif media.url:
        raw["image_url"] = media.url
    elif media.file_id:
        raw["file_id"] = media.file_id
    else:
        drops.append(Drop("dropped", path, "an image without content"))
        return None
    return raw


def _sniff(data: str) -> str:
    return next((mime for magic, mime in _MAGIC if data.startswith(magic)), "image/png")


def _encode_file(media: Media, path: str, drops: list[Drop], *, same: bool) -> dict[str, Any] | None:
    drops += [
        Drop("dropped", f"{path}.{name}") for name, said in (("context", media.context), ("cite", media.cite)) if said
    ]
    text = media.text or ("" if same else _plain(media))
    if text:
        drops.append(
            Drop("approximated", f"{path}.name" if media.name else path, "a plain-text document is sent as text")
        )
        return {"type": "input_text", "text": text}
    raw: dict[str, Any] = {"type": "input_file"}
    if media.detail:
        raw["detail"] = media.detail
    if media.data:
        raw["filename"] = media.name or f"document.{_ENDINGS.get(media.mime, 'pdf')}"
        raw["file_data"] = f"data:{media.mime or 'application/pdf'};base64,{media.data}"
    elif media.url or media.file_id:
        raw.update({"file_url": media.url} if media.url else {"file_id": media.file_id})
        if media.name:
            raw["filename"] = media.name
    else:
        drops.append(Drop("dropped", path, "a document without content"))
        return None
    return raw


def _plain(media: Media) -> str:
    if not media.data or not media.mime.startswith("text/"):
        return ""
    try:
        return base64.b64decode(media.data, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def encode_citation(citation: Citation) -> dict[str, Any] | None:
    """A citation as an annotation with all fields its type demands, or None when it has no such form."""
    raw = citation.raw or {}
    kind = raw.get("type")
    if kind == "url_citation" and "url" in raw:
        return {"title": "", "start_index": 0, "end_index": 0, **raw}
    if isinstance(kind, str) and kind in CITATION_KINDS and "file_id" in raw:
        return raw
    if citation.url:
        place = {"start_index": citation.start or 0, "end_index": citation.end or 0}
        return {"type": "url_citation", "url": citation.url, "title": citation.title, **place}
    if citation.file_id:
        name, index = citation.title, citation.start or 0
        return {"type": "file_citation", "file_id": citation.file_id, "filename": name, "index": index}
    return None


def encode_logprobs(logprobs: list[TokenLogprob]) -> list[dict[str, Any]]:
    """Log probabilities in OpenAI's form, bytes always given."""
    return [
        {**_encode_logprob(entry), "top_logprobs": [_encode_logprob(other) for other in entry.top]}
        for entry in logprobs
    ]


def _encode_logprob(entry: TokenLogprob) -> dict[str, Any]:
    spelled = entry.bytes if entry.bytes is not None else list(entry.token.encode("utf-8", "replace"))
    return {"token": entry.token, "bytes": spelled, "logprob": entry.logprob}
