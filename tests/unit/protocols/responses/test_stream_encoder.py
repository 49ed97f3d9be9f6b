"""Streams to responses clients: what is written is valid, and the SDK of the vendor reads it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from openai._models import construct_type
from openai._types import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter
from tests.grammar.responses import violations
from tests.unit.protocols.responses.kit import PIXEL, READING, encode, frames, writing

from plexus.core import json
from plexus.core.sse import Decoder
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
from plexus.ir.fold import fold
from plexus.ir.parts import Citation, Media, Opaque, Origin, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.ir.unfold import unfold
from plexus.protocols.responses import PROTOCOL

EVENT = TypeAdapter(ResponseStreamEvent)
GEMINI = Origin("gemini", "google", "gemini-x")
END = ResponseEnd(stop_reason="end", usage=Usage(input=3, output=2))
TOOLS = [{"type": "custom", "name": "patch"}, {"type": "function", "name": "f", "parameters": {}}]
RICH = ChatResponse(
    parts=[
        Thinking(text="hm", signature=Signature("sig", GEMINI)),
        Thinking(text="raw", id="rs_up"),
        Thinking(signature=Signature("hidden", GEMINI)),
        Text(text="hello", citations=[Citation(url="https://a.test", title="A", start=0, end=2)]),
        Text(text="again", logprobs=[TokenLogprob(token="again", logprob=-0.1)]),
        ToolCall(id="c1", name="f", arguments='{"a": 1}', signature=Signature("s2", GEMINI)),
        ToolCall(id="c2", name="patch", arguments='{"input": "*** Begin"}'),
        ToolCall(id="c3", name="patch", arguments="free", custom=True),
        ToolCall(id="c4", name="f"),
        Text(text="no", refusal=True),
        Media(kind="image", mime="image/png", data=PIXEL),
        Opaque(
            kind="mcp_list_tools",
            raw={"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": []},
            origin=Origin("responses"),
        ),
    ],
    stop_reason="tool_use",
    usage=Usage(input=3, output=2, reasoning=1),
    model="up",
)


def names(stream):
    return [event["type"] for event in frames(stream)]


def collected(stream) -> Any:
    """The answer as the streaming helper of the vendor's SDK puts it together."""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in frames(stream):
        built: Any = construct_type(type_=ResponseStreamEvent, value=event)
        state.handle_event(built)
    assert state._completed_response is not None
    return state._completed_response


def test_049_197_a_text_and_a_call_are_told_in_order():
    stream = encode(
        [
            ResponseStart(id="resp_1", model="up", created=9),
            PartStart(0, Text(text="")),
            TextDelta(0, "hel"),
            TextDelta(0, "lo"),
            PartEnd(0),
            PartStart(1, ToolCall(id="c", name="f")),
            TextDelta(1, "{}"),
            PartEnd(1),
            END,
        ]
    )
    assert names(stream) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert violations(stream) == []
    assert [event["sequence_number"] for event in frames(stream)] == list(range(14))


def test_049_reasoning_opens_its_summary_part_before_its_deltas():
    stream = encode([ResponseStart(), PartStart(0, Thinking()), TextDelta(0, "hm"), PartEnd(0), END])
    assert names(stream)[2:8] == [
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
    ]
    assert all("summary_index" in event for event in frames(stream)[3:7])


def test_every_event_is_of_the_sdks_types_and_the_grammar_holds():
    stream = encode(unfold(RICH), tools=TOOLS)
    assert violations(stream) == []
    for event in frames(stream):
        EVENT.validate_python(event)


def test_048_050_197_the_final_object_is_what_was_streamed_and_what_is_written_whole():
    stream = encode(unfold(RICH), tools=TOOLS)
    final = frames(stream)[-1]["response"]
    done = [event for event in frames(stream) if event["type"] == "response.output_item.done"]
    assert [event["output_index"] for event in done] == list(range(len(final["output"])))
    assert [event["item"] for event in done] == final["output"]
    whole, _ = PROTOCOL.encode_response(RICH, writing(tools=TOOLS))
    assert json.loads(json.dumps(whole)) == final


def test_the_sdk_collects_the_answer():
    assert collected(encode(unfold(RICH), tools=TOOLS)).output_text == "helloagain"


def test_what_was_encoded_is_read_back_the_same():
    decoder = PROTOCOL.stream_decoder(READING)
    events = [event for each in Decoder().feed(encode(unfold(RICH), tools=TOOLS)) for event in decoder.feed(each)]
    whole, _ = PROTOCOL.encode_response(RICH, writing(tools=TOOLS))
    assert fold(events).parts == PROTOCOL.decode_response(whole, READING).parts


def test_200_parts_that_grow_side_by_side_are_told_one_after_the_other():
    stream = encode(
        [
            ResponseStart(),
            PartStart(0, ToolCall(id="a", name="f")),
            PartStart(1, ToolCall(id="b", name="f")),
            PartStart(2, Text(text="")),
            TextDelta(1, '{"b":1}'),
            TextDelta(2, "after"),
            PartEnd(2),
            TextDelta(0, '{"a":1}'),
            PartEnd(1),
            PartEnd(0),
            END,
        ]
    )
    assert violations(stream) == []
    output = frames(stream)[-1]["response"]["output"]
    assert [item.get("arguments") for item in output] == ['{"a":1}', '{"b":1}', None]


def test_a_free_form_tool_gets_its_text_when_it_is_whole():
    stream = encode(
        [
            ResponseStart(),
            PartStart(0, ToolCall(id="c", name="patch")),
            TextDelta(0, '{"inp'),
            TextDelta(0, 'ut":"x"}'),
            PartEnd(0),
            END,
        ],
        tools=TOOLS,
    )
    assert [(event["type"], event.get("delta", event.get("input"))) for event in frames(stream)[3:5]] == [
        ("response.custom_tool_call_input.delta", "x"),
        ("response.custom_tool_call_input.done", "x"),
    ]


