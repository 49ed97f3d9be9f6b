import json

import pytest
from tests.grammar.gemini import violations
from tests.unit.protocols.gemini.wire import chunks_of, parts_of, writing, written

from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import (
    Event,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    SignatureDelta,
    StreamError,
    TextDelta,
)
from plexus.ir.parts import Citation, Media, Opaque, Origin, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.ir.unfold import unfold
from plexus.protocols.gemini import PROTOCOL, array_stream_encoder

USAGE = Usage(input=3, cache_read=1, output=5, reasoning=2)
END = ResponseEnd(stop_reason="end", usage=USAGE)
FOREIGN = Signature("sig", Origin("messages", "anthropic", "claude"))


def stream(*events, end=END):
    data, _ = written([ResponseStart(model="claude"), *events, end])
    assert violations(data) == []
    return chunks_of(data)


def test_text_flows_as_it_comes():
    encoder = PROTOCOL.stream_encoder(writing())
    assert encoder.content_type == "text/event-stream"
    assert encoder.encode(ResponseStart(model="v")) == encoder.encode(PartStart(0, Text(text=""))) == b""
    [first] = chunks_of(encoder.encode(TextDelta(0, 'a"\n')))
    assert first["candidates"] == [{"content": {"parts": [{"text": 'a"\n'}], "role": "model"}, "index": 0}]
    assert first["modelVersion"] == "v"
    assert first["responseId"]


def test_196_there_is_one_finish_reason_with_the_last_content_and_usage_with_real_numbers():
    chunks = stream(PartStart(0, Text(text="")), TextDelta(0, "a"), PartEnd(0))
    assert [c["candidates"][0].get("finishReason") for c in chunks] == [None, "STOP"]
    assert chunks[-1]["candidates"][0]["content"] == {"parts": [{"text": ""}], "role": "model"}
    assert chunks[-1]["usageMetadata"] == {
        "promptTokenCount": 4,
        "cachedContentTokenCount": 1,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 2,
        "totalTokenCount": 9,
    }


def test_117_a_turn_of_calls_has_calls_only_and_the_finish_is_on_the_last():
    chunks = stream(
        PartStart(0, ToolCall(id="a", name="f")),
        PartStart(1, ToolCall(id="b", name="g")),
        TextDelta(1, "{"),
        TextDelta(0, '{"x":'),
        TextDelta(0, " 1}"),
        TextDelta(1, "}"),
        PartEnd(1),
        PartEnd(0),
        end=ResponseEnd(stop_reason="tool_use", usage=USAGE),
    )
    parts = [part for c in chunks for part in c["candidates"][0]["content"]["parts"]]
    assert parts == [
        {"functionCall": {"name": "f", "args": {"x": 1}, "id": "a"}},
        {"functionCall": {"name": "g", "args": {}, "id": "b"}},
    ]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_thinking_is_marked_and_its_wrapped_signature_follows_it():
    chunks = stream(
        PartStart(0, Thinking()),
        TextDelta(0, "hm"),
        SignatureDelta(0, FOREIGN),
        PartEnd(0),
        PartStart(1, Text(text="")),
        TextDelta(1, "a"),
        PartEnd(1),
    )
    thought, signed, text = parts_of(chunks)
    assert thought == {"text": "hm", "thought": True}
    assert (signed["text"], signed["thought"]) == ("", True)
    assert signed["thoughtSignature"].startswith("plexusv1")
    assert text == {"text": "a"}


def test_107_a_signature_gemini_made_is_bare_on_its_own_part():
    own = Signature("c2ln", Origin("gemini", "google", "m"))
    chunks = stream(
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        SignatureDelta(0, own),
        PartEnd(0),
        PartStart(1, ToolCall(id="x", name="f")),
        SignatureDelta(1, own),
        PartEnd(1),
    )
    assert parts_of(chunks) == [
        {"text": "a"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "args": {}, "id": "x"}, "thoughtSignature": "c2ln"},
    ]


def test_parts_that_grow_side_by_side_are_told_one_after_the_other():
    chunks = stream(
        PartStart(0, Text(text="")),
        PartStart(1, ToolCall(id="x", name="f")),
        PartStart(2, Text(text="")),
        TextDelta(2, "c"),
        TextDelta(0, "a"),
        TextDelta(1, "{}"),
        PartEnd(1),
        TextDelta(0, "b"),
        PartEnd(2),
        PartEnd(0),
    )
    call = {"functionCall": {"name": "f", "args": {}, "id": "x"}}
    assert parts_of(chunks) == [{"text": "a"}, {"text": "b"}, call, {"text": "c"}]


def test_28_candidates_keep_their_numbers_and_each_finishes_once():
    chunks = stream(
        PartStart(0, Text(text="")),
        PartStart(1, Text(text=""), 1),
        TextDelta(1, "x"),
        TextDelta(0, "a"),
        PartEnd(0),
        PartEnd(1),
        end=ResponseEnd(stop_reason="end", other_stops={1: "max_tokens"}, usage=USAGE),
    )
    assert (parts_of(chunks), parts_of(chunks, 1)) == ([{"text": "a"}], [{"text": "x"}])
    assert [(c["index"], c["finishReason"]) for c in chunks[-1]["candidates"]] == [(0, "STOP"), (1, "MAX_TOKENS")]


