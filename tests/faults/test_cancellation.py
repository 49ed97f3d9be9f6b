"""A client that leaves takes everything with it: upstream connections, slots, waiting tickets, trials. The request is booked once.

Every phase of a request, either way of leaving, each client protocol (C01-C03, C05, C35, 158, 159).
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from plexus.core.clock import Clock
from tests.faults.kit import AUTH, PROTOCOLS, body_of, path_of, providers
from tests.gateway.running import Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.ports import blackhole
from tests.harness.raw_client import RawClient, request
from tests.harness.received import Received

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 1.0
NAMES = (
    "ok",
    "silent",
    "hang-after-headers",
    "hang-after-3",
    "hang-after-6",
    "million-events",
    "status-500",
    "reset-before-headers",
)
FAULTS = tuple(f"fault/{name}" for name in NAMES)


class Phase(NamedTuple):
    """`requests`: how many the upstream gets; `shown`: whether the client has seen its 200."""

    name: str
    model: Callable[[str], str]
    stream: bool | None = None
    requests: int = 1
    shown: bool = False


def _direct(fault: str) -> Callable[[str], str]:
    return lambda upstream: f"direct/{upstream}/fault/{fault}"


PHASES = (
    Phase("queued for a slot", lambda upstream: f"direct/{upstream}-busy/fault/silent", requests=0),
    Phase("connecting", lambda upstream: f"direct/{upstream}-hole/fault/ok", requests=0),
    Phase("waiting for the head", _direct("silent")),
    Phase("waiting for a whole answer", _direct("hang-after-3"), stream=False),
    Phase("waiting for the first event", _direct("hang-after-headers"), stream=True),
    Phase("streaming, silent", _direct("hang-after-6"), stream=True, shown=True),
    Phase("streaming, busy", _direct("million-events"), stream=True, shown=True),
    Phase("second attempt", lambda upstream: f"second-{upstream}", requests=2),
    Phase("second attempt, streaming", lambda upstream: f"third-{upstream}", stream=True, requests=2, shown=True),
    Phase("racing", lambda upstream: f"race-{upstream}", requests=2),
)


class Case(NamedTuple):
    phase: Phase
    client: str
    upstream: str
    leaving: str
    number: int

    @property
    def stream(self) -> bool:
        return self.phase.stream if self.phase.stream is not None else bool(self.number % 2)

    @property
    def marker(self) -> bytes:
        return b"case-%d-end" % self.number

    def request(self) -> bytes:
        name = self.phase.model(self.upstream)
        body = json.dumps(body_of(self.client, name, stream=self.stream)).replace('"hi"', f'"{self.marker.decode()}"')
        return request("POST", path_of(self.client, name, stream=self.stream), body.encode(), AUTH)


def cases(count: int, first: int = 0) -> list[Case]:
    """Phases, protocols and ways of leaving in every mixture."""
    return [
        Case(
            PHASES[n % len(PHASES)],
            PROTOCOLS[n // len(PHASES) % 4],
            PROTOCOLS[n // (4 * len(PHASES)) % 4],
            ("fin", "reset")[(n // len(PHASES) + n // (4 * len(PHASES))) % 2],
            first + n,
        )
        for n in range(count)
    ]


def config(upstream: FaultUpstream, hole: str) -> dict[str, object]:
    plain = providers(upstream, FAULTS)
    busy = {f"{name}-busy": {**one, "max_concurrency": 1} for name, one in plain.items()}
    again = {f"{name}-again": one for name, one in plain.items()}
    holes = {
        f"{name}-hole": {**one, "api_base_url": {name: f"{hole}/v1"}, "timeout": {"connect": "30s"}}
        for name, one in plain.items()
    }

    def alias(*targets: tuple[str, str]) -> dict[str, object]:
        named = [{"provider": provider, "model": f"fault/{fault}"} for provider, fault in targets]
        return {"selector": "in_order", "targets": named}

    models = {}
    for name in PROTOCOLS:
        models[f"second-{name}"] = alias((name, "status-500"), (f"{name}-again", "silent"))
        models[f"third-{name}"] = alias((name, "reset-before-headers"), (f"{name}-again", "hang-after-6"))
        models[f"race-{name}"] = alias((name, "hang-after-headers"), (f"{name}-again", "hang-after-headers"))
    return {
        "providers": {**plain, **busy, **again, **holes},
        "models": models,
        "hedge": {"enabled": True, "after_percentile": 95, "max_extra_spend": 1.0},
        "concurrency": {"wait": "60s"},
    }


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream: FaultUpstream) -> AsyncIterator[Running]:
    """The slots of the busy providers are taken."""
    with blackhole() as hole:
        async with running(config(upstream, hole)) as started:
            for waits in started.plexus.gateway.traffic.waits.values():
                for name in PROTOCOLS:
                    for _ in range(100):
                        waits.took(name, "fault/hang-after-headers", 0.02)
            holders = [await RawClient.connect(started.url) for _ in PROTOCOLS]
            for name, holder in zip(PROTOCOLS, holders, strict=True):
                model = f"direct/{name}-busy/fault/silent"
                await holder.send(request("POST", path_of("chat", model), body_of("chat", model), AUTH))
            await upstream.wait_received(len(holders))
            yield started
            for holder in holders:
                holder.close()
            await until(lambda: not in_use(started))


def in_use(gateway: Running) -> dict[str, int]:
    """Attempts under way by provider, without those that are always there."""
    rows = gateway.plexus.gateway.traffic.line.slots.listing()
    return {row.provider: row.count for row in rows if not row.model and row.count}


async def until(condition: Callable[[], object], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - plain counters
            await asyncio.sleep(0.002)


def with_marker(upstream: FaultUpstream, marker: bytes) -> list[Received]:
    return [seen for seen in reversed(upstream.received) if marker in seen.body]


async def reached(case: Case, gateway: Running, upstream: FaultUpstream, client: RawClient) -> None:
    """Wait until the request is in the phase."""
    if case.phase.shown:
        await client.read_until(b"200 OK")
    await until(lambda: len(with_marker(upstream, case.marker)) >= case.phase.requests)
    traffic = gateway.plexus.gateway.traffic
    if case.phase.name == "connecting":
        await until(lambda: in_use(gateway).get(f"{case.upstream}-hole"))
    if case.phase.name == "queued for a slot":
        await until(lambda: len(traffic.line.queue))


async def left(case: Case, gateway: Running, upstream: FaultUpstream) -> float:
    """Seconds from the leaving until the upstream has noticed at every attempt, or, where it has none, until it is booked."""
    async with await RawClient.connect(gateway.url) as client:
        await client.send(case.request())
        await reached(case, gateway, upstream, client)
        booked, moment = len(gateway.records), time.monotonic()
        client.reset() if case.leaving == "reset" else client.close()
    if not case.phase.requests:
        await until(lambda: len(gateway.records) > booked)
        return time.monotonic() - moment
    last = with_marker(upstream, case.marker)[: 2 if case.phase.name == "racing" else 1]
    async with asyncio.timeout(5):
        for seen in last:
            await seen.gone.wait()
    return max((seen.disconnected or moment) for seen in last) - moment


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def all_left(count: int, first: int, gateway: Running, upstream: FaultUpstream) -> None:
    """What holds after so many clients have left."""
    gateway.records.clear()
    (await gateway.get("/health")).header("date")
    files = open_files()
    times: list[tuple[float, Case]] = []
    wanted = cases(count, first)
    for at in range(0, count, 20):
        batch = wanted[at : at + 20]
        taken = await asyncio.gather(*(left(case, gateway, upstream) for case in batch))
        times += zip(taken, batch, strict=True)
    times.sort(key=lambda entry: entry[0])
    assert times[int(count * 0.99) - 1][0] < LIMIT, times[-5:]
    await until(lambda: len(gateway.records) == count)
    traffic = gateway.plexus.gateway.traffic
    await until(lambda: in_use(gateway) == {f"{name}-busy": 1 for name in PROTOCOLS})
    assert len(traffic.line.queue) == 0
    await until(lambda: open_files() - files <= 8)
    assert {record.row.status for record in gateway.records} == {"cancelled"}
    assert len({record.row.request_id for record in gateway.records}) == count
    for record in gateway.records:
        assert {attempt.status for attempt in record.attempts} <= {"cancelled", "error"}
        assert record.row.http_status in {499, 200}
    attempts = [len(record.attempts) for record in gateway.records]
    shares = {n: attempts.count(n) / count for n in set(attempts)}
    assert shares == {0: 0.1, 1: 0.6, 2: 0.3}


async def test_c01_c02_c03_158_159_whoever_leaves_in_whatever_phase_takes_everything_along(
    gateway, upstream, caplog, failures
):
    await all_left(120, 1000, gateway, upstream)
    assert failures == []
    assert "never retrieved" not in caplog.text


@pytest.mark.deep
async def test_c01_c02_c03_five_hundred_of_them(gateway, upstream):
    await all_left(500, 10_000, gateway, upstream)


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_159_what_the_provider_had_counted_is_booked(client, gateway, upstream):
    gateway.records.clear()
    phase = next(phase for phase in PHASES if phase.name == "streaming, silent")
    await left(Case(phase, client, "messages", "reset", 500_000 + PROTOCOLS.index(client)), gateway, upstream)
    await until(lambda: gateway.records)
    record = gateway.records[0]
    assert record.usage is not None
    assert record.usage.input
    assert record.attempts[0].usage == record.usage
    assert (record.row.provider, record.row.http_status, record.row.streaming) == ("messages", 200, True)


@pytest.mark.parametrize("leaving", ["fin", "reset"])
@pytest.mark.parametrize("shown", [False, True])
async def test_c02_heartbeats_before_the_answer_change_nothing(shown, leaving, upstream):
    """Before the first of them, and after it, when a task of its own waits for the answer."""
    settings = {"heartbeat": {"early": True, "interval": "1s"}, "providers": providers(upstream, FAULTS)}
    async with running(settings) as gateway:

        async def one(client: str, provider: str, number: int) -> float:
            case = Case(Phase("early", _direct("silent"), stream=True, shown=shown), client, provider, leaving, number)
            return await left(case, gateway, upstream)

        pairs = [(client, provider) for client in PROTOCOLS for provider in PROTOCOLS]
        first = 600_000 + 1000 * shown + 100 * (leaving == "fin")
        times = await asyncio.gather(*(one(*pair, first + number) for number, pair in enumerate(pairs)))
        assert max(times) < LIMIT
        await until(lambda: len(gateway.records) == len(pairs))
        assert {(record.row.status, len(record.attempts)) for record in gateway.records} == {("cancelled", 1)}
        assert not in_use(gateway)


async def double_cancels(count: int, gateway: Running, upstream: FaultUpstream) -> None:
    """The client leaves in the moment in which its own deadline is over."""
    gateway.records.clear()
    files, dice = open_files(), random.Random(count)
    # None of these leaves a connection that can be used again, so that every open file is one too many.
    faults = ("silent", "hang-after-headers", "hang-after-6", "reset-before-headers")

    async def one(number: int) -> None:
        client, provider = PROTOCOLS[number % 4], PROTOCOLS[number // 4 % 4]
        name = f"third-{provider}" if number % 5 == 0 else f"direct/{provider}/fault/{faults[number % 4]}"
        headers = [*AUTH, ("x-plexus-timeout", "0.05")]
        async with await RawClient.connect(gateway.url) as caller:
            stream = bool(number % 3)
            await caller.send(
                request("POST", path_of(client, name, stream=stream), body_of(client, name, stream=stream), headers)
            )
            await asyncio.sleep(dice.uniform(0.03, 0.08))  # the moment of leaving is what is tried out
            caller.reset() if number % 2 else caller.close()

    for at in range(0, count, 50):
        await asyncio.gather(*(one(number) for number in range(at, min(at + 50, count))))
    await until(lambda: len(gateway.records) == count)
    assert {record.row.status for record in gateway.records} <= {"cancelled", "timeout", "error"}
    assert {"cancelled", "timeout"} <= {record.row.status for record in gateway.records}
    assert len({record.row.request_id for record in gateway.records}) == count
    await until(lambda: in_use(gateway) == {f"{name}-busy": 1 for name in PROTOCOLS})
    await until(lambda: open_files() - files <= 8)
    for protocol in PROTOCOLS:
        name = f"direct/{protocol}/fault/ok"
        assert (await gateway.post(path_of("chat", name), body_of("chat", name))).status == 200


async def test_c05_a_client_that_leaves_when_its_deadline_is_over_leaves_nothing_behind(gateway, upstream):
    await double_cancels(200, gateway, upstream)


@pytest.mark.deep
async def test_c05_two_thousand_double_cancels(gateway, upstream):
    await double_cancels(2000, gateway, upstream)


async def test_c05_a_task_that_is_cancelled_twice_leaves_nothing_behind(gateway, upstream):
    """As when the server ends while the client leaves."""
    gateway.records.clear()
    for number, phase in enumerate(PHASES * 2):
        case = Case(phase, PROTOCOLS[number % 4], PROTOCOLS[number % 4], "fin", 700_000 + number)
        async with await RawClient.connect(gateway.url) as client:
            before = set(gateway.server.server_state.tasks)
            await client.send(case.request())
            await reached(case, gateway, upstream, client)
            (task,) = set(gateway.server.server_state.tasks) - before
            task.cancel("the client has gone")
            if number < len(PHASES):
                await asyncio.sleep(0)
            task.cancel("the client has gone")
            await asyncio.wait([task])
    await until(lambda: in_use(gateway) == {f"{name}-busy": 1 for name in PROTOCOLS})
    assert [record.row.status for record in gateway.records] == ["cancelled"] * 2 * len(PHASES)
    assert len(gateway.plexus.gateway.traffic.line.queue) == 0


async def test_c35_158_leaving_and_trying_again_does_not_pile_up(upstream):
    """A provider that takes two at once is asked by a client that loses patience fifty times."""
    limited = providers(upstream, FAULTS, max_concurrency=2)
    async with running({"providers": limited}) as gateway:
        for number in range(50):
            fault = ("silent", "hang-after-6", "hang-after-headers")[number % 3]
            phase = Phase("again", _direct(fault), stream=True)
            case = Case(phase, PROTOCOLS[number % 4], "chat", ("fin", "reset")[number % 2], 800_000 + number)
            assert await left(case, gateway, upstream) < LIMIT
            assert len(gateway.plexus.gateway.traffic.line.queue) == 0
        await until(lambda: len(gateway.records) == 50)
        assert not in_use(gateway)


async def test_158_a_trial_whose_client_left_is_given_back(upstream):
    """A target whose rest is over is tried by one request at a time."""
    now = [1_000_000.0]
    settings = {"providers": providers(upstream, FAULTS, disable_cooldown=False)}
    async with running(settings, Clock(wall=lambda: now[0])) as gateway:
        cooldowns, traffic = gateway.plexus.gateway.traffic.cooldowns, gateway.plexus.gateway.traffic
        leave = cooldowns.enter("chat", "fault/silent", now[0], forced=False)
        assert leave is not None
        cooldowns.failed(leave, now[0], traffic.dice, wide=False, said=None)
        cooldowns.left(leave)
        name = "direct/chat/fault/silent"
        resting = await gateway.post(path_of("chat", name), body_of("chat", name))
        assert resting.status == 503
        now[0] += 3600
        for number in range(5):
            case = Case(
                Phase("trial", _direct("silent")), "messages", "chat", ("fin", "reset")[number % 2], 900_000 + number
            )
            async with await RawClient.connect(gateway.url) as trial:
                await trial.send(case.request())
                await until(partial(with_marker, upstream, case.marker))
                others = await gateway.post(path_of("chat", name), body_of("chat", name))
                assert others.status == 503, "there is a trial under way"
                trial.reset() if number % 2 else trial.close()
            await with_marker(upstream, case.marker)[0].gone.wait()
            await until(lambda: not in_use(gateway))


async def test_a_stream_whose_client_left_before_its_head_was_written_gives_its_slot_back(upstream):
    """A client that does not read its first answer asks again, and leaves: nobody ever takes a piece of the second answer."""
    limited = providers(upstream, FAULTS, max_concurrency=2)
    async with running({"providers": limited}) as gateway:
        async with await RawClient.connect(gateway.url, receive_buffer=4096) as client:
            first, second = "direct/chat/fault/million-events", "direct/chat/fault/hang-after-6"
            for name in (first, second):
                await client.send(request("POST", path_of("chat", name), body_of("chat", name, stream=True), AUTH))
            await upstream.wait_received(len(upstream.received))
            await until(lambda: in_use(gateway))
            client.reset()
        await until(lambda: not in_use(gateway))
        await until(lambda: gateway.records)
