"""Reading content parts of the responses protocol: text, refusals, images, files, audio, citations, log probabilities."""

from typing import Any

from plexus.ir.parts import CacheMark, Citation, Extras, Media, Opaque, Origin, Part, Text, TokenLogprob

ORIGIN = Origin("responses")
CONTENT = "content."
"""Prefix of `Opaque.kind` for a content part, which has no place among items."""

BREAKPOINT = "prompt_cache_breakpoint"
_AUDIO_MIMES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_KINDS = {
    "input_text": "text",
    "output_text": "text",
    "text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
    "input_image": "image",
    "input_file": "file",
    "input_audio": "audio",
}


def decode_part(raw: dict[str, Any]) -> Part:
    """One content part. What is not understood stays in `extras`; an unknown type is Opaque."""
    kind = _KINDS.get(str(raw.get("type")))
    part: Part | None = None
    if kind == "text":
        part = _text(raw)
    elif kind == "refusal":
        part = Text(text=_string(raw.get("refusal")), refusal=True, extras=rest(raw, "type", "refusal"))
    elif kind == "image":
        part = _image(raw)
    elif kind == "file":
        part = _file(raw)
    elif kind == "audio":
        part = _audio(raw)
    if part is None:
        return Opaque(kind=f"{CONTENT}{raw.get('type', '')}", raw=raw, origin=ORIGIN)
    mark = cache_mark(raw)
    if mark is not None and isinstance(part, Text | Media):
        part.cache = mark
    return part


def rest(raw: dict[str, Any], *known: str) -> Extras | None:
    """What is left of an object besides the fields known; null says nothing."""
    return {key: value for key, value in raw.items() if key not in known and value is not None} or None


def cache_mark(raw: dict[str, Any]) -> CacheMark | None:
    """A cache breakpoint: OpenAI's own (its options stay in `extras`) or `cache_control`, which some clients send."""
    control = raw.get("cache_control")
    if isinstance(control, dict):
        ttl = control.get("ttl")
        return CacheMark(ttl if isinstance(ttl, str) else "")
    return CacheMark() if isinstance(raw.get(BREAKPOINT), dict) else None


def _text(raw: dict[str, Any]) -> Text:
    return Text(
        text=_string(raw.get("text")),
        citations=decode_citations(raw.get("annotations")),
        logprobs=decode_logprobs(raw.get("logprobs")),
        extras=rest(raw, "type", "text", "annotations", "logprobs", "cache_control"),
    )


def _image(raw: dict[str, Any]) -> Media:
    url = raw.get("image_url")
    if isinstance(url, dict):  # the spelling of chat completions, which some clients send here
        url = url.get("url")
    media = Media(
        kind="image",
        file_id=_string(raw.get("file_id")),
        detail=_string(raw.get("detail")),
        extras=rest(raw, "type", "image_url", "file_id", "detail", "cache_control"),
    )
    _place(media, _string(url))
    return media


def _file(raw: dict[str, Any]) -> Media:
    media = Media(
        kind="document",
        name=_string(raw.get("filename")),
        file_id=_string(raw.get("file_id")),
        detail=_string(raw.get("detail")),
        extras=rest(raw, "type", "file_data", "file_url", "file_id", "filename", "detail", "cache_control"),
    )
    data = _string(raw.get("file_data"))
    if data and not data.startswith("data:"):
        media.data, media.mime = data, "application/pdf"
    else:
        _place(media, data or _string(raw.get("file_url")))
    if media.mime.startswith("image/"):
        media.kind = "image"
    return media


def _audio(raw: dict[str, Any]) -> Media | None:
    audio = raw.get("input_audio")
    if not isinstance(audio, dict):
        return None
    form = _string(audio.get("format"))
    return Media(
        kind="audio",
        mime=_AUDIO_MIMES.get(form, f"audio/{form}"),
        data=_string(audio.get("data")),
        extras=rest(raw, "type", "input_audio", "cache_control"),
    )


def _place(media: Media, url: str) -> None:
    if url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        if head.endswith(";base64"):
            media.mime, media.data = head.removesuffix(";base64").partition(";")[0], data
            return
    media.url = url


def decode_citations(raw: Any) -> list[Citation]:
    """The annotations of an output text, each with its maker's own object."""
    if not isinstance(raw, list):
        return []
    return [decode_citation(note) for note in raw if isinstance(note, dict)]


CITATION_KINDS = {
    "url_citation": "url",
    "file_citation": "file",
    "file_path": "file",
    "container_file_citation": "container_file",
}


def decode_citation(note: dict[str, Any]) -> Citation:
    """One annotation."""
    return Citation(
        kind=CITATION_KINDS.get(str(note.get("type")), "url"),
        url=_string(note.get("url")),
        title=_string(note.get("title") or note.get("filename")),
        file_id=_string(note.get("file_id")),
        start=_number(note.get("start_index")),
        end=_number(note.get("end_index")),
        raw=note,
    )


def decode_logprobs(raw: Any) -> list[TokenLogprob]:
    """The log probabilities of an output text."""
    if not raw or not isinstance(raw, list):
        return []
    return [_logprob(entry) for entry in raw if isinstance(entry, dict)]


_ABSURD = 10**15


def _logprob(raw: dict[str, Any]) -> TokenLogprob:
    value, spelled, top = raw.get("logprob"), raw.get("bytes"), raw.get("top_logprobs")
    return TokenLogprob(
        token=_string(raw.get("token")),
        logprob=float(value) if isinstance(value, int | float) and abs(value) < _ABSURD else 0.0,
        bytes=spelled if isinstance(spelled, list) and spelled else None,
        top=[_logprob(entry) for entry in top if isinstance(entry, dict)] if isinstance(top, list) else [],
    )


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
