"""A gateway under load whose database or disk is no use for a while, and its books once all is over."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import yaml
from sqlalchemy import Table, func, select

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.engine import open_database
from plexus.storage.tables import open_requests, quota_counters, usage_attempts, usage_hours, usage_requests
from tests.faults.kit import PROTOCOLS
from tests.faults.load import FAULTS, Load
from tests.gateway.processes import chat, manage
from tests.harness.bodies import USAGE
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, Response, request

PRICE = {"source": "simple", "input": 1.0, "output": 10.0}
GROWTH = 64 * 2**20
"""Bytes: ten thousand entries that wait in memory take fifty million; with five times as many waiting it is no more."""
CONNECTIONS = 60
"""Open files: those of the clients that are there by chance, and a pool of connections."""


def config(upstream: FaultUpstream) -> dict[str, Any]:
    """Exchanges are traced, every request is counted against a quota, and a busy machine is no reason to refuse any."""
    models = {f"fault/{fault}": {"pricing": PRICE} for fault in FAULTS}
    more = {"api_key": "k", "models": models, "disable_cooldown": True}
    return {
        "providers": {p: {"api_base_url": {p: upstream.base_url(p)}, **more} for p in PROTOCOLS},
        "user_quotas": {"q": {"type": "monthly", "limit_type": "tokens", "limit": 10**9}},
        "capture": {"mode": "sample", "sample": 0.2},
        "concurrency": {"lag": "60s"},
    }


async def managed(gateway: Gateway, method: str, path: str, body: Any = b"") -> Response:
    """One request of the admin; any number of them at once."""
    wire = request(method, f"/v0/management/{path}", body, [("x-admin-key", gateway.admin_key)])
    async with await RawClient.connect(gateway.base_url) as client:
        await client.send(wire)
        return await client.read_response(within=60)


def said_away(answer: Response) -> bool:
    """Whether an answer says that the database is away, and when to ask again."""
    told = (answer.status, answer.header("retry-after"), answer.json["error"]["code"])
    return told == (503, "5", "database_away")


async def changed(gateway: Gateway) -> None:
    """While the database takes nothing nothing is changed, and that is said."""
    wanted = {"name": "late", "settings": {"quotas": ["q"]}}
    told = await managed(gateway, "POST", "keys", wanted)
    assert said_away(told), told
    assert (await managed(gateway, "GET", "keys/late")).status == 404


async def refused(gateway: Gateway, secret: str) -> None:
    """A key that was dead before stays dead."""
    assert (await asyncio.to_thread(chat, gateway, secret, "direct/chat/fault/ok")).status == 401


async def over(
    gateway: Gateway,
    upstream: FaultUpstream,
    address: DatabaseAddress,
    failing: AbstractAsyncContextManager[None],
    during: Callable[[Load], Awaitable[None]],
    *,
    clients: int = 12,
    pause: float = 0.05,
) -> Load:
    """Load before, while and after something fails, `during` it what else is to be seen; then what was booked of it all."""
    version = manage(gateway, "GET", "config").json["version"]
    put = manage(gateway, "PUT", f"config?version={version}", yaml.safe_dump(config(upstream)).encode())
    assert put.status == 200, put.body
    secret, dead = _key(gateway, "me"), _key(gateway, "dead")
    _delete_key(gateway, "dead")
    load = Load(gateway.base_url, secret)
    async with load.by(clients, pause):
        await load.more(5 * clients)
        before = gateway.sample()
        async with failing:
            await load.more(clients)
            await asyncio.gather(during(load), refused(gateway, dead))
            await load.more(clients)  # and nobody stands still
        await load.more(clients)
    assert load.wrong == []
    async with asyncio.timeout(60):
        await settled(gateway, address, load)
    await refused(gateway, dead)
    after = gateway.sample()
    assert after.rss - before.rss < GROWTH
    assert after.fds - before.fds < CONNECTIONS
    assert "Traceback" not in gateway.output, gateway.output
    return load


def _key(gateway: Gateway, name: str) -> str:
    made = manage(gateway, "POST", "keys", {"name": name, "settings": {"quotas": ["q"]}})
    assert made.status == 201, made.body
    secret: str = made.json["secret"]
    return secret


def _delete_key(gateway: Gateway, name: str) -> None:
    version = manage(gateway, "GET", f"keys/{name}").json["version"]
    assert manage(gateway, "DELETE", f"keys/{name}?version={version}").status == 200


async def settled(gateway: Gateway, address: DatabaseAddress, load: Load) -> None:
    """The books once everything is in the database: a row for each request that was answered, and sums that fit."""
    database = await open_database(address, exclusive=False, make=False)
    try:
        while True:
            async with database.reading() as connection:
                if await _all_there(connection, load):
                    await _balanced(connection, load)
                    break
            await asyncio.sleep(0.1)
    finally:
        await database.close()
    [quota] = manage(gateway, "GET", "quota/status/me").json["quotas"]
    assert (int(quota["used"]), int(quota["held"])) == (len(load.right) * sum(USAGE), 0)


async def _count(connection: AsyncConnection, table: Table) -> int:
    return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def _all_there(connection: AsyncConnection, load: Load) -> bool:
    there = await _count(connection, usage_requests) >= len(load.right) + len(load.unbooked)
    return there and await _count(connection, open_requests) == 0


async def _balanced(connection: AsyncConnection, load: Load) -> None:
    row = usage_requests.c
    rows = await connection.execute(select(row.request_id, row.status, row.key, row.input_tokens, row.output_tokens))
    booked = {name: rest for name, *rest in rows}
    assert booked.keys() == {*load.right, *load.unbooked}
    assert len(booked) == len(load.right) + len(load.unbooked)
    assert [name for name in load.right if booked[name] != ["ok", "me", *USAGE]] == []
    assert [name for name in load.unbooked if booked[name] != ["error", "me", 0, 0]] == []
    tokens = len(load.right) * sum(USAGE)
    hour = usage_hours.c
    sums = select(func.sum(hour.requests), func.sum(hour.input_tokens + hour.output_tokens))
    assert tuple((await connection.execute(sums)).one()) == (len(booked), tokens)
    assert await _count(connection, usage_attempts) == len(load.right)
    used = (await connection.execute(select(quota_counters.c.used))).scalars().all()
    assert [int(one) for one in used] == [tokens]
