"""A stream that broke off is never shown as complete (G18): every way to break it, every client, every upstream, with a healthy
target behind it. What was cut before anything was shown is served by that one; what was cut later ends in an error.
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

pytestmark = pytest.mark.asyncio(loop_scope="module")

BROKEN = (
    "hang-after-3", "hang-after-6", "reset-after-3", "reset-after-6", "fin-after-3", "fin-after-6", "half-close-after-6",
    "cut-after-3", "cut-after-6", "pings-after-6", "error-after-3", "error-after-6", "error-then-more", "broken-chunk",
    "truncated-gzip", "dribble-body", "short-body",
)  # fmt: skip
WELL_ALL_THE_SAME = (
    "http10-close", "continue-100", "early-hints", "many-1xx", "type-html", "type-text", "type-octets", "type-none", "type-charset",
    "json-for-stream", "stream-for-json", "gzip", "br", "zstd", "deflate", "hop-by-hop", "set-cookie", "unchunked", "pings-between",
)  # fmt: skip
"""Odd, and yet an answer (U14, U16, U17, U19, U20): nothing fails over for it."""
TIMES = {"first_byte": "1s", "idle": "1s", "total": "2s", "stream_total": "4s"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def well():
    async with FaultUpstream(tempo=0.01) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream, well):
    names = [f"fault/{fault}" for fault in (*BROKEN, *WELL_ALL_THE_SAME)]
    more = {"api_key": "k", "disable_cooldown": True}
    ill = {p: {"api_base_url": {p: upstream.base_url(p)}, "models": names, "timeout": TIMES, **more} for p in PROTOCOLS}
    healthy = {f"{p}-well": {"api_base_url": {p: well.base_url(p)}, "models": ["fault/ok"], **more} for p in PROTOCOLS}
    aliases = {
        f"{p}:{name}": {
            "targets": [{"provider": p, "model": name}, {"provider": f"{p}-well", "model": "fault/ok"}],
            "selector": "in_order",
        }
        for p in PROTOCOLS
        for name in names
    }
    async with running({"providers": {**ill, **healthy}, "models": aliases}) as started:
        yield started


async def asked(gateway: Running, client: str, upstream: str, fault: str, *, stream: bool):
    name = f"{upstream}:fault/{fault}"
    return await gateway.post(path_of(client, name, stream=stream), body_of(client, name, stream=stream))


def verdict(client: str, answer, *, stream: bool) -> str:
    """ok, error, or what is wrong."""
    if answer.status != 200:
        return "error"
    seen = told(client, answer.body) if stream else whole(client, answer.body)
    if "error" in seen.endings:  # also after an ending: nobody takes that for complete
        return "error"
    return "ok" if seen.normal and seen.text == TEXT else f"false success: {seen}"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", BROKEN)
async def test_g18_u05_u06_u07_u09_u10_u11_u23_a_broken_answer_never_looks_complete(fault, stream, gateway):
    pairs = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]
    answers = await asyncio.gather(*(asked(gateway, *pair, fault, stream=stream) for pair in pairs))
    said = {pair: verdict(pair[0], answer, stream=stream) for pair, answer in zip(pairs, answers, strict=True)}
    assert {pair: what for pair, what in said.items() if what not in {"ok", "error"}} == {}
    for pair, answer in zip(pairs, answers, strict=True):
        # Whole only because the other target gave it. What is short by a few bytes may lack nothing but the bytes after its ending.
        if said[pair] == "ok" and not (stream and fault == "short-body"):
            assert answer.header("x-plexus-provider") == f"{pair[1]}-well", pair


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", WELL_ALL_THE_SAME)
async def test_u14_u16_u19_u20_what_is_odd_and_yet_an_answer_is_one(fault, stream, gateway):
    pairs = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]
    answers = await asyncio.gather(*(asked(gateway, *pair, fault, stream=stream) for pair in pairs))
    for pair, answer in zip(pairs, answers, strict=True):
        assert verdict(pair[0], answer, stream=stream) == "ok", (pair, answer.status, answer.body[:200])
        assert answer.header("x-plexus-attempts") == "1", pair


async def test_u12_more_bytes_than_were_announced_are_given_to_nobody(upstream):
    names = ["fault/extra-bytes", "fault/second-response", "fault/ok"]
    provider = {
        "api_base_url": {"chat": upstream.base_url("chat")},
        "api_key": "k",
        "models": names,
        "disable_cooldown": True,
    }
    async with running({"providers": {"a": provider}}) as gateway:

        async def one(number: int):
            name = names[number % 3]
            return await gateway.post("/v1/chat/completions", body_of("chat", f"direct/a/{name}"))

        for answer in await asyncio.gather(*(one(number) for number in range(60))):
            if answer.status == 200:
                assert json.loads(answer.body)["choices"][0]["message"]["content"] == TEXT


async def test_144_145_silence_after_a_head_is_a_failure_and_never_an_empty_answer(upstream):
    """With nowhere else to go it is the client's timeout, with a body."""
    provider = {
        "api_base_url": {"chat": upstream.base_url("chat")},
        "api_key": "k",
        "models": ["fault/hang-after-headers"],
        "timeout": TIMES,
    }
    async with running({"providers": {"a": provider}}) as gateway:
        for client in PROTOCOLS:
            for stream in (False, True):
                model = "direct/a/fault/hang-after-headers"
                answer = await gateway.post(
                    path_of(client, model, stream=stream), body_of(client, model, stream=stream)
                )
                assert answer.status in {504, 503}
                assert answer.json
