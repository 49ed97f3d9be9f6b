"""When a target fails the next one answers and the client sees nothing of it; after the answer has begun nothing is tried again.

Every way to fail of U01-U29 at the first target, a healthy second one, for every client, whole and streamed.
"""

import asyncio
import json

import pytest
import pytest_asyncio

from tests.faults.kit import PROTOCOLS, body_of, path_of
from tests.faults.told import told, whole
from tests.gateway.running import Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.faults import TEXT
from tests.harness.ports import refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Before anything was shown. What a stream has begun with, and cannot be taken back, is in `AFTER`.
BEFORE = (
    "silent", "hang-after-headers", "reset-before-headers", "fin-before-headers", "fin-mid-head", "redirect", "html-200",
    "html-200-as-json", "html-502", "plain-500", "plain-200", "empty-200", "empty-500", "empty-204", "json-null", "json-array",
    "json-object", "json-cut", "json-invalid", "error-in-200", "own-error-in-200", "first-event-error", "only-done", "only-opening",
    "empty-completion", "finish-error", "status-429", "status-500", "status-502", "status-503", "status-504", "status-529", "status-520", "status-408",
    "status-401", "status-402", "status-403", "status-600", "status-451", "quota-400", "corrupt-gzip", "truncated-gzip",
    "double-encoding", "header-flood", "both-framings", "pings-only", "retry-seconds", "retry-garbage", "early-reply-503",
)  # fmt: skip
WHOLE = ("short-body", "reset-after-3", "fin-after-3", "no-last-chunk", "broken-chunk", "hang-after-3", "bomb-gzip")
"""What also fails over for a client that gets a whole answer, since it has seen nothing of it."""
CLIENTS_OWN = ("status-400", "status-404", "status-413", "status-422")
TIMES = {"connect": "500ms", "first_byte": "300ms", "idle": "300ms", "total": "5s"}


def alias(fault: str, upstream: str, second: str = "ok") -> dict:
    return {
        "targets": [
            {"provider": upstream, "model": f"fault/{fault}"},
            {"provider": f"{upstream}-well", "model": f"fault/{second}"},
        ],
        "selector": "in_order",
    }


def config(upstream: FaultUpstream, well: FaultUpstream, faults: tuple[str, ...]) -> dict:
    names = [f"fault/{fault}" for fault in faults]
    more = {"api_key": "sk-upstream", "disable_cooldown": True}
    ill = {p: {"api_base_url": {p: upstream.base_url(p)}, "models": names, "timeout": TIMES, **more} for p in PROTOCOLS}
    healthy = {f"{p}-well": {"api_base_url": {p: well.base_url(p)}, "models": ["fault/ok"], **more} for p in PROTOCOLS}
    aliases = {f"{p}:{fault}": alias(fault, p) for p in PROTOCOLS for fault in faults}
    return {"providers": {**ill, **healthy}, "models": aliases}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def well():
    async with FaultUpstream(tempo=0.01) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream, well):
    async with running(config(upstream, well, (*BEFORE, *WHOLE, *CLIENTS_OWN))) as started:
        yield started


async def asked(gateway: Running, client: str, upstream: str, fault: str, *, stream: bool):
    name = f"{upstream}:{fault}"
    return await gateway.post(path_of(client, name, stream=stream), body_of(client, name, stream=stream))


def problem(client: str, answer, *, stream: bool) -> str:
    """What is wrong with an answer that should be the second target's, whole and healthy."""
    if answer.status != 200:
        return f"{answer.status} {answer.body[:200]!r}"
    seen = told(client, answer.body) if stream else whole(client, answer.body)
    if seen.text != TEXT or not seen.normal:
        return f"told {seen}"
    if answer.header("x-plexus-attempts") != "2" or not answer.header("x-plexus-provider").endswith("-well"):
        return f"attempts {answer.header('x-plexus-attempts')} at {answer.header('x-plexus-provider')}"
    return "" if answer.header("x-plexus-failed") else "the failed attempt is not named"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", BEFORE)
async def test_u01_u24_141_143_whatever_fails_before_the_answer_has_begun_the_next_target_answers(
    fault, stream, gateway
):
    pairs = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]
    answers = await asyncio.gather(
        *(asked(gateway, client, upstream, fault, stream=stream) for client, upstream in pairs)
    )
    wrong = {
        f"{client} <- {upstream}": said
        for (client, upstream), answer in zip(pairs, answers, strict=True)
        if (said := problem(client, answer, stream=stream))
    }
    assert wrong == {}


