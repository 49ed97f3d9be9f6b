"""Clients are pointed at the gateway by what they read; their files keep everything else, and a copy of what was there."""

import json
import os
import tomllib

import pytest
import yaml
from typer.testing import CliRunner

from plexus.cli.app import app
from plexus.cli.connect import NotConnected, base_url, clients

NAMES = ["aider", "anthropic-sdk", "claude-code", "codex", "curl", "gemini-cli", "google-sdk", "llm", "openai-sdk"]
NAMES += ["opencode", "qwen-code"]
URL, KEY, MODEL = "http://gateway.test:4000", "sk-alice-0123456789", "fast"
CHOICE = ["--url", URL, "--key", KEY, "--model", MODEL]


@pytest.fixture
def run(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name != "PATH":
            monkeypatch.delenv(name)

    def call(*arguments, **environ):
        return CliRunner().invoke(app, ["connect", *arguments], env={"HOME": str(tmp_path), **environ})

    return call


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_client_of_the_list_is_there(run):
    assert run("list").output.splitlines() == NAMES
    assert all(client.source.startswith("https://") for client in clients().values())


@pytest.mark.parametrize("name", NAMES)
def test_printing_names_url_key_and_model_and_writes_nothing(run, tmp_path, name):
    result = run(name, *CHOICE)
    assert result.exit_code == 0
    for value in (URL, KEY, MODEL):
        assert value in result.stdout
    assert files_of(tmp_path) == set()


@pytest.mark.parametrize("name", NAMES)
def test_without_key_and_model_there_are_placeholders_and_the_default_address(run, name):
    result = run(name, PORT="4321")
    assert result.exit_code == 0
    assert "http://127.0.0.1:4321" in result.stdout
    assert "YOUR-PLEXUS-KEY" in result.stdout


@pytest.mark.parametrize("name", ["openai-sdk", "anthropic-sdk", "google-sdk"])
def test_the_examples_of_the_sdks_are_python(run, name):
    compile(run(name, *CHOICE).stdout.partition("# try it:\n")[2], name, "exec")


WRITTEN = {
    "claude-code": {".claude/settings.json"},
    "codex": {".codex/config.toml"},
    "gemini-cli": {".gemini/.env", ".gemini/settings.json"},
    "opencode": {".config/opencode/opencode.json"},
    "qwen-code": {".qwen/.env", ".qwen/settings.json"},
    "aider": {".aider.conf.yml"},
    "llm": {".config/io.datasette.llm/extra-openai-models.yaml", ".config/io.datasette.llm/keys.json"},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_makes_private_files_and_doing_it_again_changes_nothing(run, tmp_path, name):
    first = run(name, "--write", *CHOICE)
    assert first.exit_code == 0, first.output
    assert files_of(tmp_path) == WRITTEN[name]
    before = {file: (tmp_path / file).read_text() for file in WRITTEN[name]}
    assert URL in "".join(before.values())
    assert all((tmp_path / file).stat().st_mode & 0o777 == 0o600 for file in WRITTEN[name])
    again = run(name, "--write", *CHOICE)
    assert again.stdout.count("already set, nothing changed") == len(WRITTEN[name])
    assert files_of(tmp_path) == WRITTEN[name]
    assert {file: (tmp_path / file).read_text() for file in WRITTEN[name]} == before


@pytest.mark.parametrize("name", WRITTEN)
def test_another_key_and_model_replace_the_first_and_the_first_is_kept_aside(run, tmp_path, name):
    run(name, "--write", *CHOICE)
    before = {file: (tmp_path / file).read_text() for file in WRITTEN[name]}
    result = run(name, "--write", "--url", URL, "--key", "sk-bob-9876543210", "--model", "smart")
    assert result.exit_code == 0, result.output
    changed = {file for file in WRITTEN[name] if (tmp_path / file).read_text() != before[file]}
    assert changed
    for file in changed:
        assert (tmp_path / f"{file}.before-plexus").read_text() == before[file]
    everything = "".join((tmp_path / file).read_text() for file in WRITTEN[name])
    assert KEY not in everything


def test_what_changes_is_shown_without_the_secrets(run, tmp_path):
    run("claude-code", "--write", *CHOICE)
    result = run("claude-code", "--write", "--url", URL, "--key", "sk-bob-9876543210")
    assert '+    "ANTHROPIC_AUTH_TOKEN": "sk-…' in result.stdout
    assert '-    "ANTHROPIC_AUTH_TOKEN": "sk-…' in result.stdout
    assert KEY not in result.stdout
    assert "sk-bob-9876543210" not in result.stdout
    for name in WRITTEN:
        if name != "codex":
            assert KEY not in run(name, "--write", *CHOICE).stdout


def test_claude_code_keeps_its_other_settings_and_loses_a_second_credential(run, tmp_path):
    path = tmp_path / "own" / "settings.json"
    path.parent.mkdir()
    old = {"theme": "dark", "env": {"ANTHROPIC_API_KEY": "old", "KEEP": "1"}, "permissions": {"allow": ["Bash"]}}
    path.write_text(json.dumps(old, indent=4))
    run("claude-code", "--write", *CHOICE, CLAUDE_CONFIG_DIR=str(path.parent))
    new = json.loads(path.read_text())
    assert new["theme"] == "dark"
    assert new["permissions"] == old["permissions"]
    assert new["env"] == {
        "KEEP": "1",
        "ANTHROPIC_BASE_URL": URL,
        "ANTHROPIC_AUTH_TOKEN": KEY,
        "ANTHROPIC_MODEL": MODEL,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": MODEL,
    }
    assert '\n    "theme"' in path.read_text()


def test_codex_keeps_comments_and_other_tables(run, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        '# mine\nmodel = "old" # why\napproval_policy = "never"\n\n[model_providers.plexus]\nbase_url = "http://old"\n'
        '\n[mcp_servers.x]\ncommand = "y"\n'
    )
    result = run("codex", "--write", *CHOICE, CODEX_HOME=str(tmp_path))
    text = path.read_text()
    data = tomllib.loads(text)
    assert data == {
        "model": MODEL,
        "model_provider": "plexus",
        "approval_policy": "never",
        "model_providers": {
            "plexus": {
                "name": "Plexus",
                "base_url": f"{URL}/v1",
                "env_key": "PLEXUS_API_KEY",
                "wire_api": "responses",
            }
        },
        "mcp_servers": {"x": {"command": "y"}},
    }
    assert text.startswith("# mine\n")
    assert KEY not in text
    assert f"export PLEXUS_API_KEY={KEY}" in result.stdout


def test_llm_and_aider_keep_what_else_is_there(run, tmp_path):
    models = tmp_path / "extra-openai-models.yaml"
    models.write_text(
        "# mine\n- model_id: other\n  model_name: o\n- model_id: plexus/fast\n  model_name: old\n- model_id: z\n"
    )
    (tmp_path / "keys.json").write_text('{"openai": "x"}')
    run("llm", "--write", *CHOICE, LLM_USER_PATH=str(tmp_path))
    entries = yaml.safe_load(models.read_text())
    assert [entry["model_id"] for entry in entries] == ["other", "plexus/fast", "z"]
    assert entries[1]["api_base"] == f"{URL}/v1"
    assert models.read_text().startswith("# mine\n")
    assert json.loads((tmp_path / "keys.json").read_text()) == {"openai": "x", "plexus": KEY}
    conf = tmp_path / ".aider.conf.yml"
    conf.write_text("# mine\nmodel: sonnet  # why\ndark-mode: true\nread: [a]\n")
    run("aider", "--write", *CHOICE)
    assert yaml.safe_load(conf.read_text()) == {
        "model": "openai/fast",
        "dark-mode": True,
        "read": ["a"],
        "openai-api-base": f"{URL}/v1",
        "openai-api-key": KEY,
    }


def test_a_variable_set_before_is_replaced_and_others_stay(run, tmp_path):
    path = tmp_path / ".gemini" / ".env"
    path.parent.mkdir()
    path.write_text("# mine\nexport GEMINI_API_KEY=old\nOTHER='a b'\nGEMINI_API_KEY=older\n")
    run("gemini-cli", "--write", *CHOICE)
    assert path.read_text() == (
        f"# mine\nGEMINI_API_KEY={KEY}\nOTHER='a b'\nGOOGLE_GEMINI_BASE_URL={URL}\nGEMINI_MODEL={MODEL}\n"
    )


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("claude-code", ".claude/settings.json", '{"a": 1, // comment\n}'),
        ("claude-code", ".claude/settings.json", "[]"),
        ("opencode", ".config/opencode/opencode.json", "{"),
        ("codex", ".codex/config.toml", "model = "),
        ("codex", ".codex/config.toml", 'model_providers = {plexus = {name = "x"}}\n'),
        ("codex", ".codex/config.toml", 'notes = """\nmodel = 1\n[x]\n"""\n'),
        ("aider", ".aider.conf.yml", "- a\n"),
        ("aider", ".aider.conf.yml", "{model: x}\n"),
        ("aider", ".aider.conf.yml", "a: [\n"),
        ("llm", ".config/io.datasette.llm/extra-openai-models.yaml", "a: b\n"),
        ("llm", ".config/io.datasette.llm/extra-openai-models.yaml", "[{model_id: plexus/fast}]\n"),
        ("claude-code", ".claude/settings.json", b"\xff"),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_left_alone(run, tmp_path, name, file, content):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    result = run(name, "--write", *CHOICE)
    assert result.exit_code == 1
    assert "is left alone" in result.stderr
    assert path.read_bytes() == raw
    assert files_of(tmp_path) == {file}


def test_links_stay_links_and_rights_stay_rights(run, tmp_path):
    real = tmp_path / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text("{}")
    real.chmod(0o640)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").symlink_to(real)
    run("claude-code", "--write", *CHOICE)
    assert (tmp_path / ".claude" / "settings.json").is_symlink()
    assert json.loads(real.read_text())["env"]["ANTHROPIC_BASE_URL"] == URL
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["claude-code", "--write"], "--key"),
        (["codex", "--write", "--key", KEY], "--model"),
        (["curl", "--write", *CHOICE], "no configuration file"),
        (["curl", "--url", "gateway"], "--url"),
        (["curl", "--url", 'http://h"; rm -rf'], "--url"),
    ],
)
def test_what_is_missing_is_told(run, tmp_path, arguments, said):
    result = run(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert files_of(tmp_path) == set()


def test_an_unknown_client_is_told_with_those_that_are_known(run):
    result = run("emacs")
    assert result.exit_code == 2
    assert "claude-code" in result.stderr


def test_the_key_may_come_from_the_environment(run):
    assert KEY in run("curl", PLEXUS_API_KEY=KEY).stdout


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"])
def test_the_url_may_end_in_v1_and_a_slash(url):
    assert base_url(url) == "http://h:1"


@pytest.mark.parametrize("url", ["", "h", "ftp://h", "http://", "http://h:x", "http://h/?a", "http://h$\\"])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(NotConnected):
        base_url(url)


def test_keys_with_letters_of_the_shell_are_quoted(run):
    out = run("curl", "--key", "a'b$c").stdout
    assert """export PLEXUS_API_KEY='a'"'"'b$c'""" in out
