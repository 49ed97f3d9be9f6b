"""The content of a client's message, string or array of parts, to canonical parts. Unknown parts stay as they are.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from typing import Any

from plexus.ir.parts import CacheMark, Media, Opaque, Origin, Part, Text
from plexus.protocols.chat.checks import Wire, a_list, a_string, an_object, rest, string_or_nothing
from plexus.protocols.chat.media import from_audio, from_file, from_url

CLIENT = Origin("chat")
"""Who made what a chat client sends, as long as nobody says more."""

_TEXT = frozenset({"type", "text", "cache_control"})
_REFUSAL = frozenset({"type", "refusal", "cache_control"})
_IMAGE = frozenset({"type", "image_url", "cache_control"})
_VIDEO = frozenset({"type", "video_url", "cache_control"})
_AUDIO = frozenset({"type", "input_audio", "cache_control"})
_FILE = frozenset({"type", "file", "cache_control"})


def read_parts(content: Any, path: str) -> list[Part]:
    """The parts of `content`; null has none. Raises InvalidRequest naming the field inside it."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    if not isinstance(content, list):
        return [_invalid(content, path)]
    return [_read(entry, f"{path}[{number}]") for number, entry in enumerate(content)]


def _invalid(content: Any, path: str) -> Part:
    return Text(text=a_string(content, path))


def _read(entry: Any, path: str) -> Part:
    if isinstance(entry, str):
        return Text(text=entry)
    part = an_object(entry, path)
    kind = a_string(part.get("type", "text"), f"{path}.type")
    read: Text | Media
    match kind:
        case "text" | "input_text" | "output_text":
            read = Text(text=a_string(part.get("text"), f"{path}.text"), extras=rest(part, _TEXT))
        case "refusal":
            said = a_string(part.get("refusal"), f"{path}.refusal")
            read = Text(text=said, refusal=True, extras=rest(part, _REFUSAL))
        case "image_url":
            read = _image(part, path)
        case "input_audio":
            read = _audio(part, path)
        case "file":
            read = _file(part, path)
        case "video_url":
            read = _video(part, path)
        case _:
            return Opaque(kind=kind, raw=part, origin=CLIENT)
    read.cache = cache_mark(part.get("cache_control"), f"{path}.cache_control")
    return read


def cache_mark(value: Any, path: str) -> CacheMark | None:
    """A `cache_control` object as OpenRouter and LiteLLM take it from Anthropic; null is none."""
    if value is None:
        return None
    mark = an_object(value, path)
    return CacheMark(ttl=string_or_nothing(mark.get("ttl"), f"{path}.ttl"))


def _url(part: Wire, name: str, path: str) -> tuple[str, Wire]:
    source = part.get(name)
    if isinstance(source, str):
        return source, {}
    source = an_object(source, f"{path}.{name}")
    return a_string(source.get("url"), f"{path}.{name}.url"), source


def _image(part: Wire, path: str) -> Media:
    url, source = _url(part, "image_url", path)
    media = from_url("image", url)
    media.detail = string_or_nothing(source.get("detail"), f"{path}.image_url.detail")
    media.extras = _extras(part, _IMAGE, "image_url", source, frozenset({"url", "detail"}))
    return media


def _video(part: Wire, path: str) -> Media:
    url, source = _url(part, "video_url", path)
    media = from_url("video", url)
    media.extras = _extras(part, _VIDEO, "video_url", source, frozenset({"url"}))
    return media


def _audio(part: Wire, path: str) -> Media:
    source = an_object(part.get("input_audio"), f"{path}.input_audio")
    a_string(source.get("data"), f"{path}.input_audio.data")
    string_or_nothing(source.get("format"), f"{path}.input_audio.format")
    media = from_audio(source)
    media.extras = _extras(part, _AUDIO, "input_audio", source, frozenset({"data", "format"}))
    return media


def _file(part: Wire, path: str) -> Media:
    source = an_object(part.get("file"), f"{path}.file")
    for name in ("file_data", "file_id", "filename"):
        string_or_nothing(source.get(name), f"{path}.file.{name}")
    if not source.get("file_data") and not source.get("file_id"):
        a_string(None, f"{path}.file.file_data")
    media = from_file(source)
    media.extras = _extras(part, _FILE, "file", source, frozenset({"file_data", "file_id", "filename"}))
    return media


def _extras(part: Wire, known: frozenset[str], name: str, source: Wire, inner: frozenset[str]) -> Wire | None:
    """Unknown fields of a part and, under the part's own name, those of the object inside it."""
    extras = rest(part, known) or {}
    nested = rest(source, inner)
    if nested is not None:
        extras[name] = nested
    return extras or None


def texts_only(content: Any, path: str) -> str:
    """All text of a content that can be nothing else, joined."""
    if isinstance(content, str):
        return content
    parts = (an_object(entry, f"{path}[{n}]") for n, entry in enumerate(a_list(content, path)))
    return "".join(string_or_nothing(part.get("text"), path) for part in parts)
