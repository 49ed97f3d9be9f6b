"""Events told as a messages stream. Every stream made here is checked by the validator of the grammar and by the SDK."""

import itertools

import pytest
from anthropic.types.beta import BetaRawMessageStreamEvent
from pydantic import TypeAdapter
from tests.grammar.messages import violations
from tests.unit.protocols.messages.kit import HERE, elsewhere, heard, signed, values, write, writing

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
from plexus.ir.parts import Citation, Media, Opaque, Origin, Text, Thinking, TokenLogprob, ToolCall
from plexus.ir.signature import wrap
from plexus.ir.unfold import unfold
from plexus.protocols.messages import PROTOCOL

SDK = TypeAdapter(BetaRawMessageStreamEvent)
START, END = ResponseStart(id="x", model="m"), ResponseEnd(stop_reason="end", usage=Usage(input=3, output=5))


def told(*events, whole=True, beta=False):
    """The events of the stream for these, checked; `whole` adds start and end, `beta` says the grammar has words of a beta."""
    stream, lost = write([START, *events, END] if whole else list(events))
    assert beta or violations(stream) == []
    found = values(stream)
    for value in found:
        if value["type"] not in {"error", "ping"}:
            SDK.validate_python(value)
    return found, lost


def kinds(found):
    return [
        value["type"].removeprefix("content_block_") + (f":{value['index']}" if "index" in value else "")
        for value in found
    ]


def text(index, *pieces, end=True):
    return [PartStart(index, Text(text="")), *(TextDelta(index, p) for p in pieces), *([PartEnd(index)] if end else [])]


def call(index, *pieces, call_id="t", end=True):
    return [
        PartStart(index, ToolCall(id=call_id, name="look")),
        *(TextDelta(index, p) for p in pieces),
        *([PartEnd(index)] if end else []),
    ]


def inputs(found):
    """The JSON text told for each block."""
    said: dict[int, str] = {}
    for value in found:
        if value["type"] == "content_block_delta" and value["delta"]["type"] == "input_json_delta":
            said[value["index"]] = said.get(value["index"], "") + value["delta"]["partial_json"]
    return said


def test_001_exactly_one_message_start_comes_first() -> None:
    orders: list[list[Event]] = [[START, START, END], [*text(0, "a"), START, END], [END]]
    for events in orders:
        stream, _ = write(events)
        assert [v["type"] for v in values(stream)].count("message_start") == 1
        assert values(stream)[0]["type"] == "message_start"


def test_001_also_when_the_upstream_fails_before_any_content() -> None:
    stream, _ = write([StreamError(Fault(kind="overloaded", status=529, message="busy"))])
    assert [v["type"] for v in values(stream)] == ["message_start", "error"]
    assert values(stream)[1]["error"] == {"type": "overloaded_error", "message": "busy"}


def test_002_no_empty_text_block_leads_when_thinking_or_a_tool_comes_first() -> None:
    lazy = [PartStart(0, Text(text=""))]
    found, _ = told(*lazy, *call(1, "{}"), PartEnd(0))
    assert [v["content_block"]["type"] for v in found if v["type"] == "content_block_start"] == ["tool_use"]
    found, _ = told(*lazy, PartStart(1, Thinking()), TextDelta(1, "hm"), PartEnd(1), PartEnd(0))
    assert [v["content_block"]["type"] for v in found if v["type"] == "content_block_start"] == ["thinking"]


def test_003_the_delta_that_changes_the_kind_of_block_is_delivered() -> None:
    found, _ = told(*text(0, "a", end=False), *call(1, '{"x":1}'), PartEnd(0))
    assert inputs(found) == {1: '{"x":1}'}


def test_004_a_call_in_one_piece_is_told_by_a_delta_and_begins_with_empty_input() -> None:
    found, _ = told(*call(0, '{"city":"Bonn"}'))
    assert found[1]["content_block"] == {"type": "tool_use", "id": "t", "name": "look", "input": {}}
    assert inputs(found) == {0: '{"city":"Bonn"}'}


def test_004_so_is_one_whose_arguments_are_in_the_start() -> None:
    found, _ = told(PartStart(0, ToolCall(id="t", name="look", arguments='{"a":1}')), PartEnd(0))
    assert inputs(found) == {0: '{"a":1}'}


