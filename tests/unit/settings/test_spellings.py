"""The names and units of the original's exports mean what they meant; what has no meaning here is told."""

from pathlib import Path
from typing import Any

import pytest

from plexus.settings.problems import spelled
from plexus.settings.reading import read
from plexus.settings.yaml_source import compose

GOLDEN = Path(__file__).parents[2] / "golden" / "settings" / "export-of-the-original.yaml"
EXPORT = compose(GOLDEN.read_bytes(), GOLDEN.name).data({}, [])


def test_an_export_of_the_original_keeps_its_meaning(known):
    reading = read(EXPORT, known)
    assert reading.wrong == []
    settings: Any = reading.settings
    one = settings.providers["vendor/one"]
    assert one.api_base_url == {"chat": "http://h/v1", "messages": "http://h/m"}
    assert dict(one.extra_body) == {"a": 1}
    assert (one.max_concurrency, one.estimate_tokens) == (5, True)
    assert (one.timeout.total, one.timeout.first_byte) == (90, 20)
    assert one.stall.model_dump() == {"min_bytes_per_second": 100, "window": 5, "grace": 1, "cooldown": True}
    assert one.quota_checker.interval == 1800
    model = one.models["m"]
    assert (model.access_via, model.max_concurrency, model.pricing.source) == (("chat", "messages"), 2, "tiered")
    alias = settings.models["a"]
    assert (alias.target_groups[0].selector, alias.additional_aliases, alias.vision_fallthrough) == (
        "in_order",
        ("b",),
        True,
    )
    assert settings.models["c"].target_groups[0].name == "g"
    key = settings.keys["k"]
    assert (key.enabled, key.quotas, key.allowed_models, key.allow_raw_passthrough) == (False, ("q",), ("a",), True)
    assert settings.user_quotas["q"].warn_at == 0.8
    assert (settings.cooldown.initial, settings.cooldown.max, settings.failover.enabled) == (180, 1800, False)
    assert (settings.timeout.total, settings.timeout.first_byte) == (200, 15)
    assert (settings.stall.min_bytes_per_second, settings.stall.window, settings.stall.grace) == (60, 4, 7)
    assert settings.exploration.model_dump() == {"rate": 0.2, "background": True, "stale_after": 100}
    assert (settings.capture.mode, settings.vision_fallthrough.prompt) == ("off", "look")
    assert [str(network) for network in settings.network.trusted_proxies] == ["127.0.0.1/32"]


def test_what_has_no_meaning_here_is_told_at_the_place_where_it_was_written(known):
    notices = read(EXPORT, known).notices
    assert {
        spelled(notice.path) for notice in notices if "no meaning" in notice.message or "not spoken" in notice.message
    } == {
        'providers["vendor/one"].useClaudeMasking',
        'providers["vendor/one"].adapter',
        'providers["vendor/one"].apiBaseUrl.ollama',
        "models.a.metadata",
        "failover.retryableStatusCodes",
        "stall.ttfbBytes",
        "backgroundExploration.workerConcurrency",
    }


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"providers": {"p": {"timeoutMs": "soon"}}}, "providers.p.timeoutMs"),
        ({"providers": {"p": {"stallWindowMs": -5}}}, "providers.p.stallWindowMs"),
        ({"providers": {"p": {"models": ["ok", " bad"]}}}, "providers.p.models[1]"),
        ({"cooldown": {"maxMinutes": "x"}}, "cooldown.maxMinutes"),
        ({"stall": {"ttfbSeconds": "x"}}, "stall.ttfbSeconds"),
        ({"backgroundExploration": {"stalenessThresholdSeconds": "x"}},
         "backgroundExploration.stalenessThresholdSeconds"),
        ({"models": {"a": {"targets": [{"provider": "p"}]}}}, "models.a.targets[0]"),
        ({"models": {"a": {"targets": [{"alias": "x"}], "selector": " "}}}, "models.a.selector"),
        ({"keys": {"k": {"secret": "s", "quota": " q"}}}, "keys.k.quota"),
    ],
)  # fmt: skip
def test_problems_name_the_path_as_it_was_written(known, data, path):
    reading = read(data, known)
    assert [spelled(finding.path) for finding in reading.wrong] == [path]


def test_a_key_given_in_both_spellings_is_not_guessed_at(known):
    reading = read({"providers": {"p": {"api_base_url": "http://h", "apiBaseUrl": "http://i"}}}, known)
    assert [spelled(finding.path) for finding in reading.wrong] == ["providers.p.apiBaseUrl"]
    reading = read({"providers": {"p": {"api_base_url": "http://h", "timeout": "5s", "timeoutMs": 7}}}, known)
    assert reading.settings is not None
    assert reading.settings.providers["p"].timeout.total == 5
    assert "is ignored, because timeout is given as well" in reading.notices[0].message


def test_one_model_listed_twice_is_told(known):
    reading = read({"providers": {"p": {"api_base_url": "http://h", "models": ["a", "a"]}}}, known)
    assert [spelled(notice.path) for notice in reading.notices] == ["providers.p.models[1]"]
