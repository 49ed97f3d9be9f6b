"""A gateway that is told to stop: who comes is served or refused, who is served is finished or told, all of it booked (P01-P03)."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.faults.kit import AUTH, PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.faults.told import told
from tests.gateway.running import KEY, running
from tests.grammar import violations
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, Response, ask, request

NAMES = ("fault/hang-after-6", "fault/hang-after-headers", "fault/silent", "fault/ok", "fault/late-1")
PAIRS = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]


def asked(client: str, upstream: str, fault: str, *, stream: bool = True) -> bytes:
    name = model_at(upstream, fault)
    return request("POST", path_of(client, name, stream=stream), body_of(client, name, stream=stream), AUTH)


@pytest.fixture
def opened() -> Iterator[Callable[..., Awaitable[RawClient]]]:
    """Makes clients that have sent this and seen that."""
    clients: list[RawClient] = []

    async def opened(url: str, wire: bytes, shown: bytes = b"") -> RawClient:
        client = await RawClient.connect(url)
        clients.append(client)
        await client.send(wire)
        if shown:
            await client.read_until(shown)
        return client

    yield opened
    for client in clients:
        client.close()


async def until(met: Callable[[], Awaitable[bool]], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not await met():  # noqa: ASYNC110 - what is met tells nobody
            await asyncio.sleep(0.01)


def ended_in_an_error(client: str, answer: Response) -> bool:
    """Whether a stream broke off as its protocol says it, complete as HTTP."""
    assert answer.status == 200
    assert answer.complete, "the client cannot tell this from a broken connection"
    seen = told(client, answer.body)
    return "error" in seen.endings and "normal" not in seen.endings


async def test_p01_160_streams_that_outlast_the_grace_end_in_an_error_event_and_nothing_is_left(opened):
    async with FaultUpstream() as upstream:
        async with running({"providers": providers(upstream, NAMES)}, grace=0.3) as gateway:
            streams = [await opened(gateway.url, asked(*pair, "hang-after-6"), b"\r\n\r\n") for pair in PAIRS]
            waiting = [await opened(gateway.url, asked(*pair, "silent", stream=False)) for pair in PAIRS]
            await upstream.wait_received(2 * len(PAIRS))
            gateway.server.handle_exit(signal.SIGTERM, None)
            moment = time.monotonic()
            for (client, upstream_protocol), stream in zip(PAIRS, streams, strict=True):
                answer = await stream.read_response()
                assert ended_in_an_error(client, answer), (client, upstream_protocol, answer.body[-300:])
                if client != upstream_protocol:
                    assert not violations(client, answer.body)
            assert 0.3 <= time.monotonic() - moment < 10
            for (client, _), whole in zip(PAIRS, waiting, strict=True):
                answer = await whole.read_response()
                assert answer.status == 503
                assert answer.header("retry-after") == "1"
                assert error_shape(client, answer.json)
        assert all(seen.disconnect for seen in upstream.received)
    assert len(gateway.records) == 2 * len(PAIRS)
    assert {record.row.status for record in gateway.records} == {"error"}
    assert {record.error.code for record in gateway.records if record.error is not None} == {"stopping"}
    assert {attempt.status for record in gateway.records for attempt in record.attempts} == {"cancelled"}
    assert gateway.plexus.gateway.traffic.line.slots.listing() == []
    begun = [record for record in gateway.records if record.row.http_status == 200]
    assert len(begun) == len(PAIRS)


async def test_p01_what_ends_within_the_grace_ends_normally(opened):
    async with FaultUpstream() as upstream:
        async with running({"providers": providers(upstream, NAMES)}, grace=30) as gateway:
            clients = [await opened(gateway.url, asked(*pair, "late-1")) for pair in PAIRS]
            await upstream.wait_received(len(PAIRS))
            gateway.server.handle_exit(signal.SIGTERM, None)
            for (client, _), opening in zip(PAIRS, clients, strict=True):
                answer = await opening.read_response()
                assert answer.status == 200
                assert told(client, answer.body).normal
                assert answer.header("connection") == "close"
            moment = time.monotonic()
        assert time.monotonic() - moment < 15, "it does not wait for the rest of its time"
    assert {record.row.status for record in gateway.records} == {"ok"}


async def test_160_a_stream_that_was_told_nothing_but_heartbeats_ends_in_an_error_event(opened):
    config = {"heartbeat": {"early": True, "interval": "1s"}}
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, NAMES), **config}, grace=0.1) as gateway,
    ):
        opening = (opened(gateway.url, asked(*pair, "silent"), b"\r\n\r\n") for pair in PAIRS)
        clients = await asyncio.gather(*opening)
        gateway.server.handle_exit(signal.SIGTERM, None)
        for (client, _), stream in zip(PAIRS, clients, strict=True):
            assert ended_in_an_error(client, await stream.read_response())
    assert {(record.row.status, record.error and record.error.code) for record in gateway.records} == {
        ("error", "stopping")
    }


async def test_160_who_waits_for_a_slot_is_told_as_well(opened):
    async with FaultUpstream() as upstream:
        limited = providers(upstream, NAMES, max_concurrency=1)
        async with running({"providers": limited}, grace=0.1) as gateway:
            await opened(gateway.url, asked("chat", "chat", "silent"))
            await upstream.wait_received(1)
            second = await opened(gateway.url, asked("messages", "chat", "silent"))
            line = gateway.plexus.gateway.traffic.line

            async def queued() -> bool:
                return len(line.queue) == 1

            await until(queued)
            gateway.server.handle_exit(signal.SIGTERM, None)
            answer = await second.read_response()
            assert (answer.status, error_shape("messages", answer.json)) == (503, True)
        assert (len(line.queue), line.slots.listing()[0].count) == (0, 0)
        assert len(upstream.received) == 1
    assert len(gateway.records) == 2


async def test_p02_a_client_that_has_connected_and_not_asked_yet_is_served(opened):
    async with FaultUpstream() as upstream, running({"providers": providers(upstream, NAMES)}, grace=30) as gateway:
        early = await opened(gateway.url, b"")
        assert (await gateway.get("/health")).status == 200  # by now the early one is accepted
        gateway.server.handle_exit(signal.SIGTERM, None)

        async def closed() -> bool:
            try:
                (await RawClient.connect(gateway.url, within=0.2)).close()
            except (OSError, TimeoutError):
                return True
            return False

        await until(closed)
        await early.send(asked("chat", "chat", "ok"))
        answer = await early.read_response()
        assert (answer.status, answer.header("connection")) == (200, "close")


CONFIG = {"keys": {"me": {"secret": KEY}}}


def test_p01_the_process_says_at_once_that_it_is_not_ready_lives_on_and_ends_with_0():
    with Gateway({"providers": {}, **CONFIG}) as gateway:
        moment = time.monotonic()
        gateway.signal(signal.SIGTERM)
        while gateway.get("/health/ready")[0] == 200:
            assert time.monotonic() - moment < 5
        status, body = gateway.get("/health/ready")
        assert (status, b"stopping" in body) == (503, True)
        assert gateway.get("/health")[0] == 200
        assert gateway.wait() == 0
        assert 0.9 < time.monotonic() - moment < 10
        assert "Traceback" not in gateway.output


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
async def test_p03_a_second_signal_breaks_off_at_once_and_books_it(again, opened):
    async with FaultUpstream() as upstream, Gateway({"providers": providers(upstream, NAMES), **CONFIG}) as gateway:
        streams = [await opened(gateway.base_url, asked(*pair, "hang-after-6"), b"\r\n\r\n") for pair in PAIRS]
        gateway.signal(signal.SIGTERM)
        while (await ask(gateway.base_url + "/health/ready", method="GET")).status == 200:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.01)
        moment = time.monotonic()
        gateway.signal(again)
        for (client, _), stream in zip(PAIRS, streams, strict=True):
            assert ended_in_an_error(client, await stream.read_response())
        assert await asyncio.to_thread(gateway.wait) == 0
        assert time.monotonic() - moment < 15
        assert gateway.output.count("status=error") == len(PAIRS), gateway.output
        assert "Traceback" not in gateway.output


async def test_p02_of_clients_that_go_on_connecting_each_is_served_or_refused():
    """None finds its connection accepted and then dropped."""
    outcomes: list[str] = []

    async def one(url: str) -> None:
        try:
            client = await RawClient.connect(url, within=0.5)
        except (OSError, TimeoutError):
            outcomes.append("refused")
            return
        async with client:
            try:
                await client.send(request("GET", "/health"))
                outcomes.append(str((await client.read_response(method="GET")).status))
            except (OSError, EOFError) as error:
                outcomes.append(f"dropped: {error!r}")

    async def many(url: str) -> None:
        while outcomes.count("refused") < 20:
            await one(url)

    async with Gateway({"providers": {}, **CONFIG}) as gateway:
        crowd = [asyncio.create_task(many(gateway.base_url)) for _ in range(16)]
        while len(outcomes) < 200:  # noqa: ASYNC110 - a plain list
            await asyncio.sleep(0.01)
        gateway.signal(signal.SIGINT)
        await asyncio.gather(*crowd)
        assert await asyncio.to_thread(gateway.wait) == 0
    assert set(outcomes) == {"200", "refused"}


@pytest.mark.deep
async def test_p01_the_process_gives_streams_thirty_seconds(opened):
    async with FaultUpstream() as upstream, Gateway({"providers": providers(upstream, NAMES), **CONFIG}) as gateway:
        streams = [await opened(gateway.base_url, asked(*pair, "hang-after-6"), b"\r\n\r\n") for pair in PAIRS]
        moment = time.monotonic()
        gateway.signal(signal.SIGTERM)
        for (client, _), stream in zip(PAIRS, streams, strict=True):
            assert ended_in_an_error(client, await stream.read_response(within=40))
        assert await asyncio.to_thread(gateway.wait) == 0
        assert 30 < time.monotonic() - moment < 33