def test_017_a_failure_is_told_once_with_what_sdk_and_codex_look_for():
    fault = Fault(kind="rate_limit", status=429, message="slow down", code="rate_limit_exceeded")
    stream = encode(
        [ResponseStart(), PartStart(0, Text(text="")), TextDelta(0, "half"), StreamError(fault, Usage(input=3)), END]
    )
    last = frames(stream)[-1]
    assert names(stream)[-1] == "response.failed"
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {"code": "rate_limit_exceeded", "message": "slow down"}
    assert last["error"]["message"] == "slow down"  # openai's Stream raises APIError on a frame with `error`
    assert last["response"]["usage"]["input_tokens"] == 3
    assert violations(stream) == []


def test_a_failure_before_anything_was_said_is_still_a_valid_stream():
    stream = encode([StreamError(Fault(kind="upstream", status=502, message="m", code="odd"))])
    assert names(stream) == ["response.created", "response.in_progress", "response.failed"]
    assert violations(stream) == []


def test_a_half_told_call_is_not_completed_by_a_failure():
    fault = Fault(kind="upstream", status=502, message="m")
    stream = encode(
        [ResponseStart(), PartStart(0, ToolCall(id="c", name="f")), TextDelta(0, '{"rm'), StreamError(fault)]
    )
    assert "response.output_item.done" not in names(stream)


def test_149_waiting_is_told_by_events_with_data_that_the_sdk_ignores():
    encoder = PROTOCOL.stream_encoder(writing())
    stream = encoder.heartbeat() + encoder.heartbeat()
    stream += b"".join(encoder.encode(event) for event in [ResponseStart(id="resp_late"), *unfold(RICH)[1:]])
    assert encoder.heartbeat() == b""
    assert names(stream)[:3] == ["response.created", "response.in_progress", "keepalive"]
    assert violations(stream) == []
    assert collected(stream).output_text == "helloagain"


def test_further_choices_and_parts_without_a_place_are_reported_and_the_rest_is_told():
    encoder = PROTOCOL.stream_encoder(writing())
    events: list[Event] = [
        ResponseStart(),
        PartStart(0, Text(text=""), 1),
        TextDelta(0, "other"),
        PartEnd(0),
        PartStart(1, Media(kind="audio", data="AAAA")),
        PartEnd(1),
        PartStart(2, Text(text="")),
        TextDelta(2, "kept"),
        END,
    ]
    stream = b"".join(encoder.encode(event) for event in events)
    assert violations(stream) == []
    assert [drop.field for drop in encoder.drops] == ["alternatives", "parts[1]"]
    assert frames(stream)[-1]["response"]["output"][0]["content"][0]["text"] == "kept"


@pytest.mark.parametrize(
    ("stop", "name"),
    [
        ("max_tokens", "response.incomplete"),
        ("content_filter", "response.incomplete"),
        ("malformed_tool_call", "response.failed"),
    ],
)
def test_198_the_ending_tells_the_reason(stop, name):
    stream = encode(
        [ResponseStart(), PartStart(0, Text(text="")), TextDelta(0, "a"), PartEnd(0), ResponseEnd(stop_reason=stop)]
    )
    assert names(stream)[-1] == name
    assert violations(stream) == []


_INDEX = some.integers(0, 3)
_PART = some.sampled_from(
    [
        Text(text=""),
        Text(text="", refusal=True),
        Text(text="", extras={"phase": "commentary"}),
        Thinking(),
        Thinking(id="rs_x"),
        ToolCall(id="c", name="f"),
        ToolCall(id="d", name="patch"),
        ToolCall(id="e", name="patch", custom=True),
        Media(kind="audio", data="AAAA"),
    ]
)
_EVENTS = some.one_of(
    some.builds(ResponseStart, id=some.sampled_from(["", "resp_1", "other"])),
    some.builds(PartStart, _INDEX, _PART, some.sampled_from([0, 0, 0, 1])),
    some.builds(TextDelta, _INDEX, some.text(max_size=5)),
    some.builds(SignatureDelta, _INDEX, some.just(Signature("s", GEMINI))),
    some.builds(PartEnd, _INDEX, some.just([])),
    some.just(END),
    some.just(StreamError(Fault(kind="upstream", status=502, message="m"))),
)


@settings(max_examples=300, deadline=None)
@given(some.lists(_EVENTS, max_size=25))
def test_whatever_order_events_come_in_the_stream_is_valid(events):
    assert violations(encode([*events, END], tools=TOOLS)) == []


def test_a_further_choice_that_said_nothing_is_reported_too():
    encoder = PROTOCOL.stream_encoder(writing())
    for event in (ResponseStart(), PartStart(0, Text(text="")), TextDelta(0, "a"), PartEnd(0)):
        encoder.encode(event)
    encoder.encode(ResponseEnd(stop_reason="end", other_stops={1: "end"}))
    assert [drop.field for drop in encoder.drops] == ["alternatives"]


def test_the_signature_of_a_drawing_is_reported():
    encoder = PROTOCOL.stream_encoder(writing())
    drawing = Media(kind="image", mime="image/png", data="AAAA", signature=Signature("c2ln", Origin("gemini")))
    for event in (ResponseStart(), PartStart(0, drawing), PartEnd(0), END):
        encoder.encode(event)
    assert [drop.field for drop in encoder.drops] == ["parts[0].signature"]
