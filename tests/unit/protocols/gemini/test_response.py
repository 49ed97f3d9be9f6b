from typing import Any

import pytest
from google.genai.types import GenerateContentResponse
from tests.unit.protocols.gemini.wire import ORIGIN, answer, reading, writing

from plexus.core.json import dumps, loads
from plexus.ir.chat import Alternative, ChatResponse, Usage
from plexus.ir.errors import InvalidAnswer
from plexus.ir.exchange import Reading
from plexus.ir.parts import Citation, Media, Opaque, Origin, Part, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.gemini import PROTOCOL

SIGNED = Signature("c2ln", ORIGIN)


def written(response, **fields):
    body, drops = PROTOCOL.encode_response(response, writing(**fields))
    body = loads(dumps(body))
    GenerateContentResponse.model_validate(body)
    return body, drops


def test_parts_of_every_kind_keep_their_order_and_signatures():
    response = answer(
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "a"},
        {"text": "b"},
        {"functionCall": {"name": "f", "args": {"x": 1}, "id": "i"}, "thoughtSignature": "c2ln"},
        {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
    )
    assert response.parts == [
        Thinking(text="hm", summary=True, signature=SIGNED),
        Text(text="a"),
        Text(text="b"),
        ToolCall(id="i", name="f", arguments='{"x":1}', signature=SIGNED),
        Media(kind="image", mime="image/png", data="iVBOR"),
        Opaque(kind="executableCode", raw={"executableCode": {"language": "PYTHON", "code": "1"}}, origin=ORIGIN),
    ]
    assert (response.stop_reason, response.protocol) == ("tool_use", "gemini")


def test_108_a_signature_on_an_empty_text_belongs_to_the_text_before_it():
    assert answer({"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}).parts == [Text(text="a", signature=SIGNED)]
    assert answer({"text": "", "thoughtSignature": "c2ln"}).parts == [Text(text="", signature=SIGNED)]


def test_25_calls_without_ids_get_distinct_ones_that_do_not_depend_on_chance():
    wire = [{"functionCall": {"name": "f", "args": {}}}, {"functionCall": {"name": "f", "args": {}}}]
    ids = [part.id for part in answer(*wire).parts]
    assert len(set(ids)) == 2
    assert ids == [part.id for part in answer(*wire).parts]
    elsewhere: Any = PROTOCOL.decode_response(
        {"candidates": [{"content": {"parts": wire}, "finishReason": "STOP"}]}, Reading(origin=ORIGIN, seed="other")
    )
    assert not set(ids) & {part.id for part in elsewhere.parts}


def test_208_changed_tool_names_are_mapped_back():
    body = {
        "candidates": [
            {"content": {"parts": [{"functionCall": {"name": "a_b_1", "args": {}}}]}, "finishReason": "STOP"}
        ]
    }
    response: Any = PROTOCOL.decode_response(body, Reading(origin=ORIGIN, seed="s", tool_names={"a_b_1": "a b"}))
    assert response.parts[0].name == "a b"


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", "end"),
        ("MAX_TOKENS", "max_tokens"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed_tool_call"),
        ("UNEXPECTED_TOOL_CALL", "malformed_tool_call"),
        ("OTHER", "error"),
        ("SOMETHING_NEW", "error"),
        (1, "end"),
        (2, "max_tokens"),
        ("FINISH_REASON_UNSPECIFIED", None),
    ],
)
def test_47_198_every_finish_reason_has_its_stop_reason_and_comes_back_to_gemini(reason, stop):
    response = answer({"text": "a"}, reason=reason)
    assert response.stop_reason == stop
    back = PROTOCOL.encode_response(response, writing())[0]["candidates"][0]["finishReason"]
    assert back == ({1: "STOP", 2: "MAX_TOKENS"}.get(reason, reason) if stop else "STOP")


def test_a_blocked_prompt_is_a_filtered_answer_and_comes_back_as_it_was():
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}
    response: Any = PROTOCOL.decode_response(body, reading())
    assert (response.parts, response.stop_reason) == ([], "content_filter")
    back, _ = written(response)
    assert back["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in back


@pytest.mark.parametrize(
    "body", [{}, {"candidates": []}, {"candidates": {}}, {"candidates": "x"}, {"usageMetadata": {}}]
)
def test_43_what_is_no_answer_is_an_invalid_answer(body):
    with pytest.raises(InvalidAnswer):
        PROTOCOL.decode_response(body, reading())


@pytest.mark.parametrize(
    "candidate", [{}, {"content": None}, {"content": {"parts": None}}, {"content": {"parts": [None, 1, {}]}}]
)
def test_43_a_candidate_with_nothing_in_it_is_an_empty_answer(candidate):
    response: Any = PROTOCOL.decode_response({"candidates": [{**candidate, "finishReason": "STOP"}]}, reading())
    assert (response.parts, response.stop_reason) == ([], "end")


def test_further_candidates_are_alternatives():
    body = {
        "candidates": [
            {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "index": 0},
            {"content": {"parts": [{"text": "b"}]}, "finishReason": "MAX_TOKENS", "index": 1},
        ]
    }
    response: Any = PROTOCOL.decode_response(body, reading())
    assert response.alternatives == [Alternative(parts=[Text(text="b")], stop_reason="max_tokens")]
    assert [c["finishReason"] for c in written(response)[0]["candidates"]] == ["STOP", "MAX_TOKENS"]


def test_log_probabilities_come_and_go():
    top = {"candidates": [{"token": "a", "logProbability": -0.1}, {"token": "b", "logProbability": -2}]}
    result = {"chosenCandidates": [{"token": "a", "logProbability": -0.1}], "topCandidates": [top]}
    body = {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "logprobsResult": result}]}
    response: Any = PROTOCOL.decode_response(body, reading())
    others = [TokenLogprob(token="a", logprob=-0.1), TokenLogprob(token="b", logprob=-2)]
    assert response.parts[0].logprobs == [TokenLogprob(token="a", logprob=-0.1, top=others)]
    assert written(response)[0]["candidates"][0]["logprobsResult"] == result