@pytest.mark.parametrize("fault", WHOLE)
async def test_u09_u11_a_whole_answer_that_breaks_off_fails_over_because_nothing_was_shown(fault, gateway):
    wrong = {
        client: said
        for client in PROTOCOLS
        for upstream in PROTOCOLS
        if (said := problem(client, await asked(gateway, client, upstream, fault, stream=False), stream=False))
    }
    assert wrong == {}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", CLIENTS_OWN)
async def test_u28_150_the_clients_own_fault_is_not_tried_elsewhere(fault, stream, gateway):
    answer = await asked(gateway, "chat", "chat", fault, stream=stream)
    assert answer.status == int(fault.removeprefix("status-"))
    assert answer.header("x-plexus-attempts") == "1"


async def test_u01_a_refused_connection_goes_to_the_next_target(well):
    with refused() as address:
        given = config(well, well, ("ok",))
        given["providers"]["chat"]["api_base_url"] = {"chat": f"{address}/v1"}
        async with running(given) as gateway:
            answer = await asked(gateway, "messages", "chat", "ok", stream=True)
            assert problem("messages", answer, stream=True) == ""
            [record] = gateway.records
            assert [(tried.provider, tried.status, tried.reason) for tried in record.attempts] == [
                ("chat", "error", "upstream_error"),
                ("chat-well", "ok", ""),
            ]
            assert record.attempts[0].http_status is None


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("number", [3, 6])
async def test_u09_u10_after_the_answer_has_begun_nothing_is_tried_again(client, number, upstream, well):
    for fault in (f"reset-after-{number}", f"cut-after-{number}", f"fin-after-{number}"):
        for protocol in PROTOCOLS:
            async with running(config(upstream, well, (fault,))) as gateway:
                before = len(well.received)
                answer = await asked(gateway, client, protocol, fault, stream=True)
                seen = told(client, answer.body)
                if answer.header("x-plexus-attempts") == "2":  # the cut came before the first event with content
                    assert seen.text == TEXT
                    continue
                assert seen.endings == {"error"}, (client, protocol, fault, answer.body)
                assert len(well.received) == before
                [record] = gateway.records
                assert record.row.status in {"error", "timeout"}
                assert record.attempts[0].reason


async def test_146_failover_can_be_switched_off(upstream, well):
    given = {**config(upstream, well, ("status-500",)), "failover": {"enabled": False}}
    async with running(given) as gateway:
        answer = await asked(gateway, "chat", "chat", "status-500", stream=False)
        assert (answer.status, answer.header("x-plexus-attempts")) == (502, "1")


async def test_u24_an_empty_answer_is_passed_on_when_that_is_wanted_and_when_nothing_else_is_left(upstream, well):
    given = {**config(upstream, well, ("empty-completion",)), "failover": {"retry_empty": False}}
    async with running(given) as gateway:
        answer = await asked(gateway, "chat", "chat", "empty-completion", stream=False)
        assert (answer.status, answer.header("x-plexus-attempts")) == (200, "1")
    async with running(config(upstream, well, ("empty-completion",))) as gateway:
        name = "direct/chat/fault/empty-completion"
        for stream in (False, True):
            answer = await gateway.post("/v1/chat/completions", body_of("chat", name, stream=stream))
            assert answer.status == 200
        assert [record.row.error_class for record in gateway.records] == ["empty", "empty"]


async def test_156_every_attempt_starts_from_the_original(upstream, well):
    """The first target gets its own extra fields and the second none of them."""
    given = config(upstream, well, ("status-500",))
    given["providers"]["chat"]["extra_body"] = {"metadata": {"a": "b"}}
    async with running(given) as gateway:
        for client in PROTOCOLS:
            await asked(gateway, client, "chat", "status-500", stream=False)
            second = json.loads(well.received[-1].body)
            assert "metadata" not in second
            assert second["model"] == "fault/ok"


async def test_the_last_failure_is_what_the_client_is_told(upstream):
    """401 of a provider becomes 502; a 429 stays one, with its Retry-After."""
    for last, status in (("status-401", 502), ("retry-seconds", 429), ("status-529", 529), ("status-500", 502)):
        given = config(upstream, upstream, ("status-503", last))
        given["models"]["both"] = {
            "targets": [
                {"provider": "chat", "model": "fault/status-503"},
                {"provider": "chat", "model": f"fault/{last}"},
            ],
            "selector": "in_order",
        }
        async with running(given) as gateway:
            answer = await gateway.post("/v1/messages", body_of("messages", "both"))
            assert (answer.status, answer.header("x-plexus-attempts")) == (status, "2"), last
            if status == 429:
                assert int(answer.header("retry-after")) > 0
