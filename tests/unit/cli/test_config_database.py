"""`plexus config import` and `export`: what goes into the database comes out of it, and client secrets do not go in."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.docs.documents import text
from typer.testing import CliRunner

from plexus.app import known
from plexus.cli.app import app
from plexus.core.secret import Secret
from plexus.settings.file_home import settings_in
from plexus.settings.schema import Settings
from plexus.settings.secret_hash import keyed, stored

EXAMPLE = text("config/plexus.example.yaml")
OURS = """# ours
providers:
  p: {api_base_url: {chat: "http://127.0.0.1:9/v1"}, api_key: "${IMPORT_KEY:-none}", models: [m]}   # by name
keys:
  alice: {secret: sk-of-alice-0819, comment: 'no'}
  bob: {secret: "${BOB_KEY}"}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PLEXUS_CONFIG_PATH", "DATABASE_URL", "ENCRYPTION_KEY", "DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("BOB_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "PLEXUS_CLIENT_KEY", "ALICE_KEY"):
        monkeypatch.setenv(name, f"sk-{name.lower().replace('_', '-')}")
    return lambda *arguments: CliRunner().invoke(app, ["config", *arguments])


def meant(content: str) -> Settings:
    return settings_in(content.encode(), "it", known(), os.environ)[0]


def pepper_in(path: Path) -> Secret:
    with closing(sqlite3.connect(path)) as connection:
        [(value,)] = connection.execute("SELECT value FROM vault WHERE name = 'client-keys'").fetchall()
    return Secret(value.removeprefix("plain:"))


@pytest.mark.parametrize("content", [EXAMPLE, OURS], ids=["example", "ours"])
def test_what_is_exported_means_what_was_imported(content, run, tmp_path):
    (tmp_path / "in.yaml").write_text(content)
    assert run("import", "in.yaml").exit_code == 0
    assert run("export", "out.yaml").exit_code == 0
    exported = (tmp_path / "out.yaml").read_text()
    before, after = meant(content), meant(exported)
    pepper = pepper_in(tmp_path / "data" / "plexus.db")
    assert {name: keyed(key.hashed, pepper) for name, key in before.keys.items()} == {
        name: keyed(key.hashed, pepper) for name, key in after.keys.items()
    }
    assert before.model_copy(update={"keys": {}}) == after.model_copy(update={"keys": {}})
    assert [line for line in exported.splitlines() if "#" in line and "secret" not in line] == [
        line for line in content.splitlines() if "#" in line and "secret" not in line
    ]
    assert run("import", "out.yaml").exit_code == 0
    assert run("export").stdout.rstrip("\n") == exported.rstrip("\n")


def test_no_client_secret_goes_into_the_database_and_references_stay(run, tmp_path):
    (tmp_path / "in.yaml").write_text(OURS)
    run("import", "in.yaml")
    exported = run("export").stdout
    assert "sk-of-alice-0819" not in exported
    assert f"secret_hash: {stored(Secret('sk-of-alice-0819'), pepper_in(tmp_path / 'data' / 'plexus.db'))}" in exported
    assert "sha256:" not in exported.replace("hmac-sha256:", "")
    assert "${IMPORT_KEY:-none}" in exported
    assert "${BOB_KEY}" in exported
    data = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("plexus.db*"))
    assert b"sk-of-alice-0819" not in data
    assert b"sk-bob-key" not in data


def test_a_bad_file_is_refused_with_its_problems_and_changes_nothing(run, tmp_path):
    (tmp_path / "good.yaml").write_text(OURS)
    (tmp_path / "bad.yaml").write_text("providers: {o: {typ: ollama}}\n")
    run("import", "good.yaml")
    before = run("export").stdout
    refused = run("import", "bad.yaml")
    assert refused.exit_code == 1
    assert "bad.yaml:1:17" in refused.stderr
    assert run("export").stdout == before


def test_the_file_in_use_is_what_is_exported(run, tmp_path, monkeypatch):
    (tmp_path / "in.yaml").write_text(OURS)
    monkeypatch.setenv("PLEXUS_CONFIG_PATH", "in.yaml")
    assert run("export").stdout.rstrip() == OURS.rstrip()


def test_keys_hashed_beside_another_database_are_named(run, tmp_path, monkeypatch):
    (tmp_path / "in.yaml").write_text(OURS)
    run("import", "in.yaml")
    run("export", "out.yaml")
    assert "pepper" not in run("import", "out.yaml").stderr
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "another"))
    imported = run("import", "out.yaml")
    assert imported.exit_code == 0
    assert "keys.alice: its secret was hashed with the pepper of another database" in imported.stderr
    assert "keys.bob" not in imported.stderr
