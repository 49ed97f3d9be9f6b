"""Short requests go another way than long ones; the provider sees no difference, and failures are the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plexus.providers import Outgoing
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.line import SLICE as SHORT
from plexus.upstream.reply import Pace

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
BODIES = pytest.mark.parametrize("body", [b"{}", b"x" * SHORT, b"x" * (SHORT + 1), b"x" * 800_000])
BOTH = pytest.mark.parametrize("body", [b"{}", b"x" * (SHORT + 1)])


class Provider:
    """A server that gives the same bytes to every request, and keeps what came."""

    def __init__(self, answer: bytes, *, closes: bool = False) -> None:
        self.answer, self.closes = answer, closes
        self.heads: list[list[str]] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
                size = next(int(line.split(":")[1]) for line in head if line.lower().startswith("content-length"))
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(size))
                self.asked.set()
                writer.write(self.answer)
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(answer: bytes, *, closes: bool = False) -> AsyncIterator[tuple[Provider, Upstream]]:
    provider = Provider(answer, closes=closes)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x?y=%2F"
    upstream = Upstream()
    try:
        yield provider, upstream
    finally:
        await upstream.close()
        server.close()


def asked(provider: Provider, body: bytes, **headers: str) -> Outgoing:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Outgoing("POST", provider.url, {"content-type": "application/json", **named}, body)


async def told(upstream: Upstream, outgoing: Outgoing, timeouts: Timeouts | None = None) -> bytes:
    reply = await upstream.send(outgoing, timeouts or Timeouts())
    try:
        return await reply.read(1000, Pace(tick=0.01))
    finally:
        reply.close()


@BODIES
async def test_a_request_arrives_as_it_was_made(body):
    async with served(OK) as (provider, upstream):
        assert await told(upstream, asked(provider, body, accept="text/x", X_Team="a")) == b"hello"
    (line, *head), host = provider.heads[0], provider.url.split("/")[2]
    assert line == "POST /v1/x?y=%2F HTTP/1.1"
    assert {(name.lower(), value) for name, value in (entry.split(": ", 1) for entry in head)} >= {
        ("host", host),
        ("content-type", "application/json"),
        ("accept", "text/x"),
        ("x-team", "a"),
        ("content-length", str(len(body))),
    }
    assert not any(entry.lower().startswith(("user-agent", "cookie", "transfer-encoding")) for entry in head)
    assert provider.bodies == [body]


@BOTH
async def test_a_connection_is_used_again_after_a_whole_answer(body):
    async with served(OK) as (provider, upstream):
        for _ in range(3):
            await told(upstream, asked(provider, body))
        assert len(provider.heads) == 3
        assert provider.connections == 1


@BOTH
async def test_a_connection_whose_answer_was_left_is_not_used_again(body):
    async with served(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello") as (provider, upstream):
        for _ in range(2):
            reply = await upstream.send(asked(provider, body), Timeouts())
            reply.close()
        assert provider.connections == 2


@BOTH
async def test_interim_answers_are_passed_over(body):
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    async with served(early + OK) as (provider, upstream):
        assert await told(upstream, asked(provider, body)) == b"hello"


@BOTH
async def test_a_header_named_twice_in_two_cases_is_sent_once(body):
    async with served(OK) as (provider, upstream):
        await told(upstream, asked(provider, body, X_Title="one", x_title="two"))
        assert [line.split(": ")[1] for line in provider.heads[0] if line.lower().startswith("x-title")] == ["two"]


@BOTH
async def test_a_header_that_would_start_a_new_line_is_never_sent(body):
    async with served(OK) as (provider, upstream):
        with pytest.raises(UpstreamFailed):
            await told(upstream, asked(provider, body, x_a="1\r\nx-b: 2"))
        assert provider.heads == []


@BOTH
async def test_credentials_in_the_address_are_sent_as_such(body):
    async with served(OK) as (provider, upstream):
        outgoing = asked(provider, body)
        url = outgoing.url.replace("http://", "http://me:secret@")
        await told(upstream, Outgoing("POST", url, outgoing.headers, body))
        assert "authorization: basic bwu6c2vjcmv0" in [line.lower() for line in provider.heads[0]]


BROKEN: list[tuple[bytes, bool, str, str]] = [
    (b"", True, "upstream", "disconnected"),
    (b"nonsense\r\n\r\n", False, "upstream", "bad_http"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello", True, "upstream", "truncated"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", True, "upstream", "truncated"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", False, "upstream", "bad_http"),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello", False, "timeout", "timeout"),
    (b"", False, "timeout", "timeout"),
]


@pytest.mark.parametrize("case", range(len(BROKEN)))
@BOTH
async def test_what_goes_wrong_is_told_in_the_same_words(case, body):
    answer, closes, kind, code = BROKEN[case]
    async with served(answer, closes=closes) as (provider, upstream):
        with pytest.raises(UpstreamFailed) as failed:
            await told(upstream, asked(provider, body), Timeouts(first_byte=0.3, idle=0.3))
        assert (failed.value.fault.kind, failed.value.fault.code) == (kind, code)


@BOTH
async def test_a_caller_that_gives_up_ends_the_connection(body):
    async with served(b"") as (provider, upstream):
        task = asyncio.create_task(told(upstream, asked(provider, body)))
        await provider.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        provider.answer = OK
        assert await told(upstream, asked(provider, body)) == b"hello"
        assert provider.connections == 2


async def test_a_refused_address_is_refused_for_every_size():
    upstream = Upstream(allow_private=False)
    for body in (b"{}", b"x" * (SHORT + 1)):
        with pytest.raises(UpstreamFailed, match="refused"):
            await upstream.send(Outgoing("POST", "http://127.0.0.1:9/", {}, body), Timeouts())
    await upstream.close()
