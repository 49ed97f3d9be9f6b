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


def web(name):
    return {"web": {"uri": f"https://{name}.com", "title": name}}


def sources(*chunks):
    response = fold(events_of(sse(*chunks)))
    return [(part.text, [c.url for c in part.citations]) for part in response.parts if isinstance(part, Text)]


def test_sources_told_in_pieces_are_collected_and_keep_their_places():
    first = grounded({"segment": {"endIndex": 2}, "groundingChunkIndices": [0]}, chunks=[web("a")])
    second = grounded({"segment": {"startIndex": 2, "endIndex": 4}, "groundingChunkIndices": [0]}, chunks=[web("b")])
    [part] = fold(
        events_of(sse(chunk({"text": "ab"}, **first), chunk({"text": "cd"}, finishReason="STOP", **second)))
    ).parts
    assert isinstance(part, Text)
    assert [(c.url, c.start, c.end) for c in part.citations] == [("https://a.com", 0, 2), ("https://b.com", 2, 4)]


def test_sources_told_again_are_told_once_and_an_empty_list_takes_none_away():
    first, both = grounded(chunks=[web("a")]), grounded(chunks=[web("a"), web("b")])
    empty = {"groundingMetadata": {"groundingChunks": [], "webSearchQueries": ["q"]}}
    told = [
        chunk({"text": "x"}, **first),
        chunk({"text": "y"}, **both),
        chunk({"text": "z"}, finishReason="STOP", **empty),
    ]
    assert sources(*told) == [("xyz", ["https://a.com", "https://b.com"])]


def test_quotes_are_collected_by_either_name_of_their_list():
    first = {"citationMetadata": {"citationSources": [{"uri": "https://a.com"}]}}
    second = {"citation_metadata": {"citation_sources": [{"uri": "https://b.com"}]}}
    assert sources(chunk({"text": "x"}, **first), chunk({"text": "y"}, finishReason="STOP", **second)) == [
        ("xy", ["https://a.com", "https://b.com"])
    ]


def test_sources_that_no_open_text_can_take_are_told_by_themselves():
    found = grounded(chunks=[web("a")])
    call = {"functionCall": {"name": "f", "args": {}}}
    assert sources(chunk({"text": "x"}), chunk(call, finishReason="STOP", **found)) == [
        ("x", []),
        ("", ["https://a.com"]),
    ]
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}
    assert sources(chunk(picture, finishReason="STOP", **found)) == [("", ["https://a.com"])]
    whole = PROTOCOL.decode_response(chunk({"text": "x"}, call, finishReason="STOP", **found), reading())
    assert [type(part).__name__ for part in whole.parts] == ["Text", "ToolCall"]
    text = whole.parts[0]
    assert isinstance(text, Text)
    assert text.citations[0].url == "https://a.com"


def test_a_source_of_an_unheard_kind_is_one():
    [citation] = read_citations(grounded(chunks=[{"moon": {"uri": "https://moon.com", "title": "Moon"}}]), TEXT)
    assert (citation.url, citation.title) == ("https://moon.com", "Moon")
