"""Citations of a text block, both ways. What Anthropic wrote is kept whole in `raw`; another maker's web source is approximated.

https://platform.claude.com/docs/en/build-with-claude/citations
"""

from typing import Any

from plexus.ir.parts import Citation

_KINDS = {
    "char_location": "document",
    "page_location": "document",
    "content_block_location": "document",
    "web_search_result_location": "url",
    "search_result_location": "search_result",
}
_STARTS = ("start_char_index", "start_page_number", "start_block_index")
_ENDS = ("end_char_index", "end_page_number", "end_block_index")


def read_citation(wire: dict[str, Any]) -> Citation:
    """One citation. Its offsets lie in the source, not in the text, so `start` and `end` stay unset (see `raw`)."""
    index = wire.get("document_index")
    return Citation(
        kind=_KINDS.get(str(wire.get("type")), "document"),
        url=_said(wire, "url") or _said(wire, "source"),
        title=_said(wire, "title") or _said(wire, "document_title"),
        cited_text=_said(wire, "cited_text"),
        file_id=_said(wire, "file_id"),
        document_index=index if isinstance(index, int) else None,
        raw=wire,
    )


def read_citations(wire: Any) -> list[Citation]:
    """All citations of a block; null and anything unreadable is none."""
    return [read_citation(entry) for entry in wire if isinstance(entry, dict)] if isinstance(wire, list) else []


def is_native(citation: Citation) -> bool:
    """Whether `raw` is a citation in Anthropic's own words."""
    kind = citation.raw.get("type") if citation.raw is not None else None
    return isinstance(kind, str) and kind in _KINDS


def sendable(citation: Citation) -> bool:
    """Whether Anthropic takes it back: its own words, and an index it made (ours towards clients is empty)."""
    return is_native(citation) and citation.raw is not None and citation.raw.get("encrypted_index") != ""


def shown(citation: Citation) -> dict[str, Any] | None:
    """The citation for a client: as Anthropic wrote it, or the nearest thing for a web source, else None."""
    if is_native(citation):
        return citation.raw
    if citation.kind != "url" or not citation.url:
        return None
    return {
        "type": "web_search_result_location",
        "cited_text": citation.cited_text,
        "encrypted_index": "",
        "title": citation.title or None,
        "url": citation.url,
    }


def _said(wire: dict[str, Any], key: str) -> str:
    value = wire.get(key)
    return value if isinstance(value, str) else ""
