"""Requests with an idempotency key are served once (C32)."""

import asyncio
import json

import pytest
import pytest_asyncio

from plexus.core.clock import Clock
from plexus.pipeline.call import Answer
from plexus.pipeline.refused import Refused
from plexus.web.idempotency import KEPT, Idempotency
from tests.faults.kit import PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.gateway.running import Running, running
from tests.harness.raw_client import RawClient, Response, request

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream):
    async with running(
        {"providers": providers(upstream), "keys": {"other": {"secret": "sk-other-0123456789"}}}
    ) as started:
        yield started


async def once(
    gateway: Running, key: str, protocol: str = "chat", fault: str = "ok", stream: bool = False, **more
) -> Response:
    name = model_at("chat", fault)
    body = body_of(protocol, name, stream=stream, **more)
    return await gateway.post(path_of(protocol, name, stream=stream), body, [("idempotency-key", key)])


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_c32_the_same_request_again_gets_the_same_answer_without_another_call(protocol, gateway, upstream):
    first = await once(gateway, f"again-{protocol}", protocol)
    calls, records = len(upstream.received), len(gateway.records)
    second = await once(gateway, f"again-{protocol}", protocol)
    assert (first.status, second.status) == (200, 200)
    assert second.body == first.body
    assert (first.header("idempotent-replayed"), second.header("idempotent-replayed")) == ("", "true")
    assert (len(upstream.received), len(gateway.records)) == (calls, records)
    third = await once(gateway, f"again-{protocol}", protocol)
    assert (third.body, len(third.headers)) == (second.body, len(second.headers))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_c32_the_same_key_with_another_body_is_422(protocol, gateway):
    assert (await once(gateway, f"body-{protocol}", protocol)).status == 200
    other = await once(gateway, f"body-{protocol}", protocol, x_other=1)
    assert other.status == 422
    assert error_shape(protocol, other.json)


async def test_c32_the_same_key_on_another_path_is_422(gateway):
    assert (await once(gateway, "path")).status == 200
    assert (await once(gateway, "path", "responses")).status == 422


async def test_c32_the_same_key_in_flight_is_409(gateway, upstream):
    before = len(upstream.received)
    first = asyncio.create_task(once(gateway, "flight", fault="late-3"))
    await upstream.wait_received(before + 1)
    second = await once(gateway, "flight", fault="late-3")
    assert second.status == 409
    assert error_shape("chat", second.json)
    assert (await first).status == 200
    assert (await once(gateway, "flight", fault="late-3")).header("idempotent-replayed") == "true"


async def test_c32_a_key_belongs_to_the_client_key_it_came_with(gateway):
    assert (await once(gateway, "owner")).status == 200
    body = body_of("chat", model_at("chat", "ok"), x_mine=1)
    headers = [("authorization", "Bearer sk-other-0123456789"), ("idempotency-key", "owner")]
    async with await RawClient.connect(gateway.url) as client:
        await client.send(request("POST", "/v1/chat/completions", body, headers))
        answer = await client.read_response()
    assert (answer.status, answer.header("idempotent-replayed")) == (200, "")


async def test_c32_a_failure_and_a_stream_are_served_again(gateway, upstream):
    for fault, streaming in (("empty-500", False), ("ok", True)):
        before = len(upstream.received)
        for _ in range(2):
            answer = await once(gateway, f"not-kept-{fault}", fault=fault, stream=streaming)
            assert answer.header("idempotent-replayed") == ""
        assert len(upstream.received) == before + 2


async def test_c32_a_stream_in_flight_holds_its_key(gateway, upstream):
    body = json.dumps(body_of("chat", model_at("chat", "hang-after-3"), stream=True)).encode()
    headers = [("authorization", "Bearer sk-test-0123456789"), ("idempotency-key", "stream")]
    async with await RawClient.connect(gateway.url) as client:
        await client.send(request("POST", "/v1/chat/completions", body, headers))
        await client.read_until(b"data: ")
        assert (await gateway.post("/v1/chat/completions", body, headers[1:])).status == 409
        seen = upstream.received[-1]
    await asyncio.wait_for(seen.gone.wait(), 1)
    assert (await once(gateway, "stream")).status == 200  # the client left, and with it the key


@pytest.mark.parametrize("key", ["", "k" * 256, "\u00e4", "a\tb"])
async def test_c32_a_key_that_cannot_be_one_is_400(key, gateway):
    answer = await once(gateway, key)
    assert answer.status == 400


def answer(body: bytes = b"x") -> Answer:
    return Answer(200, [], body)


async def test_c32_after_a_day_a_key_is_new():
    now = [0.0]
    kept = Idempotency(Clock(monotonic=lambda: now[0]))
    assert kept.begin(("me", "k"), b"1") is None
    kept.end(("me", "k"), answer())
    now[0] = KEPT - 1
    assert kept.begin(("me", "k"), b"1") is not None
    now[0] = KEPT
    assert kept.begin(("me", "k"), b"2") is None


async def test_c32_what_is_kept_is_bounded_in_number_and_bytes():
    kept = Idempotency(Clock(), entries=5, size=100_000)
    for n in range(20):
        kept.begin(("me", str(n)), b"1")
        kept.end(("me", str(n)), answer())
    assert [n for n in range(20) if kept.begin(("me", str(n)), b"1") is not None] == [15, 16, 17, 18, 19]
    kept.begin(("me", "large"), b"1")
    kept.end(("me", "large"), answer(b"x" * 200_000))
    assert kept.begin(("me", "large"), b"1") is None
    with pytest.raises(Refused):
        kept.begin(("me", "large"), b"1")
