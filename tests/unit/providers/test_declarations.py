"""What must hold for every provider declared, and the quirks that cost other gateways dearly."""

import re

import pytest

from plexus.providers.catalogue import known

PROVIDERS = list({p.name: p for p in known().values()}.values())
WAYS = [pytest.param(p, name, id=f"{p.name}-{name}") for p in PROVIDERS for name in p.protocols]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda p: p.name)
def test_a_provider_says_where_its_facts_come_from(provider):
    assert provider.source.startswith(("https://", "docs/"))
    assert provider.protocols


@pytest.mark.parametrize(("provider", "protocol"), WAYS)
def test_a_protocol_is_one_of_the_four(provider, protocol):
    assert protocol in {"chat", "messages", "responses", "gemini"}


@pytest.mark.parametrize(("provider", "protocol"), WAYS)
def test_an_address_is_absolute_without_a_slash_at_its_end_unless_it_is_filled_in_later(provider, protocol):
    base = provider.protocols[protocol].base_url
    if provider.needs_base_url or provider.simulated:
        assert base == ""
    else:
        assert re.fullmatch(r"https?://[^/]+(/[^/?#]+)*", base)


@pytest.mark.parametrize(("provider", "protocol"), WAYS)
def test_credentials_only_leave_this_machine_encrypted(provider, protocol):
    base = provider.protocols[protocol].base_url
    assert not base.startswith("http://") or base.startswith("http://localhost")


@pytest.mark.parametrize(("provider", "protocol"), WAYS)
def test_messages_towards_a_real_provider_name_the_api_version(provider, protocol):
    speaks = provider.protocols[protocol]
    if protocol == "messages" and not provider.simulated:
        assert speaks.headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(("provider", "protocol"), WAYS)
def test_a_pattern_for_tool_ids_compiles_and_fits_its_length(provider, protocol):
    dialect = provider.protocols[protocol].dialect
    if dialect.tool_id_pattern:
        assert re.fullmatch(dialect.tool_id_pattern, "a" * (dialect.tool_id_length or 20))


def test_056_openai_takes_call_ids_of_64_characters_on_responses_and_40_on_chat():
    openai = known()["openai"]
    assert openai.protocols["responses"].dialect.tool_id_length == 64
    assert openai.protocols["chat"].dialect.tool_id_length == 40


def test_067_anthropic_takes_tool_ids_of_letters_digits_underscore_and_hyphen():
    pattern = known()["anthropic"].protocols["messages"].dialect.tool_id_pattern
    assert re.fullmatch(pattern, "toolu_01-aZ")
    assert not re.fullmatch(pattern, "call.1|fc_2")


def test_099_only_anthropic_is_told_the_billing_header_of_its_clients():
    told = {
        (name, protocol)
        for name, provider in known().items()
        for protocol, speaks in provider.protocols.items()
        if speaks.dialect.billing_header
    }
    assert told == {("anthropic", "messages"), ("claude", "messages")}


def test_mistral_takes_tool_ids_of_exactly_nine_letters_and_digits():
    dialect = known()["mistral"].protocols["chat"].dialect
    assert re.fullmatch(dialect.tool_id_pattern, "aB3dE6gH9")
    assert not re.fullmatch(dialect.tool_id_pattern, "aB3dE6gH")
    assert not re.fullmatch(dialect.tool_id_pattern, "call_1234")


@pytest.mark.parametrize(
    ("name", "field"), [("deepseek", "reasoning_content"), ("groq", "reasoning"), ("cerebras", "reasoning")]
)
def test_096_reasoning_goes_back_where_it_is_required(name, field):
    assert known()[name].protocols["chat"].dialect.reasoning_field == field


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("openai", "max_completion_tokens"),
        ("groq", "max_completion_tokens"),
        ("deepseek", "max_tokens"),
        ("mistral", "max_tokens"),
        ("ollama", "max_tokens"),
        ("openai-compatible", "max_tokens"),
    ],
)
def test_097_the_field_for_the_output_limit_is_the_targets(name, field):
    assert known()[name].protocols["chat"].dialect.max_tokens_field == field


def test_098_usage_is_not_asked_for_where_that_is_an_error():
    assert not known()["mistral"].protocols["chat"].dialect.stream_usage
    assert known()["openai"].protocols["chat"].dialect.stream_usage


def test_066_only_targets_that_refuse_a_field_lose_it():
    assert known()["openai"].protocols["chat"].dialect.refused == frozenset()
    assert "store" in known()["mistral"].protocols["chat"].dialect.refused


def test_a_schema_becomes_json_mode_only_where_chat_cannot_take_it():
    deepseek = known()["deepseek"]
    assert not deepseek.protocols["chat"].dialect.json_schema
    assert deepseek.protocols["responses"].dialect.json_schema


def test_the_demo_is_marked_as_simulated_and_needs_no_key():
    demo = known()["demo"]
    assert demo.simulated
    assert not demo.needs_key
    assert set(demo.protocols) == {"chat", "messages", "responses", "gemini"}
