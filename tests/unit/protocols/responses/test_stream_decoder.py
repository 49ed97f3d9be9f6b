"""Streams of responses upstreams."""

import pytest
from tests.unit.protocols.responses.kit import CREATED, MAKER, READING, call, completed, decode, message

from plexus.core.sse import Frame
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart, SignatureDelta, StreamError, TextDelta
from plexus.ir.fold import fold
from plexus.ir.parts import Opaque, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.responses import PROTOCOL


def added(index, item):
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index, item):
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def text(delta, index=0, place=0, item_id="msg_1", **fields):
    event = {"type": "response.output_text.delta", "output_index": index, "content_index": place, "item_id": item_id}
    return {**event, "delta": delta, **fields}


def summary(delta, section=0, index=0):
    return {
        "type": "response.reasoning_summary_text.delta",
        "output_index": index,
        "summary_index": section,
        "item_id": "rs_1",
        "delta": delta,
    }


def arguments(delta, index=0):
    return {"type": "response.function_call_arguments.delta", "output_index": index, "item_id": "fc_1", "delta": delta}


EMPTY = {**message(""), "content": []}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}


def test_a_text_is_started_grows_and_ends():
    part = {"type": "output_text", "text": "hello", "annotations": []}
    events = decode(
        CREATED,
        {**CREATED, "type": "response.in_progress"},
        added(0, EMPTY),
        {"type": "response.content_part.added", "output_index": 0, "content_index": 0, "part": {**part, "text": ""}},
        text("hel"),
        text("lo"),
        {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "hello"},
        {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": part},
        done(0, message("hello")),
        completed(message("hello")),
    )
    assert isinstance(events[0], ResponseStart)
    assert (events[0].id, events[0].model, events[0].created, events[0].protocol) == ("resp_1", "gpt-x", 5, "responses")
    assert events[1:-1] == [PartStart(0, Text(text="")), TextDelta(0, "hel"), TextDelta(0, "lo"), PartEnd(0)]
    assert isinstance(events[-1], ResponseEnd)
    assert events[-1].stop_reason == "end"


def test_062_text_is_not_doubled_by_any_snapshot():
    response = fold(
        decode(CREATED, added(0, EMPTY), text("hello"), done(0, message("hello")), completed(message("hello")))
    )
    assert response.parts == [Text(text="hello")]


@pytest.mark.parametrize(
    "stream",
    [
        [CREATED, completed(message("hello"), call("f", "{}"))],
        [CREATED, done(0, message("hello")), done(1, call("f", "{}")), completed()],
        [done(0, message("hello")), done(1, call("f", "{}")), completed(message("hello"), call("f", "{}"))],
        [
            CREATED,
            added(0, EMPTY),
            {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "hello"},
            added(1, call("f", "")),
            completed(message("hello"), call("f", "{}")),
        ],
        [CREATED, text("hello"), added(1, call("f", "")), arguments("{}", 1), completed()],
    ],
)
def test_streams_that_tell_only_snapshots_or_only_deltas_say_the_same(stream):
    events = decode(*stream)
    assert isinstance(events[0], ResponseStart)
    response = fold(events)
    assert response.parts == [Text(text="hello"), ToolCall(id="call_1", name="f", arguments="{}")]
    assert response.stop_reason == "tool_use"


def test_005_arguments_that_come_only_with_done_are_told():
    whole = {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": '{"a":1}'}
    response = fold(decode(CREATED, added(0, call("f", "")), whole, done(0, call("f", '{"a":1}')), completed()))
    assert response.parts == [ToolCall(id="call_1", name="f", arguments='{"a":1}')]


def test_a_snapshot_that_knows_more_than_the_deltas_adds_the_rest():
    response = fold(
        decode(CREATED, added(0, call("f", "")), arguments('{"a"'), done(0, call("f", '{"a":1}')), completed())
    )
    assert response.parts == [ToolCall(id="call_1", name="f", arguments='{"a":1}')]


def test_045_ids_that_rotate_are_matched_by_their_place():
    response = fold(
        decode(
            CREATED,
            added(0, {**EMPTY, "id": "a"}),
            text("hel", item_id="b"),
            text("lo", item_id="c"),
            done(0, message("hello", "d")),
            completed(message("hello", "e")),
        )
    )
    assert response.parts == [Text(text="hello")]


def test_051_200_parallel_calls_grow_side_by_side_and_stay_apart():
    response = fold(
        decode(
            CREATED,
            added(0, call("f", "", "c1", id="x")),
            added(1, call("g", "", "c2", id="y")),
            arguments('{"a":', 0),
            arguments('{"b":', 1),
            arguments("1}", 0),
            arguments("2}", 1),
            done(0, call("f", '{"a":1}', "c1")),
            done(1, call("g", '{"b":2}', "c2")),
            completed(),
        )
    )
    assert response.parts == [
        ToolCall(id="c1", name="f", arguments='{"a":1}'),
        ToolCall(id="c2", name="g", arguments='{"b":2}'),
    ]


def test_reasoning_is_one_part_with_its_state_at_the_end():
    whole = {
        **REASONING,
        "summary": [{"type": "summary_text", "text": "ab"}, {"type": "summary_text", "text": "c"}],
        "encrypted_content": "gAAAA",
    }
    events = decode(
        CREATED, added(0, REASONING), summary("a"), summary("b"), summary("c", 1), done(0, whole), completed(whole)
    )
    assert events[1:-1] == [
        PartStart(0, Thinking(summary=True, id="rs_1")),
        TextDelta(0, "a"),
        TextDelta(0, "b"),
        TextDelta(0, "\n\nc"),
        SignatureDelta(0, Signature("gAAAA", MAKER)),
        PartEnd(0),
    ]
    assert fold(events).parts == PROTOCOL.decode_response(completed(whole)["response"], READING).parts


def test_plain_reasoning_text_is_known_from_a_summary():
    delta = {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "hm"}
    whole = {**REASONING, "content": [{"type": "reasoning_text", "text": "hm"}]}
    (part,) = fold(decode(CREATED, added(0, REASONING), delta, done(0, whole), completed(whole))).parts
    assert part == Thinking(text="hm", summary=False, id="rs_1")


def test_hidden_reasoning_is_a_part_with_state_and_an_empty_item_goes_back_as_it_is():
    hidden = {**REASONING, "encrypted_content": "gAAAA"}
    parts = fold(
        decode(CREATED, added(0, REASONING), done(0, hidden), added(1, REASONING), done(1, REASONING), completed())
    ).parts
    assert parts == [
        Thinking(summary=True, id="rs_1", signature=Signature("gAAAA", MAKER)),
        Opaque(kind="reasoning", raw=REASONING, origin=MAKER),
    ]


def test_hosted_tools_come_whole_when_they_are_done():
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    events = decode(
        CREATED,
        added(0, {**search, "status": "in_progress"}),
        {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws_1"},
        done(0, search),
        completed(search),
    )
    assert events[1:-1] == [PartStart(0, Opaque(kind="web_search_call", raw=search, origin=MAKER)), PartEnd(0)]


def test_annotations_and_log_probabilities_reach_the_part():
    note = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 2}
    told = {"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 0, "annotation": note}
    logprobs = [{"token": "hi", "logprob": -0.5}]
    (part,) = fold(decode(CREATED, added(0, EMPTY), text("hi", logprobs=logprobs), told, completed())).parts
    assert isinstance(part, Text)
    assert [citation.url for citation in part.citations] == ["https://a.test"]
    assert part.logprobs == [TokenLogprob(token="hi", logprob=-0.5)]


def test_a_refusal_is_a_text_that_says_so():
    delta = {"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "No."}
    whole = {"type": "response.refusal.done", "output_index": 0, "content_index": 0, "refusal": "No."}
    refused = {**EMPTY, "content": [{"type": "refusal", "refusal": "No."}]}
    response = fold(decode(CREATED, added(0, EMPTY), delta, whole, done(0, refused), completed(refused)))
    assert (response.parts, response.stop_reason) == ([Text(text="No.", refusal=True)], "end")


def test_content_counted_from_one_is_not_told_twice():
    events = decode(CREATED, added(0, EMPTY), text("hi", place=1), done(0, message("hi")), completed(message("hi")))
    assert fold(events).parts == [Text(text="hi")]


def test_changed_tool_names_are_mapped_back():
    decoder = PROTOCOL.stream_decoder(type(READING)(origin=MAKER, seed="s", tool_names={"f_1": "my f"}))
    (_, started) = decoder.feed(
        Frame(
            "",
            b'{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f_1"}}',
        )
    )
    assert isinstance(started, PartStart)
    assert isinstance(started.part, ToolCall)
    assert started.part.name == "my f"


def test_017_052_an_incomplete_answer_ends_with_its_reason_and_usage():
    ending = completed(message("hi"), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    (*_, end) = decode(CREATED, ending)
    assert isinstance(end, ResponseEnd)
    assert end.stop_reason == "max_tokens"
    assert end.usage is not None
    assert end.usage.output == 4


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        (
            completed(status="failed", error={"code": "rate_limit_exceeded", "message": "m"}),
            "rate_limit",
            "rate_limit_exceeded",
        ),
        ({"type": "error", "code": "server_error", "message": "m", "param": None}, "upstream", "server_error"),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "code": None, "message": "m"}},
            "invalid_request",
            "",
        ),
        ({"error": {"code": "insufficient_quota", "message": "m"}}, "rate_limit", "insufficient_quota"),
        ({"type": "response.cancelled", "response": {"status": "cancelled"}}, "upstream", "cancelled"),
        (completed(status="completed", error={"code": "server_error", "message": "m"}), "upstream", "server_error"),
    ],
)
def test_143_a_failure_is_a_stream_error_of_its_kind_and_nothing_follows(event, kind, code):
    events = decode(CREATED, event, completed(message("late")))
    assert [type(each) for each in events] == [ResponseStart, StreamError]
    assert isinstance(events[1], StreamError)
    assert (events[1].fault.kind, events[1].fault.code) == (kind, code)


