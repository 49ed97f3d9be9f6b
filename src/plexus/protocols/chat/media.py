"""Images, files, audio and video in chat's spelling, to the canonical media part; the way back is in `content_out.py`.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

import base64
import re
from typing import Any

from plexus.ir.parts import Media

_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?);base64,", re.IGNORECASE)
_MIME_OF_NAME = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
}
_AUDIO = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm16": "audio/pcm"}
_TEXTUAL = ("text/", "application/json", "application/xml", "application/yaml")
_FORMAT_OF_AUDIO = {"audio/mpeg": "mp3", "audio/x-wav": "wav", "audio/wave": "wav", "audio/pcm": "pcm16"}


def from_url(kind: str, url: str) -> Media:
    """Media behind a URL; a base64 data URL becomes its bytes and their type."""
    head = _DATA_URL.match(url[:512])
    if head is None:
        return Media(kind=kind, url=url)
    return Media(kind=kind, mime=head[1].lower(), data=url[head.end() :])


def from_file(file: dict[str, Any]) -> Media:
    """A `file` object: its bytes as a data URL, bare base64 or (OpenRouter) a web URL, or an uploaded file's id."""
    data, name = _string(file.get("file_data")), _string(file.get("filename"))
    if not data:
        return Media(kind="document", file_id=_string(file.get("file_id")), name=name)
    if data.startswith(("http://", "https://")) or data[:5].lower() == "data:":
        media = from_url("document", data)
    else:
        media = Media(kind="document", mime=_mime_of_name(name), data=data)
    media.name = name
    media.kind = _kind_of(media.mime)
    return media


def from_audio(audio: dict[str, Any]) -> Media:
    """An `input_audio` object: base64 and a format's short name."""
    form, data = _string(audio.get("format")).lower(), _string(audio.get("data"))
    media = from_url("audio", data)
    if media.url and not media.url.startswith(("http://", "https://")):
        media = Media(kind="audio", data=data)
    media.mime = (_AUDIO.get(form) or f"audio/{form}") if form else media.mime
    return media


def audio_format(mime: str) -> str:
    """The short name of an audio type, as `input_audio.format` wants it: wav unless the type says otherwise."""
    mime = mime.partition(";")[0].lower()
    return _FORMAT_OF_AUDIO.get(mime) or mime.removeprefix("audio/") or "wav"


def data_url(media: Media) -> str:
    """The media's bytes as a data URL, or the URL it has."""
    return f"data:{media.mime or _DEFAULT_MIME[media.kind]};base64,{media.data}" if media.data else media.url


_DEFAULT_MIME = {"image": "image/png", "document": "application/pdf", "audio": "audio/wav", "video": "video/mp4"}


def file_name(media: Media) -> str:
    """The media's name, or one made of its type."""
    if media.name:
        return media.name
    ending = next((end for end, mime in _MIME_OF_NAME.items() if mime == media.mime), "pdf")
    return f"document.{ending}"


def plain_text(media: Media) -> str:
    """What a document of plain text says, or "". Chat's `file` is for PDF; text is best told as text."""
    if media.kind != "document" or media.text:
        return media.text
    if not media.data or not media.mime.startswith(_TEXTUAL):
        return ""
    try:
        return base64.b64decode(media.data, validate=True).decode()
    except ValueError:
        return ""


def _mime_of_name(name: str) -> str:
    return _MIME_OF_NAME.get(name.rpartition(".")[2].lower(), "application/pdf")


def _kind_of(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in {"image", "audio", "video"} else "document"


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
