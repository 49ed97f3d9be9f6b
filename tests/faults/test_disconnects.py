"""A client that leaves, in every phase and either way: its upstream is left within a second, the ending is booked, nothing leaks."""

import asyncio
import json
import math
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.kit import AUTH, PROTOCOLS, body_of, model_at, path_of
from tests.gateway.running import Running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import RawClient, request
from tests.harness.received import Received

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 1.0
PHASES = {
    "waiting for the head": ("silent", False),
    "waiting for the head of a stream": ("silent", True),
    "waiting for a whole answer": ("hang-after-headers", False),
    "in the middle of a whole answer": ("hang-after-3", False),
    "waiting for the first event": ("hang-after-headers", True),
    "mid-stream, silent": ("hang-after-6", True),
    "mid-stream, pings only": ("pings-after-6", True),
    "mid-stream, busy": ("million-events", True),
}
SHOWN = {"mid-stream, silent", "mid-stream, pings only", "mid-stream, busy"}
"""Phases in which the client has seen the beginning of the answer."""


class Case(NamedTuple):
    phase: str
    leaving: str
    client: str
    upstream: str
    number: int

    @property
    def marker(self) -> str:
        return f"case-{self.number}-end"

    def request(self) -> bytes:
        fault, stream = PHASES[self.phase]
        name = model_at(self.upstream, fault)
        body = json.dumps(body_of(self.client, name, stream=stream)).replace('"hi"', f'"{self.marker}"')
        return request("POST", path_of(self.client, name, stream=stream), body.encode(), AUTH)


CASES = [
    Case(phase, leaving, client, upstream, number)
    for number, (phase, leaving, client, upstream) in enumerate(
        (phase, leaving, client, upstream)
        for phase in PHASES
        for leaving in ("fin", "reset")
        for client in PROTOCOLS
        for upstream in PROTOCOLS
    )
]


async def arrival(upstream: FaultUpstream, marker: str) -> Received:
    """The request with this marker, once it is there."""

    def found() -> Received | None:
        return next((seen for seen in reversed(upstream.received) if marker.encode() in seen.body), None)

    async with asyncio.timeout(10), upstream._arrival:
        await upstream._arrival.wait_for(lambda: found() is not None)
    seen = found()
    assert seen is not None
    return seen


async def left(case: Case, url: str, upstream: FaultUpstream) -> float:
    """Seconds from the client's leaving to the upstream's noticing."""
    async with await RawClient.connect(url) as client:
        await client.send(case.request())
        seen = await arrival(upstream, case.marker)
        if case.phase in SHOWN:
            await client.read_until(b"200 OK")
        moment = time.monotonic()
        client.reset() if case.leaving == "reset" else client.close()
    try:
        async with asyncio.timeout(3):
            await seen.gone.wait()
    except TimeoutError:
        return math.inf
    return (seen.disconnected or moment) - moment


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def settled(gateway: Running, count: int) -> None:
    async with asyncio.timeout(5):
        while len(gateway.records) < count:  # noqa: ASYNC110 - the sink of the records is a plain list
            await asyncio.sleep(0.01)


async def test_c01_c02_c03_whoever_leaves_in_whatever_phase_cancels_the_upstream_within_a_second(
    gateway, upstream, failures
):
    await gateway.get("/health")
    gateway.records.clear()
    before = open_files()
    times = []
    for at in range(0, len(CASES), 16):
        batch = [left(case, gateway.url, upstream) for case in CASES[at : at + 16]]
        times += list(zip(CASES[at:], await asyncio.gather(*batch), strict=False))
    late = [(case, taken) for case, taken in times if taken > LIMIT]
    assert not late
    assert len(times) > 200
    await settled(gateway, len(CASES))
    assert {(record.row.status, record.row.http_status) for record in gateway.records} <= {
        ("cancelled", 499),
        ("cancelled", 200),
    }
    shown = [record for record in gateway.records if record.row.http_status == 200]
    assert len(shown) == len(CASES) * len(SHOWN) // len(PHASES)
    assert open_files() - before <= 5
    assert len(asyncio.all_tasks()) < 20
    assert failures == []
    for protocol in PROTOCOLS:
        name = model_at(protocol, "ok")
        assert (await gateway.post(path_of("chat", name), body_of("chat", name))).status == 200