def test_052_a_failure_keeps_its_usage():
    (*_, error) = decode(completed(status="failed", error={"code": "server_error", "message": "m"}))
    assert isinstance(error, StreamError)
    assert error.usage is not None
    assert error.usage.output == 4


def test_038_a_stream_that_just_ends_is_truncated():
    (*_, error) = decode(CREATED, added(0, EMPTY), text("half"))
    assert isinstance(error, StreamError)
    assert error.fault.code == "truncated"


def test_044_a_second_answer_in_the_same_stream_is_ignored():
    events = decode(CREATED, completed(message("one")), CREATED, completed(message("two")))
    assert fold(events).parts == [Text(text="one")]


@pytest.mark.parametrize(
    "data",
    [b"[DONE]", b"not json", b"[]", b"null", b'"text"', b"{}", b'{"type":3}', b'{"type":"keepalive","sequence_number":2}',
     b'{"type":"response.output_item.added"}', b'{"type":"response.output_item.done","item":{"type":"reasoning"}}',
     b'{"type":"response.output_text.delta","delta":null}', b'{"type":"response.content_part.done","part":{}}',
     b'{"type":"response.function_call_arguments.delta","delta":"x"}', b'{"type":"response.created","response":null}',
     b'{"type":"response.output_text.annotation.added"}', b'{"type":"response.reasoning_summary_text.delta","delta":1}'],
)  # fmt: skip
def test_161_nothing_an_upstream_sends_makes_it_raise(data):
    decoder = PROTOCOL.stream_decoder(READING)
    decoder.feed(Frame("", data))
    assert not decoder.done
    assert isinstance(decoder.end()[-1], StreamError)


