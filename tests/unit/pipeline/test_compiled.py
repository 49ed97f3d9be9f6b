"""The configuration compiled: which doors a model has, and in what order."""

from plexus.app import price_sources, protocols, selectors
from plexus.pipeline.compiled import compiled
from plexus.pipeline.snapshot import Door
from plexus.routing.candidate import Candidate
from plexus.settings.schema import Settings


def doors(provider: dict, model: str) -> tuple[Door, ...]:
    settings = Settings.model_validate({"providers": {"p": {"api_key": "k", **provider}}})
    return compiled(settings, protocols(), selectors(), sources=price_sources()).doors["p", model]


def spoken(provider: dict, model: str) -> list[str]:
    return [door.protocol.name for door in doors(provider, model)]


def test_a_known_provider_is_reached_in_all_it_speaks_its_preferred_protocol_first():
    assert spoken({"type": "openai", "models": ["gpt-4.1"]}, "gpt-4.1") == ["responses", "chat"]


def test_a_model_its_maker_serves_in_one_protocol_is_reached_only_in_that():
    assert spoken({"type": "openai", "models": ["gpt-5.2-codex"]}, "gpt-5.2-codex") == ["responses"]
    assert "chat" in spoken({"type": "openrouter", "models": ["openai/gpt-5.2-codex"]}, "openai/gpt-5.2-codex")


def test_access_via_is_the_last_word():
    models = {"gpt-5.2-codex": {"access_via": ["chat"]}}
    assert spoken({"type": "openai", "models": models}, "gpt-5.2-codex") == ["chat"]


def test_a_map_of_protocols_is_taken_as_it_stands():
    bases = {"chat": "https://a.test/v1/", "messages": "https://a.test/anthropic/v1"}
    found = doors({"api_base_url": bases, "models": ["glm"]}, "glm")
    assert [(door.protocol.name, door.base_url) for door in found] == [
        ("chat", "https://a.test/v1"),
        ("messages", "https://a.test/anthropic/v1"),
    ]


def test_the_clients_own_protocol_is_used_where_it_is_spoken():
    provider = {"api_key": "k", "type": "openai", "models": ["gpt-4.1"]}
    snapshot = compiled(
        Settings.model_validate({"providers": {"p": provider}}), protocols(), selectors(), sources=price_sources()
    )
    candidate = Candidate("p", "gpt-4.1")
    chosen = {name: snapshot.door(candidate, name) for name in ("chat", "responses", "messages", "gemini")}
    assert {name: door and door.protocol.name for name, door in chosen.items()} == {
        "chat": "chat",
        "responses": "responses",
        "messages": "responses",
        "gemini": "responses",
    }


def test_provider_headers_extras_and_timeouts_reach_the_door():
    (door,) = doors(
        {
            "type": "anthropic",
            "headers": {"X-Team": "research"},
            "extra_body": {"a": 1, "b": 1},
            "timeout": {"first_byte": "7s"},
            "models": {"claude-sonnet-4-5": {"extra_body": {"b": 2}, "max_output": 5}},
        },
        "claude-sonnet-4-5",
    )
    assert door.headers["x-team"] == "research"
    assert door.headers["anthropic-version"] == "2023-06-01"
    assert door.extra_body == {"a": b"1", "b": b"2"}
    assert door.timeouts.first_byte == 7
    assert door.target.profile.max_output == 5


def test_what_is_disabled_is_not_there():
    config = {
        "providers": {
            "off": {"type": "openai", "api_key": "k", "enabled": False, "models": ["gpt-4o"]},
            "on": {"type": "openai", "api_key": "k", "models": {"gpt-4o": {"enabled": False}, "gpt-4.1": {}}},
        }
    }
    snapshot = compiled(Settings.model_validate(config), protocols(), selectors(), sources=price_sources())
    assert set(snapshot.doors) == {("on", "gpt-4.1")}
    assert snapshot.routes.names() == ["gpt-4.1"]
