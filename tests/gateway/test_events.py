"""The stream of events: what happens is heard within a second, each key hears its own, and whoever comes back misses nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.kit import body_of, path_of
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import RawClient, ask, request

ADMIN_KEY = "sk-admin-events-4711"
PATH = "/v0/management/events"
Heard = list[tuple[str, str, dict[str, Any]]]


@asynccontextmanager
async def listening(gateway: Running, secret: str, last: str | None = None) -> AsyncIterator[RawClient]:
    headers = [("x-admin-key", secret)] + ([("last-event-id", last)] if last is not None else [])
    async with await RawClient.connect(gateway.url) as client:
        await client.send(request("GET", PATH, b"", headers, host=urlsplit(gateway.url).netloc))
        await client.read_until(b"begun\n\n")
        yield client


async def heard(client: RawClient, kind: str) -> Heard:
    """Everything up to the first event of a kind: id, kind, facts."""
    marker = b"event: " + kind.encode() + b"\n"
    await client.read_until(marker, 5.0)
    while client.buffer.find(b"\n\n", client.buffer.find(marker)) < 0:
        await client.read_some()
    found: Heard = []
    for frame in bytes(client.buffer).split(b"\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if ": " in line and line[0] != ":")
        if "data" in lines:
            found.append((lines.get("id", ""), lines["event"], json.loads(lines["data"])))
    return found


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    async with FaultUpstream() as upstream:
        models = ["fault/ok", "fault/status-500"]
        config = {
            "providers": {"p": provider(upstream.base_url("chat"), "chat", models, disable_cooldown=False)},
            "keys": {"me": {"secret": KEY, "quotas": ["q"]}, "you": {"secret": "sk-you"}},
            "user_quotas": {"q": {"type": "daily", "limit_type": "requests", "limit": 2}},
        }
        async with running(config, admin_key=ADMIN_KEY) as started:
            yield started


async def talk(gateway: Running, model: str, secret: str = KEY) -> int:
    model = f"direct/p/{model}"
    path, headers = path_of("chat", model, stream=True), [("authorization", f"Bearer {secret}")]
    return (await ask(gateway.url + path, body_of("chat", model, stream=True), headers)).status


def kinds(found: Heard) -> list[str]:
    return [kind for _, kind, _ in found]


async def test_the_life_of_requests_is_told_as_it_happens(gateway):
    async with listening(gateway, ADMIN_KEY) as client:
        began = time.time()
        assert await talk(gateway, "fault/ok") == 200
        found = await heard(client, "request.completed")
        assert kinds(found) == ["request.started", "request.updated", "request.completed"]
        assert len({facts["request_id"] for _, _, facts in found}) == 1
        assert all(facts["key"] == "me" and 0 <= facts["at"] / 1000 - began + 0.1 < 5 for _, _, facts in found)
        assert (found[2][2]["status"], found[2][2]["provider"]) == ("ok", "p")

        assert await talk(gateway, "fault/status-500", "sk-you") == 502
        assert "attempt.failed" in kinds(await heard(client, "cooldown.set"))
        await ask(f"{gateway.url}/v0/management/cooldowns", b"", [("x-admin-key", ADMIN_KEY)], method="DELETE")
        cleared = (await heard(client, "cooldown.cleared"))[-1][2]
        assert (cleared["provider"], cleared["key"]) == ("p", None)

        assert await talk(gateway, "fault/ok") == 200
        assert await talk(gateway, "fault/ok") == 429
        exceeded = next(facts for _, kind, facts in await heard(client, "quota.exceeded") if kind == "quota.exceeded")
        assert "'q'" in exceeded["message"]

        await gateway.plexus.configure(gateway.plexus._settings)
        assert kinds(await heard(client, "config.reloaded"))[-1] == "config.reloaded"


async def test_s11_a_keys_holder_hears_its_own_requests_alone_until_the_configuration_changes(gateway):
    async with listening(gateway, "sk-you") as client:
        await talk(gateway, "fault/status-500")
        await talk(gateway, "fault/status-500", "sk-you")
        found = await heard(client, "request.completed")
        assert {facts["key"] for _, _, facts in found} == {"you"}
        assert not any(kind.startswith("cooldown") for kind in kinds(found))
        await gateway.plexus.configure(gateway.plexus._settings)
        assert b"config.reloaded" not in await client.read_until(b"\r\n0\r\n\r\n")


async def test_who_comes_back_with_the_last_id_hears_what_came_since(gateway):
    async with listening(gateway, ADMIN_KEY) as client:
        await talk(gateway, "fault/ok")
        last = (await heard(client, "request.updated"))[-1][0]
    await talk(gateway, "fault/status-500", "sk-you")
    async with listening(gateway, ADMIN_KEY, last) as client:
        found = await heard(client, "cooldown.set")
        assert kinds(found)[0] == "request.completed"
        assert "missed" not in kinds(found)
    async with listening(gateway, ADMIN_KEY, "another-1") as client:
        assert (await heard(client, "missed"))[0][2] == {"events": None}


async def test_a_listener_that_leaves_is_forgotten_and_one_that_stays_does_not_hold_up_the_end():
    async with running({}, admin_key=ADMIN_KEY, grace=30.0) as gateway:
        events = gateway.plexus.gateway.traffic.events
        async with listening(gateway, ADMIN_KEY):
            assert events.listeners == 1
        async with asyncio.timeout(5):
            while events.listeners:  # noqa: ASYNC110 - the server notices by itself
                await asyncio.sleep(0.01)
        async with listening(gateway, ADMIN_KEY) as client:
            began = time.monotonic()
            gateway.server.should_exit = True
            await client.read_to_end()
            assert time.monotonic() - began < 10
