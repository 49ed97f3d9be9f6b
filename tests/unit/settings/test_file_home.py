"""Every problem of a file is told at once, with file, line, column, path and the fix."""

import pytest

from plexus.settings.problems import ConfigurationError

SOUND = """\
providers:
  ollama:
    type: ollama
    models: [small, large]
"""


def problems(home, content, environ=None):
    with pytest.raises(ConfigurationError) as refused:
        home(content, environ).load()
    return refused.value.problems


def one(home, content, environ=None):
    found = problems(home, content, environ)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def test_all_problems_are_told_in_the_order_of_the_file(home):
    found = problems(
        home,
        """\
providers:
  openai:
    api_kye: x
    timeout: soon
    models:
      a: {pricing: {source: simple, input: -1, output: x}}
cooldown: {initial: 2x}
moddels: {}
""",
    )
    assert [(p.line, p.column, p.path) for p in found] == [
        (3, 5, "providers.openai.api_kye"),
        (4, 14, "providers.openai.timeout"),
        (6, 44, "providers.openai.models.a.pricing.input"),
        (6, 56, "providers.openai.models.a.pricing.output"),
        (7, 21, "cooldown.initial"),
        (8, 1, "moddels"),
    ]
    assert "did you mean 'api_key'?" in str(found[0])
    assert "did you mean 'models'?" in str(found[-1])
    assert all(problem.fix for problem in found[:2])
    assert str(found[0]).startswith(f"{found[0].file}:3:5: providers.openai.api_kye: unknown key 'api_kye'")


def test_an_unset_name_is_told_with_its_place_and_nothing_that_follows_from_it(home):
    problem = one(home, "providers:\n  openai:\n    type: openai\n    api_key: ${OPENAI_API_KEY}\n")
    assert (problem.line, problem.column, problem.path) == (4, 14, "providers.openai.api_key")
    assert "OPENAI_API_KEY is not set" in problem.message
    assert "${OPENAI_API_KEY:-default}" in problem.fix


def test_a_required_value_from_an_unset_name_is_told_once(home):
    assert "A is not set" in one(home, SOUND + "keys: {alice: {secret: ${A}}}").message


def test_references_take_the_type_the_schema_wants(home):
    settings = home(
        """\
providers:
  p:
    api_base_url: ${URL:-http://127.0.0.1:11434/v1}
    api_key: ${KEY}
    max_concurrency: ${MANY}
    disable_cooldown: ${FLAG:-true}
    timeout: ${TIME:-90}
    extra_body: {seed: ${MANY}, on: ${FLAG:-true}, text: "${MANY}", none: '${NONE:-}'}
    models: [1, 1.10]
limits: {body: ${NONE:-}}
""",
        {"KEY": "12345", "MANY": "7"},
    ).load()
    provider = settings.providers["p"]
    assert provider.api_key.reveal() == "12345"
    assert provider.max_concurrency == 7
    assert provider.disable_cooldown is True
    assert provider.timeout.total == 90
    assert dict(provider.extra_body) == {"seed": 7, "on": True, "text": "7", "none": ""}
    assert list(provider.models) == ["1", "1.10"]
    assert settings.limits.body == 64_000_000


def test_values_are_never_quoted_in_problems(home):
    content = """\
providers:
  p: {type: [sk-canary-1], api_base_url: sk-canary-2, api_key: "sk-canary\\n3", headers: {x: "sk\\rcanary-4"}}
keys:
  a: {secret: "sk canary 5", expires_at: sk-canary-6}
  b: {secret: "${CANARY}"}
  c: {secret: {sk-canary-7: 1}}
network: {metrics_token: [sk-canary-8]}
"""
    found = problems(home, content, {"CANARY": "sk:canary-9"})
    assert len(found) == 9
    assert "canary" not in str([str(problem) for problem in found]).replace("metrics_token", "")


def test_a_missing_value_stands_at_the_object_it_is_missing_from(home):
    problem = one(home, SOUND + "keys:\n  alice:\n    comment: x\n")
    assert (problem.line, problem.column, problem.path) == (6, 3, "keys.alice.secret")
    assert problem.message == "is missing"


def test_a_file_that_is_not_there_is_told(home, tmp_path):
    gone = home("")
    gone.path.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        gone.load()
    gone.path.mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        gone.load()


@pytest.mark.parametrize("content", ["[]", "text", "1", "true", "providers: []", "providers: text", "keys: [a]"])
def test_something_else_than_a_map_is_told(home, content):
    assert "must be a map" in one(home, content).message


def test_empty_sections_mean_nothing_is_said(home):
    settings = home(SOUND + "keys:\nmodels:\nlimits:\ntimeout: {idle: null}\nstall:\n").load()
    assert not settings.keys
    assert settings.timeout.idle == 120


def test_nothing_of_the_settings_can_be_changed(home):
    settings = home(SOUND).load()
    with pytest.raises(Exception, match="frozen"):
        settings.limits = None
    with pytest.raises(TypeError):
        settings.providers["x"] = None
    with pytest.raises(Exception, match="frozen"):
        settings.providers["ollama"].enabled = False


def test_secrets_are_redacted_wherever_settings_are_shown(home):
    settings = home(
        """\
providers: {p: {api_base_url: "http://h/v1", api_key: canary-1, headers: {authorization: Bearer canary-2}}}
keys: {a: {secret: canary-3}}
mcp_servers: {docs: {url: "http://m/mcp", headers: {authorization: canary-4}}}
network: {metrics_token: canary-5}
"""
    ).load()
    for shown in (
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        f"{settings}",
        repr(settings.model_dump()),
    ):
        assert "canary" not in shown
        assert "[redacted]" in shown
    assert settings.providers["p"].headers["authorization"].reveal() == "Bearer canary-2"
