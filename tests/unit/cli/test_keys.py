"""`plexus keys`: the secret is printed once, the file holds its hash, and a refused change leaves the file as it was."""

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plexus import app as composition
from plexus.cli.app import app
from plexus.keys.keyring import Keyring
from plexus.settings.file_home import FileHome

EXAMPLE = Path(__file__).parents[3] / "config" / "plexus.example.yaml"
ENVIRON = {"OPENAI_API_KEY": "a", "ALICE_KEY": "sk-alice"}


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    for name in (*ENVIRON, "PLEXUS_CONFIG_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plexus.yaml"
    shutil.copy(EXAMPLE, path)
    path.chmod(0o640)
    return path


def keys(*arguments: str):
    return CliRunner().invoke(app, ["keys", *arguments])


def ring(file: Path) -> Keyring:
    return Keyring(FileHome(file, composition.known(), ENVIRON).load().keys)


def test_a_created_key_works_and_its_secret_is_nowhere_in_the_file(file):
    made = keys("create", "bob", "--config", str(file), "--comment", "Bob's phone", "--model", "fast")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("sk-")
    assert "shown once" in made.stderr
    found = ring(file).authenticate(secret)
    assert found is not None
    assert (found.key.name, found.key.allowed_models, found.key.comment) == ("bob", frozenset({"fast"}), "Bob's phone")
    text = file.read_text()
    assert secret[:-4] not in text
    assert all(line in text for line in EXAMPLE.read_text().splitlines())
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(file.parent.iterdir()) == [file]


def test_a_list_shows_no_secret(file):
    secret = keys("create", "bob", "--config", str(file)).stdout.strip()
    keys("create", "old", "--config", str(file), "--expires", "2020-01-01T00:00:00Z")
    keys("create", "off", "--config", str(file))
    keys("revoke", "off", "--config", str(file))
    shown = keys("list", "--config", str(file)).stdout
    states = {line.split()[0]: line for line in shown.splitlines()[1:]}
    assert secret[-4:] in states["bob"]
    assert secret[:-4] not in shown
    assert "configured" in states["alice"]
    assert "expired" in states["old"]
    assert "2020-01-01 00:00 UTC" in states["old"]
    assert "disabled" in states["off"]


def test_a_plain_secret_is_not_shown_either(file):
    text = file.read_text().replace("${ALICE_KEY}", "sk-canary-in-the-file")
    file.write_text(text)
    assert "canary" not in keys("list", "--config", str(file)).output


@pytest.mark.parametrize("options", [(), ("--remove",)])
def test_s09_a_revoked_key_is_refused_and_others_are_not(file, options):
    first, second = (keys("create", name, "--config", str(file)).stdout.strip() for name in ("one", "two"))
    ended = keys("revoke", "one", "--config", str(file), *options)
    assert ended.exit_code == 0
    assert ring(file).authenticate(first) is None
    assert ring(file).authenticate(second) is not None
    assert ("  one:\n" in file.read_text()) is (options == ())


REFUSED = {
    "a name that stands there": (("create", "alice"), "there is a key called 'alice'"),
    "a name with a star": (("create", "x*"), "'*'"),
    "a name with an invisible letter": (("create", "x\u200b"), "invisible"),
    "a quota nobody defined": (("create", "x", "--quota", "none"), "unknown quota 'none'"),
    "an expiry that is no time": (("create", "x", "--expires", "soon"), "must be a time"),
    "a key that is not there": (("revoke", "x"), "no key called 'x'"),
    "removing one that is named elsewhere": (("revoke", "alice", "--remove"), "unknown key 'alice'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_leaves_the_file_as_it_was(file, what):
    text = file.read_text() + "\ncapture: {keys: [alice]}\n"
    file.write_text(text)
    arguments, said = REFUSED[what]
    refused = keys(*arguments, "--config", str(file))
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert file.read_text() == text
    assert refused.stdout == ""


def test_a_file_with_faults_of_its_own_can_still_lose_a_key(file):
    keys("create", "lost", "--config", str(file))
    file.write_text(file.read_text() + "\nnonsense: 1\n")
    assert keys("revoke", "lost", "--config", str(file)).exit_code == 0
    assert "nonsense" in keys("list", "--config", str(file)).stderr


def test_the_file_is_found_as_serve_finds_it(file, monkeypatch):
    assert "give --config FILE" in keys("list").stderr
    monkeypatch.setenv("PLEXUS_CONFIG_PATH", str(file))
    assert "alice" in keys("list").stdout
    monkeypatch.delenv("PLEXUS_CONFIG_PATH")
    (file.parent / "config").mkdir()
    shutil.move(file, file.parent / "config" / "plexus.yaml")
    assert "alice" in keys("list").stdout
    missing = keys("list", "--config", "none.yaml")
    assert (missing.exit_code, "none.yaml does not exist" in missing.stderr) == (1, True)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"a: [", b"\x00"])
def test_what_is_no_configuration_is_refused_without_a_traceback(file, content):
    file.write_bytes(content)
    for arguments in (("list",), ("create", "x"), ("revoke", "x")):
        refused = keys(*arguments, "--config", str(file))
        assert refused.exit_code == 1
        assert refused.stderr
        assert refused.exception is None or isinstance(refused.exception, SystemExit)
    assert file.read_bytes() == content


@pytest.fixture
def database(address, tmp_path, monkeypatch) -> str:
    """A database that a gateway made, and no file."""
    spelled = address.url.reveal() if address.url is not None else f"sqlite://{address.path}"
    for name in ("PLEXUS_CONFIG_PATH", "DATA_DIR", "ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", spelled)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.yaml").write_text(
        "providers:\n  p: {type: ollama, api_key: '${NOT_SET_HERE:-x}', models: [m]}\n# the end\n"
    )
    imported = CliRunner().invoke(app, ["config", "import", "in.yaml"])
    assert imported.exit_code == 0, imported.output
    return spelled


