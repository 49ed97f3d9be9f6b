"""The commands refuse what they cannot do with one clear line, and import only what they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plexus import __version__
from plexus import app as composed
from plexus.cli.app import app
from plexus.pipeline.compiled import compiled
from plexus.settings.file_home import FileHome

KEY = "Zk3v-uH9_qLw7TnXc2Rb"
GOOD = "providers: {o: {type: ollama, models: [m]}}\nkeys: {k: {secret: s}}\n"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command line in an empty folder with exactly these variables."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name != "PATH":
            monkeypatch.delenv(name)

    def call(*arguments, **environ):
        return CliRunner().invoke(app, list(arguments), env={"HOME": str(tmp_path), **environ})

    return call


@pytest.fixture
def served(monkeypatch):
    """What `serve` was called with, without serving."""
    calls: list = []
    monkeypatch.setattr("plexus.cli.serve.serve", lambda *options: calls.append(options))
    return calls


@pytest.mark.parametrize("module", [["-m", "plexus"], ["-c", "from plexus.__main__ import main; main()"]])
def test_the_version_is_told_without_loading_the_gateway(module):
    told = "import sys, atexit; atexit.register(lambda: print(*sorted({m.split('.')[0] for m in sys.modules})));"
    code = f"{told} import runpy; sys.argv = ['plexus', '--version']; runpy.run_module('plexus', run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, modules = result.stdout.splitlines()
    assert version == f"plexus {__version__}"
    assert not {"aiohttp", "starlette", "uvicorn", "pydantic", "yaml"} & set(modules.split())
    plain = subprocess.run([sys.executable, *module, "--version"], capture_output=True, text=True, check=True)
    assert plain.stdout == f"plexus {__version__}\n"


def test_only_commands_that_are_built_are_listed(run):
    listed = run("--help").output
    assert all(
        command in listed
        for command in ("serve", "connect", "config", "explain", "rekey", "backup", "restore", "migrate")
    )


def test_serving_without_an_admin_key_is_refused_and_says_how_to_make_one(run):
    result = run("serve")
    assert result.exit_code == 1
    assert result.stderr.startswith("environment: ADMIN_KEY: is not set")
    assert "secrets.token_urlsafe(32)" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_bad_variables_are_told_line_by_line(run):
    result = run("serve", ADMIN_KEY=KEY, PORT="x", LOG_FORMAT="")
    assert result.exit_code == 1
    assert [line.split(":")[1].strip() for line in result.stderr.splitlines()] == ["LOG_FORMAT", "PORT"]


def test_a_bad_file_is_refused_with_its_problems(run, tmp_path):
    (tmp_path / "p.yaml").write_text("providers: {o: {typ: ollama}}\n")
    result = run("serve", "--config", "p.yaml", ADMIN_KEY=KEY)
    assert (result.exit_code, result.stderr.count("p.yaml:1:17")) == (1, 1)


def test_options_are_handed_on_as_they_were_given(run, served):
    run("serve")
    run("serve", "--port", "0", "--host", "::1", "--config", "b.yaml", "--workers", "2", "--demo")
    assert served == [(None, None, None, 1, False), (Path("b.yaml"), "::1", 0, 2, True)]


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--workers", "0"], ["--what"]])
def test_options_that_make_no_sense_are_refused(run, served, arguments):
    assert run("serve", *arguments).exit_code == 2
    assert not served


def test_a_good_file_is_told_to_be_good(run, tmp_path):
    (tmp_path / "p.yaml").write_text(GOOD)
    result = run("config", "validate", "p.yaml")
    assert (result.exit_code, result.stdout) == (0, "p.yaml: ok: 1 providers, 0 aliases, 1 keys\n")
    assert result.stderr == ""


def test_remarks_do_not_make_a_file_bad(run, tmp_path):
    (tmp_path / "p.yaml").write_text(GOOD + "compaction: {enabled: true}\n")
    result = run("config", "validate", "p.yaml")
    assert result.exit_code == 0
    assert result.stderr.startswith("p.yaml:3:1: compaction: has no meaning here")


def test_a_bad_file_is_told_with_every_problem_on_standard_error(run, tmp_path):
    (tmp_path / "p.yaml").write_text("providers: {o: {typ: ollama}}\nkey: {}\n")
    result = run("config", "validate", "p.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("p.yaml:1:17: providers.o.typ: unknown key 'typ' (did you mean 'type'?)")
    assert lines[1].startswith("p.yaml:2:1: key: unknown key 'key' (did you mean 'keys'?)")
    assert lines[-1] == "p.yaml: refused, 2 problems"


def test_a_file_that_is_not_there_is_told(run):
    result = run("config", "validate", "gone.yaml")
    assert result.exit_code == 1
    assert "gone.yaml: cannot be read: No such file or directory" in result.stderr


@pytest.mark.parametrize("name", ["every-form.yaml", "early.yaml"])
def test_every_documented_configuration_can_be_served_and_not_only_read(name):
    path = Path(__file__).parents[2] / "golden" / "settings" / name
    environ = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "BOTH_KEY", "ALICE_KEY", "DOCS_TOKEN"), "x")
    settings = FileHome(path, composed.known(), environ).load()
    snapshot = compiled(settings, composed.protocols(), composed.selectors(), sources=composed.price_sources())
    listed = {(name, model) for name, provider in settings.providers.items() for model in provider.models}
    assert set(snapshot.doors) == listed
