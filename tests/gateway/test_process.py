"""The real process: what it refuses to start with, how it takes a changed configuration, what it imports."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.running import provider
from tests.harness.gateway import Gateway, NotReady
from tests.harness.raw_client import ask
from tests.harness.recorded_upstream import Answer, RecordedUpstream

KEY = "sk-test-0123456789"
AUTH = [("authorization", f"Bearer {KEY}")]
CHAT = {"messages": [{"role": "user", "content": "hi"}]}


def config(base_url: str, models: list[str]) -> dict[str, Any]:
    return {"providers": {"p": provider(base_url, "chat", models)}, "keys": {"me": {"secret": KEY}}}


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def names(gateway: Gateway) -> list[str]:
    status, body = gateway.get("/v1/models", dict(AUTH))
    assert status == 200
    return [model["id"] for model in json.loads(body)["data"]]


def refusal(**options: Any) -> str:
    with pytest.raises(NotReady) as ended, Gateway(**options):
        pass
    return str(ended.value)


def test_186_a_server_without_an_admin_key_does_not_start_and_says_how_to_make_one(tmp_path):
    said = refusal(config=config("http://127.0.0.1:9", ["m"]), env={"ADMIN_KEY": ""})
    assert "ADMIN_KEY" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("variable", ["PORT", "HOST", "LOG_LEVEL", "LOG_FORMAT", "DATABASE_URL", "ENCRYPTION_KEY"])
def test_p16_an_empty_variable_is_refused_in_one_line(variable):
    said = refusal(config=config("http://127.0.0.1:9", ["m"]), env={variable: " "})
    assert variable in said
    assert "Traceback" not in said


def test_several_workers_are_refused_until_they_share_a_database():
    assert "PostgreSQL" in refusal(args=["--demo", "--workers", "2"])


def test_p09_a_port_in_use_is_said_in_one_line():
    with Gateway(args=["--demo"]) as first:
        said = refusal(args=["--demo", "--port", str(first.port)])
    assert "cannot listen" in said
    assert "Traceback" not in said


async def test_the_demo_keeps_books_until_it_ends(tmp_path):
    with Gateway(args=["--demo"], env={"TMPDIR": str(tmp_path)}) as gateway:
        asked = {"model": "demo/chat", **CHAT}
        assert gateway.post("/v1/chat/completions", asked, {"authorization": "Bearer sk-plexus-demo"})[0] == 200
        admin = {"x-admin-key": gateway.admin_key}

        def booked() -> bool:
            status, body = gateway.get("/v0/management/usage", admin)
            return status == 200 and [row["cost_source"] for row in json.loads(body)["data"]] == ["simulated"]

        await until(booked)
        assert list(tmp_path.iterdir())
        assert not list((gateway.directory / "data").glob("*"))
    assert list(tmp_path.iterdir()) == []


def test_the_demo_listens_on_loopback_only():
    assert "loopback" in refusal(args=["--demo", "--host", "0.0.0.0"])


async def test_a_changed_file_is_taken_over_and_a_bad_one_refused_as_a_whole():
    async with RecordedUpstream() as upstream, Gateway(config(upstream.base_url("chat"), ["one"])) as gateway:
        assert names(gateway) == ["one"]
        gateway.write_config(config(upstream.base_url("chat"), ["two", "three"]))
        await until(lambda: names(gateway) == ["two", "three"])
        gateway.write_config("providers: {p: {modles: [four]}}")
        await until(lambda: "refused" in gateway.output)
        assert "did you mean 'models'" in gateway.output
        assert names(gateway) == ["two", "three"]
        gateway.write_config(config(upstream.base_url("chat"), ["five"]))
        await until(lambda: names(gateway) == ["five"])


async def test_p11_a_request_under_way_finishes_on_the_configuration_it_started_with():
    answer = {
        "id": "c",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "late"}, "finish_reason": "stop"}],
    }
    slow = Answer([json.dumps(answer).encode()], pause=1.5)
    async with RecordedUpstream([slow]) as upstream, Gateway(config(upstream.base_url("chat"), ["old"])) as gateway:
        asking = asyncio.create_task(ask(f"{gateway.base_url}/v1/chat/completions", {**CHAT, "model": "old"}, AUTH))
        await until(lambda: len(upstream.received) == 1)
        gateway.write_config(config("http://127.0.0.1:9/v1", ["new"]))
        await until(lambda: names(gateway) == ["new"])
        response = await asking
    assert response.status == 200
    assert response.json["choices"][0]["message"]["content"] == "late"


def test_serving_imports_only_what_a_request_needs():
    code = """
import sys
from plexus.cli import serve
print("\\n".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    unwanted = {
        "fastapi",
        "alembic",
        "sqlalchemy",
        "genai_prices",
        "httpx",
        "litellm",
        "typer",
        "rich",
        "openai",
        "opentelemetry",
        "cryptography",
        "ruamel",
    }
    assert loaded & unwanted == set()
    assert {"aiohttp", "uvicorn", "msgspec"} <= loaded


def test_keeping_books_loads_nothing_that_is_large_and_not_used():
    code = """
import sys, plexus.pipeline.bookkeeping, plexus.pipeline.configuring, plexus.settings.editing, plexus.usage.sums
large = {"sqlalchemy.orm", "alembic", "cryptography", "ruamel", "sqlalchemy.dialects.postgresql", "asyncpg"}
print(sorted(({"sqlalchemy"} | large) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['sqlalchemy']"


def test_no_unmaintained_client_is_locked():
    root = Path(__file__).parent.parent.parent
    locked = (root / "requirements" / "run.txt").read_text() + (root / "requirements" / "dev.txt").read_text()
    packages = {line.split("==")[0].split("[")[0] for line in locked.splitlines() if "==" in line and line[0] != " "}
    assert not packages & {"httpx", "litellm"}
    assert "--hash=sha256:" in locked
    assert "://" not in locked


def test_without_a_file_it_starts_from_the_database_and_keeps_what_is_configured(tmp_path):
    with Gateway(env={"DATA_DIR": str(tmp_path)}) as gateway:
        assert "nothing is configured yet" in gateway.output
        admin = {"x-admin-key": gateway.admin_key}
        status, _, body = gateway.post("/v0/management/keys", {"name": "me"}, admin)
        assert status == 201, body
        secret = json.loads(body)["secret"]
        assert gateway.get("/v1/models", {"authorization": f"Bearer {secret}"})[0] == 200
    with Gateway(env={"DATA_DIR": str(tmp_path)}) as gateway:
        assert gateway.get("/v1/models", {"authorization": f"Bearer {secret}"})[0] == 200
        assert "1 keys" in gateway.output
