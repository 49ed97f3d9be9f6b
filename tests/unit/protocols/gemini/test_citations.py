import copy
from typing import Any

from tests.unit.protocols.gemini.wire import chunk, events_of, reading, sse, writing

from plexus.ir.fold import fold
from plexus.ir.parts import Citation, Text
from plexus.protocols.gemini import PROTOCOL
from plexus.protocols.gemini.citations import read_citations, write_citations

TEXT = "Ünited. Kingdom."


def grounded(*supports, chunks=({"web": {"uri": "https://e.com", "title": "E"}},)):
    return {"groundingMetadata": {"groundingChunks": list(chunks), "groundingSupports": list(supports)}}


def test_offsets_in_bytes_become_offsets_in_characters_and_go_back():
    support = {"segment": {"startIndex": 9, "endIndex": 17, "text": "Kingdom."}, "groundingChunkIndices": [0]}
    metadata = grounded(support)
    [citation] = read_citations(metadata, TEXT)
    assert (citation.url, citation.title) == ("https://e.com", "E")
    assert TEXT[citation.start : citation.end] == "Kingdom."
    assert write_citations([(0, Text(text=TEXT, citations=[citation]))]) == metadata["groundingMetadata"]


def test_offsets_that_do_not_fit_are_looked_for_by_their_words_else_left_out():
    words = {"segment": {"startIndex": 400, "endIndex": 408, "text": "Kingdom."}, "groundingChunkIndices": [0]}
    wrong = {"segment": {"startIndex": 400, "endIndex": 408, "text": "Elsewhere"}, "groundingChunkIndices": [0]}
    found, lost = read_citations(grounded(words, wrong), TEXT)
    assert (found.start, found.end) == (8, 16)
    assert (lost.start, lost.end) == (None, None)


def test_every_kind_of_source_is_a_citation_and_its_own_words_come_back():
    chunks = [
        {"maps": {"uri": "https://maps.google.com/x", "title": "Place"}},
        {"retrievedContext": {"title": "doc", "text": "said", "fileSearchStore": "fileSearchStores/a"}},
        {"image": {"sourceUri": "https://i.com", "title": "I"}},
    ]
    place, document, image = read_citations(grounded(chunks=chunks), TEXT)
    assert (place.kind, place.url) == ("url", "https://maps.google.com/x")
    assert (document.kind, document.cited_text, document.file_id) == ("file", "said", "fileSearchStores/a")
    assert image.url == "https://i.com"
    back = write_citations([(0, Text(text=TEXT, citations=[place, document, image]))])
    assert back == {"groundingChunks": chunks}


def test_a_source_of_another_protocol_is_a_web_page_or_a_document():
    citations = [Citation(url="https://e.com", title="E"), Citation(kind="document", title="D", cited_text="c")]
    assert write_citations([(0, Text(text="t", citations=citations))]) == {
        "groundingChunks": [
            {"web": {"uri": "https://e.com", "title": "E"}},
            {"retrievedContext": {"title": "D", "text": "c"}},
        ]
    }


def test_what_cannot_be_read_of_sources_is_passed_over():
    supports = [None, {"segment": 4, "groundingChunkIndices": ["x"]}]
    junks: list[Any] = [3, [], {"groundingChunks": 3}, {"groundingSupports": supports}]
    for junk in junks:
        assert read_citations({"groundingMetadata": junk, "citationMetadata": junk}, TEXT) == []


def test_sources_belong_to_the_last_text_also_when_something_follows_it():
    body = {
        "candidates": [
            {
                "content": {"parts": [{"text": "a"}, {"executableCode": {"code": "1"}}]},
                "finishReason": "STOP",
                **grounded(),
            }
        ]
    }
    response: Any = PROTOCOL.decode_response(body, reading())
    assert [c.url for c in response.parts[0].citations] == ["https://e.com"]


def test_a_stream_folded_for_a_unary_client_tells_its_sources_once():
    events = events_of(sse(chunk({"text": "a"}, finishReason="STOP", **grounded())))
    response = fold(copy.deepcopy(events))
    body, drops = PROTOCOL.encode_response(response, writing())
    assert body["candidates"][0]["groundingMetadata"] == grounded()["groundingMetadata"]
    assert drops == []


def test_places_of_sources_that_are_no_list_are_none():
    [citation] = read_citations(grounded({"groundingChunkIndices": 3}), TEXT)
    assert (citation.url, citation.start) == ("https://e.com", None)
