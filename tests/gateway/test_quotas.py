"""Quotas over sockets: reserved before a request, settled after it, given back on every other ending."""

import asyncio
import time

import pytest
import pytest_asyncio
from sqlalchemy import select

from plexus.core.clock import Clock
from plexus.pipeline import retention
from plexus.storage.tables import quota_counters
from tests.faults.kit import PROTOCOLS, body_of, path_of
from tests.gateway.running import KEY, running
from tests.harness.fault_upstream import FaultUpstream

pytestmark = pytest.mark.asyncio(loop_scope="module")
PRICE = {"source": "simple", "input": 1.0, "output": 10.0}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstream():
    async with FaultUpstream(tempo=0.01) as server:
        yield server


def config(upstream: FaultUpstream, quota: dict, *faults: str) -> dict:
    models = {f"fault/{fault}": {"pricing": PRICE} for fault in faults or ("ok",)}
    return {
        "providers": {"a": {"api_base_url": {"chat": upstream.base_url("chat")}, "api_key": "k", "models": models, "disable_cooldown": True}},
        "user_quotas": {"q": quota},
        "default_quotas": ["q"],
    }  # fmt: skip


async def ask(gateway, fault: str = "ok", *, client: str = "chat", stream: bool = False, headers=(), **more):
    model = f"direct/a/fault/{fault}"
    return await gateway.post(
        path_of(client, model, stream=stream), body_of(client, model, stream=stream, **more), list(headers)
    )


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_162_g4_two_hundred_at_once_never_pass_a_limit_of_requests(client, upstream):
    async with running(config(upstream, {"type": "daily", "limit_type": "requests", "limit": 20})) as gateway:
        before = len(upstream.received)
        answers = await asyncio.gather(*(ask(gateway, client=client, stream=bool(n % 2)) for n in range(200)))
        statuses = [answer.status for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (20, 180)
        assert len(upstream.received) - before == 20
        refused = next(answer for answer in answers if answer.status == 429)
        assert refused.header("x-plexus-quota") == "q"
        assert refused.header("x-plexus-quota-remaining") == "0"
        assert int(refused.header("retry-after")) > 0
        assert b"'q'" in refused.body
        served = [answer.header("x-plexus-quota-remaining") for answer in answers if answer.status == 200]
        assert all(served)
        assert (await ask(gateway)).header("x-plexus-quota-limit") == "20"


async def test_g5_a_token_and_a_cost_quota_are_not_passed_when_the_maximum_is_known(upstream):
    for kind, limit in (("tokens", 20_000), ("cost", 0.2)):
        quota = {"type": "monthly", "limit_type": kind, "limit": limit}
        async with running(config(upstream, quota)) as gateway:
            answers = await asyncio.gather(*(ask(gateway, max_completion_tokens=1500) for _ in range(100)))
            assert {answer.status for answer in answers} <= {200, 429}
            rows = [record.row for record in gateway.records]
            used = sum(
                sum(a.input_tokens + a.output_tokens for a in row.attempts) if kind == "tokens" else row.cost or 0
                for row in rows
            )
            assert 0 < used <= limit
            [reading] = gateway.plexus.gateway.quotas.readings(gateway.plexus.gateway.snapshot.quotas["me"], "me")
            assert reading.held == 0
            assert reading.used == (used if kind == "tokens" else int(used * 10**8))


async def test_q09_125_what_was_held_comes_back_on_every_ending_and_what_was_delivered_is_booked(upstream):
    quota = {"type": "daily", "limit_type": "tokens", "limit": 1_000_000}
    async with running(
        config(upstream, quota, "status-500", "status-400", "reset-after-6", "ok", "usage-missing")
    ) as gateway:
        counted = gateway.plexus.gateway.quotas
        quotas = gateway.plexus.gateway.snapshot.quotas["me"]

        def standing():
            [reading] = counted.readings(quotas, "me")
            return reading.used, reading.held

        await ask(gateway, "status-500")
        await ask(gateway, "status-400")
        assert standing() == (0, 0)
        await ask(gateway, "reset-after-6", stream=True)
        broken = gateway.records[-1].row
        assert broken.status == "error"
        assert broken.tokens_estimated
        assert broken.output_tokens > 0
        await ask(gateway, "ok")
        await ask(gateway, "usage-missing")
        used = sum(
            sum(a.input_tokens + a.cache_read_tokens + a.output_tokens for a in record.row.attempts)
            for record in gateway.records
        )
        assert standing() == (used, 0)


async def test_max_cost_refuses_what_may_cost_more_and_lets_the_rest_pass(upstream):
    async with running(config(upstream, {"type": "daily", "limit_type": "requests", "limit": 100})) as gateway:
        for most, status in (("0.00001", 400), ("0.5", 200), ("nonsense", 400)):
            answer = await ask(gateway, max_completion_tokens=1000, headers=[("x-plexus-max-cost", most)])
            assert answer.status == status, (most, answer.body)
            assert (b"max_cost" in answer.body or b"max-cost" in answer.body) == (status == 400)


async def test_the_lower_one_of_the_keys_max_cost_and_the_headers_counts(upstream):
    models = {"fault/ok": {"pricing": PRICE}, "fault/long-text": {}}
    given = {
        "providers": {"a": {"api_base_url": {"chat": upstream.base_url("chat")}, "api_key": "k", "models": models}},
        "keys": {"me": {"secret": KEY, "max_cost": 0.02}},
    }
    async with running(given) as gateway:
        for tokens, header, status in (
            (1000, None, 200),  # 0.01 USD and the input
            (3000, None, 400),
            (1000, "0.001", 400),
            (3000, "1", 400),
            (1000, "1", 200),
        ):
            headers = [] if header is None else [("x-plexus-max-cost", header)]
            answer = await ask(gateway, max_completion_tokens=tokens, headers=headers)
            assert answer.status == status, (tokens, header, answer.body)
            if status == 400:
                error = answer.json["error"]
                assert error["code"] == "max_cost_exceeded"
                assert ("of this key" in error["message"]) == (header != "0.001")
                assert ("raise max_cost" in error["message"]) == (header == "0.001")
        unpriced = await gateway.post(path_of("chat", "fault/long-text"), body_of("chat", "fault/long-text"))
        assert unpriced.status == 400
        assert "not known" in unpriced.json["error"]["message"]


async def test_a_scoped_quota_that_is_used_up_takes_its_targets_out_and_the_others_serve(upstream):
    quota = {"type": "daily", "limit_type": "requests", "limit": 1, "allowed_providers": ["a"]}
    given = config(upstream, quota)
    given["providers"]["b"] = dict(given["providers"]["a"])
    targets = [{"provider": name, "model": "fault/ok"} for name in "ab"]
    given["models"] = {"m": {"targets": targets, "selector": "in_order", "sticky_session": False}}
    async with running(given) as gateway:
        asked = [await gateway.post("/v1/chat/completions", body_of("chat", "m")) for _ in range(3)]
        assert [answer.header("x-plexus-provider") for answer in asked] == ["a", "b", "b"]


async def test_the_cost_selector_takes_the_cheaper_target_and_never_an_unknown_price_for_free(upstream):
    given = config(upstream, {"type": "daily", "limit_type": "requests", "limit": 100})
    base = given["providers"]["a"]
    dear = {**base, "models": {"fault/ok": {"pricing": {"source": "simple", "input": 30.0, "output": 100.0}}}}
    given["providers"] |= {"dear": dear, "unknown": {**base, "models": ["fault/ok"]}}
    targets = [{"provider": name, "model": "fault/ok"} for name in ("unknown", "dear", "a")]
    given["models"] = {"m": {"targets": targets, "selector": "cost"}}
    async with running(given) as gateway:
        answer = await gateway.post("/v1/messages", body_of("messages", "m"))
        assert answer.header("x-plexus-provider") == "a"
        row = gateway.records[-1].row
        assert row.cost_source == "configured"
        assert row.cost == (row.cost_input or 0) + (row.cost_output or 0) + (row.cost_cache_read or 0)


async def test_the_counters_of_windows_that_are_over_go_by_themselves(upstream, tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "EVERY", 0.05)
    later = [0.0]
    clock = Clock(wall=lambda: time.time() + later[0])
    quota = {"type": "daily", "limit_type": "requests", "limit": 9}
    async with running(config(upstream, quota), clock, books=tmp_path) as gateway:
        assert (await gateway.post(path_of("chat", "fault/ok"), body_of("chat", "fault/ok"))).status == 200
        books = gateway.plexus.bookkeeping
        assert books is not None
        await books.drain.settle()
        assert len(await kept_counters(books.database)) == 1
        later[0] = 86_400.0 * 0.5  # perhaps another day, but not for a day
        await asyncio.sleep(0.2)
        assert len(await kept_counters(books.database)) == 1
        later[0] = 86_400.0 * 3
        while await kept_counters(books.database):  # noqa: ASYNC110 - it offers no event
            await asyncio.sleep(0.02)
        while gateway.plexus.gateway.quotas.export():  # noqa: ASYNC110 - it offers no event
            await asyncio.sleep(0.02)
        assert (await gateway.post(path_of("chat", "fault/ok"), body_of("chat", "fault/ok"))).status == 200


async def kept_counters(database):
    async with database.reading() as connection:
        return (await connection.execute(select(quota_counters))).all()
