"""PostgreSQL goes away under load: no request notices, no row is lost or doubled, and who asks for rows is told so (G2, P24, P25).

Away is stopped, so that connections are refused, or frozen, so that nothing on them is ever answered.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from plexus.storage.engine import open_database
from plexus.storage.schema import migrate
from tests.faults.kit import AUTH, body_of, providers
from tests.faults.load import Load
from tests.faults.outage import changed, managed, over, said_away
from tests.gateway.processes import spelled, until
from tests.gateway.running import KEY
from tests.harness.databases import Postgres
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, ask, request

IN_THE_DATABASE = (
    "usage", "usage/summary", "usage/nothing", "errors", "traces", "traces/nothing", "audit", "config/revisions", "config/revisions/1",
)  # fmt: skip
IN_MEMORY = ("keys", "keys/me", "config", "providers", "quota/status/me", "cooldowns", "concurrency")


def stopped(postgres: Postgres) -> Callable[[], None]:
    postgres.pg_ctl("stop", "-m", "immediate")
    return postgres.start


def frozen(postgres: Postgres) -> Callable[[], None]:
    """The whole family stands still; connections to it are taken by the system, and then nothing comes."""
    first = int(Path(postgres.data, "postmaster.pid").read_text().split()[0])
    os.kill(first, signal.SIGSTOP)  # and so it begins no more children
    family = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
    for one in family:
        os.kill(one, signal.SIGSTOP)

    def again() -> None:
        for one in family:
            os.kill(one, signal.SIGCONT)

    return again


Away = Callable[[Postgres], Callable[[], None]]


@asynccontextmanager
async def away(postgres: Postgres, how: Away) -> AsyncIterator[None]:
    back = await asyncio.to_thread(how, postgres)
    try:
        yield
    finally:
        await asyncio.to_thread(back)


async def looked(gateway: Gateway) -> None:
    """While the database is away: what needs it is refused clearly, everything else is answered."""
    paths = (*IN_THE_DATABASE, *IN_MEMORY)
    answers = dict(zip(paths, await asyncio.gather(*(managed(gateway, "GET", path) for path in paths)), strict=True))
    for path in IN_THE_DATABASE:
        assert said_away(answers[path]), (path, answers[path])
    assert {path: answers[path].status for path in IN_MEMORY} == dict.fromkeys(IN_MEMORY, 200)


async def over_an_outage(postgres: Postgres, how: Away, seconds: float, **load: Any) -> None:
    address = await postgres.fresh()
    async with FaultUpstream(tempo=0.2) as upstream, Gateway(env={"DATABASE_URL": spelled(address)}) as gateway:

        async def during(_: Load) -> None:
            began = time.monotonic()
            await looked(gateway)
            while time.monotonic() - began < seconds:
                await asyncio.gather(looked(gateway), changed(gateway))
                await asyncio.sleep(1)

        seen = await over(gateway, upstream, address, away(postgres, how), during, **load)
        assert seen.unbooked == []
        gateway.signal(signal.SIGTERM)
        assert await asyncio.to_thread(gateway.wait) == 0


@pytest.mark.parametrize("how", [stopped, frozen])
async def test_g2_p24_p25_a_database_that_is_away_for_seconds_costs_no_request_and_no_row(postgres, how):
    await over_an_outage(postgres, how, seconds=1)


@pytest.mark.deep
@pytest.mark.parametrize("how", [stopped, frozen])
async def test_g2_p24_p25_a_database_that_is_away_for_a_minute_costs_no_request_and_no_row(postgres, how):
    await over_an_outage(postgres, how, seconds=60, clients=40, pause=0.3)


@asynccontextmanager
async def locked(
    url: str, *tables: str, mode: str = "ACCESS EXCLUSIVE"
) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Nobody else reads these tables for a while; with `SHARE`, writes. Gives a function that waits until so many wait for it."""
    holder, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    await holder.execute("BEGIN")
    for table in tables:
        await holder.execute(f"LOCK TABLE {table} IN {mode} MODE")

    async def wanted(by: int) -> None:
        async with asyncio.timeout(20):
            while await watcher.fetchval("select count(distinct pid) from pg_locks where not granted") < by:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    yield wanted
    await asyncio.gather(holder.close(), watcher.close(), return_exceptions=True)