def test_006_thinking_deltas_sit_in_thinking_blocks_only() -> None:
    found, _ = told(
        *text(0, "a", end=False), PartStart(1, Thinking()), TextDelta(1, "hm"), TextDelta(0, "b"), PartEnd(1)
    )
    kind_of = {v["index"]: v["content_block"]["type"] for v in found if v["type"] == "content_block_start"}
    deltas = [(kind_of[v["index"]], v["delta"]["type"]) for v in found if v["type"] == "content_block_delta"]
    assert set(deltas) == {("text", "text_delta"), ("thinking", "thinking_delta")}


def test_009_empty_deltas_neither_open_nor_close_a_block() -> None:
    found, _ = told(*call(0, '{"a":', "", "1}"), *text(1, "", ""))
    assert kinds(found)[1:-2] == ["start:0", "delta:0", "delta:0", "stop:0"]


def test_010_parts_that_grow_side_by_side_never_overlap_and_close_once() -> None:
    events = [
        *call(0, call_id="a", end=False),
        *call(1, call_id="b", end=False),
        TextDelta(0, '{"a":'),
        TextDelta(1, '{"b":'),
        TextDelta(0, "1}"),
        TextDelta(1, "2}"),
        PartEnd(1),
        PartEnd(0),
    ]
    found, _ = told(*events)
    assert inputs(found) == {0: '{"a":1}', 1: '{"b":2}'}
    assert kinds(found)[1:-2] == ["start:0", "delta:0", "delta:0", "stop:0", "start:1", "delta:1", "delta:1", "stop:1"]


def test_011_a_call_without_arguments_has_start_and_stop_and_empty_input() -> None:
    found, _ = told(*call(0))
    assert kinds(found)[1] == "start:0"
    assert kinds(found)[-3] == "stop:0"
    (part,) = heard(write([START, *call(0), END])[0]).parts
    assert part == ToolCall(id="t", name="look", arguments="{}")


def test_012_block_numbers_have_no_gaps_whatever_is_left_out() -> None:
    theirs = Opaque(kind="web_search_call", raw={}, origin=Origin("responses"))
    found, lost = told(
        PartStart(0, Thinking()),
        TextDelta(0, "hm"),
        PartEnd(0),
        PartStart(1, theirs),
        PartEnd(1),
        *text(2),
        *text(3, "a"),
        PartStart(4, Thinking()),
        TextDelta(4, "hm"),
        PartEnd(4),
        *call(5, "{}"),
    )
    assert [v["index"] for v in found if v["type"] == "content_block_start"] == [0, 1, 2, 3]
    assert lost == [("dropped", "parts[1]")]


def test_013_015_usage_at_the_end_includes_input_known_only_then() -> None:
    found, _ = told(*text(0, "a"))
    assert found[0]["message"]["usage"]["input_tokens"] == 0
    assert found[-2]["usage"] == {"input_tokens": 3, "output_tokens": 5}


def test_014_cached_and_reasoning_tokens_are_told() -> None:
    usage = Usage(input=1, output=9, cache_read=5, cache_write=4, cache_write_1h=3, reasoning=7)
    found, _ = told(START, *text(0, "a"), ResponseEnd(stop_reason="end", usage=usage), whole=False)
    assert found[-2]["usage"] == {
        "input_tokens": 1,
        "cache_creation_input_tokens": 4,
        "cache_read_input_tokens": 5,
        "output_tokens": 9,
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 3},
        "output_tokens_details": {"thinking_tokens": 7},
    }


def test_194_reasoning_tokens_are_told_once_at_the_end() -> None:
    early = ResponseStart(usage=Usage(input=1, output=9, reasoning=7))
    late = ResponseEnd(stop_reason="end", usage=Usage(input=1, output=9))
    found, _ = told(early, *text(0, "a"), late, whole=False)
    assert "output_tokens_details" not in str(found)


def test_015_usage_is_there_even_when_nobody_told_it() -> None:
    found, _ = told(START, *text(0, "a"), ResponseEnd(stop_reason="end"), whole=False)
    assert found[-2]["usage"] == {"input_tokens": 0, "output_tokens": 0}


@pytest.mark.parametrize("stop", ["end", "tool_use", "stop_sequence", None])
def test_016_the_stop_reason_is_tool_use_whenever_a_tool_block_was_sent(stop) -> None:
    found, _ = told(START, *call(0, "{}"), ResponseEnd(stop_reason=stop), whole=False)
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        ("end", "end_turn"),
        ("max_tokens", "max_tokens"),
        ("context_window", "model_context_window_exceeded"),
        ("stop_sequence", "stop_sequence"),
        ("pause", "pause_turn"),
        ("refusal", "refusal"),
        ("content_filter", "refusal"),
        (None, "end_turn"),
    ],
)
def test_019_198_every_ending_has_a_defined_stop_reason(stop, word) -> None:
    end = ResponseEnd(stop_reason=stop, stop_sequence="END" if stop == "stop_sequence" else None)
    found, _ = told(START, *text(0, "a"), end, whole=False)
    assert found[-2]["delta"]["stop_reason"] == word
    assert found[-2]["delta"]["stop_sequence"] == ("END" if stop == "stop_sequence" else None)


