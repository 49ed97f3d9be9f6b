"""`plexus explain`: the decision for people or as JSON, from a running gateway or from a file alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.harness.gateway import Gateway

from plexus.web.management.explained import Explained

CONFIG = """
providers:
  cheap: {type: openai, api_key: sk-canary-in-config, models: [small, "v/large:free"]}
  dear: {type: anthropic, api_key: sk-canary-in-config, models: [big]}
models:
  fast: {selector: in_order, targets: [{provider: dear, model: big}, {provider: cheap, model: "v/large:free"}]}
keys:
  alice: {secret: sk-alice, excluded_providers: [cheap]}
"""
BODY = {"model": "fast", "messages": [{"role": "user", "content": "Hello"}], "seed": 4}


def run(*args: str, sent: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plexus", "explain", *args]
    return subprocess.run(
        command, env={"PATH": "/usr/bin", **environ}, input=sent, capture_output=True, text=True, check=False
    )


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "plexus.yaml"
    path.write_text(CONFIG)
    return str(path)


def test_a_file_alone_decides_when_no_gateway_runs(config):
    done = run("-", "--config", config, sent=json.dumps(BODY))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "fast: chat, whole answer, any key: sent"
    places = [line.split()[:2] for line in lines if line[:1].isdigit()]
    assert places == [["1", "dear/big"], ["2", "cheap/v/large:free"]]
    assert "dear/big would lose: dropped sampling.seed" in done.stdout
    assert "POST https://api.anthropic.com/v1/messages" in done.stdout
    assert "x-api-key: [redacted]" in done.stdout
    assert "unknown" in done.stdout
    assert "canary" not in done.stdout


def test_the_answer_as_json_is_the_answer_of_the_api(config, tmp_path):
    file = tmp_path / "body.json"
    file.write_text(json.dumps(BODY))
    done = run(str(file), "--config", config, "--json", "--key", "alice")
    told = Explained.model_validate_json(done.stdout)
    assert (told.key, [row.provider for row in told.candidates]) == ("alice", ["dear"])
    assert [(row.provider, row.reason) for row in told.excluded] == [("cheap", "not_allowed")]
    assert "not tried:\n  cheap/v/large:free: the key 'alice' may not use it" in (
        run(str(file), "--config", config, "--key", "alice").stdout
    )


def test_a_file_may_hold_a_whole_question_and_options_add_to_it(config):
    question = {
        "path": "/v1beta/models/fast:streamGenerateContent",
        "body": {"contents": [{"parts": [{"text": "hi"}]}]},
    }
    told = json.loads(run("-", "--config", config, "--json", sent=json.dumps(question)).stdout)
    assert (told["protocol"], told["stream"]) == ("gemini", True)
    bare = json.dumps(question["body"])
    path = "/v1beta/models/fast:generateContent"
    told = json.loads(run("-", "--config", config, "--json", "--path", path, sent=bare).stdout)
    assert (told["protocol"], told["stream"]) == ("gemini", False)
    told = json.loads(run("-", "--config", config, "--json", "--protocol", "messages", sent=json.dumps(BODY)).stdout)
    assert told["protocol"] == "messages"


def test_a_request_that_would_be_refused_is_explained_too(config):
    done = run("-", "--config", config, sent=json.dumps({**BODY, "model": "nobody's"}))
    assert done.returncode == 0
    assert "the client would be told 404: there is no model named" in done.stdout


def test_a_running_gateway_is_asked(tmp_path):
    body = json.dumps({"model": "demo/chat", "messages": [{"role": "user", "content": "hi"}]})
    with Gateway(args=["--demo"]) as gateway:
        port = {"PORT": str(gateway.port)}
        done = run("-", "--key", "demo", sent=body, ADMIN_KEY=gateway.admin_key, **port)
        assert done.stdout.startswith("demo/chat: chat, whole answer, key demo: sent\n"), done.stderr
        own = run("-", "--url", gateway.base_url + "/", sent=body, PLEXUS_API_KEY="sk-plexus-demo")
        assert "(the address is shown to the admin only)" in own.stdout, own.stderr
        wrong = run("-", sent=body, ADMIN_KEY="wrong", **port)
        assert (wrong.returncode, "refused (401)" in wrong.stderr) == (1, True)
        bad = run("-", "--key", "nobody", sent=body, ADMIN_KEY=gateway.admin_key, **port)
        assert "there is no key 'nobody' here" in bad.stderr


@pytest.mark.parametrize(
    ("args", "sent", "said"),
    [
        (["/nowhere/body.json"], "", "cannot be read"),
        (["-"], "{", "is not the body of a request"),
        (["-"], "[]", "is not the body of a request"),
        (["-"], "{}", "set ADMIN_KEY"),
        (["-", "--config", "/nowhere/plexus.yaml"], "{}", "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(args, sent, said):
    done = run(*args, sent=sent)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://x", "x", "http://127.0.0.1:99999", "http://"])
def test_a_gateway_that_is_not_there_is_said_in_one_line(url):
    done = run("-", "--url", url, sent="{}", ADMIN_KEY="k")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_body_of_no_protocol_is_said_with_what_to_give(config):
    done = run("-", "--config", config, sent="{}")
    assert (done.returncode, "protocol: is needed" in done.stderr) == (1, True)
