import json
from typing import Any

import pytest
from tests.unit.protocols.gemini.wire import ORIGIN, answer, chunk, events_of, reading, sse, streamed

from plexus.core.json_array import JsonArrayDecoder
from plexus.core.sse import Decoder
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart, SignatureDelta, StreamError, TextDelta
from plexus.ir.fold import fold
from plexus.ir.parts import Citation, Media, Opaque, Signature, Text, Thinking, ToolCall
from plexus.protocols.gemini import PROTOCOL

SIGNED = Signature("c2ln", ORIGIN)
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
END = chunk({"text": ""}, finishReason="STOP") | {"usageMetadata": USAGE}


def test_texts_of_one_kind_are_one_part_until_the_kind_changes():
    response = streamed(
        chunk({"text": "h", "thought": True}),
        chunk({"text": "m", "thought": True}),
        chunk({"text": "a"}),
        chunk({"text": "b"}),
        END,
    )
    assert response.parts == [Thinking(text="hm", summary=True), Text(text="ab")]
    assert response.stop_reason == "end"


def test_the_events_of_a_stream_are_started_grown_and_ended_once():
    events = events_of(sse(chunk({"text": "a"}) | {"responseId": "r", "modelVersion": "v"}, chunk({"text": "b"}), END))
    assert events[:4] == [
        ResponseStart(id="r", model="v"),
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        TextDelta(0, "b"),
    ]
    assert events[4] == PartEnd(0)
    assert isinstance(events[5], ResponseEnd)
    assert len(events) == 6


def test_25_every_call_is_a_part_of_its_own_complete_in_one_piece():
    events = events_of(
        sse(
            chunk(
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "f", "args": {}}},
            ),
            chunk({"functionCall": {"name": "g", "args": {}, "id": "x"}}),
            END,
        )
    )
    response: Any = fold(events)
    ids = [part.id for part in response.parts]
    assert len(set(ids)) == 3
    assert ids[2] == "x"
    assert [part.arguments for part in response.parts] == ['{"a":1}', "{}", "{}"]
    assert response.parts[0].signature == SIGNED


def test_26_a_stop_in_a_later_chunk_than_the_call_still_waits_for_results():
    response = streamed(chunk({"functionCall": {"name": "f", "args": {}}}), END)
    assert response.stop_reason == "tool_use"


def test_108_a_signature_on_an_empty_text_goes_to_the_text_before_it():
    response = streamed(chunk({"text": "a"}), chunk({"text": "", "thoughtSignature": "c2ln"}, finishReason="STOP"))
    assert response.parts == [Text(text="a", signature=SIGNED)]


def test_108_a_signature_on_an_empty_text_after_something_else_has_a_part_of_its_own():
    response = streamed(
        chunk({"text": "hm", "thought": True}), chunk({"text": "", "thoughtSignature": "c2ln"}, finishReason="STOP")
    )
    assert response.parts == [Thinking(text="hm", summary=True), Text(text="", signature=SIGNED)]


def test_text_after_a_signed_text_is_another_part():
    response = streamed(chunk({"text": "a", "thoughtSignature": "c2ln"}), chunk({"text": "b"}, finishReason="STOP"))
    assert response.parts == [Text(text="a", signature=SIGNED), Text(text="b")]


def test_media_and_parts_not_modelled_arrive_whole_between_texts():
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    response = streamed(
        chunk({"text": "a"}),
        chunk(code),
        chunk({"inlineData": {"mimeType": "image/png", "data": "iVBOR"}}),
        chunk({"text": "b"}, finishReason="STOP"),
    )
    assert response.parts == [
        Text(text="a"),
        Opaque(kind="executableCode", raw=code, origin=ORIGIN),
        Media(kind="image", mime="image/png", data="iVBOR"),
        Text(text="b"),
    ]


def test_candidates_grow_side_by_side():
    def both(one, two, **rest):
        return {
            "candidates": [
                {"content": {"parts": [{"text": one}]}, "index": 0, **rest},
                {"content": {"parts": [{"text": two}]}, "index": 1, **rest},
            ]
        }

    response = streamed(both("a", "x"), both("b", "y"), both("", "", finishReason="STOP"))
    assert response.parts == [Text(text="ab")]
    assert response.alternatives[0].parts == [Text(text="xy")]
    assert response.alternatives[0].stop_reason == "end"


def test_120_the_last_usage_stands():
    first = chunk({"text": "a"}) | {
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4}
    }
    response = streamed(first, END, {"usageMetadata": {"trafficType": "ON_DEMAND"}})
    assert response.usage is not None
    assert (response.usage.input, response.usage.output) == (3, 2)