def test_media_and_geminis_own_blocks_are_written_whole_and_others_are_reported():
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    events = [
        PartStart(0, Media(kind="image", mime="image/png", data="iVBORw0K")),
        PartEnd(0),
        PartStart(1, Opaque(kind="executableCode", raw=code, origin=Origin("gemini"))),
        PartEnd(1),
        PartStart(2, Opaque(kind="server_tool_use", raw={}, origin=Origin("messages"))),
        PartEnd(2),
        END,
    ]
    data, drops = written(events)
    assert parts_of(chunks_of(data)) == [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}}, code]
    assert [drop.field for drop in drops] == ["parts[2]"]


def test_citations_are_told_with_the_last_chunk():
    chunks = stream(
        PartStart(0, Text(text="")),
        TextDelta(0, "é b"),
        PartEnd(0, [Citation(url="https://e.com", start=2, end=3)]),
    )
    assert chunks[-1]["candidates"][0]["groundingMetadata"] == {
        "groundingChunks": [{"web": {"uri": "https://e.com"}}],
        "groundingSupports": [{"segment": {"startIndex": 3, "endIndex": 4, "text": "b"}, "groundingChunkIndices": [0]}],
    }


def test_log_probabilities_go_with_their_text():
    chunks = stream(PartStart(0, Text(text="")), TextDelta(0, "a", [TokenLogprob(token="a", logprob=-1)]), PartEnd(0))
    assert chunks[0]["candidates"][0]["logprobsResult"] == {"chosenCandidates": [{"token": "a", "logProbability": -1}]}


def test_arguments_over_several_lines_stay_one_event():
    chunks = stream(PartStart(0, ToolCall(id="x", name="f")), TextDelta(0, '{\r\n  "a": "b\\nc"\n}'), PartEnd(0))
    assert parts_of(chunks)[0]["functionCall"]["args"] == {"a": "b\nc"}


@pytest.mark.parametrize("stop", ["content_filter", "refusal"])
def test_a_filtered_answer_without_content_has_none(stop):
    [last] = stream(end=ResponseEnd(stop_reason=stop, usage=USAGE))
    assert last["candidates"] == [{"finishReason": "SAFETY", "index": 0}]


def test_a_blocked_prompt_comes_back_as_one():
    [last] = stream(
        end=ResponseEnd(stop_reason="content_filter", usage=USAGE, extras={"promptFeedback": {"blockReason": "SAFETY"}})
    )
    assert last["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in last


def test_18_a_failure_is_an_error_in_googles_shape_and_the_end():
    fault = Fault(kind="overloaded", status=529, message="busy")
    events = [PartStart(0, ToolCall(id="x", name="f")), PartEnd(0), StreamError(fault), TextDelta(0, "late"), END]
    data, _ = written(events)
    call, error = chunks_of(data)
    assert "functionCall" in call["candidates"][0]["content"]["parts"][0]
    assert error == {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
    assert b"finishReason" not in data
    assert b'data: {"error":' in data  # how google-genai tells an error from an answer


@pytest.mark.parametrize(
    "events",
    [
        [END],
        [END, END],
        [TextDelta(4, "a"), END],
        [PartEnd(0), SignatureDelta(1, FOREIGN), END],
        [PartStart(0, Text(text="")), PartStart(0, Text(text="")), TextDelta(0, "a"), END],
        [PartStart(0, Text(text="whole")), PartEnd(0), TextDelta(0, "late"), PartEnd(0), END],
        [PartStart(5, ToolCall(id="x", name="f", arguments="{}")), PartStart(2, Thinking(text="t")), END],
        [StreamError(Fault(kind="upstream", status=502, message="m")), END],
    ],
)
def test_any_order_of_events_gives_a_valid_stream(events):
    data, _ = written([ResponseStart(), *events])
    assert violations(data) == []


def test_a_response_unfolded_says_what_its_events_said():
    response = ChatResponse(
        parts=[Thinking(text="t", signature=FOREIGN), Text(text="a"), ToolCall(id="x", name="f", arguments='{"a":1}')],
        stop_reason="tool_use",
        usage=USAGE,
    )
    data, _ = written(unfold(response))
    assert violations(data) == []
    parts = parts_of(chunks_of(data))
    assert [part.get("text") for part in parts] == ["t", "", "a", None]
    assert parts[3]["functionCall"]["args"] == {"a": 1}


def test_a_stream_can_be_one_json_array():
    encoder = array_stream_encoder(writing())
    assert encoder.content_type == "application/json"
    events: list[Event] = [
        ResponseStart(model="v"),
        PartStart(0, ToolCall(id="x", name="f")),
        PartEnd(0),
        PartStart(1, Text(text="")),
        TextDelta(1, "a"),
        PartEnd(1),
        END,
    ]
    data = b"".join(encoder.encode(event) + encoder.heartbeat() for event in events)
    assert violations(data) == []
    chunks = json.loads(data)
    assert [next(iter(part)) for part in parts_of(chunks)] == ["functionCall", "text"]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_failed_array_is_still_json():
    encoder = array_stream_encoder(writing())
    error = encoder.encode(StreamError(Fault(kind="upstream", status=502, message="m")))
    assert json.loads(error) == [{"error": {"code": 502, "message": "m", "status": "INTERNAL"}}]


def test_149_a_heartbeat_is_an_answer_with_nothing_in_it_and_stops_at_the_end():
    encoder = PROTOCOL.stream_encoder(writing())
    beat = encoder.heartbeat()
    assert violations(beat + encoder.encode(END) + encoder.heartbeat()) == []
    assert parts_of(chunks_of(beat)) == []
    assert encoder.heartbeat() == b""


def test_what_another_protocol_said_beside_the_parts_is_reported():
    end = ResponseEnd(stop_reason="end", usage=USAGE, extras={"system_fingerprint": "fp"})
    assert [drop.field for drop in written([end])[1]] == ["system_fingerprint"]
