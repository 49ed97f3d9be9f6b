"""A client that gives its request a time of its own: it is told when that is over, and nothing goes on behind its back (C34)."""

import asyncio
import time

import pytest
import pytest_asyncio

from tests.faults.kit import PROTOCOLS, body_of, error_shape, path_of, providers
from tests.faults.told import told
from tests.gateway.running import Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import Response

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAULTS = tuple(
    f"fault/{name}" for name in ("silent", "hang-after-headers", "hang-after-6", "pings-after-6", "pings-only", "ok")
)
PAIRS = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream):
    plain = providers(upstream, FAULTS, disable_cooldown=False)
    again = {f"{name}-again": one for name, one in plain.items()}
    busy = {f"{name}-busy": {**one, "max_concurrency": 1} for name, one in plain.items()}
    models = {
        f"two-{name}": {
            "selector": "in_order",
            "targets": [{"provider": one, "model": "fault/silent"} for one in (name, f"{name}-again")],
        }
        for name in PROTOCOLS
    }
    async with running({"providers": {**plain, **again, **busy}, "models": models}) as started:
        for client, provider in PAIRS:  # what the first request of a process takes is not what is looked at
            name = f"direct/{provider}/fault/ok"
            assert (await started.post(path_of(client, name), body_of(client, name))).status == 200
        yield started


async def asked(
    gateway: Running, client: str, model: str, seconds: str, *, stream: bool, header: str = "x-plexus-timeout"
) -> tuple[Response, float]:
    began = time.monotonic()
    answer = await gateway.post(
        path_of(client, model, stream=stream), body_of(client, model, stream=stream), [(header, seconds)]
    )
    return answer, time.monotonic() - began


async def all_gone(upstream: FaultUpstream) -> None:
    async with asyncio.timeout(5):
        for seen in upstream.received:
            if seen.model != "fault/ok":
                await seen.gone.wait()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["silent", "hang-after-headers", "pings-only"])
async def test_c34_who_gives_less_time_than_the_answer_takes_to_begin_gets_504_then(fault, stream, gateway, upstream):
    upstream.received.clear()
    gateway.records.clear()
    asking = (asked(gateway, c, f"direct/{u}/fault/{fault}", "0.8", stream=stream) for c, u in PAIRS)
    for (client, _), (answer, taken) in zip(PAIRS, await asyncio.gather(*asking), strict=True):
        assert answer.status == 504
        assert error_shape(client, answer.json)
        assert 0.75 < taken < 5
    await all_gone(upstream)
    assert len(upstream.received) == len(PAIRS)
    assert {record.row.status for record in gateway.records} == {"timeout"}
    assert {record.error.code for record in gateway.records if record.error} == {"deadline"}
    assert not gateway.plexus.gateway.traffic.cooldowns.export(), "it says nothing of the target"


@pytest.mark.parametrize("fault", ["hang-after-6", "pings-after-6"])
async def test_c34_a_stream_that_outlasts_it_ends_in_an_error_event(fault, gateway, upstream):
    upstream.received.clear()
    gateway.records.clear()
    asking = (asked(gateway, c, f"direct/{u}/fault/{fault}", "0.8", stream=True) for c, u in PAIRS)
    for (client, provider), (answer, taken) in zip(PAIRS, await asyncio.gather(*asking), strict=True):
        assert answer.complete
        seen = told(client, answer.body)
        assert answer.status == 200, (client, provider)
        assert "error" in seen.endings, (client, provider)
        assert "normal" not in seen.endings
        assert 0.75 < taken < 5
    await all_gone(upstream)
    assert {record.row.status for record in gateway.records} == {"timeout"}
    assert not gateway.plexus.gateway.traffic.cooldowns.export()


async def test_c34_no_further_target_is_tried_when_the_time_is_over(gateway, upstream):
    upstream.received.clear()
    gateway.records.clear()
    asking = (asked(gateway, name, f"two-{name}", "0.6", stream=False) for name in PROTOCOLS)
    for answer, taken in await asyncio.gather(*asking):
        assert answer.status == 504
        assert taken < 5
    assert len(upstream.received) == len(PROTOCOLS)
    assert {len(record.attempts) for record in gateway.records} == {1}


async def test_c34_waiting_for_a_slot_counts(gateway, upstream):
    upstream.received.clear()
    holding = asyncio.create_task(asked(gateway, "chat", "direct/chat-busy/fault/silent", "3", stream=False))
    await upstream.wait_received(1)
    answer, taken = await asked(gateway, "messages", "direct/chat-busy/fault/ok", "0.2", stream=False)
    assert answer.status in {503, 504}
    assert error_shape("messages", answer.json)
    assert taken < 5
    holding.cancel()
    await asyncio.wait([holding])
    await all_gone(upstream)


@pytest.mark.parametrize("seconds", ["0.2", "0.2s"])
async def test_c34_googles_own_header_counts_too(seconds, gateway):
    answer, taken = await asked(
        gateway, "gemini", "direct/gemini/fault/silent", seconds, stream=False, header="x-server-timeout"
    )
    assert answer.status == 504
    assert answer.json["error"]["status"] == "DEADLINE_EXCEEDED"
    assert taken < 5


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("seconds", ["", "soon", "0", "-1", "nan", "inf", "1e999", "0x10", "1,5"])
async def test_c34_what_is_no_time_is_refused(seconds, client, gateway, upstream):
    upstream.received.clear()
    answer, _ = await asked(gateway, client, "direct/chat/fault/ok", seconds, stream=False)
    assert answer.status == 400
    assert error_shape(client, answer.json)
    assert "x-plexus-timeout" in answer.body.decode()
    assert upstream.received == []


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_c34_who_gives_enough_is_answered(client, gateway):
    answer, _ = await asked(gateway, client, f"direct/{client}/fault/ok", "30", stream=True)
    assert answer.status == 200
    assert told(client, answer.body).normal
