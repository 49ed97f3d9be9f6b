"""Token counts."""

from plexus.ir.chat import Usage
from plexus.protocols.responses.usage import decode_usage, encode_usage


def test_119_input_excludes_the_cache_once_and_is_never_negative():
    usage = decode_usage({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30}})
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write, usage.flags) == (10, 60, 30, [])
    odd = decode_usage({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 60}})
    assert odd is not None
    assert (odd.input, odd.flags) == (0, ["negative_input"])


def test_124_reasoning_above_the_output_is_clamped_and_flagged():
    usage = decode_usage({"input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 8}})
    assert usage is not None
    assert (usage.reasoning, usage.flags) == (5, ["clamped_reasoning"])


def test_writing_is_the_arithmetic_of_openai():
    usage = Usage(input=10, cache_read=60, cache_write=30, output=7, reasoning=3)
    assert encode_usage(usage) == {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 107,
    }


def test_033_counters_are_numbers_when_nothing_is_known():
    assert encode_usage(None)["input_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 0}


def test_the_cost_a_provider_tells_is_decimal_text():
    for raw, cost in (
        ({"cost": 0.025265}, "0.025265"),
        ({"cost": 1.13e-05}, "0.0000113"),
        ({"cost_in_usd_ticks": 8934000}, "0.0008934"),
        ({"cost_in_usd_ticks": 25_000_000_000}, "2.5"),
    ):
        usage = decode_usage({"input_tokens": 1, **raw})
        assert usage is not None
        assert usage.cost == cost


def test_201_no_usage_object_is_no_usage():
    assert decode_usage(None) is None
    assert decode_usage("many") is None