async def test_p24_who_is_being_answered_when_it_stops_is_told_so(postgres):
    url = spelled(await postgres.fresh())
    with Gateway(env={"DATABASE_URL": url}) as gateway:
        paths = ["usage", "usage/summary", "errors", "traces", "traces/nothing", "audit", "config/revisions"]
        async with locked(url, "usage_requests", "usage_hours", "traces", "audit_log", "config_revisions") as wanted:
            asked = [asyncio.create_task(managed(gateway, "GET", path)) for path in paths]
            asked.append(asyncio.create_task(managed(gateway, "POST", "keys", {"name": "late"})))
            await wanted(len(asked))
            async with away(postgres, stopped):
                for path, told in zip((*paths, "POST keys"), await asyncio.gather(*asked), strict=True):
                    assert said_away(told), (path, told)
        assert "Traceback" not in gateway.output, gateway.output


async def test_p23_a_database_that_goes_away_while_the_books_are_opened_is_waited_for(postgres):
    address = await postgres.fresh()
    database = await open_database(address)
    await migrate(database)  # so that there is a table to be locked
    await database.close()
    url = spelled(address)
    gateway = Gateway(env={"DATABASE_URL": url})
    try:
        async with locked(url, "open_requests") as wanted:
            gateway.launch()
            await wanted(1)
            async with away(postgres, stopped):
                await asyncio.to_thread(until, lambda: "the books cannot be opened now" in gateway.output)
        await asyncio.to_thread(gateway.wait_ready)
        assert (await managed(gateway, "GET", "usage")).status == 200
    finally:
        gateway.stop()


async def test_p23_what_was_interrupted_counts_once_when_the_database_goes_away_while_that_is_booked(postgres):
    url = spelled(await postgres.fresh())
    async with FaultUpstream() as upstream:
        config = {
            "providers": providers(upstream, ("fault/silent",)),
            "user_quotas": {"q": {"type": "monthly", "limit_type": "requests", "limit": 1000}},
            "keys": {"me": {"secret": KEY, "quotas": ["q"]}},
        }
        async with Gateway(config, env={"DATABASE_URL": url}) as gateway, AsyncExitStack() as clients:
            wire = request("POST", "/v1/chat/completions", body_of("chat", "direct/chat/fault/silent"), AUTH)
            for _ in range(5):
                client = await clients.enter_async_context(await RawClient.connect(gateway.base_url))
                await client.send(wire)
            await upstream.wait_received(5)
            gateway.signal(signal.SIGKILL)
            await asyncio.to_thread(gateway.wait)
            async with locked(url, "quota_counters", mode="SHARE") as wanted:
                gateway.launch()
                await wanted(1)
                async with away(postgres, stopped):
                    await asyncio.to_thread(until, lambda: "the books cannot be opened now" in gateway.output)
            await asyncio.to_thread(gateway.wait_ready)
            [quota] = (await managed(gateway, "GET", "quota/status/me")).json["quotas"]
            assert quota["used"] == "5"
            listed = (await managed(gateway, "GET", "usage")).json["data"]
            assert [row["status"] for row in listed] == ["interrupted"] * 5
    database = await asyncpg.connect(url)
    assert [row["used"] for row in await database.fetch("select used from quota_counters")] == ["5"]
    await database.close()


@pytest.mark.parametrize("how", [stopped, frozen])
async def test_p01_who_is_told_to_end_while_the_database_is_away_ends_and_the_next_one_books_the_rest(postgres, how):
    url = spelled(await postgres.fresh())
    async with FaultUpstream() as upstream:
        config = {"providers": providers(upstream, ("fault/ok",)), "keys": {"me": {"secret": KEY}}}
        async with Gateway(config, env={"DATABASE_URL": url}) as gateway:
            answered = []

            async def asked() -> None:
                asked_for = body_of("chat", "direct/chat/fault/ok")
                answer = await ask(f"{gateway.base_url}/v1/chat/completions", asked_for, AUTH)
                assert answer.status == 200
                answered.append(answer.header("x-plexus-request-id"))

            await asyncio.gather(*(asked() for _ in range(10)))
            await asyncio.gather(*(managed(gateway, "GET", "usage") for _ in range(8)))  # connections, which are kept
            async with away(postgres, how):
                await asyncio.gather(*(asked() for _ in range(10)))
                gateway.signal(signal.SIGTERM)
                assert await asyncio.to_thread(gateway.wait, 60) == 0
            gateway.launch()
            await asyncio.to_thread(gateway.wait_ready)
            listed = (await managed(gateway, "GET", "usage")).json["data"]
            assert sorted(row["request_id"] for row in listed) == sorted(answered)
