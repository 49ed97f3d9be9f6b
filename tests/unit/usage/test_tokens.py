"""Reported usage to counters: never negative, never absurd, never silent about it."""

from typing import Any

import pytest

from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.parts import Media, Text, Thinking, ToolCall
from plexus.protocols.chat.usage import decode_usage as read_chat
from plexus.protocols.gemini.usage import read_usage as read_gemini
from plexus.protocols.messages.usage import merge
from plexus.protocols.messages.usage import read_usage as read_messages
from plexus.protocols.responses.usage import decode_usage as read_responses
from plexus.usage.row import Tokens
from plexus.usage.tokens import LARGEST, delivered_tokens, measured, thought_tokens


def test_what_was_reported_well_is_taken_as_it_is():
    usage = Usage(input=10, output=20, cache_read=3, cache_write=4, cache_write_1h=1, reasoning=5, audio_input=2)
    assert measured(usage, sent=99, delivered=99) == Tokens(
        input_tokens=10, output_tokens=20, cache_read_tokens=3, cache_write_tokens=4, cache_write_1h_tokens=1,
        reasoning_tokens=5, audio_input_tokens=2,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["input", "output", "cache_read", "cache_write", "reasoning", "audio_input"])
@pytest.mark.parametrize("value", [-1, -(2**63), 2**53 + 1, 2**63, 10**30, "12", 1.5, True, float("nan")])
def test_u51_odd_values_are_never_negative_or_absurd_and_are_flagged(name: str, value: Any):
    usage = Usage(input=10, output=10)
    setattr(usage, name, value)
    found = measured(usage)
    counters = [getattr(found, counter) for counter in Tokens.__struct_fields__ if counter.endswith("_tokens")]
    assert all(type(count) is int and 0 <= count <= LARGEST for count in counters)
    assert found.usage_flags


def test_124_reasoning_beyond_the_output_is_cut_and_flagged():
    found = measured(Usage(input=1, output=5, reasoning=9))
    assert (found.reasoning_tokens, found.usage_flags) == (5, ("clamped_reasoning",))


def test_shares_never_exceed_what_holds_them():
    found = measured(Usage(input=2, output=2, cache_read=1, cache_write=1, cache_write_1h=9, audio_input=9, image_input=9,
                           cache_read_audio=9, audio_output=9, image_output=9))  # fmt: skip
    assert (found.cache_write_1h_tokens, found.audio_input_tokens, found.image_input_tokens) == (1, 4, 0)
    assert (found.cache_read_audio_tokens, found.audio_output_tokens, found.image_output_tokens) == (1, 2, 2)


def test_u51_missing_usage_is_estimated_and_flagged():
    found = measured(None, sent=40, delivered=7)
    assert (found.input_tokens, found.output_tokens, found.tokens_estimated) == (40, 7, True)
    assert found.usage_flags == ("estimated_input", "estimated_output")


def test_u51_half_missing_usage_is_estimated_by_half():
    found = measured(Usage(input=12), sent=40, delivered=7)
    assert (found.input_tokens, found.output_tokens, found.usage_flags) == (12, 7, ("estimated_output",))


def test_u51_zeros_where_something_was_sent_and_said_are_no_count():
    found = measured(Usage(input=0, output=0), sent=40, delivered=7)
    assert (found.input_tokens, found.output_tokens, found.tokens_estimated) == (40, 7, True)


def test_everything_from_the_cache_is_no_missing_input():
    assert measured(Usage(input=0, output=5, cache_read=900), sent=880, delivered=5).tokens_estimated is False


def test_nothing_reported_and_nothing_delivered_is_nothing():
    assert measured(None) == Tokens()


def test_125_q09_a_stream_cut_short_counts_what_was_delivered():
    opening = Usage(input=25, output=1)  # what Anthropic's message_start says
    found = measured(opening, sent=30, delivered=300, whole=False)
    assert (found.input_tokens, found.output_tokens, found.tokens_estimated) == (25, 300, True)
    assert measured(opening, sent=30, delivered=300, whole=True).output_tokens == 1


