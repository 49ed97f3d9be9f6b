"""What an upstream's messages stream means, event by event, also when it is broken."""

import pytest
from tests.unit.protocols.messages.kit import HERE, READING, frames, heard, read, signed, stream_of

from plexus.core import sse
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart, SignatureDelta, StreamError, TextDelta
from plexus.ir.exchange import Reading
from plexus.ir.parts import Opaque, Text, Thinking, ToolCall
from plexus.protocols.messages import PROTOCOL

USAGE = {"input_tokens": 25, "output_tokens": 1}


def start(**message):
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": USAGE}
    return {"type": "message_start", "message": {**whole, **message}}


def begin(index, **block):
    return {"type": "content_block_start", "index": index, "content_block": block}


def grow(index, **delta):
    return {"type": "content_block_delta", "index": index, "delta": delta}


def say(index, text):
    return grow(index, type="text_delta", text=text)


def stop(index):
    return {"type": "content_block_stop", "index": index}


def ending(reason="end_turn", sequence=None, **usage):
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": sequence},
        "usage": {"output_tokens": 9, **usage},
    }


END = {"type": "message_stop"}


def block(index, *deltas, **shell):
    return [begin(index, **shell), *deltas, stop(index)]


def whole(*events, reason="end_turn", **usage):
    return stream_of(start(), *events, ending(reason, **usage), END)


def words(index, *pieces):
    return block(index, *(say(index, piece) for piece in pieces), type="text", text="")


def failure(events):
    (error,) = [event for event in events if isinstance(event, StreamError)]
    assert events[-1] is error
    return error.fault


def test_text_is_told_piece_by_piece() -> None:
    events = read(whole(*words(0, "Hel", "", "lo")))
    assert isinstance(events[0], ResponseStart)
    assert (events[0].id, events[0].model, events[0].protocol) == ("msg_1", "m", "messages")
    assert events[1:4] == [PartStart(0, Text(text="")), TextDelta(0, "Hel"), TextDelta(0, "lo")]
    assert events[4] == PartEnd(0)
    assert isinstance(events[5], ResponseEnd)
    assert events[5].stop_reason == "end"


def test_thinking_ends_with_its_signature() -> None:
    stream = whole(
        *block(
            0,
            grow(0, type="thinking_delta", thinking="hm", estimated_tokens=5),
            grow(0, type="signature_delta", signature="s"),
            type="thinking",
            thinking="",
            signature="",
        )
    )
    assert read(stream)[1:5] == [
        PartStart(0, Thinking()),
        TextDelta(0, "hm"),
        SignatureDelta(0, signed("s")),
        PartEnd(0),
    ]


def test_084_redacted_thinking_is_its_value() -> None:
    (part,) = heard(whole(*block(0, type="redacted_thinking", data="d"))).parts
    assert part == Thinking(redacted=True, signature=signed("d"))


def test_031_argument_fragments_are_appended_even_when_one_alone_is_json() -> None:
    pieces = ["", '{"a":', '{"b": 1}', "}"]
    deltas = [grow(0, type="input_json_delta", partial_json=piece) for piece in pieces]
    response = heard(whole(*block(0, *deltas, type="tool_use", id="t", name="n", input={}), reason="tool_use"))
    assert response.parts == [ToolCall(id="t", name="n", arguments='{"a":{"b": 1}}')]
    assert response.stop_reason == "tool_use"


def test_011_a_call_without_arguments_has_an_empty_object() -> None:
    (part,) = heard(whole(*block(0, type="tool_use", id="t", name="n", input={}))).parts
    assert part == ToolCall(id="t", name="n", arguments="{}")


def test_a_call_whose_input_stands_in_its_start_keeps_it() -> None:
    (part,) = heard(whole(*block(0, type="tool_use", id="t", name="n", input={"a": 1}))).parts
    assert isinstance(part, ToolCall)
    assert part.arguments == '{"a":1}'


def test_a_call_among_the_parts_makes_an_ordinary_end_wait_for_tools() -> None:
    call = block(0, type="tool_use", id="t", name="n", input={})
    assert heard(whole(*call, reason="end_turn")).stop_reason == "tool_use"
    assert heard(whole(*call, reason="max_tokens")).stop_reason == "max_tokens"


def test_208_names_we_changed_are_led_back_and_missing_ids_are_made() -> None:
    reading = Reading(origin=HERE, seed="s", tool_names={"a_b_1": "a b"})
    decoder = PROTOCOL.stream_decoder(reading)
    events = [e for f in frames(whole(*block(0, type="tool_use", name="a_b_1", input={}))) for e in decoder.feed(f)]
    (shell,) = [event.part for event in events if isinstance(event, PartStart)]
    assert isinstance(shell, ToolCall)
    assert shell.name == "a b"
    assert shell.id.startswith("toolu_")


