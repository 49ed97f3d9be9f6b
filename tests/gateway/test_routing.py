"""What the gateway remembers of its targets and goes by: cooldowns, conversations, measurements, slow first targets, stalls."""

import asyncio
import time

import pytest
import pytest_asyncio

from plexus.core.clock import Clock
from plexus.pipeline.probe import probe_round
from tests.faults.kit import PROTOCOLS, body_of, path_of
from tests.faults.told import told
from tests.gateway.running import running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.faults import TEXT

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstream():
    async with FaultUpstream(tempo=0.01) as server:
        yield server


class Hours:
    """A wall clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = time.time()

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.now)


def at(upstream: FaultUpstream, *faults: str, protocol: str = "chat", **more) -> dict:
    names = [f"fault/{fault}" for fault in faults]
    return {"api_base_url": {protocol: upstream.base_url(protocol)}, "api_key": "k", "models": names, **more}


def alias(*targets: tuple[str, str], **more) -> dict:
    listed = [{"provider": provider, "model": f"fault/{fault}"} for provider, fault in targets]
    return {"targets": listed, "selector": "in_order", **more}


async def ask(gateway, model: str, *, client: str = "chat", stream: bool = False, headers=(), **more):
    return await gateway.post(
        path_of(client, model, stream=stream), body_of(client, model, stream=stream, **more), list(headers)
    )


def served_by(answer) -> str:
    return f"{answer.status} {answer.header('x-plexus-provider')} {answer.header('x-plexus-attempts')}"


# Cooldowns


async def test_a_target_that_failed_rests_for_as_long_as_the_provider_said_and_is_then_tried_again(upstream):
    hours = Hours()
    config: dict = {
        "providers": {"a": at(upstream, "fail-first-1"), "b": at(upstream, "ok")},
        "models": {"m": alias(("a", "fail-first-1"), ("b", "ok"))},
        "sessions": {"sticky": False},
    }
    async with running(config, hours.clock()) as gateway:
        assert served_by(await ask(gateway, "m")) == "200 b 2"
        assert served_by(await ask(gateway, "m")) == "200 b 1"
        hours.now += 100
        assert served_by(await ask(gateway, "m")) == "200 b 1"
        hours.now += 60
        assert served_by(await ask(gateway, "m")) == "200 a 1"
        assert gateway.plexus.gateway.traffic.cooldowns.listing(hours.now) == []


async def test_c30_when_all_targets_rest_the_client_is_told_when_to_come_back(upstream):
    hours = Hours()
    config: dict = {"providers": {"a": at(upstream, "retry-seconds")}, "models": {"m": alias(("a", "retry-seconds"))}}
    async with running(config, hours.clock()) as gateway:
        for client in PROTOCOLS:
            first = await ask(gateway, "m", client=client)
            assert first.status == (429 if client == PROTOCOLS[0] else 503)
            assert int(first.header("retry-after")) > 1
        wait = int(first.header("retry-after"))
        assert all(not record.attempts for record in gateway.records[1:])
        hours.now += wait + 5
        assert (await ask(gateway, "m")).status == 429
    config["cooldown"] = {"when_all": "nearest"}
    async with running(config, hours.clock()) as gateway:
        assert [(await ask(gateway, "m")).status for _ in range(3)] == [429, 429, 429]


async def test_u29_a_refused_credential_rests_with_all_its_models_and_a_missing_model_alone(upstream):
    config: dict = {
        "providers": {"a": at(upstream, "status-401", "ok"), "c": at(upstream, "status-500", "text-only"), "b": at(upstream, "ok")},
        "models": {
            "first": alias(("a", "status-401"), ("b", "ok")),
            "second": alias(("a", "ok"), ("b", "ok")),
            "third": alias(("c", "status-500"), ("b", "ok")),
            "fourth": alias(("c", "text-only"), ("b", "ok")),
        },
    }  # fmt: skip
    async with running(config) as gateway:
        assert served_by(await ask(gateway, "first")) == "200 b 2"
        assert served_by(await ask(gateway, "second")) == "200 b 1"
        assert served_by(await ask(gateway, "third")) == "200 b 2"
        assert served_by(await ask(gateway, "fourth")) == "200 c 1"


async def test_disable_cooldown_and_the_clients_own_faults_leave_a_target_awake(upstream):
    config: dict = {
        "providers": {"a": at(upstream, "status-500", disable_cooldown=True), "b": at(upstream, "status-400", "status-422")},
        "models": {"m": alias(("a", "status-500")), "n": alias(("b", "status-400")), "o": alias(("b", "status-422"))},
    }  # fmt: skip
    async with running(config) as gateway:
        for name, status in (("m", 502), ("n", 400), ("o", 422)) * 2:
            assert (await ask(gateway, name)).status == status
        assert gateway.plexus.gateway.traffic.cooldowns.export() == []


async def test_u34_at_the_end_of_a_cooldown_exactly_one_request_tries_the_target(upstream):
    hours = Hours()
    config: dict = {
        "providers": {"a": at(upstream, "fail-first-1", "late-3"), "b": at(upstream, "ok")},
        "models": {"m": alias(("a", "fail-first-1"), ("b", "ok"))},
        "sessions": {"sticky": False},
    }
    async with FaultUpstream(tempo=0.05) as slow:
        config["providers"]["a"] = at(slow, "flap-2")
        config["models"]["m"] = alias(("a", "flap-2"), ("b", "ok"))
        async with running(config, hours.clock()) as gateway:
            while not gateway.plexus.gateway.traffic.cooldowns.listing(hours.now):
                await ask(gateway, "m")
            hours.now += 200
            before = len(slow.received)
            await asyncio.gather(*(ask(gateway, "m") for _ in range(50)))
            tried = [t for record in gateway.records[-50:] for t in record.attempts if t.provider == "a"]
            assert len(slow.received) - before == len(tried)
            # When the one trial succeeds the target is open to the others; never are two of them under way at its end.
            assert tried[0].status in {"ok", "error"}
            assert len(tried) == 1 or tried[0].status == "ok"


async def test_a_restart_remembers_cooldowns_and_measurements(upstream):
    config: dict = {"providers": {"a": at(upstream, "status-500", "ok")}, "models": {"m": alias(("a", "status-500"))}}
    async with running(config) as gateway:
        await ask(gateway, "m")
        await ask(gateway, "direct/a/fault/ok", stream=True)
        kept = gateway.plexus.gateway.traffic.export()
    async with running(config) as gateway:
        gateway.plexus.gateway.traffic.load(kept)
        assert (await ask(gateway, "m")).status == 503
        [row] = [row for row in gateway.plexus.gateway.traffic.measurements.export() if row["model"] == "fault/ok"]
        assert row["samples"] == 1


# Conversations


TURNS = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
]


async def test_a_conversation_stays_with_the_target_that_served_it_while_that_is_well(upstream):
    config: dict = {
        "providers": {"a": at(upstream, "ok"), "b": at(upstream, "ok"), "c": at(upstream, "ok")},
        "models": {"m": alias(("a", "ok"), ("b", "ok"), ("c", "ok"), selector="random")},
    }
    session = [("session_id", "s-1")]
    async with running(config) as gateway:
        first = (await ask(gateway, "m", headers=session)).header("x-plexus-provider")
        for _ in range(8):
            assert (await ask(gateway, "m", headers=session)).header("x-plexus-provider") == first
        others = {(await ask(gateway, "m")).header("x-plexus-provider") for _ in range(30)}
        assert len(others) == 3
        # scoped by protocol: the same header of another protocol is another conversation
        elsewhere = {
            (await ask(gateway, "m", client="messages", headers=[("session_id", f"t{n}")])).header("x-plexus-provider")
            for n in range(20)
        }
        assert len(elsewhere) > 1
        gateway.plexus.gateway.traffic.cooldowns.load(
            [{"provider": first, "model": "fault/ok", "count": 1, "run": 1, "failed_at": time.time(), "until": time.time() + 60,
              "opens": time.time() + 60, "resting": True, "said": False}], time.time())  # fmt: skip
        moved = (await ask(gateway, "m", headers=session)).header("x-plexus-provider")
        assert moved != first
        assert (await ask(gateway, "m", headers=session)).header("x-plexus-provider") == moved


async def test_a_conversation_is_known_by_its_opening_turns_and_by_the_response_it_goes_on_from(upstream):
    config: dict = {
        "providers": {name: at(upstream, "ok", protocol="responses") for name in "abc"},
        "models": {"m": alias(("a", "ok"), ("b", "ok"), ("c", "ok"), selector="random")},
    }
    async with running(config) as gateway:
        for number in range(6):
            opening = [{"role": "user", "content": f"hello {number}"}]
            first = await ask(gateway, "m", client="chat", messages=opening)
            rest = [*opening, {"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]
            second = await ask(gateway, "m", client="chat", messages=rest)
            assert second.header("x-plexus-provider") == first.header("x-plexus-provider")
            begun = await ask(gateway, "m", client="responses", stream=bool(number % 2))
            response_id = begun.json["id"] if not number % 2 else ""
            if response_id:
                gone_on = await ask(gateway, "m", client="responses", previous_response_id=response_id)
                assert gone_on.header("x-plexus-provider") == begun.header("x-plexus-provider")


# Measurements


async def test_selectors_go_by_what_was_measured(upstream):
    async with FaultUpstream(tempo=1.0) as slow:
        config: dict = {
            "providers": {"slow": at(slow, "late-0"), "fast": at(upstream, "ok")},
            "models": {
                "m": alias(("slow", "late-0"), ("fast", "ok"), selector="latency"),
                "warm-slow": alias(("slow", "late-0")),
                "warm-fast": alias(("fast", "ok")),
            },
            "exploration": {"rate": 0},
            "sessions": {"sticky": False},
        }
        config["providers"]["slow"] = at(slow, "paced-20")
        config["models"]["m"]["targets"][0]["model"] = config["models"]["warm-slow"]["targets"][0]["model"] = (
            "fault/paced-20"
        )
        async with running(config) as gateway:
            await ask(gateway, "warm-slow")
            await ask(gateway, "warm-fast")
            assert {served_by(await ask(gateway, "m")) for _ in range(5)} == {"200 fast 1"}


async def test_probes_measure_what_no_request_has_measured_and_are_booked_as_such(upstream):
    config: dict = {
        "providers": {protocol: at(upstream, "ok", protocol=protocol) for protocol in PROTOCOLS},
        "models": {"m": alias(*((protocol, "ok") for protocol in PROTOCOLS), selector="latency")},
        "exploration": {"background": True},
    }
    config["providers"]["ill"] = at(upstream, "status-500")
    config["models"]["m"]["targets"].append({"provider": "ill", "model": "fault/status-500"})
    async with running(config) as gateway:
        whole = gateway.plexus.gateway
        assert await probe_round(whole) == 5
        rows = {row["provider"]: row for row in whole.traffic.measurements.export()}
        assert {name for name, row in rows.items() if row["samples"] == 1} == set(PROTOCOLS)
        assert [cooling.provider for cooling in whole.traffic.cooldowns.listing(time.time())] == ["ill"]
        assert {record.row.key for record in gateway.records} == {"plexus:probe"}
        assert sorted(record.row.status for record in gateway.records) == ["error", "ok", "ok", "ok", "ok"]
        assert all(record.usage is not None for record in gateway.records if record.row.status == "ok")
        assert await probe_round(whole) == 0
        assert [slot.count for slot in whole.traffic.line.slots.listing()] == []


# Hedges


async def test_a_second_target_races_a_slow_first_one_and_the_loser_is_cancelled(upstream):
    async with FaultUpstream(tempo=1.0) as slow:
        config: dict = {
            "providers": {"slow": at(slow, "silent"), "fast": at(upstream, "ok")},
            "models": {"m": alias(("slow", "silent"), ("fast", "ok"))},
            "hedge": {"enabled": True, "after_percentile": 95, "max_extra_spend": 1.0},
        }
        async with running(config) as gateway:
            for waits in gateway.plexus.gateway.traffic.waits.values():
                for _ in range(30):
                    waits.took("slow", "fault/silent", 0.02)
            for stream in (False, True):
                gone = len(slow.received)
                answer = await ask(gateway, "m", stream=stream)
                assert served_by(answer) == "200 fast 2"
                await asyncio.wait_for(slow.received[gone].gone.wait(), 1)
                record = gateway.records[-1]
                assert [(t.provider, t.status) for t in record.attempts] == [("slow", "cancelled"), ("fast", "ok")]
            assert gateway.plexus.gateway.traffic.line.slots.listing() == []
            assert gateway.plexus.gateway.traffic.cooldowns.export() == []


async def test_hedges_stay_within_their_share(upstream):
    async with FaultUpstream(tempo=0.3) as slow:
        config: dict = {
            "providers": {"slow": at(slow, "late-1"), "fast": at(upstream, "ok")},
            "models": {"m": alias(("slow", "late-1"), ("fast", "ok"))},
            "hedge": {"enabled": True, "after_percentile": 50, "max_extra_spend": 0.1},
            "sessions": {"sticky": False},
        }
        config["providers"]["slow"] = at(slow, "paced-5")
        config["models"]["m"] = alias(("slow", "paced-5"), ("fast", "ok"))
        async with running(config) as gateway:
            for _ in range(30):
                gateway.plexus.gateway.traffic.waits[False].took("slow", "fault/paced-5", 0.001)
            await asyncio.gather(*(ask(gateway, "m") for _ in range(60)))
            doubled = sum(len(record.attempts) > 1 for record in gateway.records)
            assert 0 < doubled <= 6


# Stalls and heartbeats


async def test_a_stream_that_comes_too_slowly_is_ended_as_stalled(upstream):
    async with FaultUpstream(tempo=0.2) as slow:
        stall = {"min_bytes_per_second": 5000, "window": "200ms", "grace": "200ms"}
        config: dict = {
            "providers": {"slow": at(slow, "dribble-body", stall=stall)},
            "models": {"m": alias(("slow", "dribble-body"))},
        }
        async with running(config) as gateway:
            for client in PROTOCOLS:
                answer = await ask(gateway, "m", client=client, stream=True)
                assert answer.status in {504, 503}
            assert gateway.records[0].row.status == "stalled"


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_early_heartbeats_keep_a_waiting_client_and_end_failover(client, upstream):
    async with FaultUpstream(tempo=1.0) as slow:
        config: dict = {
            "providers": {
                "slow": at(slow, "hang-after-headers", timeout={"idle": "600ms"}, disable_cooldown=True),
                "fast": at(upstream, "ok"),
            },
            "models": {"m": alias(("slow", "hang-after-headers"), ("fast", "ok"))},
            "heartbeat": {"early": True, "interval": "100ms"},
        }
        async with running(config) as gateway:
            answer = await ask(gateway, "m", client=client, stream=True)
            assert served_by(answer) == "200 slow 1"
            assert told(client, answer.body).endings == {"error"}
            assert answer.body.count(b"\n\n") > 3
            assert [record.row.status for record in gateway.records] == ["timeout"]
        config["heartbeat"]["interval"] = "30s"
        async with running(config) as gateway:
            answer = await ask(gateway, "m", client=client, stream=True)
            assert served_by(answer) == "200 fast 2"
            assert told(client, answer.body).text == TEXT