@pytest.mark.parametrize("odd", [[], {}, [[1]], 5])
def test_names_of_items_that_are_no_words_are_none(odd):
    item = {"type": "message", "id": odd, "call_id": odd, "content": [{"type": "output_text", "text": "a"}]}
    events = decode(
        {"type": "response.output_item.added", "item": item},
        {"type": "response.output_text.delta", "item_id": odd, "delta": "a"},
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [item, item]}},
    )
    assert isinstance(events[-1], ResponseEnd)


def test_a_part_of_an_item_whose_place_another_takes_is_ended():
    other = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "hologram", "id": "x"}}
    events = decode(added(0, EMPTY), text("a"), other, completed())
    assert [event for event in events if isinstance(event, PartEnd)] == [PartEnd(0)]


@pytest.mark.parametrize("odd", [10**400, -(10**400), float("nan"), "x", None])
def test_a_logarithm_that_is_none_is_zero(odd):
    logprobs = [{"token": "a", "logprob": odd, "top_logprobs": [{"token": "b", "logprob": odd}]}]
    response = fold(decode(text("a", logprobs=logprobs), completed()))
    [part] = response.parts
    assert isinstance(part, Text)
    [token] = part.logprobs
    assert (token.logprob, token.top[0].logprob) == (0.0, 0.0)
