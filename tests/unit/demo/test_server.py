"""The demo server on its socket: clients that leave, several servers, stopping."""

import asyncio

import pytest
from tests.grammar import violations
from tests.harness.raw_client import RawClient, ask, request

from plexus.demo.server import DemoServer
from plexus.demo.upstream import DemoUpstream

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
BODY = {"model": "slow", "messages": [{"role": "user", "content": "hi"}], "stream": True}


class Stuck:
    """A wait that never ends, and tells when it began and when it was given up."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.given_up = asyncio.Event()

    async def sleep(self, _: float) -> None:
        self.begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.given_up.set()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_the_work_for_it(stream):
    stuck = Stuck()
    server = DemoServer(sleep=stuck.sleep)
    bases = await server.start()
    try:
        client = await RawClient.connect(bases["chat"])
        await client.send(request("POST", "/chat/v1/chat/completions", {**BODY, "stream": stream}))
        async with asyncio.timeout(5):
            await stuck.begun.wait()
            client.reset()
            await stuck.given_up.wait()
    finally:
        await server.stop()


async def test_stopping_cuts_what_is_under_way_and_may_be_said_twice():
    stuck = Stuck()
    server = DemoServer(sleep=stuck.sleep)
    bases = await server.start()
    async with await RawClient.connect(bases["chat"]) as client:
        await client.send(request("POST", "/chat/v1/chat/completions", BODY))
        await asyncio.wait_for(stuck.begun.wait(), 5)
        await server.stop()
        await server.stop()
        assert not (await client.read_to_end()).endswith(b"0\r\n\r\n")
    with pytest.raises(ConnectionRefusedError):
        await RawClient.connect(bases["chat"])


async def test_a_connection_serves_one_request_after_the_other():
    server = DemoServer(sleep=asyncio.sleep)
    bases = await server.start()
    body = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
    try:
        async with await RawClient.connect(bases["chat"]) as client:
            for stream in (False, True, False):
                await client.send(request("POST", "/chat/v1/chat/completions", {**body, "stream": stream}))
                answer = await client.read_response()
                assert answer.complete
                assert b"hi" in answer.body
    finally:
        await server.stop()


async def test_without_a_protocol_its_address_is_not_there():
    server = DemoServer({})
    assert await server.start() == {}
    async with await RawClient.connect(server.root) as client:
        await client.send(request("POST", "/chat/v1/chat/completions", BODY))
        assert (await client.read_response()).status == 404
    await server.stop()


@pytest.mark.parametrize("model", ["echo", "chat", "tools", "thinking", "slow"])
@pytest.mark.parametrize(
    ("protocol", "path", "body"),
    [
        (
            "chat",
            "/chat/completions",
            {"messages": [{"role": "user", "content": "do both"}], "stream_options": {"include_usage": True}}
            | {"tools": [{"type": "function", "function": {"name": "a", "parameters": SCHEMA}}]},
        ),
        (
            "messages",
            "/messages",
            {"max_tokens": 99, "messages": [{"role": "user", "content": "do both"}]}
            | {"tools": [{"name": "a", "input_schema": SCHEMA}]},
        ),
        (
            "responses",
            "/responses",
            {"input": "do both", "tools": [{"type": "function", "name": "a", "parameters": SCHEMA}]},
        ),
        (
            "gemini",
            "/models/MODEL:streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "do both"}]}]}
            | {"tools": [{"functionDeclarations": [{"name": "a", "parameters": SCHEMA}]}]},
        ),
    ],
)
async def test_every_stream_keeps_the_grammar_of_its_protocol(bases, model, protocol, path, body):
    named = body if protocol == "gemini" else {**body, "model": model, "stream": True}
    answer = await ask(bases[protocol] + path.replace("MODEL", model), named)
    assert answer.status == 200
    assert violations(protocol, answer.body) == []


async def test_gemini_streams_without_sse_are_one_json_array(bases):
    async with await RawClient.connect(bases["gemini"]) as client:
        body = {"contents": [{"role": "user", "parts": [{"text": "one two"}]}]}
        await client.send(request("POST", "/gemini/v1beta/models/echo:streamGenerateContent", body))
        answer = await client.read_response()
    assert answer.header("content-type").startswith("application/json")
    said = [part["text"] for chunk in answer.json for part in chunk["candidates"][0]["content"]["parts"]]
    assert "".join(said) == "one two"


async def test_a_break_without_a_connection_to_break_just_ends():
    sent = []
    queue: asyncio.Queue = asyncio.Queue()
    body = b'{"model":"flaky","messages":[{"role":"user","content":"hi"}]}'
    app = DemoUpstream(DemoServer()._protocols)

    async def send(message):
        sent.append(message)

    for _ in range(9):
        sent.clear()
        await queue.put({"type": "http.request", "body": body, "more_body": False})
        await app({"type": "http", "method": "POST", "path": "/chat/v1/chat/completions"}, queue.get, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["more_body"] is True
