"""Every row of every family: sourced, reachable, and a sensible table of effort, budget and level."""

from fnmatch import fnmatchcase

import pytest

import plexus.providers.profiles
from plexus.core.registry import find
from plexus.ir.target import ModelProfile
from plexus.providers.catalogue import profile_of

FAMILIES = find(plexus.providers.profiles, "PROFILES", tuple)
ROWS = [
    pytest.param(name, pattern, profile, id=f"{name}-{pattern}")
    for name, rows in FAMILIES.items()
    for pattern, profile in rows
]
STRENGTH = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
LEVELS = {"minimal", "low", "medium", "high"}


@pytest.mark.parametrize(("family", "pattern", "profile"), ROWS)
def test_a_row_names_its_family_and_the_vendors_page(family, pattern, profile):
    assert profile.family
    assert profile.source.startswith("https://")
    if profile.reasoning.style:
        assert profile.reasoning.source.startswith("https://")


@pytest.mark.parametrize(("family", "pattern", "profile"), ROWS)
def test_a_row_is_not_hidden_by_an_earlier_one(family, pattern, profile):
    example = pattern.replace("[56]", "5").replace("[sx]", "s").replace("?", "9").replace("*", "")
    earlier = [p for p, _ in FAMILIES[family][: [p for p, _ in FAMILIES[family]].index(pattern)]]
    assert not [p for p in earlier if fnmatchcase(example, p)]


@pytest.mark.parametrize(("family", "pattern", "profile"), ROWS)
def test_effort_words_are_known_and_run_from_weak_to_strong(family, pattern, profile):
    efforts = profile.reasoning.efforts
    assert list(efforts) == sorted(set(efforts), key=STRENGTH.index)


@pytest.mark.parametrize(("family", "pattern", "profile"), ROWS)
def test_words_and_budgets_fit_the_style(family, pattern, profile):
    reasoning = profile.reasoning
    if reasoning.style in ("adaptive", "level"):
        assert reasoning.efforts
        assert "none" not in reasoning.efforts
    if reasoning.style == "level":
        assert set(reasoning.efforts) <= LEVELS
    if reasoning.style in ("", "none", "budget"):
        assert not reasoning.efforts
    if reasoning.style == "budget":
        assert 0 < reasoning.budget_min < reasoning.budget_max < profile.max_output
    if "none" in reasoning.efforts:
        assert reasoning.can_disable


