"""The parts of a configuration must name one another rightly; each fault is told at its place with its fix."""

import pytest

from plexus.settings.not_yet import NOT_YET
from plexus.settings.outline import every_key
from plexus.settings.problems import ConfigurationError, spelled
from plexus.settings.reading import read, settings_from
from plexus.settings.schema import Settings

PROVIDERS: dict[str, dict] = {
    "p": {"api_base_url": "http://h/v1", "models": ["a", "b"]},
    "q": {"api_base_url": "http://h/v1"},
}


def told(known, **sections):
    reading = read({"providers": PROVIDERS, **sections}, known)
    assert (reading.settings is None) == bool(reading.wrong)
    return [(spelled(finding.path), finding.message, finding.fix) for finding in reading.wrong]


def alias(*targets, **more):
    return {"targets": list(targets), **more}


A = {"provider": "p", "model": "a"}


@pytest.mark.parametrize(
    ("sections", "path", "said", "fix"),
    [
        ({"models": {"x": alias({"provider": "pp", "model": "a"})}}, "models.x.targets[0].provider", "'pp'", "'p'"),
        ({"models": {"x": alias({"provider": "p", "model": "c"})}}, "models.x.targets[0].model", "'c'", "add it"),
        ({"models": {"x": alias({"alias": "z"}), "zz": alias(A)}}, "models.x.targets[0].alias", "'z'", "'zz'"),
        ({"models": {"x": alias(A, A)}}, "models.x.targets[1]", "same target", "weight"),
        ({"models": {"x": alias(A, selector="in_oder")}}, "models.x.selector", "'in_oder'", "'in_order'"),
        ({"models": {"x": alias(A, additional_aliases=["x"])}}, "models.x.additional_aliases[0]", "already", "take one"),
        ({"models": {"direct/x": alias(A)}}, 'models["direct/x"]', "direct/", "another name"),
        ({"providers": {"p": {"type": "opnai"}}}, "providers.p.type", "'opnai'", "'openai'"),
        ({"providers": {"p": {"models": ["a"]}}}, "providers.p", "neither a type nor an api_base_url", "add type"),
        ({"providers": {"p": {"type": "openai"}}}, "providers.p.api_key", "missing", "add api_key"),
        ({"keys": {"k": {"secret": "s", "quotas": ["dayly"]}}, "user_quotas": {"daily": {"type": "daily", "limit_type":
          "tokens", "limit": 1}}}, "keys.k.quotas[0]", "'dayly'", "'daily'"),
        ({"keys": {"k": {"secret": "s"}, "l": {"secret": "s"}}}, "keys.l.secret", "key 'k'", "its own"),
        ({"keys": {"k*": {"secret": "s"}}}, 'keys["k*"]', "'*'", "another"),
        ({"keys": {"k": {"secret": "s", "allowed_providers": ["pp"]}}}, "keys.k.allowed_providers[0]", "'pp'", "'p'"),
        ({"default_quotas": ["x"]}, "default_quotas[0]", "'x'", "no quota is configured"),
        ({"capture": {"aliases": ["x"]}}, "capture.aliases[0]", "'x'", "no alias"),
        ({"mcp_servers": {"plexus": {"url": "http://h/mcp"}}}, "mcp_servers.plexus", "own", "another name"),
        ({"providers": {"p": {"api_base_url": {"chat": "http://h"}, "models": {"a": {"access_via": ["messages"]}}}}},
         "providers.p.models.a.access_via[0]", "'messages'", "api_base_url.messages"),
    ],
)  # fmt: skip
def test_names_that_lead_nowhere_are_told_with_their_place(known, sections, path, said, fix):
    found = told(known, **sections)
    assert [entry[0] for entry in found] == [path]
    assert said in found[0][1]
    assert fix in found[0][2]


@pytest.mark.parametrize("kind", ["vertex", "azure", "bedrock", "Bedrock"])
def test_providers_that_are_not_built_are_refused_by_name(known, kind):
    (found,) = told(known, providers={"x": {"type": kind, "api_key": "k"}})
    assert found[1] == f"providers of type {kind.lower()!r} are not built yet"


def test_a_selector_of_the_schema_that_is_not_built_is_only_remarked(known):
    reading = read({"providers": PROVIDERS, "models": {"x": alias(A, selector="performance")}}, known)
    assert reading.settings is not None
    assert [spelled(notice.path) for notice in reading.notices] == ["models.x.selector"]


