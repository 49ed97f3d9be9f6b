"""Secrets planted everywhere, everything captured, then a search of the whole folder and of all that is told (S30, U55, 188)."""

import asyncio
import base64
import json
import signal
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio
import zstandard

from tests.faults.kit import PROTOCOLS, body_of, model_at, path_of, providers
from tests.harness.gateway import Gateway
from tests.harness.raw_client import ask
from tests.harness.recorded_upstream import Answer, RecordedUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT = "client-canary-77c1e0aa3b"
BY_QUERY = "query-canary-5e6f7a8b9c"
PROVIDER = "provider-canary-4f9d1c77aa"
HEADER = "header-canary-9a8b7c6d5e"
METRICS = "metrics-canary-1a2b3c4d5e"
SECRETS = (CLIENT, BY_QUERY, PROVIDER, HEADER, METRICS)
REQUESTS = 1 + 4 * 8 * 2 * 2
FAULTS = ("ok", "key-in-error", "html-secret", "error-after-6", "cut-after-6", "status-6", "plain-500", "limited-key")


def spellings(secret: str) -> set[bytes]:
    plain = secret.encode()
    return {
        plain,
        quote(secret, safe="").encode(),
        plain.hex().encode(),
        *(base64.b64encode(b"\0" * before + plain)[2 + before : -4] for before in range(3)),
    }


NEEDLES = {spelling for secret in SECRETS for spelling in spellings(secret)}


def leaks(data: bytes) -> set[bytes]:
    return {needle for needle in NEEDLES if needle in data}


ECHO = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": f"your key is {PROVIDER}, or {base64.b64encode(b'ab' + PROVIDER.encode()).decode()}, "
                f"or {quote(HEADER)}; the client's is {CLIENT} and {PROVIDER.encode().hex()}",
            },
            "finish_reason": "stop",
        }
    ],
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(upstream):
    """A gateway that has captured everything and has ended, and every file it wrote."""
    async with RecordedUpstream() as echo:
        echo.key = lambda _: "any"
        echo.on(
            "any",
            Answer(
                [json.dumps(ECHO).encode()],
                headers=[("content-type", "application/json"), ("set-cookie", f"s={PROVIDER}"), ("x-echo", HEADER)],
            ),
        )
        config = {
            "providers": {
                **providers(upstream, api_key=PROVIDER, headers={"x-team-secret": HEADER}),
                "echo": {
                    "api_base_url": {"chat": echo.base_url("chat")},
                    "api_key": PROVIDER,
                    "headers": {"x-plain": HEADER},
                    "models": ["m"],
                },
            },
            "keys": {"me": {"secret": CLIENT}, "query": {"secret": BY_QUERY}},
            "network": {"metrics_token": METRICS},
            "capture": {"mode": "all"},
        }
        gateway = Gateway(config, env={"LOG_LEVEL": "debug"})
        async with gateway:
            auth = [("authorization", f"Bearer {CLIENT}:label"), ("x-note", f"mine is {CLIENT}")]
            spoken = {"messages": [{"role": "user", "content": f"my key is {CLIENT}, yours {PROVIDER}?"}]}
            echoed = await ask(gateway.base_url + "/v1/chat/completions", {"model": "direct/echo/m", **spoken}, auth)
            assert PROVIDER in echoed.body.decode()  # U55: the answer itself is not altered
            for protocol in PROTOCOLS:
                for fault in FAULTS:
                    for stream in (False, True):
                        model = model_at(protocol, fault)
                        url = gateway.base_url + path_of(protocol, model, stream=stream)
                        await ask(url, body_of(protocol, model, stream=stream), auth)
                        sign = "&" if "?" in url else "?"
                        await ask(f"{url}{sign}key={BY_QUERY}", body_of(protocol, model, stream=stream))
            told = await told_of(gateway)
            running = files_of(gateway)  # with the write-ahead log, which is gone after an orderly end
            gateway.signal(signal.SIGTERM)
            await asyncio.to_thread(gateway.wait)
            yield gateway, {**{f"running {name}": data for name, data in running.items()}, **files_of(gateway)}, told


async def told_of(gateway: Gateway) -> dict[str, bytes]:
    """What the management API tells of all traces, to the admin and to the holder of the key, once they are written."""
    told: dict[str, bytes] = {}
    for name, headers in (("admin", [("x-admin-key", gateway.admin_key)]), ("key", [("x-admin-key", CLIENT)])):
        url = f"{gateway.base_url}/v0/management/traces"
        for _ in range(200):  # they are written behind the traffic
            listed = await ask(f"{url}?limit=500", b"", headers, method="GET")
            if listed.json["total"] >= (REQUESTS if name == "admin" else REQUESTS // 2):
                break
            await asyncio.sleep(0.05)
        assert listed.json["total"] >= (REQUESTS if name == "admin" else REQUESTS // 2), gateway.output
        told[f"{name}: list"] = listed.body
        for row in listed.json["data"]:
            shown = await ask(f"{url}/{row['request_id']}", b"", headers, method="GET")
            told[f"{name}: {row['alias']}"] = shown.body
        again = await ask(f"{url}/{row['request_id']}/replay", b"", headers)
        told[f"{name}: replay"] = again.body
    return told


def files_of(gateway: Gateway) -> dict[str, bytes]:
    """Everything it has written; its configuration is ours."""
    paths = [path for path in gateway.directory.rglob("*") if path.is_file() and path != gateway.config]
    return {path.name: path.read_bytes() for path in paths}


def decoded(directory: Path) -> list[bytes]:
    """The bodies of all traces, unpacked."""
    database = sqlite3.connect(directory / "data" / "plexus.db")
    try:
        rows = database.execute("select encoding, body from trace_bodies").fetchall()
    finally:
        database.close()
    unpack = zstandard.ZstdDecompressor()
    return [unpack.decompress(body, max_output_size=10**7) if encoding == "zstd" else body for encoding, body in rows]


async def test_s30_no_secret_is_in_the_database_its_log_the_journal_or_the_logs(served):
    _, files, _ = served
    assert {"plexus.db", "running plexus.db-wal", "output.log"} <= files.keys()
    assert any(name.endswith(".log") and data for name, data in files.items())
    assert {name: leaks(content) for name, content in files.items() if leaks(content)} == {}


async def test_u55_188_no_secret_is_in_the_bodies_of_traces_once_they_are_unpacked(served):
    gateway, _, _ = served
    bodies = decoded(gateway.directory)
    assert len(bodies) > 4 * len(FAULTS) * 4
    assert {needle for body in bodies for needle in leaks(body)} == set()
    assert any(b"[redacted]" in body for body in bodies)


async def test_s30_no_secret_is_in_what_the_management_api_tells_of_traces(served):
    _, _, told = served
    assert len(told) > 4 * len(FAULTS)
    assert {name: leaks(content) for name, content in told.items() if leaks(content)} == {}
