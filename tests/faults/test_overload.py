"""A process with more to do than it may: it refuses early, in the client's words, and goes on serving the others (G33)."""

import asyncio
import contextlib
import json
import select
import socket
import subprocess
import sys
import time

import pytest
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from plexus.web.overload import LONG
from tests.faults.kit import AUTH, PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.gateway.running import Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import RawClient, ask, request

NAMES = ("fault/silent", "fault/ok", "fault/hang-after-6")


def work(seconds: float) -> None:
    """What much work does to an event loop."""
    time.sleep(seconds)


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
async def test_while_no_turn_of_the_loop_is_short_a_further_request_is_refused_and_afterwards_it_is_taken(client):
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"lag": "2ms"}}) as gateway,
    ):
        name, load, loop = model_at("chat", "ok"), gateway.application.load, asyncio.get_running_loop()
        burning = True

        def burn() -> None:
            work(0.004)
            if burning:
                loop.call_soon(burn)

        for _ in range(40):
            load.begin()  # so many are under way
        burn()
        async with asyncio.timeout(20):
            while (answer := await gateway.post(path_of(client, name), body_of(client, name))).status == 200:
                pass
        assert answer.status == 503
        assert answer.header("retry-after") == "1"
        assert error_shape(client, answer.json)
        assert "too busy" in answer.body.decode()
        assert (await gateway.get("/health")).status == 200
        burning = False
        async with asyncio.timeout(20):
            while answer.status == 503:
                answer = await gateway.post(path_of(client, name), body_of(client, name))
        assert answer.status == 200
        for _ in range(40):
            load.end()


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_refusal_that_was_not_parsed_says_the_same_as_one_that_was(client):
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"requests": 1}}) as gateway,
    ):
        path, body = path_of(client, model_at("chat", "ok")), body_of(client, model_at("chat", "ok"))
        gateway.application.load.begin()
        async with await RawClient.connect(gateway.url) as one:
            said = []
            for _ in range(2):
                await one.send(request("POST", path, body, AUTH))
                said.append(await one.read_response())
            pieces = request("POST", path, body, AUTH)
            await one.send(pieces[:20])
            await asyncio.sleep(0)
            await one.send(pieces[20:])
            said.append(await one.read_response())
        gateway.application.load.end()
    assert {answer.status for answer in said} == {503}
    assert len({answer.body for answer in said}) == 1
    assert len({tuple(sorted(name for name, _ in answer.headers)) for answer in said}) == 1
    assert len({answer.header("x-plexus-request-id") for answer in said}) == 3


async def test_a_connection_on_which_nothing_comes_after_a_refusal_is_closed():
    async with running({"concurrency": {"requests": 1}}) as gateway:
        gateway.application.load.begin()
        gateway.server.config.timeout_keep_alive = 1
        wire = request("POST", path_of("chat", "any"), body_of("chat", "any"), AUTH)
        async with await RawClient.connect(gateway.url) as client:
            for _ in range(2):
                await client.send(wire)
                assert (await client.read_response()).status == 503
            assert await client.read_to_end() == b""
        gateway.application.load.end()


def test_connections_that_wait_while_turns_are_long_are_taken_many_at_a_time():
    """uvloop takes one in a turn. So in an overloaded process requests waited where nobody saw them, and were never refused."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(turns_until_all_are_refused(100)) < 50


async def turns_until_all_are_refused(count: int) -> int:
    """Turns of the loop, each a long one, from so many clients at once until all have their refusal."""
    turns = 0
    async with running({"concurrency": {"requests": 1}}) as gateway:
        gateway.application.load.begin()
        at = gateway.server.servers[0].sockets[0].getsockname()
        with contextlib.ExitStack() as clients:
            waiting = {clients.enter_context(socket.create_connection(at)) for _ in range(count)}
            for client in waiting:
                client.sendall(request("POST", path_of("chat", "any"), body_of("chat", "any"), AUTH))
                client.setblocking(False)
            while waiting:
                turns += 1
                work(2 * LONG)
                await asyncio.sleep(0)
                for client in select.select(waiting, [], [], 0)[0]:
                    assert client.recv(65536).startswith(b"HTTP/1.1 503")
                    waiting.discard(client)
        gateway.application.load.end()
    return turns


@pytest.mark.deep
def test_three_times_what_can_be_served_leaves_nobody_without_an_answer():
    command = [sys.executable, "-m", "benchmarks.overload", "--kind", "translated", "--times", "3", "--seconds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    seen = json.loads(done.stdout)
    assert seen["refused"] > 0
    assert seen["unanswered"] < seen["sent_per_s"] * 2 / 20


@pytest.mark.parametrize("unread", [True, False])
async def test_who_is_refused_is_in_the_metrics_with_the_reason(unread):
    key = "sk-admin-overload"
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), "concurrency": {"requests": 1}}, admin_key=key) as gateway,
    ):
        silent, well = model_at("chat", "silent"), model_at("chat", "ok")
        async with await RawClient.connect(gateway.url) as held:
            await held.send(request("POST", path_of("chat", silent), body_of("chat", silent), AUTH))
            await upstream.wait_received(1)
            assert await refused_as(gateway, key) == {"many": 0, "busy": 0}
            more = [] if unread else [("connection", "close")]  # which is parsed before it is refused
            for _ in range(3):
                answer = await gateway.post(path_of("chat", well), body_of("chat", well), more)
                assert answer.status == 503
            assert await refused_as(gateway, key) == {"many": 3, "busy": 0}
            held.reset()


async def refused_as(gateway: Running, key: str) -> dict[str, float]:
    answer = await ask(f"{gateway.url}/metrics", b"", [("x-admin-key", key)], method="GET")
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
        if sample.name == "plexus_refused_requests_total"
    }


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
