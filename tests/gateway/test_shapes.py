"""Any client, any upstream, any shape: whole or streamed, also when the upstream answers in the other one (U20, 61)."""

import importlib
import json
from collections.abc import AsyncIterator

import pytest

from tests.gateway.running import Running, running
from tests.gateway.test_same_bytes import BODIES, PROTOCOLS, config, path_of
from tests.grammar import violations
from tests.harness.bodies import Call
from tests.harness.faults import BODIES as UPSTREAM
from tests.harness.recorded_upstream import Answer, RecordedUpstream, cut

CALLS = [Call("call_aaaaaaaaaaaaaaaaaaaa", "weather", '{"city":"Paris"}'), Call("call_b", "time", "{}")]


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    async with running(config(upstream)) as started:
        yield started


def told(protocol: str, what: str, *, streamed: bool) -> Answer:
    """What the upstream of this protocol says: a text or two tool calls, whole or streamed byte by byte."""
    bodies = UPSTREAM[protocol]
    if not streamed:
        value = bodies.unary("real", "Hello, world") if what == "text" else bodies.unary_calls("real", CALLS)
        return Answer([json.dumps(value).encode()])
    events = bodies.events("real", ["Hello,", " world"]) if what == "text" else bodies.call_events("real", CALLS)
    return Answer(cut(b"".join(event.frame() for event in events) + bodies.ending, 11), stream=True)


@pytest.mark.parametrize("what", ["text", "calls"])
@pytest.mark.parametrize("upstream_streams", [False, True])
@pytest.mark.parametrize("client_streams", [False, True])
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_u20_every_client_gets_every_upstreams_answer_in_the_shape_it_asked_for(
    client, client_streams, upstream_streams, what, upstream, gateway
):
    reader = importlib.import_module(f"tests.corpus.readers.{client}")
    for protocol in PROTOCOLS:
        upstream.add(told(protocol, what, streamed=upstream_streams))
        body = {**BODIES[client], "model": protocol, **({"stream": True} if client_streams else {})}
        if client == "chat" and client_streams:
            body["stream_options"] = {"include_usage": True}
        path = path_of(client, stream=client_streams).replace("/models/gemini:", f"/models/{protocol}:")
        response = await gateway.post(path, body)
        assert response.status == 200, response.body
        said = reader.answer(response.body.decode(), streaming=client_streams)
        if client_streams:
            assert response.header("content-type").startswith("text/event-stream")
            if protocol != client or not upstream_streams:
                assert violations(client, response.body) == [], (protocol, response.body)
        else:
            assert response.header("content-type").startswith("application/json")
        if what == "text":
            assert (said.text, said.stop) == ("Hello, world", "end")
        else:
            calls = [value for kind, value in said.items if kind == "call"]
            assert [(call.name, call.arguments) for call in calls] == [("weather", {"city": "Paris"}), ("time", {})]
            assert said.stop == "tools"
        assert said.usage is not None
        assert (said.usage.input, said.usage.output) == (11, 7)
        record = gateway.records[-1]
        assert (record.row.status, record.usage and record.usage.output) == ("ok", 7)


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_gemini_client_without_sse_gets_a_json_array_from_any_upstream(client, upstream, gateway):
    for streamed in (False, True):
        upstream.add(told(client, "text", streamed=streamed))
        path = f"/v1beta/models/{client}:streamGenerateContent"
        response = await gateway.post(path, BODIES["gemini"])
        assert response.status == 200, response.body
        chunks = json.loads(response.body)
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        assert "".join(part["text"] for part in parts) == "Hello, world"
        assert response.header("content-type").startswith("application/json")
