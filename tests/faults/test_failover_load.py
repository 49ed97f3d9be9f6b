"""Failover under load: one bad target of three costs nobody an answer, and when all fail the retries stay within their budget."""

import asyncio
import time

import pytest
import pytest_asyncio

from tests.faults.kit import PROTOCOLS, body_of, path_of
from tests.faults.told import told, whole
from tests.gateway.running import running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.faults import TEXT
from tests.harness.ports import blackhole, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 0.4
"""Seconds the bad target is given for each phase."""
FAULTS = (
    "silent", "hang-after-headers", "dribble", "pings-only", "reset-before-headers", "fin-before-headers", "redirect",
    "corrupt-gzip", "html-200", "json-null", "error-in-200", "first-event-error", "only-done", "status-500", "status-429", "status-401",
    "flap-2",
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def well():
    async with FaultUpstream(tempo=0.01) as server:
        yield server


def three(bad: dict, well: FaultUpstream) -> dict:
    """An alias of three targets of equal weight, one of them bad."""
    good = {"api_base_url": {"chat": well.base_url("chat")}, "api_key": "k", "models": ["fault/ok"]}
    targets = [
        {"provider": "bad", "model": next(iter(bad["models"]))},
        {"provider": "one", "model": "fault/ok"},
        {"provider": "two", "model": "fault/ok"},
    ]
    limits = {"connect": LIMIT, "first_byte": LIMIT, "idle": LIMIT, "total": 2 * LIMIT}
    return {
        "providers": {"bad": {"api_key": "k", "timeout": limits, **bad}, "one": good, "two": good},
        "models": {"three": {"targets": targets, "selector": "random"}},
    }


async def asked(gateway, number: int, model: str):
    client, stream = PROTOCOLS[number % 4], number % 8 < 4
    start = time.monotonic()
    answer = await gateway.post(path_of(client, model, stream=stream), body_of(client, model, stream=stream))
    taken = time.monotonic() - start
    if answer.status != 200:
        return answer.status, taken
    seen = told(client, answer.body) if stream else whole(client, answer.body)
    return (200 if seen.text == TEXT and seen.normal else "false"), taken


async def answers(gateway, count: int, at_once: int, model: str = "three"):
    """What so many requests came to, `at_once` at a time."""
    left = iter(range(count))

    async def one_after_the_other():
        return [await asked(gateway, number, model) for number in left]

    lists = await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
    return [outcome for some in lists for outcome in some]


async def all_served(config: dict) -> None:
    async with running(config) as gateway:
        outcomes = await answers(gateway, 120, 12)
        assert [status for status, _ in outcomes if status != 200] == []
        bad = [tried for record in gateway.records for tried in record.attempts if tried.provider == "bad"]
        assert any(tried.reason for tried in bad)
        failed_and_served = [record for record in gateway.records if len(record.attempts) > 1]
        assert all(record.row.status == "ok" for record in failed_and_served)


@pytest.mark.parametrize("fault", FAULTS)
async def test_g17_with_one_of_three_targets_failing_every_request_is_answered(fault, upstream, well):
    bad = {"api_base_url": {"chat": upstream.base_url("chat")}, "models": [f"fault/{fault}"]}
    await all_served(three(bad, well))


@pytest.mark.parametrize("way", [refused, blackhole])
async def test_g17_u01_u02_also_when_it_cannot_be_reached(way, well):
    with way() as address:
        await all_served(three({"api_base_url": {"chat": f"{address}/v1"}, "models": ["m"]}, well))


async def test_u36_g19_when_everything_fails_attempts_stay_within_the_budget(upstream, well):
    names = ["status-500", "status-502", "status-503"]
    bad = {"api_base_url": {"chat": upstream.base_url("chat")}, "api_key": "k", "disable_cooldown": True}
    config = {
        "providers": {"bad": {**bad, "models": [f"fault/{name}" for name in names]}},
        "models": {"all": {"targets": [{"provider": "bad", "model": f"fault/{name}"} for name in names]}},
    }
    for at_once in (1, 50, 300):
        before = len(upstream.received)
        async with running(config) as gateway:
            outcomes = await answers(gateway, 300, at_once, "all")
            assert {status for status, _ in outcomes} <= {502, 503}
            assert len(upstream.received) - before <= 1.2 * 300 + 3
            assert len(gateway.records) == 300


async def test_a_burst_at_a_target_that_has_just_died_is_served_by_the_next(upstream, well):
    bad = {
        "api_base_url": {"chat": upstream.base_url("chat")},
        "models": ["fault/status-500"],
        "disable_cooldown": True,
    }
    config = three(bad, well)
    config["models"]["three"]["selector"] = "in_order"
    async with running(config) as gateway:
        outcomes = await answers(gateway, 200, 200)
        assert {status for status, _ in outcomes} == {200}