def test_a_report_beyond_what_was_delivered_stays():
    found = measured(Usage(input=25, output=900), delivered=300, whole=False)
    assert (found.output_tokens, found.tokens_estimated) == (900, False)


WIRES = [
    (read_chat, "prompt_tokens", "completion_tokens"),
    (read_responses, "input_tokens", "output_tokens"),
    (read_messages, "input_tokens", "output_tokens"),
    (read_gemini, "promptTokenCount", "candidatesTokenCount"),
]


@pytest.mark.parametrize("reader", WIRES, ids=["chat", "responses", "messages", "gemini"])
@pytest.mark.parametrize("value", [-5, "many", 1.5, 2**63, 1e300, [], {}, True, None])
def test_u51_odd_values_on_the_wire_of_each_protocol(reader: Any, value: Any):
    read, given, written = reader
    found = measured(read({given: value, written: 20}), sent=40, delivered=18)
    assert found.output_tokens == 20
    assert 0 <= found.input_tokens <= 40
    assert found.usage_flags


@pytest.mark.parametrize(
    ("read", "wire"),
    [
        (read_chat, {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 50}}),
        (read_responses, {"input_tokens": 10, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 50}}),
        (read_gemini, {"promptTokenCount": 10, "candidatesTokenCount": 5, "cachedContentTokenCount": 50}),
    ],
    ids=["chat", "responses", "gemini"],
)
def test_119_a_cache_larger_than_the_prompt_never_makes_input_negative(read: Any, wire: dict[str, Any]):
    found = measured(read(wire))
    assert found.input_tokens == 0
    assert found.usage_flags


def test_120_121_anthropics_later_report_replaces_the_earlier_one():
    before = {"input_tokens": 25, "cache_read_input_tokens": 100, "output_tokens": 1}
    found = measured(read_messages(merge(before, {"output_tokens": 300})))
    assert (found.input_tokens, found.cache_read_tokens, found.output_tokens) == (25, 100, 300)


def test_a_vendor_that_writes_digits_in_strings_is_not_odd():
    assert measured(read_gemini({"promptTokenCount": "10", "candidatesTokenCount": "5"})).usage_flags == ()


def test_anthropics_fast_mode_is_a_tier():
    assert measured(read_messages({"input_tokens": 1, "output_tokens": 1, "speed": "fast"})).service_tier == "fast"


def test_reasoning_that_was_not_told_apart_is_estimated_within_the_output():
    found = measured(Usage(input=5, output=100), delivered=90, thought=60)
    assert (found.output_tokens, found.reasoning_tokens, found.usage_flags) == (100, 60, ("estimated_reasoning",))
    assert found.tokens_estimated is False
    assert measured(Usage(input=5, output=10), thought=60).reasoning_tokens == 10
    assert measured(Usage(input=5, output=100, reasoning=7), thought=60).reasoning_tokens == 7
    assert thought_tokens(ChatResponse(parts=[Thinking(text="b" * 40), Text(text="a" * 400)])) == 10
    assert thought_tokens(None) == 0


def test_delivery_counts_text_thought_calls_and_bytes_nobody_read():
    response = ChatResponse(parts=[
        Text(text="a" * 400), Thinking(text="b" * 40), ToolCall(id="1", name="c" * 4, arguments="d" * 8),
        Media(kind="audio", transcript="e" * 16), Text(text=""),
    ])  # fmt: skip
    assert delivered_tokens(response) == 100 + 10 + 1 + 2 + 4
    assert delivered_tokens(None) == delivered_tokens(ChatResponse(parts=[])) == 0
    assert delivered_tokens(None, skimmed=1500) == 10
    assert delivered_tokens(ChatResponse(parts=[Text(text="x")])) == 1
