"""The books survive: SIGKILL with streams in flight loses no row and doubles none, a database that is away loses none."""

import asyncio
import json
import random
import signal
import sqlite3
import time
from decimal import Decimal
from pathlib import Path

import pytest

from plexus.pipeline.booking import spent_of
from plexus.quota.definition import Definition
from plexus.quota.measure import Measure
from plexus.quota.recompute import recompute
from plexus.storage.tables.types import PLACES
from plexus.usage.row import AttemptRow, UsageRow
from tests.faults.kit import AUTH, PROTOCOLS, body_of, path_of
from tests.gateway.running import KEY
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, ask, request

QUOTAS: dict[str, Measure] = {"q": "tokens", "r": "requests", "c": "cost"}
PRICE = {"source": "simple", "input": 1.0, "output": 10.0}


def config(upstream: FaultUpstream) -> dict:
    models = {f"fault/{fault}": {"pricing": PRICE} for fault in ("ok", "paced-20", "long-text")}
    more = {"api_key": "k", "models": models, "disable_cooldown": True}
    return {
        "providers": {p: {"api_base_url": {p: upstream.base_url(p)}, **more} for p in PROTOCOLS},
        "keys": {"me": {"secret": KEY, "quotas": list(QUOTAS)}},
        "user_quotas": {
            name: {"type": "monthly", "limit_type": measure, "limit": 10**9} for name, measure in QUOTAS.items()
        },
    }


def rows(gateway: Gateway, statement: str) -> list[tuple]:
    database = sqlite3.connect(f"file:{Path(gateway.directory) / 'data' / 'plexus.db'}?mode=ro", uri=True)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def counted(gateway: Gateway) -> dict[str, int]:
    """What the counters in the database say, by quota."""
    return {name: int(used) for name, used in rows(gateway, "select quota, used from quota_counters")}


def counted_anew(gateway: Gateway) -> dict[str, int]:
    """The same, worked out from the usage rows."""
    columns = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost")
    names = ", ".join(("request_id", "provider", "model", *columns))
    attempts: dict[str, list[AttemptRow]] = {}
    for request_id, provider, model, *told in rows(gateway, f"select {names} from usage_attempts where billed"):
        values = dict(zip(columns, told, strict=True))
        values["cost"] = None if told[-1] is None else Decimal(told[-1]).scaleb(-PLACES)
        row = AttemptRow(provider=provider, model=model, status="ok", billed=True, **values)
        attempts.setdefault(request_id, []).append(row)
    found = rows(
        gateway, "select request_id, key, alias, started_at, duration_ms, status, http_status from usage_requests"
    )
    spent = [
        spent_of(
            UsageRow(
                request_id=name,
                key=key,
                alias=alias,
                started_at=at,
                duration_ms=took,
                status=status,
                http_status=code,
                attempts=tuple(attempts.get(name, ())),
            )
        )
        for name, key, alias, at, took, status, code in found
    ]
    again = {
        name: recompute(Definition(name=name, kind="monthly", measure=measure, limit=1), spent)
        for name, measure in QUOTAS.items()
    }
    return {name: sum(row.used for row in counters["me"].rows()) for name, counters in again.items() if counters}


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
            used = counted(gateway)
            assert used["q"] == tokens
            assert used["r"] >= len(interrupted)
            assert used == counted_anew(gateway)
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
            # It was made, so it counts as a request; what it used nobody knows.
            assert counted(gateway) == counted_anew(gateway) == {"r": 1}
            gateway.signal(signal.SIGKILL)
            await asyncio.to_thread(gateway.wait)
            gateway.launch()
            await asyncio.to_thread(gateway.wait_ready)
            assert counted(gateway) == {"r": 1}
            status, shown = gateway.get("/v0/management/quota/status/me", {"x-admin-key": gateway.admin_key})
            assert status == 200
            told = {quota["quota"]: quota["used"] for quota in json.loads(shown)["quotas"]}
            assert told["r"] == "1"
