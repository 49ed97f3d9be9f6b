import pytest

from plexus.providers.catalogue import bases_at, known, named, recognise, speaks_for

REQUIRED = {
    "openai",
    "anthropic",
    "gemini",
    "deepseek",
    "groq",
    "cerebras",
    "openrouter",
    "vercel",
    "mistral",
    "xai",
    "together",
    "fireworks",
    "ollama",
    "openai-compatible",
    "demo",
}


def provider(word):
    found = named(word)
    assert found is not None, word
    return found


def test_every_required_provider_is_found_by_its_name():
    assert {p.name for p in known().values()} == REQUIRED


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("OpenAI", "openai"),
        ("Anthropic", "anthropic"),
        ("GEMINI", "gemini"),
        ("google", "gemini"),
        ("openai_compatible", "openai-compatible"),
        ("Grok", "xai"),
    ],
)
def test_type_names_a_provider_in_any_case_and_spelling(word, name):
    assert provider(word).name == name


def test_a_word_that_names_no_provider_is_none():
    assert named("openai ") is None
    assert named("vertex") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://API.OPENAI.com/v1", "openai"),
        ("https://api.openai.com:443/v1", "openai"),
        ("https://api.openai.com./v1", "openai"),
        ("https://user:secret@api.openai.com/v1", "openai"),
        ("api.deepseek.com", "deepseek"),
        ("https://api.anthropic.com", "anthropic"),
        ("https://generativelanguage.googleapis.com/v1beta", "gemini"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("https://api.cerebras.ai/v1", "cerebras"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://ai-gateway.vercel.sh/v1", "vercel"),
        ("https://api.mistral.ai/v1", "mistral"),
        ("https://api.x.ai/v1", "xai"),
        ("https://api.together.xyz/v1", "together"),
        ("https://api.fireworks.ai/inference/v1", "fireworks"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://[::1]:11434/v1", "ollama"),
    ],
)
def test_a_provider_is_recognised_by_its_host(url, name):
    found = recognise(url)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com.evil.test/v1",
        "https://api.openai.com@evil.test/v1",
        "https://evil.test/api.openai.com/v1",
        "https://evil.test/?api.openai.com",
        "https://evil.test#api.openai.com",
        "https://xapi.openai.com/v1",
        "https://openai.com/v1",
        "https://apixopenai.com/v1",
        "https://evil-openrouter.ai/api/v1",
        "http://localhost:8000/v1",
        "http://localhost/v1",
        "http://[broken/v1",
        "http://host:notaport/v1",
        "",
    ],
)
def test_a_look_alike_host_is_not_recognised(url):
    assert recognise(url) is None


def test_without_an_url_the_declared_addresses_hold():
    assert bases_at(provider("deepseek"), "") == {
        "chat": "https://api.deepseek.com",
        "messages": "https://api.deepseek.com/anthropic/v1",
        "responses": "https://api.deepseek.com",
    }


@pytest.mark.parametrize(
    "url", ["https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1/"]
)
def test_at_home_it_does_not_matter_whether_v1_was_written(url):
    assert bases_at(provider("anthropic"), url) == {"messages": "https://api.anthropic.com/v1"}


def test_at_home_the_protocol_whose_path_was_written_is_preferred():
    bases = bases_at(provider("deepseek"), "https://api.deepseek.com/anthropic")
    assert next(iter(bases)) == "messages"
    assert bases["chat"] == "https://api.deepseek.com"


def test_another_host_of_the_provider_serves_all_its_protocols():
    assert bases_at(provider("openai"), "https://eu.api.openai.com/v1") == {
        "responses": "https://eu.api.openai.com/v1",
        "chat": "https://eu.api.openai.com/v1",
    }


def test_at_a_foreign_host_only_what_shares_the_first_address_is_there_and_chat_leads():
    assert list(bases_at(provider("openai"), "http://127.0.0.1:9/v1").items()) == [
        ("chat", "http://127.0.0.1:9/v1"),
        ("responses", "http://127.0.0.1:9/v1"),
    ]
    assert "messages" not in bases_at(provider("deepseek"), "https://proxy.test/v1")


def test_a_compatible_server_is_where_the_operator_says():
    assert bases_at(provider("openai-compatible"), "http://gpu.test:8000/v1/") == {"chat": "http://gpu.test:8000/v1"}


def test_a_protocol_that_is_not_spoken_is_none():
    assert speaks_for(provider("cerebras"), "messages") is None
    assert speaks_for(provider("anthropic"), "messages") is provider("anthropic").protocols["messages"]
