"""What upstreams send that is not quite as promised: no content type, compression; and what is bound to an account."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.gateway.running import Running, running
from tests.gateway.test_same_bytes import BODIES, PROTOCOLS, VENDORS, config, path_of
from tests.grammar import violations
from tests.harness.faults import BODIES as UPSTREAM
from tests.harness.recorded_upstream import Answer, RecordedUpstream, cut

STREAM = [("content-type", "text/event-stream")]


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    settings = config(upstream)
    messages = settings["providers"]["messages"]
    settings["providers"]["other"] = {**messages, "headers": {"anthropic-beta": "house-1,client-2"}}
    settings["models"]["other"] = {"targets": [{"provider": "other", "model": "real"}]}
    async with running(settings) as started:
        yield started


def stream_of(protocol: str) -> bytes:
    bodies = UPSTREAM[protocol]
    return b"".join(event.frame() for event in bodies.events("real", ["Hello", ", world"])) + bodies.ending


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_041_a_stream_without_a_content_type_is_recognised(protocol, upstream, gateway):
    for headers in ([("x-nothing", "1")], [("content-type", "application/json")]):
        upstream.add(Answer(cut(stream_of(protocol), 40), headers=headers, stream=True))
        body = {**BODIES["messages"], "model": protocol, "stream": True}
        response = await gateway.post("/v1/messages", body)
        assert response.status == 200
        assert b"Hello" in response.body
        if protocol != "messages":
            assert violations("messages", response.body) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_042_a_compressed_stream_is_decoded(protocol, coding, upstream, gateway):
    plain = stream_of(protocol)
    packed = gzip.compress(plain) if coding == "gzip" else zlib.compress(plain)
    upstream.add(Answer(cut(packed, 7), headers=[*STREAM, ("content-encoding", coding)], stream=True))
    body = {**BODIES[protocol], "model": protocol, "stream": True, "stream_options": {"include_usage": True}}
    if protocol != "chat":
        del body["stream_options"]
    response = await gateway.post(path_of(protocol, stream=True), body)
    assert response.status == 200
    assert response.body == plain
    assert response.header("content-encoding") == ""


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_061_an_upstream_that_only_streams_serves_a_client_that_wants_it_whole(protocol, upstream, gateway):
    upstream.add(Answer(cut(stream_of(protocol), 13), stream=True))
    response = await gateway.post("/v1/responses", {"model": protocol, "input": "hi"})
    assert response.status == 200
    assert response.json["output"][-1]["content"][0]["text"] == "Hello, world"
    assert response.json["status"] == "completed"


@pytest.mark.parametrize("client", ["chat", "messages"])
async def test_039_a_stream_that_only_pings_after_its_finish_is_ended(client, upstream, gateway):
    bodies = UPSTREAM["chat"]
    told = b"".join(event.frame() for event in bodies.events("real", ["Hello", ", world"]))
    upstream.add(Answer([told, *([b": ping\n\n"] * 200)], stream=True, pause=0.2, action="hang"))
    body = {**BODIES[client], "model": "chat", "stream": True}
    async with asyncio.timeout(10):
        response = await gateway.post(path_of(client, stream=True), body)
    assert b"Hello" in response.body
    assert b"error" not in response.body
    assert gateway.records[-1].row.status == "ok"


async def test_080_beta_flags_of_client_and_provider_are_merged_in_order(upstream, gateway):
    upstream.add(Answer([json.dumps(UPSTREAM["messages"].unary("real", "hi")).encode()]))
    body = {**BODIES["messages"], "model": "other"}
    response = await gateway.post("/v1/messages", body, [("anthropic-beta", "client-1, client-2")])
    assert response.status == 200
    assert dict(upstream.received[-1].headers)["anthropic-beta"] == "client-1,client-2,house-1"


async def test_080_beta_flags_do_not_follow_to_another_protocol(upstream, gateway):
    upstream.add(Answer([json.dumps(UPSTREAM["chat"].unary("real", "hi")).encode()]))
    body = {**BODIES["messages"], "model": "chat"}
    await gateway.post("/v1/messages", body, [("anthropic-beta", "client-1")])
    assert "anthropic-beta" not in dict(upstream.received[-1].headers)


async def test_085_server_tool_results_stay_with_the_account_that_sealed_them(upstream, gateway):
    search = [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {"type": "web_search_result", "url": "https://a.test", "title": "A", "encrypted_content": "c2VhbGVk"}
            ],
        },
        {"type": "text", "text": "Found."},
    ]
    answer: dict[str, Any] = {**UPSTREAM["messages"].unary("real", "x"), "content": search}
    upstream.add(Answer([json.dumps(answer).encode()]))
    first = await gateway.post("/v1/messages", {**BODIES["messages"], "model": "messages"})
    again = {"role": "user", "content": "and then?"}
    history = [*BODIES["messages"]["messages"], {"role": "assistant", "content": first.json["content"]}, again]
    for model, kept in (("messages", True), ("other", False)):
        upstream.add(Answer([json.dumps(UPSTREAM["messages"].unary("real", "hi")).encode()]))
        body = {**BODIES["messages"], "messages": history, "model": model}
        response = await gateway.post("/v1/messages", body)
        assert response.status == 200
        sent = upstream.received[-1].body.decode()
        assert ("c2VhbGVk" in sent) is kept
        assert ("srvtoolu_1" in sent) is kept
        assert "Found." in sent
        assert ("stripped=2" in response.header("x-plexus-fidelity")) is not kept
    assert set(VENDORS) == set(PROTOCOLS)