def test_a_host_that_is_not_known_is_remarked_unless_its_type_is_told(known):
    providers = {
        "a": {"api_base_url": "http://h:8080/v1"},
        "b": {"api_base_url": "http://127.0.0.1:11434/v1"},
        "c": {"api_base_url": "http://127.0.0.1:1/v1"},
        "d": {"api_base_url": "http://evil.h/v1", "type": "openai-compatible"},
        "e": {"api_base_url": {"chat": "http://127.0.0.1:1/v1"}},
    }
    reading = read({"providers": providers}, known)
    assert [spelled(notice.path) for notice in reading.notices] == ["providers.c.api_base_url"]


def test_keys_that_nothing_acts_on_yet_are_remarked_once_and_only_when_they_say_something(known):
    providers = {
        "p": {**PROVIDERS["p"], "estimate_tokens": True, "timeout": {"idle": "5s"}, "stall": {}},
        "q": {**PROVIDERS["q"], "estimate_tokens": True, "max_concurrency": None},
    }
    sections = {
        "failover": {"enabled": True},
        "retention": {"errors": "1d"},
        "vision_fallthrough": {"prompt": "describe"},
        "heartbeat": {"interval": "9s"},
    }
    servers = {"q": {"url": "https://mcp.example.test/mcp"}}
    reading = read({"providers": providers, **sections, "mcp_servers": servers}, known)
    assert reading.settings is not None
    assert sorted(spelled(notice.path) for notice in reading.notices) == [
        "mcp_servers",
        "providers.p.estimate_tokens",
        "vision_fallthrough",
    ]


def test_every_key_that_nothing_acts_on_yet_is_a_key():
    keys = {path.replace("[]", "") for path, _ in every_key(Settings)}
    assert keys >= NOT_YET


@pytest.mark.parametrize(
    "models",
    [
        {"x": alias({"alias": "x"})},
        {"x": alias({"alias": "y"}), "y": alias(A, {"alias": "x"})},
        {"x": alias({"alias": "yy"}), "y": alias({"alias": "x"}, additional_aliases=["yy"])},
        {
            "w": alias({"alias": "x"}),
            "x": alias({"alias": "y"}),
            "y": alias({"alias": "z"}),
            "z": alias({"alias": "x"}),
        },
    ],
)
def test_p12_a_ring_of_aliases_is_refused_once(known, models):
    (found,) = told(known, models=models)
    assert "leads back to itself: x → " in found[1] or "leads back to itself: y → " in found[1]


def test_a_long_chain_and_a_long_ring_of_aliases_are_walked(known):
    chain = {f"a{n}": alias({"alias": f"a{n + 1}"}) for n in range(3000)}
    assert told(known, models={**chain, "a3000": alias(A)}) == []
    (found,) = told(known, models={**chain, "a3000": alias({"alias": "a0"})})
    assert found[0] == "models.a0"


def test_aliases_that_share_an_alias_are_no_ring(known):
    models = {"x": alias({"alias": "y"}, {"alias": "z"}), "y": alias({"alias": "z"}), "z": alias(A)}
    assert told(known, models=models) == []


def test_two_aliases_may_not_share_an_additional_name(known):
    models = {"x": alias(A, additional_aliases=["n"]), "y": alias(A, additional_aliases=["n", "x"])}
    assert [entry[0] for entry in told(known, models=models)] == [
        "models.y.additional_aliases[0]",
        "models.y.additional_aliases[1]",
    ]


def test_a_target_needs_a_provider_that_lists_its_model(known):
    (found,) = told(known, models={"x": alias({"provider": "q", "model": "vendor/it:is"})})
    assert found[1:] == ("the provider 'q' lists no model 'vendor/it:is'", "add it to providers.q.models")


def test_a_provider_elsewhere_or_with_its_own_headers_needs_no_key(known):
    providers = {
        "local": {"type": "ollama"},
        "proxy": {"type": "openai", "api_base_url": "http://h/v1"},
        "signed": {"type": "openai", "headers": {"authorization": "x"}},
        "off": {"type": "openai", "enabled": False},
    }
    assert told(known, providers=providers) == []


def test_data_without_a_file_is_refused_with_its_paths(known):
    with pytest.raises(ConfigurationError, match=r"^demo: providers.p.type: unknown provider type 'x'"):
        settings_from({"providers": {"p": {"type": "x"}}}, known, "demo")
    assert settings_from({"providers": PROVIDERS}, known).providers["p"].models.keys() == {"a", "b"}
