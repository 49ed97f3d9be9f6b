"""Token counts of every dialect, and the way back."""

import pytest

from plexus.ir.chat import Usage
from plexus.protocols.chat.usage import decode_usage, encode_usage


def read(**wire) -> Usage:
    usage = decode_usage(wire)
    assert usage is not None
    return usage


def test_119_cached_tokens_are_taken_out_of_the_input_once():
    usage = read(
        prompt_tokens=10,
        completion_tokens=5,
        total_tokens=15,
        prompt_tokens_details={"cached_tokens": 4, "cache_write_tokens": 2},
    )
    assert (usage.input, usage.cache_read, usage.cache_write, usage.input_total) == (4, 4, 2, 10)
    assert usage.flags == []


@pytest.mark.parametrize("field", ["prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"])
def test_119_cached_tokens_are_found_under_every_name(field):
    assert read(prompt_tokens=10, completion_tokens=5, **{field: 4}).input == 6


def test_119_a_cache_larger_than_the_prompt_never_makes_the_input_negative():
    """Azure's grok answers report such counts."""
    usage = read(
        prompt_tokens=202, completion_tokens=15, total_tokens=217, prompt_tokens_details={"cached_tokens": 314}
    )
    assert (usage.input, usage.cache_read, usage.input_total) == (0, 202, 202)
    assert usage.flags == ["negative_input"]


def test_119_a_vendor_that_counts_its_cache_beside_the_prompt_is_taken_at_its_total():
    usage = read(prompt_tokens=10, completion_tokens=5, total_tokens=115, cache_read_input_tokens=100)
    assert (usage.input, usage.cache_read, usage.output) == (10, 100, 5)


def test_193_and_114_reasoning_counted_beside_the_completion_is_put_into_the_output():
    """xAI says how much it was, Google only lets its total tell."""
    for details in ({"completion_tokens_details": {"reasoning_tokens": 125}}, {}):
        usage = read(prompt_tokens=165, completion_tokens=2, total_tokens=292, **details)
        assert (usage.input, usage.output, usage.reasoning, usage.flags) == (165, 127, 125, ["reasoning_added"])


def test_124_reasoning_above_the_completion_is_clamped_and_flagged():
    usage = read(
        prompt_tokens=21, completion_tokens=16, total_tokens=37, completion_tokens_details={"reasoning_tokens": 22}
    )
    assert (usage.output, usage.reasoning, usage.flags) == (16, 16, ["clamped_reasoning"])


def test_no_share_is_larger_than_its_total():
    details = {"reasoning_tokens": 100, "audio_tokens": 9}
    usage = read(prompt_tokens=12, prompt_tokens_details={"audio_tokens": 99}, completion_tokens_details=details)
    assert (usage.output, usage.reasoning, usage.audio_output, usage.audio_input) == (None, 0, 0, 12)


def test_122_media_shares_are_details_and_change_no_total():
    usage = read(
        prompt_tokens=10,
        completion_tokens=5,
        prompt_tokens_details={"audio_tokens": 3, "image_tokens": 2},
        completion_tokens_details={"audio_tokens": 4},
    )
    assert (usage.input, usage.output, usage.audio_input, usage.image_input, usage.audio_output) == (10, 5, 3, 2, 4)


@pytest.mark.parametrize(
    "wire",
    [None, {}, 5, {"prompt_tokens": None, "completion_tokens": None}, {"prompt_tokens": "x"}, {"prompt_tokens": True}],
)
def test_an_object_without_a_count_is_no_usage(wire):
    assert decode_usage(wire) is None


def test_negative_and_absurd_counters_are_not_believed():
    assert read(prompt_tokens=-5, completion_tokens=5).input == 0
    assert decode_usage({"prompt_tokens": float("nan")}) is None


@pytest.mark.parametrize(
    ("cost", "text"), [(0.0160614, "0.0160614"), ({"total_cost": 0.006}, "0.006"), (0, "0"), ("1", None), (None, None)]
)
def test_reported_costs_are_decimal_text(cost, text):
    assert read(prompt_tokens=1, completion_tokens=1, cost=cost).cost == text


def test_115_and_194_the_way_back_adds_up():
    usage = Usage(input=6, output=5, cache_read=3, cache_write=1, reasoning=2, audio_output=1)
    wire = encode_usage(usage)
    assert (wire["prompt_tokens"], wire["completion_tokens"], wire["total_tokens"]) == (10, 5, 15)
    assert wire["prompt_tokens_details"] == {"cached_tokens": 3, "cache_write_tokens": 1}
    assert wire["completion_tokens_details"] == {"reasoning_tokens": 2, "audio_tokens": 1}
    back = read(**wire)
    assert (back.input, back.output, back.cache_read, back.cache_write, back.reasoning) == (6, 5, 3, 1, 2)