def test_geminis_own_fields_come_back_to_a_gemini_client():
    candidate = {
        "content": {"parts": [{"text": "a", "partMetadata": {"k": 1}}], "role": "model"},
        "finishReason": "STOP",
        "index": 0,
        "avgLogprobs": -0.5,
        "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}],
    }
    body = {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 1,
            "candidatesTokenCount": 1,
            "totalTokenCount": 2,
            "trafficType": "ON_DEMAND",
        },
        "modelVersion": "gemini-x",
        "createTime": "2026-01-02T03:04:05Z",
        "responseId": "abc",
        "promptFeedback": {"safetyRatings": []},
    }
    assert written(PROTOCOL.decode_response(body, reading())) == (body, [])


def test_an_answer_made_elsewhere_is_a_valid_gemini_answer():
    foreign = Signature("x" * 10, Origin("messages", "anthropic", "claude"))
    response = ChatResponse(
        parts=[
            Thinking(text="hm", signature=foreign),
            Text(text="It is é.", citations=[Citation(url="https://e.com", title="E", start=6, end=8)]),
            ToolCall(id="toolu_1", name="f", arguments='{"a": 1}'),
            Opaque(kind="server_tool_use", raw={}, origin=Origin("messages")),
        ],
        stop_reason="tool_use",
        usage=Usage(input=10, cache_read=5, cache_write=2, output=9, reasoning=4),
        id="msg_1",
        model="claude",
        created=1_700_000_000,
        protocol="messages",
        extras={"container": {}},
    )
    body, drops = written(response)
    [candidate] = body["candidates"]
    thought, text, call = candidate["content"]["parts"]
    assert thought["thought"] is True
    assert thought["thoughtSignature"].startswith("plexusv1")
    assert text == {"text": "It is é."}
    assert call == {"functionCall": {"name": "f", "args": {"a": 1}, "id": "toolu_1"}}
    assert candidate["finishReason"] == "STOP"
    assert candidate["groundingMetadata"] == {
        "groundingChunks": [{"web": {"uri": "https://e.com", "title": "E"}}],
        "groundingSupports": [
            {"segment": {"partIndex": 1, "startIndex": 6, "endIndex": 9, "text": "é."}, "groundingChunkIndices": [0]}
        ],
    }
    assert body["usageMetadata"] == {
        "promptTokenCount": 17,
        "cachedContentTokenCount": 5,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 26,
    }
    assert body["modelVersion"] == "claude"
    assert body["responseId"] != "msg_1"
    assert [(drop.kind, drop.field) for drop in drops] == [("dropped", "parts[3]"), ("dropped", "container")]


def test_reading_what_was_written_gives_the_same_answer():
    response = ChatResponse(
        parts=[
            Thinking(text="hm", summary=True, signature=Signature("x", Origin("messages", "p", "m"))),
            Text(text="a"),
            ToolCall(id="c1", name="f", arguments='{"a":1}'),
            Text(text="b"),
        ],
        stop_reason="tool_use",
        usage=Usage(input=1, output=2),
        protocol="messages",
    )
    wire = written(response)[0]["candidates"][0]["content"]
    request = PROTOCOL.decode_request({"contents": [wire]}, "m", False)
    assert request.messages[0].parts == response.parts


@pytest.mark.parametrize(
    ("stop", "reason", "reported"),
    [
        ("stop_sequence", "STOP", True),
        ("context_window", "MAX_TOKENS", True),
        ("refusal", "SAFETY", True),
        ("pause", "STOP", True),
        ("error", "OTHER", True),
        ("max_tokens", "MAX_TOKENS", False),
        (None, "STOP", False),
    ],
)
def test_stop_reasons_gemini_has_no_word_for_are_reported(stop, reason, reported):
    body, drops = written(ChatResponse(parts=[Text(text="a")], stop_reason=stop, protocol="chat"))
    assert body["candidates"][0]["finishReason"] == reason
    assert bool(drops) == reported


def test_a_refusal_in_words_ends_in_the_ordinary_way():
    body, _ = written(ChatResponse(parts=[Text(text="No.", refusal=True)], stop_reason="refusal", protocol="chat"))
    assert body["candidates"][0]["finishReason"] == "STOP"


def test_201_an_answer_without_usage_is_still_an_answer():
    response = answer({"text": "a"})
    assert response.usage is None
    assert "usageMetadata" not in written(response)[0]


@pytest.mark.parametrize("odd", [10**400, float("nan"), "x"])
def test_a_logarithm_that_is_none_is_zero(odd):
    result = {"chosenCandidates": [{"token": "a", "logProbability": odd}]}
    candidate = {"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP", "logprobsResult": result}
    response = PROTOCOL.decode_response({"candidates": [candidate]}, reading())
    [part] = response.parts
    assert isinstance(part, Text)
    assert part.logprobs[0].logprob == 0.0


@pytest.mark.parametrize(("data", "kept"), [("aGk=", True), ("aGk", True), ("aGk...", False), ("data:,aGk=", False)])
def test_an_image_that_is_no_base64_is_left_out_because_googles_package_refuses_the_whole_answer(data, kept):
    parts: list[Part] = [Media(kind="image", mime="image/png", data=data), Text(text="a")]
    body, drops = written(ChatResponse(parts=parts, stop_reason="end", protocol="responses"))
    assert len(body["candidates"][0]["content"]["parts"]) == 1 + kept
    assert bool(drops) != kept