def exported() -> str:
    return CliRunner().invoke(app, ["config", "export"]).stdout


def test_a_key_of_the_database_is_made_listed_revoked_and_taken_out(database):
    made = keys("create", "bob", "--comment", "Bob's phone", "--expires", "2030-01-01T00:00:00Z")
    assert made.exit_code == 0, made.output
    secret = made.stdout.splitlines()[-1]  # other tests may have left a log that writes here
    assert re.fullmatch(r"sk-[\w-]{43}", secret)
    text = exported()
    assert "secret_hash: hmac-sha256:" in text
    assert secret[:-4] not in text
    assert "# the end" in text
    [_, line] = keys("list").stdout.splitlines()
    assert re.fullmatch(
        rf"bob +\.\.\.{re.escape(secret[-4:])} +enabled +2030-01-01 00:00 UTC +never +Bob's phone", line
    )
    assert keys("revoke", "bob").stdout.splitlines()[-1] == "bob is disabled."
    assert "disabled" in keys("list").stdout
    assert "comment: Bob" in exported()
    assert keys("revoke", "bob", "--remove").stdout.splitlines()[-1] == "bob is removed."
    assert "bob" not in exported()


@pytest.mark.parametrize(
    "what", ["a name that stands there", "a name with a star", "a quota nobody defined", "a key that is not there"]
)
def test_what_cannot_be_leaves_the_database_as_it_was(database, what):
    keys("create", "alice")
    before = exported()
    arguments, said = REFUSED[what]
    refused = keys(*arguments)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert exported() == before
    assert refused.stdout == ""


def test_a_variable_of_the_gateway_need_not_be_set_where_its_keys_are_managed(database, monkeypatch, tmp_path):
    (tmp_path / "in.yaml").write_text("providers:\n  p: {type: openai, api_key: '${ONLY_THERE}', models: [m]}\n")
    monkeypatch.setenv("ONLY_THERE", "sk-there")
    CliRunner().invoke(app, ["config", "import", "in.yaml"])
    monkeypatch.delenv("ONLY_THERE")
    assert keys("create", "bob").exit_code == 0
    assert "${ONLY_THERE}" in exported()


def test_with_neither_a_file_nor_a_database_both_are_named_and_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PLEXUS_CONFIG_PATH", "DATA_DIR", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for arguments in (("list",), ("create", "x"), ("revoke", "x")):
        refused = keys(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "give --config FILE, or set DATABASE_URL" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_key_made_in_a_file_is_hashed_with_the_pepper_of_the_database_beside_it(database, file, monkeypatch):
    # `file` clears what `database` set; the database is named again
    monkeypatch.setenv("DATABASE_URL", database)
    secret = keys("create", "bob", "--config", str(file)).stdout.strip()
    assert "hmac-sha256:" in file.read_text()
    assert ring(file).unusable == ("bob",)
    assert "never" in keys("list", "--config", str(file)).stdout
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:9/none")
    without = keys("create", "carol", "--config", str(file))
    assert "cannot be looked at" in without.stderr
    assert without.exit_code == 0
    assert ring(file).authenticate(without.stdout.strip()) is not None
    assert ring(file).authenticate(secret) is None


def test_a_database_that_is_not_encrypted_yet_is_not_taken_up_from_here(database, monkeypatch):
    monkeypatch.setenv("ENCRYPTION_KEY", "0123456789abcdef" * 4)
    refused = keys("create", "bob")
    assert (refused.exit_code, "not encrypted yet" in refused.stderr) == (1, True)