@pytest.mark.parametrize(
    ("model", "style", "efforts", "can_disable"),
    [
        ("claude-3-5-haiku-20241022", "none", "", True),
        ("claude-3-7-sonnet-20250219", "budget", "", True),
        ("claude-opus-4-1-20250805", "budget", "", True),
        ("claude-sonnet-4-20250514", "budget", "", True),
        ("claude-haiku-4-5-20251001", "budget", "", True),
        ("claude-opus-4-6", "adaptive", "low medium high max", True),
        ("claude-opus-4-7", "adaptive", "low medium high xhigh max", True),
        ("claude-opus-5", "adaptive", "low medium high xhigh max", True),
        ("claude-opus-5-5", "adaptive", "low medium high xhigh max", False),
        ("claude-fable-5", "adaptive", "low medium high xhigh max", False),
        ("gpt-4o-mini", "none", "", True),
        ("o3-mini", "effort", "low medium high", False),
        ("gpt-5", "effort", "minimal low medium high", False),
        ("gpt-5.1", "effort", "none low medium high", True),
        ("gpt-5.1-codex-max", "effort", "low medium high xhigh", False),
        ("gpt-5.2-2025-12-11", "effort", "none low medium high xhigh", True),
        ("gpt-5.6-sol", "effort", "none low medium high xhigh max", True),
        ("gpt-6-astra", "effort", "low medium high xhigh max", False),
        ("gemini-2.0-flash-001", "none", "", True),
        ("gemini-2.5-pro", "budget", "", False),
        ("gemini-2.5-flash", "budget", "", True),
        ("gemini-3-pro-preview", "level", "low high", False),
        ("gemini-3.1-pro-preview", "level", "low medium high", False),
        ("gemini-3-flash-preview", "level", "minimal low medium high", False),
        ("gemini-3.7-flash", "level", "low medium high", False),
        ("deepseek-v4-pro", "effort", "low high max", True),
        ("grok-4.3", "effort", "none low medium high", True),
        ("grok-4.5", "effort", "low medium high", False),
        ("grok-4-fast-non-reasoning", "none", "", True),
        ("mistral-small-latest", "effort", "none high", True),
        ("magistral-medium-latest", "none", "", False),
        ("glm-5.3", "effort", "low high max", False),
        ("kimi-k3", "effort", "low high max", False),
        ("gpt-oss-120b", "effort", "low medium high", False),
        ("llama-3.3-70b-versatile", "none", "", True),
    ],
)
def test_081_a_generation_is_told_to_think_in_its_own_way(model, style, efforts, can_disable):
    reasoning = profile_of(model).reasoning
    assert (reasoning.style, reasoning.efforts, reasoning.can_disable) == (style, tuple(efforts.split()), can_disable)


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("claude-sonnet-4-5", 1024, 63_999),
        ("claude-opus-4-1", 1024, 31_999),
        ("gemini-2.5-pro", 128, 32_768),
        ("gemini-2.5-flash", 1, 24_576),
        ("gemini-2.5-flash-lite", 512, 24_576),
    ],
)
def test_073_budgets_stay_within_what_the_vendor_says(model, least, most):
    reasoning = profile_of(model).reasoning
    assert (reasoning.budget_min, reasoning.budget_max) == (least, most)


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        ("claude-3-haiku-20240307", 4_096),
        ("claude-3-5-sonnet-latest", 8_192),
        ("claude-opus-4-20250514", 32_000),
        ("claude-sonnet-4-5", 64_000),
        ("claude-opus-4-6", 128_000),
        ("gpt-4o", 16_384),
        ("gpt-4.1", 32_768),
        ("o4-mini", 100_000),
        ("gpt-5", 128_000),
        ("gemini-2.5-flash", 65_536),
    ],
)
def test_073_a_model_has_its_own_output_limit(model, limit):
    assert profile_of(model).max_output == limit


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("claude-3-7-sonnet@20250219", "claude-3-7-sonnet-20250219"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google/gemini-2.0-flash-exp:free", "gemini-2.0-flash"),
        ("OpenAI/GPT-4o-2024-08-06", "gpt-4o"),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini"),
        ("accounts/fireworks/models/gpt-oss-120b", "gpt-oss"),
        ("gpt-oss:120b", "gpt-oss"),
        ("deepseek-ai/DeepSeek-V4-Pro-0813", "deepseek-v4-pro"),
    ],
)
def test_prefixes_dates_and_tags_do_not_matter(model, same_as):
    assert profile_of(model) == profile_of(same_as)
    assert profile_of(model).family


def test_a_model_nobody_knows_has_an_empty_profile():
    assert profile_of("my-own-model") == ModelProfile()


def test_a_generation_to_come_is_known_by_family_only():
    profile = profile_of("claude-opus-9")
    assert profile.family == "claude"
    assert profile.max_output is None
    assert profile.reasoning.style == ""


@pytest.mark.parametrize(
    ("model", "protocols"),
    [("gpt-5-codex", ("responses",)), ("gpt-4o-audio-preview", ("chat",)), ("gpt-5", ()), ("claude-opus-5", ())],
)
def test_a_model_served_in_one_protocol_only_says_so(model, protocols):
    assert profile_of(model).protocols == protocols


@pytest.mark.parametrize(
    ("model", "always", "thinking"),
    [
        ("o3", True, True),
        ("gpt-5", True, True),
        ("gpt-5.2", False, True),
        ("gpt-4o", False, False),
        ("claude-sonnet-4-5", False, True),
        ("claude-opus-4-7", True, True),
        ("gemini-2.5-pro", False, False),
    ],
)
def test_082_sampling_is_refused_always_or_while_thinking(model, always, thinking):
    profile = profile_of(model)
    assert (profile.refuses_sampling, profile.reasoning.refuses_sampling) == (always, thinking)
