"""The forms of a configuration that users were promised all load, and say what they mean."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plexus.settings.file_home import FileHome
from plexus.settings.reading import read
from plexus.settings.schema import Settings

GOLDEN = Path(__file__).parents[2] / "golden" / "settings"
ENVIRON = {"OPENAI_API_KEY": "1", "ANTHROPIC_API_KEY": "2", "BOTH_KEY": "3", "ALICE_KEY": "4", "DOCS_TOKEN": "5"}


def golden(name, known):
    return FileHome(GOLDEN / name, known, ENVIRON).load()


def test_every_form_of_the_documented_configuration_loads(known):
    settings = golden("every-form.yaml", known)
    both = settings.providers["both"]
    assert both.api_base_url == {"chat": "https://example.test/v1", "messages": "https://example.test/anthropic/v1"}
    assert both.models["glm-4.6"].access_via == ("chat", "messages")
    assert (both.timeout.total, both.max_concurrency, both.discount) == (120, 20, Decimal("0.1"))
    assert list(settings.providers["openai"].models) == ["gpt-4o", "gpt-4o-mini"]
    price = settings.providers["anthropic"].models["claude-sonnet-4-5"].pricing
    assert (price.source, price.input, price.cache_write) == ("simple", Decimal("3.0"), Decimal("3.75"))
    fast, smart = settings.models["fast"], settings.models["smart"]
    assert [(group.name, group.selector) for group in fast.target_groups] == [("default", "random")]
    assert [target.weight for target in fast.target_groups[0].targets] == [3, 1]
    assert [group.name for group in smart.target_groups] == ["subscription", "backup"]
    assert smart.target_groups[1].targets[0].alias == "fast"
    assert settings.keys["alice"].secret.reveal() == "4"
    assert settings.user_quotas["budget"].limit == Decimal("25.50")
    assert settings.mcp_servers["docs"].headers["authorization"].reveal() == "Bearer 5"


def test_the_documented_values_are_the_defaults(known):
    told, default = golden("every-form.yaml", known), Settings()
    for section in ("failover", "cooldown", "timeout", "stall", "sessions", "exploration", "hedge", "heartbeat"):
        assert getattr(told, section) == getattr(default, section)
    for section in ("limits", "network", "capture", "retention", "vision_fallthrough"):
        assert getattr(told, section) == getattr(default, section)


def test_files_of_the_earliest_form_load_unchanged(known):
    settings = golden("early.yaml", known)
    assert [provider.type for provider in settings.providers.values()] == ["openai", "anthropic"]
    targets = settings.models["smart-model"].target_groups[0].targets
    assert [(target.provider, target.model) for target in targets] == [("my_anthropic", "claude-3-5-sonnet-latest")]


def test_a_provider_s_own_times_replace_the_common_ones():
    settings = Settings.model_validate(
        {"timeout": {"idle": "9s"}, "providers": {"p": {"type": "x", "timeout": {"total": "1h"}}, "q": {"timeout": 5}}}
    )
    own = settings.timeouts("p")
    assert (own.idle, own.total, own.first_byte) == (9, 3600, 60)
    assert (settings.timeouts("q").first_byte, settings.timeouts("q").total) == (5, 5)
    assert settings.timeouts("unknown") is settings.timeout
    slow = Settings.model_validate({"providers": {"p": {"stall": {"grace": "1m"}}}})
    assert slow.stall.over(slow.providers["p"].stall).grace == 60


@pytest.mark.parametrize(
    ("pricing", "source"),
    [
        ({"input": 1, "output": 2}, "simple"),
        ({"source": "defined", "range": [{"upper_bound": 9, "input_per_m": 1, "output_per_m": 2}]}, "tiered"),
        ({"range": [{"input_per_m": 1, "output_per_m": 2}]}, "tiered"),
        ({"amount": "0.5"}, "per_request"),
        ({"slug": "vendor/model"}, "openrouter"),
    ],
)
def test_the_source_of_a_price_may_be_left_out_and_defined_means_tiered(pricing, source):
    settings: Any = Settings.model_validate({"providers": {"p": {"models": {"m": {"pricing": pricing}}}}})
    assert settings.providers["p"].models["m"].pricing.source == source


@pytest.mark.parametrize(
    "sections",
    [
        {"providers": {"p": {"api_base_url": "ftp://h"}}},
        {"providers": {"p": {"api_base_url": "http://"}}},
        {"providers": {"p": {"api_base_url": "http://u:p@h"}}},
        {"providers": {"p": {"api_base_url": "http://h/?key=1"}}},
        {"providers": {"p": {"api_base_url": "http://h\\@x/"}}},
        {"providers": {"p": {"api_base_url": "http://h:99999"}}},
        {"providers": {"p": {"api_base_url": "http://h/ü"}}},
        {"providers": {"p": {"api_base_url": "oauth://"}}},
        {"providers": {"p": {"api_base_url": {"chatt": "http://h"}}}},
        {"providers": {"p": {"api_key": "a\nb"}}},
        {"providers": {"p": {"api_key": "schlüssel"}}},
        {"providers": {"p": {"api_key": " "}}},
        {"providers": {"p": {"headers": {"host": "x"}}}},
        {"providers": {"p": {"headers": {"x": "a\r\nb: c"}}}},
        {"providers": {"p": {"discount": 1.1}}},
        {"providers": {"p": {"max_concurrency": 0}}},
        {"providers": {"p": {"models": {"m": {"pricing": {"input": "NaN", "output": 1}}}}}},
        {"providers": {"p": {"models": {"m": {"pricing": {"range": []}}}}}},
        {"providers": {"p": {"models": {"m": {"access_via": ["chats"]}}}}},
        {"providers": {"p": {"timeout": {"connect": 0}}}},
        {"providers": {"p": {"extra_body": []}}},
        {"models": {"x": {}}},
        {"models": {"x": {"targets": []}}},
        {"models": {"x": {"targets": [{"provider": "p"}]}}},
        {"models": {"x": {"targets": [{"alias": "a", "model": "m"}]}}},
        {"models": {"x": {"targets": [{"alias": "a", "weight": 0}]}}},
        {"models": {"x": {"targets": [{"alias": "a"}], "priority": "best"}}},
        {"keys": {"k": {"secret": "a:b"}}},
        {"keys": {"k": {"secret": "a b"}}},
        {"keys": {"k": {"secret": "ключ"}}},
        {"keys": {"k": {"secret": ""}}},
        {"keys": {"k": {"secret": "x" * 513}}},
        {"keys": {"k": {"secret": "x", "expires_at": "tomorrow"}}},
        {"user_quotas": {"q": {"type": "rolling", "limit_type": "tokens", "limit": 1}}},
        {"user_quotas": {"q": {"type": "rolling", "duration": "0s", "limit_type": "tokens", "limit": 1}}},
        {"user_quotas": {"q": {"type": "daily", "duration": "1h", "limit_type": "tokens", "limit": 1}}},
        {"user_quotas": {"q": {"type": "daily", "limit_type": "tokens", "limit": 0}}},
        {"user_quotas": {"q": {"type": "daily", "limit_type": "tokens", "limit": 1.5}}},
        {"user_quotas": {"q": {"type": "daily", "limit_type": "tokens", "limit": "1e99"}}},
        {"user_quotas": {"q": {"type": "hourly", "limit_type": "tokens", "limit": 1}}},
        {"cooldown": {"initial": "2h", "max": "1h"}},
        {"limits": {"body": 10}},
        {"limits": {"depth": 100_000}},
        {"network": {"trusted_proxies": "10.0.0.0/8"}},
        {"capture": {"mode": "of"}},
        {"capture": {"sample": 2}},
        {"hedge": {"after_percentile": 100}},
        {"mcp_servers": {"d": {}}},
        {"providers": {" p": {"type": "openai"}}},
    ],
)
def test_what_cannot_be_meant_is_refused(sections):
    with pytest.raises(ValidationError):
        Settings.model_validate(sections)


def test_an_alias_says_its_targets_once(known):
    groups = [{"name": "g", "targets": [{"provider": "p", "model": "m"}]}]
    data = {"models": {"x": {"targets": groups[0]["targets"], "selector": "random", "target_groups": groups}}}
    assert {finding.path[-1]: finding.message for finding in read(data, known).wrong} == {
        "targets": "'targets' stands beside target_groups, where it belongs inside",
        "selector": "'selector' stands beside target_groups, where it belongs inside",
    }
    (missing, misspelled) = read({"models": {"x": {"tragets": []}}}, known).wrong
    assert missing.message == "has no targets"
    assert misspelled.fix == "did you mean 'targets'?"


def test_url_and_key_are_trimmed_where_that_is_safe():
    settings: Any = Settings.model_validate({"providers": {"p": {"api_base_url": "http://h/v1/", "api_key": " k\n"}}})
    assert settings.providers["p"].api_base_url == "http://h/v1"
    assert settings.providers["p"].api_key.reveal() == "k"
