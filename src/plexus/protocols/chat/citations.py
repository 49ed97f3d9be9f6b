"""Annotations on an answer's text: OpenAI's `url_citation`, OpenRouter's `file`, Perplexity's search results.

Source: https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices
"""

from typing import Any

from plexus.ir.parts import Citation

Wire = dict[str, Any]


def read_annotations(value: Any) -> list[Citation]:
    """The citations a message's `annotations` stand for; what is no object is skipped."""
    return [_read(entry) for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _read(entry: Wire) -> Citation:
    kind = _string(entry.get("type"))
    if kind == "file":
        file = entry.get("file")
        file = file if isinstance(file, dict) else {}
        return Citation(kind="file", title=_string(file.get("name")), file_id=_string(file.get("hash")), raw=entry)
    source = entry.get("url_citation")
    source = source if isinstance(source, dict) else entry
    return Citation(
        url=_string(source.get("url")),
        title=_string(source.get("title")),
        cited_text=_string(source.get("content")),
        start=_offset(source.get("start_index")),
        end=_offset(source.get("end_index")),
        raw=entry,
    )


def read_sources(body: Wire) -> list[Citation]:
    """Perplexity's `search_results`, else its `citations` (bare URLs), beside the choices; they cover the whole text."""
    results = body.get("search_results")
    if isinstance(results, list) and results:
        found = [entry for entry in results if isinstance(entry, dict) and entry.get("url")]
        return [Citation(url=_string(entry["url"]), title=_string(entry.get("title"))) for entry in found]
    urls = body.get("citations")
    return [Citation(url=url) for url in urls if isinstance(url, str)] if isinstance(urls, list) else []


def with_sources(annotations: list[Citation], sources: list[Citation]) -> list[Citation]:
    """The annotations, and the sources beside the answer that none of them names."""
    named = {citation.url for citation in annotations}
    return [*annotations, *(source for source in sources if source.url not in named)]


def write_annotation(citation: Citation, start: int, length: int) -> Wire | None:
    """The annotation for a client, or None when chat has none of its kind. `start`: where the part begins in the content.

    A citation that says no place covers its whole part.
    """
    raw = citation.raw
    if raw is not None and raw.get("type") == "file" and isinstance(raw.get("file"), dict):
        return raw
    if not citation.url:
        return None
    source: Wire = {
        "end_index": start + (citation.end if citation.end is not None else length),
        "start_index": start + (citation.start or 0),
        "title": citation.title,
        "url": citation.url,
    }
    if raw is not None and isinstance(raw.get("url_citation"), dict):
        source = {**raw["url_citation"], **source}
    return {"type": "url_citation", "url_citation": source}


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _offset(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