def test_125_the_start_tells_what_is_known_of_usage():
    first = events_of(sse(chunk({"text": "a"}) | {"usageMetadata": USAGE}))[0]
    assert isinstance(first, ResponseStart)
    assert first.usage is not None
    assert first.usage.input == 3


@pytest.mark.parametrize("stream", [b"", sse(chunk({"text": "a"})), sse({"usageMetadata": USAGE}), b"data: [DONE]\n\n"])
def test_38_a_stream_without_a_finish_reason_was_cut(stream):
    last = events_of(stream)[-1]
    assert isinstance(last, StreamError)
    assert (last.fault.kind, last.fault.code) == ("upstream", "truncated")


def test_38_one_unfinished_candidate_makes_the_whole_stream_cut():
    stream = sse(
        {"candidates": [{"index": 0, "finishReason": "STOP"}, {"index": 1, "content": {"parts": [{"text": "x"}]}}]}
    )
    assert isinstance(events_of(stream)[-1], StreamError)


def test_a_finish_reason_with_every_chunk_does_not_end_the_stream():
    response = streamed(chunk({"text": "a"}, finishReason="STOP"), chunk({"text": "b"}, finishReason="MAX_TOKENS"))
    assert (response.parts, response.stop_reason) == ([Text(text="ab")], "max_tokens")


def test_a_blocked_prompt_ends_the_stream_with_the_filter():
    response = streamed({"promptFeedback": {"blockReason": "SAFETY"}})
    assert (response.parts, response.stop_reason) == ([], "content_filter")


def test_143_an_error_in_the_stream_is_a_failure_of_its_own_kind_and_nothing_follows():
    error = {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}
    for wire in ({"error": error}, [{"error": error}]):
        events = events_of(
            sse(chunk({"text": "a"}) | {"usageMetadata": USAGE}, wire, chunk({"text": "b"}, finishReason="STOP"))
        )
        assert isinstance(events[-1], StreamError)
        assert (events[-1].fault.kind, events[-1].fault.status, events[-1].fault.message) == (
            "rate_limit",
            429,
            "slow down",
        )
        assert events[-1].usage is not None
        assert sum(isinstance(event, StreamError | ResponseEnd) for event in events) == 1


@pytest.mark.parametrize(
    "junk",
    [
        b"data: not json\n\n",
        b"data: 3\n\n",
        b"data: null\n\n",
        b'data: {"candidates": 7}\n\n',
        b'data: {"candidates": [null, 1]}\n\n',
        b'data: {"candidates": [{"content": {"parts": [null, 4, {"functionCall": 1}, {"functionCall": {}}, {"text": 3}]}}]}\n\n',
        b'data: {"candidates": [{"content": 5, "groundingMetadata": 3, "logprobsResult": 1, "citationMetadata": []}]}\n\n',
        b'data: {"usageMetadata": 7, "modelVersion": 3, "createTime": "soon"}\n\n',
    ],
)
def test_what_an_upstream_sends_never_raises(junk):
    events = events_of(sse(chunk({"text": "a"})) + junk + sse(END))
    assert isinstance(events[-1], ResponseEnd)
    response: Any = fold(events)
    assert response.parts[0].text == "a"


def piece(**call):
    return chunk({"functionCall": call})


def test_arguments_in_pieces_become_one_call():
    response = streamed(
        chunk({"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"}),
        piece(partialArgs=[{"jsonPath": "$.city", "stringValue": "Bos", "willContinue": True}], willContinue=True),
        piece(partialArgs=[{"jsonPath": "$.city", "stringValue": "ton"}], willContinue=True),
        piece(
            partialArgs=[{"jsonPath": "$.list[1].n", "numberValue": 2}, {"jsonPath": "$.ok", "boolValue": True}],
            willContinue=True,
        ),
        piece(),
        piece(name="g", willContinue=True),
        piece(partialArgs=[{"jsonPath": "$['a b']", "nullValue": "NULL_VALUE"}]),
        END,
    )
    first, second = response.parts
    assert (first.name, first.arguments) == ("f", '{"city":"Boston","list":[null,{"n":2}],"ok":true}')
    assert first.signature == SIGNED
    assert (second.name, second.arguments) == ("g", '{"a b":null}')
    assert response.stop_reason == "tool_use"