async def test_c01_c02_c03_the_process_does_the_same_and_keeps_no_file_open(process, upstream):
    cases = [case._replace(number=case.number + 100_000) for case in CASES[::4]]
    process.get("/health")
    before = process.sample()
    for at in range(0, len(cases), 16):
        assert (
            max(await asyncio.gather(*(left(case, process.base_url, upstream) for case in cases[at : at + 16]))) < LIMIT
        )
    async with asyncio.timeout(5):
        while process.sample().fds - before.fds > 5:  # noqa: ASYNC110 - files tell nobody when they close
            await asyncio.sleep(0.01)
    assert "Traceback" not in process.output
    assert process.output.count("status=cancelled") + process.output.count('"status":"cancelled"') == len(cases)


@pytest.mark.parametrize("leaving", ["fin", "reset"])
@pytest.mark.parametrize("keyed", [True, False])
async def test_c01_who_leaves_while_sending_reaches_no_upstream_and_leaves_nothing(
    leaving, keyed, gateway, upstream, failures
):
    received, records, files = len(upstream.received), len(gateway.records), open_files()
    head = request("POST", "/v1/chat/completions", b"", [*(AUTH if keyed else []), ("content-length", "100000")])
    for _ in range(20):
        client = await RawClient.connect(gateway.url)
        await client.send(head + b'{"model":"direct/chat/fault/ok"')
        if not keyed:
            await client.read_response()
        client.reset() if leaving == "reset" else client.close()
    assert (await gateway.get("/health")).status == 200
    async with asyncio.timeout(5):
        while open_files() - files > 2:  # noqa: ASYNC110 - files tell nobody when they close
            await asyncio.sleep(0.01)
    assert (len(upstream.received), len(gateway.records)) == (received, records)
    assert failures == []


async def test_c05_leaving_at_any_moment_leaks_nothing(gateway, upstream, failures):
    """From before the request is parsed to after the answer has begun: no sleep but the random one of the loop itself."""
    files = open_files()
    for n in range(150):
        name = model_at(PROTOCOLS[n % 4], "ok")
        client = await RawClient.connect(gateway.url)
        await client.send(request("POST", "/v1/chat/completions", body_of("chat", name, stream=True), AUTH))
        for _ in range(n):
            await asyncio.sleep(0)
        client.reset() if n % 2 else client.close()
    load, tasks = gateway.application.load, gateway.server.server_state.tasks
    async with asyncio.timeout(5):
        while open_files() - files > 6 or load.requests or tasks:  # noqa: ASYNC110 - files tell nobody when they close
            await asyncio.sleep(0.01)
    assert failures == []
    assert (await gateway.post("/v1/chat/completions", body_of("chat", model_at("chat", "ok")))).status == 200


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase not in SHOWN])
async def test_c06_a_client_that_closes_its_sending_side_has_left(phase, gateway, upstream):
    """Not "answered normally": until something is written nothing tells it from one that is gone (decision 19)."""
    case = Case(phase, "half-close", "chat", "messages", 500_000 + list(PHASES).index(phase))
    gateway.records.clear()
    async with await RawClient.connect(gateway.url) as client:
        await client.send(case.request())
        seen = await arrival(upstream, case.marker)
        moment = time.monotonic()
        client.half_close()
        async with asyncio.timeout(3):
            await seen.gone.wait()
        assert (seen.disconnected or moment) - moment < LIMIT
        assert await client.read_to_end() == b""
    await settled(gateway, 1)
    assert (gateway.records[0].row.status, gateway.records[0].row.http_status) == ("cancelled", 499)


async def test_c06_a_client_that_closes_its_sending_side_after_the_answer_has_its_answer(gateway, upstream):
    name = model_at("chat", "ok")
    async with await RawClient.connect(gateway.url) as client:
        await client.send(request("POST", path_of("chat", name), body_of("chat", name), AUTH))
        assert (await client.read_response()).status == 200
        client.half_close()
        assert await client.read_to_end() == b""


@pytest.mark.deep
async def test_c05_two_thousand_cycles(gateway, upstream):
    files = open_files()
    for round_ in range(8):
        for at in range(0, len(CASES), 32):
            cases = [case._replace(number=case.number + 1000 * (round_ + 1)) for case in CASES[at : at + 32]]
            assert max(await asyncio.gather(*(left(case, gateway.url, upstream) for case in cases))) < LIMIT
        upstream.received.clear()
    assert open_files() - files <= 5
    assert (await gateway.post("/v1/chat/completions", body_of("chat", model_at("chat", "ok")))).status == 200
