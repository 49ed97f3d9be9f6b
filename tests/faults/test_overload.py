"""A process with more to do than it may: it refuses early, in the client's words, and goes on serving the others (G33)."""

import asyncio

import pytest

from tests.faults.kit import AUTH, PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.gateway.running import running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import RawClient, request

NAMES = ("fault/silent", "fault/ok", "fault/hang-after-6")


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_requests_beyond_the_number_are_refused_before_their_body_is_read(client):
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"requests": 2}}) as gateway,
    ):
        silent, well = model_at("chat", "silent"), model_at("chat", "ok")
        async with await RawClient.connect(gateway.url) as one, await RawClient.connect(gateway.url) as two:
            for held in (one, two):
                await held.send(request("POST", path_of(client, silent), body_of(client, silent), AUTH))
            await upstream.wait_received(2)
            async with await RawClient.connect(gateway.url) as third:
                announced = [*AUTH, ("content-length", "100000"), ("content-type", "application/json")]
                await third.send(request("POST", path_of(client, well), b"", announced))
                answer = await third.read_response()
            assert answer.status == 503
            assert answer.header("retry-after") == "1"
            assert error_shape(client, answer.json)
            assert "too many requests" in answer.body.decode()
            assert {(await gateway.get(path)).status for path in ("/", "/health", "/health/ready")} == {200}
            one.reset()
            two.close()
        await asyncio.gather(*(seen.gone.wait() for seen in upstream.received))
        answer = await gateway.post(path_of(client, well), body_of(client, well))
        assert answer.status == 200
    assert len(upstream.received) == 3
    assert len(gateway.records) == 3


async def test_a_connection_whose_request_was_refused_serves_the_next():
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"requests": 1}}) as gateway,
    ):
        name = model_at("chat", "hang-after-6")
        wire = request("POST", path_of("chat", name), body_of("chat", model_at("chat", "ok")), AUTH)
        async with await RawClient.connect(gateway.url) as holder, await RawClient.connect(gateway.url) as client:
            await holder.send(request("POST", path_of("chat", name), body_of("chat", name, stream=True), AUTH))
            await holder.read_until(b"200 OK")
            for _ in range(3):
                await client.send(wire)
                assert (await client.read_response()).status == 503
            holder.close()
            await upstream.received[0].gone.wait()
            await client.send(wire)
            assert (await client.read_response()).status == 200


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_while_the_loop_runs_late_no_request_is_taken_and_afterwards_they_are(client):
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"lag": "200ms"}}) as gateway,
    ):
        name = model_at("chat", "ok")
        load = gateway.application.load
        for _ in range(10):
            load.begin()  # ten are under way, and late
        load.room = 8.0
        answer = await gateway.post(path_of(client, name), body_of(client, name))
        assert answer.status == 503
        assert error_shape(client, answer.json)
        assert "too busy" in answer.body.decode()
        assert (await gateway.get("/health")).status == 200
        async with asyncio.timeout(2):
            while answer.status == 503:
                answer = await gateway.post(path_of(client, name), body_of(client, name))
        assert answer.status == 200
        for _ in range(10):
            load.end()
    assert len(gateway.records) == 1


async def test_who_is_refused_is_not_counted():
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"requests": 1}}) as gateway,
    ):
        name = model_at("chat", "ok")
        for _ in range(3):
            answers = await asyncio.gather(
                *(gateway.post(path_of("chat", name), body_of("chat", name)) for _ in range(8))
            )
            assert {answer.status for answer in answers} <= {200, 503}
            assert 200 in {answer.status for answer in answers}
        assert gateway.application.load.requests == 0