def test_017_018_a_failure_in_mid_stream_is_an_error_event_and_the_end() -> None:
    fault = Fault(kind="upstream", status=502, message="gone")
    stream, _ = write([START, *text(0, "a", end=False), StreamError(fault), *text(1, "b"), END])
    assert violations(stream) == []
    assert kinds(values(stream)) == ["message_start", "start:0", "delta:0", "error"]
    assert values(stream)[-1]["error"]["type"] == "api_error"


def test_200_text_between_two_calls_stays_between_them() -> None:
    found, _ = told(*call(0, "{}", call_id="a"), *text(1, "then"), *call(2, "{}", call_id="b"))
    assert [v["content_block"]["type"] for v in found if "content_block" in v] == ["tool_use", "text", "tool_use"]


def test_signatures_come_before_the_end_of_their_thinking() -> None:
    found, _ = told(PartStart(0, Thinking()), TextDelta(0, "hm"), SignatureDelta(0, signed("s")), PartEnd(0))
    assert kinds(found)[1:-2] == ["start:0", "delta:0", "delta:0", "stop:0"]
    assert found[3]["delta"] == {"type": "signature_delta", "signature": "s"}


def test_thinking_without_a_signature_is_told_all_the_same() -> None:
    found, _ = told(PartStart(0, Thinking()), TextDelta(0, "hm"), PartEnd(0))
    assert found[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}


def test_the_signature_of_another_maker_is_wrapped() -> None:
    found, _ = told(PartStart(0, Thinking()), SignatureDelta(0, elsewhere("v")), PartEnd(0))
    assert found[2]["delta"]["signature"] == wrap(elsewhere("v"), "messages")


def test_084_redacted_thinking_waits_for_its_value() -> None:
    found, _ = told(PartStart(0, Thinking(redacted=True)), SignatureDelta(0, elsewhere("v")), PartEnd(0))
    data = wrap(elsewhere("v"), "messages")
    assert found[1]["content_block"] == {"type": "redacted_thinking", "data": data}
    assert kinds(told(PartStart(0, Thinking(redacted=True)), PartEnd(0))[0]) == [
        "message_start",
        "message_delta",
        "message_stop",
    ]


def test_arguments_that_are_no_object_are_told_whole_at_the_end() -> None:
    assert inputs(told(*call(0, '"te', 'xt"'))[0]) == {0: '{"input":"text"}'}
    assert inputs(told(*call(0, "null"))[0]) == {0: "{}"}
    free = [PartStart(0, ToolCall(id="t", name="p", custom=True)), TextDelta(0, "*** "), TextDelta(0, "x"), PartEnd(0)]
    assert inputs(told(*free)[0]) == {0: '{"input":"*** x"}'}


def test_anthropics_own_blocks_are_told_as_its_stream_does() -> None:
    def ours(**raw):
        return Opaque(kind=raw["type"], raw=raw, origin=Origin("messages", "anthropic", "m"))

    parts = [
        ours(type="server_tool_use", id="s", name="web_search", input={"query": "x"}),
        ours(type="web_search_tool_result", tool_use_id="s", content=[]),
        ours(type="compaction", content="so far", encrypted_content="e"),
    ]
    events = [event for n, part in enumerate(parts) for event in (PartStart(n, part), PartEnd(n))]
    found, lost = told(*events, beta=True)
    assert lost == []
    assert found[1]["content_block"]["input"] == {}
    assert inputs(found) == {0: '{"query":"x"}'}
    assert violations(write([START, *events[:4], END])[0]) == []
    assert heard(write([START, *events, END])[0]).parts == [
        Opaque(kind=part.kind, raw=part.raw, origin=HERE) for part in parts
    ]


def test_199_server_side_tools_of_others_do_not_become_client_calls() -> None:
    theirs = Opaque(kind="web_search_call", raw={"type": "web_search_call"}, origin=Origin("responses"))
    found, lost = told(PartStart(0, theirs), PartEnd(0), *text(1, "found"))
    assert found[-2]["delta"]["stop_reason"] == "end_turn"
    assert lost == [("dropped", "parts[0]")]


