"""The books survive: SIGKILL with streams in flight loses no row and doubles none, a database that is away loses none."""

import asyncio
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.faults.kit import AUTH, PROTOCOLS, body_of, path_of
from tests.gateway.running import KEY
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, ask, request

PRICE = {"source": "simple", "input": 1.0, "output": 10.0}


def config(upstream: FaultUpstream) -> dict:
    models = {f"fault/{fault}": {"pricing": PRICE} for fault in ("ok", "paced-20", "long-text")}
    more = {"api_key": "k", "models": models, "disable_cooldown": True}
    return {
        "providers": {p: {"api_base_url": {p: upstream.base_url(p)}, **more} for p in PROTOCOLS},
        "keys": {"me": {"secret": KEY, "quotas": ["q"]}},
        "user_quotas": {"q": {"type": "monthly", "limit_type": "tokens", "limit": 10**9}},
    }


def rows(gateway: Gateway, statement: str) -> list[tuple]:
    database = sqlite3.connect(f"file:{Path(gateway.directory) / 'data' / 'plexus.db'}?mode=ro", uri=True)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


async def stream(gateway: Gateway, number: int) -> None:
    """One request after the other, until the gateway is gone."""
    client = PROTOCOLS[number % 4]
    for turn in range(200):
        fault = ("paced-20", "ok", "long-text")[(number + turn) % 3]
        model = f"direct/{PROTOCOLS[(number // 4 + turn) % 4]}/fault/{fault}"
        try:
            await ask(gateway.base_url + path_of(client, model, stream=True), body_of(client, model, stream=True), AUTH)
        except (OSError, EOFError, asyncio.IncompleteReadError, ValueError, TimeoutError):
            return


async def killed_in_the_middle(gateway: Gateway, upstream: FaultUpstream, dice: random.Random, at_once: int) -> None:
    asking = [asyncio.create_task(stream(gateway, number)) for number in range(at_once)]
    await asyncio.sleep(dice.uniform(0.2, 1.0))
    gateway.signal(signal.SIGKILL)
    await asyncio.to_thread(gateway.wait)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def kill_series(kills: int, at_once: int, seed: int) -> None:
    dice = random.Random(seed)
    async with FaultUpstream(tempo=0.1) as upstream:
        gateway = Gateway(config(upstream))
        async with gateway:
            for _ in range(kills):
                await killed_in_the_middle(gateway, upstream, dice, at_once)
                gateway.launch()
                await asyncio.to_thread(gateway.wait_ready)
            gateway.signal(signal.SIGTERM)
            assert await asyncio.to_thread(gateway.wait) == 0
            booked = rows(gateway, "select request_id, status from usage_requests")
            # Whatever reached a provider has a row, and no request has two.
            assert len(booked) == len({name for name, _ in booked})
            assert len(upstream.received) <= len(booked) <= len(upstream.received) + kills * at_once
            interrupted = [name for name, status in booked if status == "interrupted"]
            assert interrupted
            assert rows(gateway, "select count(*) from open_requests") == [(0,)]
            [(requests, tokens, cost)] = rows(
                gateway, "select sum(requests), sum(input_tokens + output_tokens), sum(cost) from usage_hours"
            )
            direct = rows(gateway, "select count(*), sum(input_tokens + output_tokens), sum(cost) from usage_requests")
            assert direct == [(requests, tokens, cost)]
            [(used,)] = rows(gateway, "select used from quota_counters")
            assert int(used) == tokens
            assert dict(rows(gateway, "select status, count(*) from usage_requests group by status"))["ok"] > 0


@pytest.mark.parametrize("seed", range(2))
async def test_g1_p04_no_row_is_lost_or_doubled_when_the_process_is_killed_with_streams_in_flight(seed):
    await kill_series(kills=5, at_once=60, seed=seed)


@pytest.mark.deep
async def test_g1_p04_fifty_kills_with_two_hundred_streams_in_flight():
    await kill_series(kills=50, at_once=200, seed=7)


async def test_a_request_that_reached_a_provider_is_found_again_as_interrupted_with_what_is_known(tmp_path):
    async with FaultUpstream() as upstream:
        gateway = Gateway(config(upstream))
        async with gateway:
            url, model = (
                gateway.base_url + path_of("messages", "direct/chat/fault/paced-20"),
                "direct/chat/fault/paced-20",
            )
            async with await RawClient.connect(url) as client:
                await client.send(
                    request(
                        "POST",
                        url.removeprefix(gateway.base_url),
                        body_of("messages", model, stream=True),
                        [*AUTH, ("x-request-id", "mine")],
                    )
                )
                deadline = time.monotonic() + 10
                while not upstream.received and time.monotonic() < deadline:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                gateway.signal(signal.SIGKILL)
                await asyncio.to_thread(gateway.wait)
            gateway.launch()
            await asyncio.to_thread(gateway.wait_ready)
            [row] = rows(gateway, "select status, key, alias, client_protocol, streaming, cost from usage_requests")
            assert row == ("interrupted", "me", model, "messages", 1, None)
            assert "requests were interrupted" in gateway.output
