"""Images, documents, audio and video: `inlineData` and `fileData`, both ways.

Source: https://ai.google.dev/gemini-api/docs/file-input-methods
"""

import base64
import binascii

from plexus.ir.parts import Media
from plexus.protocols.gemini.protojson import Wire, fields_of

_KINDS = ("image", "audio", "video")
_MAGIC = (
    ("iVBOR", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lG", "image/gif"),
    ("UklG", "image/webp"),
    ("JVBER", "application/pdf"),
)
_SUFFIXES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "mp3": "audio/mp3",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
_RESOLUTIONS = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}
_URL_SAFE = str.maketrans("-_", "+/")


def kind_of(mime: str) -> str:
    """The kind of media a MIME type is; what is no picture, sound or film is a document."""
    family = mime.partition("/")[0].lower()
    return family if family in _KINDS else "document"


def read_inline(value: Wire, extras: Wire) -> Media:
    """Media from an `inlineData` object (already by its camelCase names). Unknown fields go to `extras`."""
    mime = value.get("mimeType")
    mime = mime if isinstance(mime, str) else ""
    data = value.get("data")
    name = value.get("displayName")
    extras.update({f"inlineData.{key}": value[key] for key in value.keys() - {"mimeType", "data", "displayName"}})
    return Media(
        kind=kind_of(mime),
        mime=mime,
        data=data.translate(_URL_SAFE) if isinstance(data, str) else "",
        name=name if isinstance(name, str) else "",
    )


def read_file(value: Wire, extras: Wire) -> Media:
    """Media from a `fileData` object. Addresses only Google can open (Files API, `gs://`) are file ids, others URLs."""
    mime, uri, name = value.get("mimeType"), value.get("fileUri"), value.get("displayName")
    mime, uri = mime if isinstance(mime, str) else "", uri if isinstance(uri, str) else ""
    extras.update({f"fileData.{key}": value[key] for key in value.keys() - {"mimeType", "fileUri", "displayName"}})
    ours = not uri.startswith(("http://", "https://")) or "generativelanguage.googleapis.com/" in uri
    return Media(
        kind="video" if not mime and ("youtube.com/" in uri or "youtu.be/" in uri) else kind_of(mime),
        mime=mime,
        url="" if ours else uri,
        file_id=uri if ours else "",
        name=name if isinstance(name, str) else "",
    )


def read_resolution(media: Media, extras: Wire) -> None:
    """Move a part's `mediaResolution` from `extras` to the media's detail where the words allow it."""
    wire = extras.get("mediaResolution")
    level = fields_of(wire).get("level") if isinstance(wire, dict) and len(wire) == 1 else wire
    if isinstance(level, str) and level in _RESOLUTIONS:
        media.detail = _RESOLUTIONS[level]
        del extras["mediaResolution"]


def is_empty(media: Media) -> bool:
    """Whether there is nothing to send: an empty image is an error everywhere."""
    if media.url.startswith("data:"):
        return not media.url.partition(",")[2]
    return not (media.data or media.url or media.file_id or media.text)


def is_base64(data: str) -> bool:
    """Whether the text is standard base64, padded or not, which is all that the field is typed to hold."""
    try:
        binascii.a2b_base64(data + "=" * (-len(data) % 4), strict_mode=True)
    except ValueError:
        return False
    return True


def write_media(media: Media, *, named: bool) -> Wire:
    """The `inlineData` or `fileData` part; a plain-text document is its text, which is how Gemini reads one anyway.

    `named`: whether a display name may be sent (Gemini's own clients).
    """
    if media.text:
        return {"text": media.text}
    if media.url.startswith("data:"):
        return {"inlineData": _blob_of_data_url(media)}
    if media.data:
        blob: Wire = {"mimeType": media.mime or _sniffed(media.data, media.kind), "data": media.data}
        return {"inlineData": blob | _name(media, named=named)}
    uri = media.url or media.file_id
    mime = media.mime or mime_of_url(uri)
    if not mime and media.kind == "image" and not named:
        mime = "image/jpeg"
    typed = {"mimeType": mime} if mime else {}
    return {"fileData": {**typed, "fileUri": uri} | _name(media, named=named)}


def resolution(detail: str) -> Wire | None:
    """The part's `mediaResolution` for a detail, None for one that has no word (`auto`)."""
    word = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}.get(detail)
    return {"level": word} if word else None


def mime_of_url(url: str) -> str:
    """The MIME type an address's ending tells, or empty."""
    return _SUFFIXES.get(url.partition("?")[0].rpartition(".")[2].lower(), "")


def _name(media: Media, *, named: bool) -> Wire:
    return {"displayName": media.name} if named and media.name else {}


def _blob_of_data_url(media: Media) -> Wire:
    head, _, data = media.url.removeprefix("data:").partition(",")
    mime, *flags = head.split(";")
    if "base64" not in [flag.strip().lower() for flag in flags]:
        from_percent = _unquoted(data)
        data = base64.b64encode(from_percent).decode()
    return {"mimeType": mime or media.mime or _sniffed(data, media.kind), "data": data}


def _unquoted(text: str) -> bytes:
    pieces = text.split("%")
    out = bytearray(pieces[0].encode())
    for piece in pieces[1:]:
        try:
            out += bytes([int(piece[:2], 16)]) + piece[2:].encode()
        except ValueError:
            out += b"%" + piece.encode()
    return bytes(out)


def _sniffed(data: str, kind: str) -> str:
    for magic, mime in _MAGIC:
        if data.startswith(magic):
            return mime
    return {"image": "image/jpeg", "audio": "audio/wav", "video": "video/mp4"}.get(kind, "application/pdf")
