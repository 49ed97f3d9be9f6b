"""What Gemini says of its sources (`groundingMetadata`, `citationMetadata`) as citations of a text, and the way back.

Offsets on the wire are bytes of UTF-8 into the text of a part; citations count characters.
Source: https://ai.google.dev/api/generate-content#GroundingMetadata
"""

from collections.abc import Iterator
from typing import Any

from plexus.ir.parts import Citation, Text
from plexus.protocols.gemini.protojson import Wire, fields_of, text_of

_CHUNK_KINDS = frozenset({"web", "maps", "image", "retrievedContext"})


def read_citations(candidate: Wire, text: str) -> list[Citation]:
    """The citations a candidate's metadata gives for this text; none when nothing is grounded."""
    found = list(_grounded(candidate.get("groundingMetadata"), text))
    for item in _quoted(candidate.get("citationMetadata")):
        uri = text_of(item.get("uri"))
        if uri:
            start, end = _characters(text, item)
            found.append(Citation(url=uri, title=text_of(item.get("title")), start=start, end=end, raw=item))
    return found


def _quoted(metadata: Any) -> list[Wire]:
    """What the text quotes; `citationSources` is the older name."""
    wire = fields_of(metadata) if isinstance(metadata, dict) else {}
    return _objects(wire.get("citations", wire.get("citationSources")))


def merged_quotes(old: Wire, new: Wire) -> Wire:
    """Two reports of what is quoted: sources come piece by piece and are collected."""
    before = _quoted(old)
    return {**fields_of(new), "citations": before + [item for item in _quoted(new) if item not in before]}


def merged_grounds(old: Wire, new: Wire) -> Wire:
    """Two reports of what the answer is grounded in. The later says all, or only what is new: its places move up then."""
    old, new = fields_of(old), fields_of(new)
    before, after = _objects(old.get("groundingChunks")), _objects(new.get("groundingChunks"))
    if after[: len(before)] == before:
        return {**old, **new}
    earlier, later = _objects(old.get("groundingSupports")), _objects(new.get("groundingSupports"))
    moved = [
        {**support, "groundingChunkIndices": [place + len(before) for place in _places(support)]} for support in later
    ]
    return {**old, **new, "groundingChunks": before + after, "groundingSupports": earlier + moved}


def _places(support: Wire) -> list[int]:
    indices = support.get("groundingChunkIndices")
    return [index for index in indices if isinstance(index, int)] if isinstance(indices, list) else []


def _objects(value: Any) -> list[Wire]:
    return [fields_of(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _grounded(metadata: Any, text: str) -> Iterator[Citation]:
    wire = fields_of(metadata) if isinstance(metadata, dict) else {}
    chunks = _objects(wire.get("groundingChunks"))
    used: set[int] = set()
    for support in _objects(wire.get("groundingSupports")):
        segment = support.get("segment")
        start, end = _characters(text, fields_of(segment)) if isinstance(segment, dict) else (None, None)
        for index in _places(support):
            if 0 <= index < len(chunks):
                used.add(index)
                yield _of_chunk(chunks[index], start, end)
    for index, chunk in enumerate(chunks):
        if index not in used:
            yield _of_chunk(chunk, None, None)


def _of_chunk(chunk: Wire, start: int | None, end: int | None) -> Citation:
    kind = next((key for key, value in chunk.items() if isinstance(value, dict)), "")
    source = fields_of(chunk[kind]) if kind else {}
    url = text_of(source.get("uri")) or text_of(source.get("sourceUri"))
    file_id = text_of(source.get("documentName")) or text_of(source.get("fileSearchStore"))
    return Citation(
        kind="url" if url or kind != "retrievedContext" else "file",
        url=url,
        title=text_of(source.get("title")),
        cited_text=text_of(source.get("text")),
        file_id=file_id,
        start=start,
        end=end,
        raw=chunk,
    )


def _characters(text: str, segment: Wire) -> tuple[int | None, int | None]:
    """The segment's place in characters: by its bytes where they fit its words, else where its words stand."""
    start, end, words = segment.get("startIndex", 0), segment.get("endIndex"), text_of(segment.get("text"))
    if isinstance(start, int) and isinstance(end, int):
        data = text.encode()
        if 0 <= start <= end <= len(data):
            first = len(data[:start].decode("utf-8", "ignore"))
            last = len(data[:end].decode("utf-8", "ignore"))
            if not words or text[first:last] == words:
                return first, last
    at = text.find(words) if words else -1
    return (at, at + len(words)) if at >= 0 else (None, None)


def write_citations(texts: list[tuple[int, Text]]) -> Wire | None:
    """The `groundingMetadata` for the citations of these texts, each with its part's place; None when there are none."""
    chunks: list[Wire] = []
    supports: list[Wire] = []
    for place, part in texts:
        for citation in part.citations:
            chunk = _chunk(citation)
            if chunk not in chunks:
                chunks.append(chunk)
            if citation.start is not None and citation.end is not None:
                segment = _segment(part.text, citation.start, citation.end, place)
                supports.append({"segment": segment, "groundingChunkIndices": [chunks.index(chunk)]})
    if not chunks:
        return None
    return {"groundingChunks": chunks, "groundingSupports": supports} if supports else {"groundingChunks": chunks}


def _chunk(citation: Citation) -> Wire:
    if citation.raw is not None and _CHUNK_KINDS & citation.raw.keys():
        return citation.raw
    title = {"title": citation.title} if citation.title else {}
    if citation.kind == "url" or citation.url:
        return {"web": {"uri": citation.url, **title}}
    said = {"text": citation.cited_text, "documentName": citation.file_id}
    return {"retrievedContext": {**title, **{key: value for key, value in said.items() if value}}}


def _segment(text: str, start: int, end: int, place: int) -> Wire:
    words = text[start:end]
    first = len(text[:start].encode())
    segment: Wire = {"startIndex": first, "endIndex": first + len(words.encode()), "text": words}
    return {"partIndex": place, **segment} if place else segment