def test_a_call_cut_in_its_pieces_is_closed_by_the_next_part():
    response = streamed(
        piece(name="f", willContinue=True),
        piece(partialArgs=[{"jsonPath": "$.a", "stringValue": "x"}], willContinue=True),
        chunk({"text": "b"}, finishReason="STOP"),
    )
    assert response.parts == [ToolCall(id=response.parts[0].id, name="f", arguments='{"a":"x"}'), Text(text="b")]


def test_sources_become_citations_of_the_text():
    grounding: Any = {
        "groundingChunks": [{"web": {"uri": "https://e.com", "title": "E"}}, {"web": {"uri": "https://f.com"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 0, "endIndex": 3, "text": "éa"}, "groundingChunkIndices": [0, 9]}
        ],
    }
    response = streamed(chunk({"text": "éa"}), chunk({"text": "b"}, finishReason="STOP", groundingMetadata=grounding))
    chunks = grounding["groundingChunks"]
    assert response.parts[0].citations == [
        Citation(url="https://e.com", title="E", start=0, end=2, raw=chunks[0]),
        Citation(url="https://f.com", raw=chunks[1]),
    ]
    assert response.extras == {"candidates": [{"groundingMetadata": grounding}]}


def test_quoted_sources_told_piece_by_piece_are_all_kept():
    def quoting(uri):
        return {"citationMetadata": {"citations": [{"uri": uri, "endIndex": 1}]}}

    response = streamed(
        chunk({"text": "a"}, **quoting("https://a.com")),
        chunk({"text": "b"}, finishReason="STOP", **quoting("https://b.com")),
    )
    assert [citation.url for citation in response.parts[0].citations] == ["https://a.com", "https://b.com"]


def test_a_stream_says_what_the_unary_answer_says():
    wire = [
        {"text": "hm", "thought": True},
        {"text": "a", "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"text": "b"},
    ]
    unary = answer(*wire, usageMetadata=USAGE)
    unary.protocol = ""
    last = {"usageMetadata": USAGE}
    assert streamed(*(chunk(part) for part in wire[:3]), chunk(wire[3], finishReason="STOP") | last) == unary


def test_a_json_array_stream_cut_anywhere_gives_the_same_events():
    body = json.dumps([chunk({"text": 'é"]'}), END], indent=1, ensure_ascii=False).encode()
    expected: list[Any] = []
    for cut in range(len(body) + 1):
        frames = JsonArrayDecoder()
        decoder = PROTOCOL.stream_decoder(reading())
        events = [
            e for f in [*frames.feed(body[:cut]), *frames.feed(body[cut:]), *frames.end()] for e in decoder.feed(f)
        ]
        events += decoder.end()
        expected = expected or events
        assert events == expected
    assert isinstance(expected[-1], ResponseEnd)


def test_nothing_follows_the_end():
    [frame] = Decoder().feed(sse(END))
    decoder = PROTOCOL.stream_decoder(reading())
    decoder.feed(frame)
    assert isinstance(decoder.end()[-1], ResponseEnd)
    assert decoder.done
    assert decoder.end() == decoder.feed(frame) == []


def test_the_signature_event_names_the_origin_of_the_reading():
    events = events_of(sse(chunk({"text": "a", "thoughtSignature": "c2ln"}, finishReason="STOP")))
    assert SignatureDelta(0, SIGNED) in events


def test_an_error_that_is_null_and_feedback_that_is_empty_say_nothing():
    response = streamed(chunk({"text": "a"}), {"error": None}, {"promptFeedback": {}}, END)
    assert response.parts == [Text(text="a")]
    assert response.stop_reason == "end"


@pytest.mark.parametrize(
    "blocked", [{"promptFeedback": {"blockReason": "SAFETY"}}, {"prompt_feedback": {"block_reason": "SAFETY"}}]
)
def test_a_blocked_prompt_is_an_answer_in_either_spelling(blocked):
    assert streamed(blocked).stop_reason == "content_filter"


def test_sources_go_to_a_text_of_their_own_when_only_a_signature_came_last():
    grounds = {"groundingChunks": [{"web": {"uri": "https://example.test/", "title": "T"}}]}
    last = chunk({"text": "", "thoughtSignature": "bGFzdA=="}, finishReason="STOP", groundingMetadata=grounds)
    first, signed, cited = streamed(chunk({"text": "a", "thoughtSignature": SIGNED.value}), last).parts
    assert first == Text(text="a", signature=SIGNED)
    assert signed.signature is not None
    assert [citation.url for citation in cited.citations] == ["https://example.test/"]
    [whole, *_] = answer(
        {"text": "a", "thoughtSignature": SIGNED.value}, {"text": "", "thoughtSignature": "bGFzdA=="}
    ).parts
    assert whole.text == "a"
