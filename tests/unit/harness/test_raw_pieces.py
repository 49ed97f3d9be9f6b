"""The raw server, the recorded upstream and the raw client do to the wire what they say."""

import asyncio

import pytest
from tests.harness.raw_client import RawClient, ask, request
from tests.harness.recorded_upstream import Answer, RecordedUpstream, cut, cut_at
from tests.harness.wire import Chunks


async def test_answers_come_by_key_before_queue_and_requests_are_kept():
    async with RecordedUpstream([Answer([b'{"n":1}']), Answer([b'{"n":2}'], 429)]) as upstream:
        upstream.on("named", Answer([b'{"n":3}'], headers=[("content-type", "application/json"), ("x-a", "b")]))
        url = upstream.base_url() + "/chat/completions"
        answers = [await ask(url, {"model": model}) for model in ("a", "named", "b", "c")]
    assert [(a.status, a.body[:7]) for a in answers[:3]] == [(200, b'{"n":1}'), (200, b'{"n":3}'), (429, b'{"n":2}')]
    assert answers[1].header("x-a") == "b"
    assert answers[3].status == 500
    assert [r.model for r in upstream.received] == ["a", "named", "b", "c"]
    assert all(r.complete and r.answered for r in upstream.received)


async def test_a_stream_arrives_in_the_pieces_given():
    body = b"data: one\n\ndata: two\n\n"
    async with RecordedUpstream([Answer(cut(body, 1)), Answer(cut_at(body, [3, 11]), action="close")]) as upstream:
        first = await ask(upstream.root + "/v1/responses", {})
        second = await ask(upstream.root + "/v1/responses", {})
    assert (first.body, first.complete, first.header("content-type")) == (body, True, "text/event-stream")
    assert (second.body, second.complete) == (body, False)


async def test_pipelined_requests_are_answered_in_order_on_one_connection():
    answers = [Answer([b'"1"']), Answer([b'"2"', b""]), Answer([b'"3"'])]
    async with RecordedUpstream(answers) as upstream, await RawClient.connect(upstream.root) as client:
        await client.send(b"".join(request("POST", f"/v1/chat/completions?{n}", {"model": str(n)}) for n in range(3)))
        bodies = [(await client.read_response()).body for _ in range(3)]
        client.half_close()
        assert await client.read_to_end() == b""
    assert bodies == [b'"1"', b'"2"', b'"3"']
    assert [(r.connection, r.nth) for r in upstream.received] == [(0, 1), (0, 2), (0, 3)]


@pytest.mark.parametrize(("leave", "how"), [("close", "fin"), ("reset", "reset")])
async def test_the_server_sees_when_and_how_the_client_left(leave: str, how: str):
    async with RecordedUpstream([Answer([b"data: 1\n\n"], stream=True, action="hang")]) as upstream:
        client = await RawClient.connect(upstream.root)
        await client.send(request("POST", "/v1/messages", {"model": "m", "stream": True}))
        await client.read_until(b"data: 1")
        getattr(client, leave)()
        received = (await upstream.wait_received(1))[0]
        async with asyncio.timeout(5):
            await received.gone.wait()
    assert received.disconnect == how
    assert received.disconnected is not None
    assert received.disconnected >= received.arrived


async def test_a_dribbled_chunked_request_is_read_whole():
    async with RecordedUpstream([Answer()]) as upstream, await RawClient.connect(upstream.root) as client:
        head = request("POST", "/v1/messages", b"", [("transfer-encoding", "chunked")])
        sent = await client.dribble(head + b'5\r\n{"mod\r\n8;x=y\r\nel":"a"}\r\n0\r\ntrailer: 1\r\n\r\n', size=3)
        assert (await client.read_response()).status == 200
    assert sent == upstream.received[0].size + len(b"5\r\n\r\n8;x=y\r\n\r\n0\r\ntrailer: 1\r\n\r\n") + 4
    assert (upstream.received[0].body, upstream.received[0].model) == (b'{"model":"a"}', "a")


async def test_a_request_cut_in_its_body_is_not_recorded_as_complete():
    async with RecordedUpstream([Answer()]) as upstream:
        client = await RawClient.connect(upstream.root)
        await client.send(request("POST", "/v1/messages", {"model": "m"})[:-3])
        client.close()
        received = (await upstream.wait_received(1))[0]
    assert not received.complete
    assert received.disconnect == "fin"


def test_chunks_are_taken_as_they_come_and_the_rest_is_left():
    source = bytearray()
    chunks = Chunks(source)
    for byte in b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n":
        source.append(byte)
        ended = chunks.take()
    source += b"next"
    assert ended
    assert (bytes(chunks.data), bytes(source)) == (b"abcd", b"next")


@pytest.mark.parametrize(
    ("path", "protocol", "model", "streaming"),
    [
        ("/v1beta/models/a/b:generateContent", "gemini", "a/b", False),
        ("/v1/models/a%2Fb:streamGenerateContent?alt=sse", "gemini", "a/b", True),
        ("/v1/chat/completions", "chat", "x", True),
        ("/v1/messages/count_tokens", "messages", "x", True),
        ("/v1/responses", "responses", "x", True),
        ("/v1/embeddings", "", "x", True),
    ],
)
async def test_protocol_model_and_streaming_are_read_from_path_and_body(path, protocol, model, streaming):
    async with RecordedUpstream([Answer()]) as upstream:
        await ask(upstream.root + path, {"model": "x", "stream": True}, [("authorization", "Bearer k1")])
    received = upstream.received[0]
    assert (received.protocol, received.model, received.streaming) == (protocol, model, streaming)
    assert received.credential == "k1"
    assert "k1" not in str(received.summary())