def test_server_side_tools_become_one_whole_part_at_their_end() -> None:
    stream = whole(
        *block(
            0,
            grow(0, type="input_json_delta", partial_json='{"query":'),
            grow(0, type="input_json_delta", partial_json='"x"}'),
            type="server_tool_use",
            id="s",
            name="web_search",
            input={},
        ),
        *block(1, type="web_search_tool_result", tool_use_id="s", content=[{"url": "u"}]),
        *words(2, "a"),
    )
    response = heard(stream)
    assert response.parts[:2] == [
        Opaque(
            kind="server_tool_use",
            raw={"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
            origin=HERE,
        ),
        Opaque(
            kind="web_search_tool_result",
            raw={"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]},
            origin=HERE,
        ),
    ]
    assert response.stop_reason == "end"


def test_blocks_and_deltas_of_tomorrow_are_collected() -> None:
    stream = whole(
        *block(0, grow(0, type="compaction_delta", content="so far"), type="compaction", content=None),
        *block(1, grow(1, type="x_delta", note="a"), grow(1, type="x_delta", note="b"), type="x", note="-"),
    )
    assert [part.raw for part in heard(stream).parts if isinstance(part, Opaque)] == [
        {"type": "compaction", "content": "so far"},
        {"type": "x", "note": "-ab"},
    ]


def test_citations_are_collected_and_told_at_the_end_of_their_text() -> None:
    citation = {"type": "char_location", "cited_text": "x", "document_index": 1}
    stream = whole(
        *block(0, say(0, "a"), grow(0, type="citations_delta", citation=citation), type="text", text="", citations=[])
    )
    (part,) = heard(stream).parts
    assert isinstance(part, Text)
    assert [(c.kind, c.cited_text, c.document_index, c.raw) for c in part.citations] == [("document", "x", 1, citation)]


def test_120_counters_are_set_not_added_and_the_last_ones_win() -> None:
    stream = stream_of(
        start(usage={"input_tokens": 25, "output_tokens": 3, "cache_read_input_tokens": 7}),
        ending(None, output_tokens=5),
        ending("end_turn", output_tokens=8, input_tokens=30),
        END,
    )
    usage = heard(stream).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cache_read) == (30, 8, 7)


def test_121_zeros_of_servers_that_know_nothing_take_no_count_back() -> None:
    usage = heard(whole(*words(0, "a"), input_tokens=0, cache_read_input_tokens=None)).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cache_read) == (25, 9, None)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "max_tokens"),
        ("pause_turn", "pause"),
        ("refusal", "refusal"),
        ("model_context_window_exceeded", "context_window"),
        ("compaction", "pause"),
        ("of_tomorrow", "end"),
    ],
)
def test_stop_reasons_are_read_and_lead_back_to_the_same_word(word: str, reason: str) -> None:
    response = heard(whole(*words(0, "a"), reason=word))
    assert response.stop_reason == reason
    encoder = PROTOCOL.encode_response
    from tests.unit.protocols.messages.kit import writing

    assert encoder(response, writing())[0]["stop_reason"] == word


def test_the_stop_sequence_is_told() -> None:
    response = heard(stream_of(start(), *words(0, "a"), ending("stop_sequence", "END"), END))
    assert response.stop_sequence == "END"


def test_034_the_type_inside_the_data_rules_when_there_is_no_event_line() -> None:
    events = [start(), *words(0, "a"), ending(), END]
    assert read(stream_of(*events, named=False)) == read(stream_of(*events))
    bare = stream_of(*events, named=False).replace(b"data: ", b"data:")
    assert read(bare) == read(stream_of(*events))


def test_the_event_line_rules_when_the_data_has_no_type() -> None:
    untyped = b'event: message_start\ndata: {"message":{"id":"a"}}\n\nevent: message_stop\ndata: {}\n\n'
    assert [type(event) for event in read(untyped)] == [ResponseStart, ResponseEnd]


@pytest.mark.parametrize("count", range(6))
def test_037_038_a_stream_that_ends_early_is_an_error(count: int) -> None:
    events = [start(), *words(0, "a", "b"), ending(), END]
    fault = failure(read(stream_of(*events[:count])))
    assert (fault.kind, fault.code) == ("upstream", "truncated")


def test_125_an_error_keeps_the_usage_known_by_then() -> None:
    (error,) = [e for e in read(stream_of(start(), *words(0, "a"))) if isinstance(e, StreamError)]
    assert error.usage is not None
    assert error.usage.input == 25


def test_a_done_marker_after_the_stop_reason_is_the_end_too() -> None:
    stream = stream_of(start(), *words(0, "a"), ending()) + b"data: [DONE]\n\n"
    assert isinstance(read(stream)[-1], ResponseEnd)
    assert failure(read(stream_of(start()) + b"data: [DONE]\n\n")).code == "truncated"


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, "overloaded", 529),
        ({"type": "rate_limit_error", "message": "slow"}, "rate_limit", 429),
        ({"type": "api_error", "message": "oops"}, "upstream", 502),
        ({"type": "invalid_request_error", "message": "no"}, "invalid_request", 400),
        ({"message": "odd", "code": 503}, "unavailable", 503),
    ],
)
def test_an_error_event_is_an_error_of_its_own_kind_and_the_end(error: dict, kind: str, status: int) -> None:
    stream = stream_of(start(), *words(0, "a"), {"type": "error", "error": error}, *words(1, "b"), ending(), END)
    fault = failure(read(stream))
    assert (fault.kind, fault.status, fault.message) == (kind, status, error["message"])