def test_citations_are_told_before_the_end_of_their_text() -> None:
    own = {
        "type": "char_location",
        "cited_text": "x",
        "document_index": 0,
        "document_title": None,
        "start_char_index": 0,
        "end_char_index": 1,
    }
    cited = [
        Citation(kind="document", raw=own),
        Citation(kind="url", url="https://a.test", title="A", cited_text="said"),
        Citation(kind="file", file_id="f"),
    ]
    found, lost = told(PartStart(0, Text(text="")), TextDelta(0, "a"), PartEnd(0, cited))
    assert [v["delta"]["citation"] for v in found[3:5]] == [
        own,
        {
            "type": "web_search_result_location",
            "cited_text": "said",
            "encrypted_index": "",
            "title": "A",
            "url": "https://a.test",
        },
    ]
    assert lost == [("approximated", "parts[0].citations[1]"), ("dropped", "parts[0].citations[2]")]


def test_what_has_no_place_is_reported() -> None:
    events = [
        PartStart(0, Media(kind="audio", data="AAAA")),
        PartEnd(0),
        PartStart(1, ToolCall(id="t", name="look")),
        SignatureDelta(1, elsewhere()),
        PartEnd(1),
        PartStart(2, Text(text="")),
        TextDelta(2, "a", [TokenLogprob(token="a", logprob=-1.0)]),
        SignatureDelta(2, elsewhere()),
        PartEnd(2),
        PartStart(3, Text(text=""), 1),
        TextDelta(3, "other"),
        PartEnd(3),
    ]
    found, lost = told(*events)
    assert "other" not in str(found)
    assert lost == [
        ("dropped", "parts[0]"),
        ("dropped", "parts[1].signature"),
        ("dropped", "parts[2].logprobs"),
        ("dropped", "parts[2].signature"),
        ("dropped", "alternatives[0]"),
    ]


def test_ids_are_made_from_the_seed_and_kept_from_this_protocol() -> None:
    made = told(*text(0, "a"))[0][0]["message"]["id"]
    assert made.startswith("msg_")
    assert told(*text(0, "a"))[0][0]["message"]["id"] == made
    kept, _ = told(ResponseStart(id="msg_9", model="m", protocol="messages"), *text(0, "a"), END, whole=False)
    assert kept[0]["message"]["id"] == "msg_9"


def test_fields_of_this_protocol_go_back_where_they_stood() -> None:
    found, _ = told(
        ResponseStart(id="msg_1", model="m", protocol="messages", extras={"container": None, "diagnostics": None}),
        *text(0, "a"),
        ResponseEnd(
            stop_reason="pause", extras={"stop_reason": "compaction", "context_management": {"applied_edits": []}}
        ),
        whole=False,
        beta=True,
    )
    assert found[-2]["delta"]["stop_reason"] == "compaction"
    assert found[-2]["context_management"] == {"applied_edits": []}


def test_heartbeats_are_pings() -> None:
    encoder = PROTOCOL.stream_encoder(writing())
    assert encoder.heartbeat() == b":\n\n"  # nothing may come before message_start
    encoder.encode(START)
    assert encoder.heartbeat() == b'event: ping\ndata: {"type": "ping"}\n\n'


def test_unfold_then_encode_says_what_the_events_said() -> None:
    response = ChatResponse(
        parts=[
            Thinking(text="hm", signature=signed("s")),
            Text(text="a"),
            ToolCall(id="t", name="look", arguments='{"a":1}'),
        ],
        stop_reason="tool_use",
        usage=Usage(input=1, output=2),
        id="msg_1",
        model="m",
        protocol="messages",
    )
    again = heard(write(unfold(response))[0])
    assert again.usage is not None
    again.usage.raw = None
    assert again == response


def test_any_order_of_events_gives_a_valid_stream() -> None:
    events = [
        *text(0, "a"),
        *call(1, '{"x":1}'),
        PartStart(2, Thinking()),
        TextDelta(2, "hm"),
        SignatureDelta(2, signed()),
        PartEnd(2),
        TextDelta(9, "stray"),
        SignatureDelta(8, signed()),
        PartEnd(7),
    ]
    for rotation in range(len(events)):
        turned = events[rotation:] + events[:rotation]
        for order in (turned, turned[::-1], *itertools.islice(itertools.permutations(turned, 7), 40)):
            for end in (END, StreamError(Fault(kind="timeout", status=504, message="late"))):
                stream, _ = write([START, *order, end, *order])
                assert violations(stream) == []
