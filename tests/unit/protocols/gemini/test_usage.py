import pytest

from plexus.ir.chat import Usage
from plexus.protocols.gemini.usage import read_usage, write_usage


@pytest.mark.parametrize(
    ("wire", "counts"),
    [
        ({"promptTokenCount": 10, "candidatesTokenCount": 4, "totalTokenCount": 14}, (10, 4, None, None)),
        (
            {
                "promptTokenCount": 10,
                "cachedContentTokenCount": 6,
                "candidatesTokenCount": 4,
                "thoughtsTokenCount": 3,
                "totalTokenCount": 17,
            },
            (4, 7, 6, 3),
        ),
        (
            {"promptTokenCount": 10, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 4, "totalTokenCount": 19},
            (15, 4, None, None),
        ),
        ({"promptTokenCount": 10, "thoughtsTokenCount": 3, "totalTokenCount": 13}, (10, 3, None, 3)),
        ({"promptTokenCount": 10, "totalTokenCount": 10}, (10, 0, None, None)),
        ({"candidatesTokenCount": 1, "thoughtsTokenCount": 41, "totalTokenCount": 338}, (296, 42, None, 41)),
        (
            {"promptTokenCount": 5, "cachedContentTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 6},
            (0, 1, 5, None),
        ),
        ({"prompt_token_count": "7", "candidates_token_count": 2, "total_token_count": 9}, (7, 2, None, None)),
    ],
)
def test_114_119_193_input_is_without_cache_and_output_with_thoughts(wire, counts):
    usage = read_usage(wire)
    assert usage is not None
    assert (usage.input, usage.output, usage.cache_read, usage.reasoning) == counts


@pytest.mark.parametrize("nothing", [None, {}, {"trafficType": "ON_DEMAND"}, 3, {"promptTokenCount": None}])
def test_no_counters_are_no_usage(nothing):
    assert read_usage(nothing) is None


def test_shares_of_media_are_read_and_written():
    details = [
        {"modality": "TEXT", "tokenCount": 4},
        {"modality": "AUDIO", "tokenCount": 2},
        {"modality": "IMAGE", "tokenCount": 1},
    ]
    usage = read_usage(
        {"promptTokenCount": 7, "promptTokensDetails": details, "candidatesTokenCount": 1, "totalTokenCount": 8}
    )
    assert usage is not None
    assert (usage.audio_input, usage.image_input) == (2, 1)
    usage.raw = None
    assert (write_usage(usage) or {})["promptTokensDetails"] == details


def test_193_thoughts_are_split_out_again_once():
    assert write_usage(Usage(input=3, cache_read=2, output=10, reasoning=4)) == {
        "promptTokenCount": 5,
        "cachedContentTokenCount": 2,
        "candidatesTokenCount": 6,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 15,
    }


def test_124_reasoning_larger_than_the_output_never_makes_a_negative_count():
    wire = write_usage(Usage(input=1, output=3, reasoning=9)) or {}
    assert (wire["candidatesTokenCount"], wire["thoughtsTokenCount"], wire["totalTokenCount"]) == (0, 3, 4)


def test_geminis_own_object_comes_back_and_its_total_adds_up():
    wire = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2, "serviceTier": "flex"}
    assert write_usage(read_usage(wire)) == wire
    cut = {"candidatesTokenCount": 1, "thoughtsTokenCount": 2, "totalTokenCount": 10}
    assert write_usage(read_usage(cut)) == {**cut, "promptTokenCount": 7}
    assert write_usage(None) is None