def test_an_error_without_a_type_and_one_that_is_no_json_are_errors() -> None:
    assert failure(read(b'data: {"error":{"message":"busy"}}\n\n')).message == "busy"
    assert failure(read(b"event: error\ndata: <html>\n\n")).kind == "upstream"


def test_044_a_second_message_inside_the_stream_is_not_merged() -> None:
    stream = stream_of(start(), *words(0, "a"), start(id="msg_2"), *words(0, "b"), ending(), END)
    events = read(stream)
    assert failure(events).code == "spliced"
    assert TextDelta(0, "b") not in events
    after = read(whole(*words(0, "a")) + whole(*words(0, "b")))
    assert isinstance(after[-1], ResponseEnd)
    assert len(after) == len(read(whole(*words(0, "a"))))


def test_the_same_start_told_twice_is_harmless() -> None:
    assert isinstance(read(stream_of(start(), start(), *words(0, "a"), ending(), END))[-1], ResponseEnd)


@pytest.mark.parametrize(
    "noise",
    [
        b"event: ping\ndata: {}\n\n",
        b'event: of_tomorrow\ndata: {"type":"of_tomorrow"}\n\n',
        b"data: {broken\n\n",
        b"data: 5\n\n",
        b'data: {"type":"content_block_delta","index":7}\n\n',
        b'data: {"type":"content_block_delta","index":7,"delta":{"type":"signature_delta","signature":"s"}}\n\n',
        b'data: {"type":"content_block_delta","index":[],"delta":{"type":{}}}\n\n',
        b'data: {"type":"content_block_stop","index":5}\n\n',
        b'data: {"type":["x"]}\n\n',
        b": comment\n\n",
    ],
)
def test_043_what_means_nothing_changes_nothing(noise: bytes) -> None:
    plain = stream_of(start(), begin(0, type="text", text=""))
    rest = stream_of(say(0, "a"), stop(0), ending(), END)
    assert read(plain + noise + rest) == read(plain + rest)


def test_a_delta_of_another_kind_than_its_block_begins_a_part_of_its_own() -> None:
    stream = whole(begin(0, type="text", text=""), grow(0, type="thinking_delta", thinking="hm"), say(0, "a"), stop(0))
    assert heard(stream).parts == [Text(text=""), Thinking(text="hm"), Text(text="a")]


def test_deltas_of_a_block_that_was_never_opened_are_not_lost() -> None:
    assert heard(stream_of(say(0, "a"), ending(), END)).parts == [Text(text="a")]


def test_blocks_left_open_are_closed_at_the_end() -> None:
    events = read(stream_of(start(), begin(0, type="text", text=""), say(0, "a"), ending(), END))
    assert PartEnd(0) in events


def test_a_server_that_ignores_stream_is_heard_too() -> None:
    message = {"type": "message", "id": "msg_1", "model": "m", "content": [{"type": "text", "text": "a"}]}
    response = heard(stream_of({**message, "stop_reason": "end_turn", "usage": USAGE}))
    assert (response.parts, response.stop_reason) == ([Text(text="a")], "end")


def test_fields_nobody_knows_are_kept_for_the_same_protocol() -> None:
    stream = stream_of(
        start(container={"id": "c"}, diagnostics=None),
        {**ending("refusal"), "context_management": {"applied_edits": []}},
        END,
    )
    stream = stream.replace(b'"stop_sequence":null', b'"stop_sequence":null,"stop_details":{"type":"refusal"}')
    assert heard(stream).extras == {
        "container": {"id": "c"},
        "stop_details": {"type": "refusal"},
        "context_management": {"applied_edits": []},
    }


def test_any_cut_of_the_bytes_gives_the_same_events() -> None:
    stream = whole(*words(0, "Grüße ☃ \u2028", "b"), *block(1, type="tool_use", id="t", name="n", input={}))
    wanted = read(stream)
    for cut in range(len(stream)):
        splitter, decoder = sse.Decoder(), PROTOCOL.stream_decoder(READING)
        found = [
            event
            for piece in (stream[:cut], stream[cut:])
            for frame in splitter.feed(piece)
            for event in decoder.feed(frame)
        ]
        assert found + decoder.end() == wanted


@pytest.mark.parametrize("citations", [5, True, "x", {"a": 1}, [None, 5]])
def test_citations_of_an_odd_shape_are_none(citations) -> None:
    found = heard(whole(*block(0, say(0, "a"), type="text", text="", citations=citations)))
    assert found.parts == [Text(text="a")]
