"""Limits of what a provider or a model does at once: kept to, waited for in order of arrival, and never lost (158, U26).

What waits too long, or finds the line full, gets 503 with `Retry-After` in the client's words.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from plexus.routing.slots import InUse
from plexus.settings.schema import Settings
from tests.faults.kit import AUTH, PROTOCOLS, body_of, error_shape, path_of, providers
from tests.gateway.running import KEY, Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import RawClient, Response, request
from tests.harness.received import Received

FAILING = (
    "status-500", "status-429", "status-400", "reset-before-headers", "fin-before-headers", "fin-mid-head", "reset-after-6",
    "fin-after-6", "cut-after-6", "html-200", "error-in-200", "first-event-error", "empty-200", "json-cut", "hang-after-headers",
    "hang-after-6", "silent", "pings-only", "bomb-gzip", "ok",
)  # fmt: skip
FAULTS = tuple(f"fault/{fault}" for fault in (*FAILING, "paced-3", "paced-20"))
PATH = path_of("chat", "")


def config(upstream: FaultUpstream, **more: Any) -> dict[str, Any]:
    return {"providers": providers(upstream, FAULTS), **more}


def in_use(gateway: Running) -> list[InUse]:
    return [row for row in gateway.plexus.gateway.traffic.line.slots.listing() if row.count]


def at_once(received: list[Received], *, model: str = "") -> int:
    """The most requests that were under way at the same moment."""
    moments = []
    for seen in received:
        if model in seen.model:
            ended = min(moment for moment in (seen.answered, seen.disconnected) if moment is not None)
            moments += [(seen.arrived, 1), (ended, -1)]
    most = now = 0
    for _, step in sorted(moments):
        now += step
        most = max(most, now)
    return most


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - plain counters
            await asyncio.sleep(0.002)


async def asked(gateway: Running, client: str, fault: str, *, stream: bool = False, upstream: str = "chat") -> Response:
    name = f"direct/{upstream}/fault/{fault}"
    return await gateway.post(path_of(client, name, stream=stream), body_of(client, name, stream=stream))


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("of", ["provider", "model"])
async def test_no_more_than_the_limit_are_under_way_and_all_are_served(of, limit):
    async with FaultUpstream() as upstream:
        settings = config(upstream)
        chat = settings["providers"]["chat"]
        if of == "provider":
            chat["max_concurrency"] = limit
        else:
            chat["models"] = {name: {"max_concurrency": limit} if "paced" in name else {} for name in FAULTS}
        async with running(settings) as gateway:
            asking = (asked(gateway, PROTOCOLS[n % 4], "paced-3", stream=bool(n % 2)) for n in range(40))
            answers = await asyncio.gather(*asking)
            assert {(answer.status, answer.complete) for answer in answers} == {(200, True)}
            assert at_once(upstream.received) == limit
            await until(lambda: not in_use(gateway))


async def test_both_limits_hold_at_once():
    async with FaultUpstream() as upstream:
        settings = config(upstream)
        names: dict[str, dict[str, int]] = {name: {} for name in FAULTS}
        names["fault/paced-3"] = {"max_concurrency": 2}
        settings["providers"]["chat"].update(max_concurrency=3, models=names)
        async with running(settings) as gateway:
            asking = [asked(gateway, "chat", ("paced-3", "paced-20")[n % 2], stream=True) for n in range(24)]
            assert {answer.status for answer in await asyncio.gather(*asking)} == {200}
        assert at_once(upstream.received) == 3
        assert at_once(upstream.received, model="paced-3") <= 2


async def test_who_came_first_is_served_first():
    async with FaultUpstream() as upstream:
        settings = config(upstream)
        settings["providers"]["chat"]["max_concurrency"] = 1
        async with running(settings) as gateway:
            line = gateway.plexus.gateway.traffic.line
            clients = []

            def standing(count: int) -> bool:
                """So many wait, or have been served, or are being served."""
                return len(line.queue) + len(upstream.received) >= count

            for number in range(12):
                client = await RawClient.connect(gateway.url)
                clients.append(client)
                body = body_of("chat", "direct/chat/fault/paced-3", user=str(number))
                await client.send(request("POST", PATH, body, AUTH))
                await until(partial(standing, number + 1))
            for client in clients:
                assert (await client.read_response()).status == 200
                client.close()
        assert [seen.json["user"] for seen in upstream.received] == [str(number) for number in range(12)]


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_who_waits_too_long_is_told_when_to_come_back(client):
    async with FaultUpstream() as upstream:
        settings = config(upstream, concurrency={"wait": "100ms"})
        settings["providers"]["chat"]["max_concurrency"] = 1
        async with running(settings) as gateway, await RawClient.connect(gateway.url) as holder:
            await holder.send(request("POST", PATH, body_of("chat", "direct/chat/fault/silent"), AUTH))
            await upstream.wait_received(1)
            loop = asyncio.get_running_loop()
            began = loop.time()
            answer = await asked(gateway, client, "ok", stream=True)
            assert 0.09 < loop.time() - began < 5
            assert answer.status == 503
            assert int(answer.header("retry-after")) >= 1
            assert error_shape(client, answer.json)
            assert gateway.records[-1].error is not None
            assert (gateway.records[-1].error.code, gateway.records[-1].attempts) == ("busy", [])
            assert len(gateway.plexus.gateway.traffic.line.queue) == 0
            holder.close()
            await until(lambda: not in_use(gateway))
            assert (await asked(gateway, client, "ok")).status == 200
        assert len(upstream.received) == 2


async def test_who_finds_the_line_full_is_told_at_once():
    async with FaultUpstream() as upstream:
        settings = config(upstream, concurrency={"wait": "60s", "queue": 2})
        settings["providers"]["chat"]["max_concurrency"] = 1
        async with running(settings) as gateway:
            line = gateway.plexus.gateway.traffic.line
            held = [await RawClient.connect(gateway.url) for _ in range(3)]

            def waiting(count: int) -> bool:
                return len(line.queue) == count and bool(upstream.received)

            for number, client in enumerate(held):
                await client.send(request("POST", PATH, body_of("chat", "direct/chat/fault/silent"), AUTH))
                await until(partial(waiting, number))
            async with asyncio.timeout(2):
                answer = await asked(gateway, "messages", "ok")
            assert (answer.status, answer.header("retry-after")) == (503, "1")
            for client in reversed(held):
                client.reset()
            await until(lambda: not in_use(gateway))
            assert len(line.queue) == 0


async def test_158_slots_come_back_however_an_attempt_ends():
    async with FaultUpstream(tempo=0.01) as upstream:
        settings = config(upstream, concurrency={"wait": "5s"})
        times = {"connect": "1s", "first_byte": "150ms", "idle": "150ms", "total": "1s"}
        for one in settings["providers"].values():
            one.update(max_concurrency=1, timeout=times)
        async with running(settings) as gateway:
            for fault in FAILING:
                for number in range(8):
                    answer = await asked(
                        gateway, PROTOCOLS[number % 4], fault, stream=bool(number % 2), upstream=PROTOCOLS[number // 2]
                    )
                    assert answer.status != 503 or b"at their limit" not in answer.body, fault
                await until(lambda: not in_use(gateway))
            assert len(gateway.records) == 8 * len(FAILING)


async def test_158_slots_come_back_after_a_stream_that_came_too_slowly():
    async with FaultUpstream() as upstream:
        settings = config(upstream)
        for one in settings["providers"].values():
            one.update(max_concurrency=1, stall={"min_bytes_per_second": 1000, "window": "1s", "grace": "0s"})
        async with running(settings) as gateway:
            assert (await asked(gateway, "messages", "hang-after-6", stream=True)).status == 200
            await until(lambda: not in_use(gateway))
            assert gateway.records[0].row.status == "stalled"


async def test_a_limit_that_is_raised_lets_those_in_who_wait():
    async with FaultUpstream() as upstream:
        settings = config(upstream)
        settings["providers"]["chat"]["max_concurrency"] = 1
        async with running(settings) as gateway:
            clients = [await RawClient.connect(gateway.url) for _ in range(3)]
            for client in clients:
                await client.send(request("POST", PATH, body_of("chat", "direct/chat/fault/silent"), AUTH))
            line = gateway.plexus.gateway.traffic.line
            await until(lambda: len(line.queue) == 2)
            raised = json.loads(json.dumps(settings))
            raised["providers"]["chat"]["max_concurrency"] = 3
            await gateway.plexus.configure(Settings.model_validate({**raised, "keys": {"me": {"secret": KEY}}}))
            await upstream.wait_received(3)
            assert len(line.queue) == 0
            for client in clients:
                client.close()
            await until(lambda: not in_use(gateway))


async def test_u26_a_credential_that_is_limited_does_not_touch_another():
    """Two providers at the same address with keys of their own."""
    async with FaultUpstream() as upstream:
        plain = providers(upstream, ("fault/status-429", "fault/status-401", "fault/ok"), disable_cooldown=False)[
            "chat"
        ]
        async with running({"providers": {"one": plain, "two": {**plain, "api_key": "sk-other"}}}) as gateway:

            async def status(provider: str, fault: str) -> int:
                name = f"direct/{provider}/fault/{fault}"
                return (await gateway.post(PATH, body_of("chat", name))).status

            assert await status("one", "status-429") == 429
            before = len(upstream.received)
            assert await status("one", "status-429") == 503, "the model rests"
            assert await status("one", "ok") == 200, "another model of the same key does not"
            assert await status("two", "status-429") == 429, "nor does the same model with another key"
            assert len(upstream.received) == before + 2
            assert await status("one", "status-401") == 502
            assert await status("one", "ok") == 503, "a key that is refused rests with all its models"
            assert await status("two", "ok") == 200
            assert upstream.received[-1].credential == "sk-other"
