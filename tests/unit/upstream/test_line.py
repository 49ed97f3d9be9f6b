"""One line carries one request after the other: how waits are timed, what ends it, and when it may be used again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp.http import HttpProcessingError

from plexus.upstream.answer import MOST
from plexus.upstream.line import HEAD_LIMIT, SLICE, Line

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

Say = Callable[[asyncio.StreamWriter], None]


class Peer:
    """The other end: what it reads, and a way to write."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def asked(self) -> bytes:
        """The head of a request has come."""
        return await self.reader.readuntil(b"\r\n\r\n")

    def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Line, Peer, list[Line]]]:
    """A line, its peer, and the lines that were given back."""
    loop, there = asyncio.get_running_loop(), asyncio.Queue[Peer]()
    freed: list[Line] = []
    server = await asyncio.start_server(lambda r, w: there.put_nowait(Peer(r, w)), "127.0.0.1", 0)
    _, line = await loop.create_connection(lambda: Line(loop), *server.sockets[0].getsockname())
    line.freed, line.gone = freed.append, line.close
    peer = await there.get()
    try:
        yield line, peer, freed
    finally:
        line.drop()
        peer.writer.close()
        server.close()
        await server.wait_closed()


def soon(seconds: float = 10.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def body_of(answer) -> bytes:
    pieces = []
    while piece := await after(answer):
        pieces.append(piece)
    return b"".join(pieces)


async def after(answer) -> bytes:
    """What comes next, empty at the end; framing alone is nothing."""
    while not (piece := answer.take(1000)) and not answer.ended:
        assert await answer.news(soon())
    return piece


async def test_an_answer_in_pieces_is_taken_as_it_comes_and_frees_the_line_at_its_end():
    async with connected() as (line, peer, freed):
        peer.say(CHUNKED[:30])
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        assert (await peer.asked()).startswith(b"POST / ")
        peer.say(CHUNKED[30:], b"5\r\nhello\r\n")
        answer = await asking
        assert (answer.status, await after(answer), freed) == (200, b"hello", [])
        peer.say(b"3\r\n", b"you", b"\r\n0\r\nx-trailer: 1\r\n\r\n")
        assert await body_of(answer) == b"you"
        assert (answer.ended, freed, line.usable) == (True, [line], True)
        assert "x-trailer" not in answer.headers


async def test_many_waits_set_one_timer(monkeypatch):
    loop = asyncio.get_running_loop()
    timers: list[float] = []
    call_at = loop.call_at

    def counted(when, *args, **more):
        timers.append(when)
        return call_at(when, *args, **more)

    async with connected() as (line, peer, _):
        monkeypatch.setattr(loop, "call_at", counted)
        for _ in range(3):
            asking = asyncio.create_task(line.ask(HEAD, b"{}", soon(60)))
            await peer.asked()
            peer.say(CHUNKED)
            answer = await asking
            for _ in range(20):
                peer.say(b"1\r\nx\r\n")
                await answer.news(soon(60))
                answer.take(10)
            peer.say(b"0\r\n\r\n")
            await body_of(answer)
        assert len([when for when in timers if when > soon(30)]) == 1


@pytest.mark.parametrize("before", [None, 0.01, 60])
async def test_a_wait_ends_in_time_whatever_the_one_before_was_given(before):
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", None if before is None else soon(max(before, 1))))
        await peer.asked()
        peer.say(CHUNKED)
        answer = await asking
        if before == 0.01:
            assert not await answer.news(soon(before))
        began = soon(0)
        assert not await answer.news(began + 0.03)
        assert soon(0) >= began + 0.03
        peer.say(b"1\r\nx\r\n")
        await answer.news(soon())
        assert answer.take(10) == b"x"


async def test_a_timer_that_rings_between_two_waits_cuts_neither():
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(CHUNKED)
        answer = await asking
        assert not await answer.news(soon(0.02))
        waiting = answer.news(soon(0.02))
        peer.say(b"1\r\nx\r\n")
        assert await waiting
        line._ring()
        assert answer.take(10) == b"x"


@pytest.mark.parametrize(
    "stray", [OK, b"\r\n", b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n", b"nonsense"]
)
async def test_what_comes_unasked_ends_the_line(stray):
    async with connected() as (line, peer, freed):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(OK)
        assert await body_of(await asking) == b"hello"
        assert freed == [line]
        peer.say(stray)
        while line.usable:  # noqa: ASYNC110 - a line tells nobody
            await asyncio.sleep(0)


async def test_an_answer_with_another_behind_it_is_whole_and_the_line_not_used_again():
    async with connected() as (line, peer, freed):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(OK + OK.replace(b"hello", b"other"))
        assert await body_of(await asking) == b"hello"
        assert (freed, line.usable) == ([], False)


NOT_KEPT = {
    "closes": OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
    "http/1.0": OK.replace(b"1.1", b"1.0"),
    "switches": b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhello",
}


@pytest.mark.parametrize("case", NOT_KEPT)
async def test_a_line_that_the_provider_is_done_with_is_not_used_again(case):
    async with connected() as (line, peer, freed):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(NOT_KEPT[case])
        answer = await asking
        assert answer.status == (101 if case == "switches" else 200)
        answer.close()
        assert (freed, line.usable) == ([], False)


async def test_a_body_without_a_length_ends_with_the_connection():
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(b"HTTP/1.1 200 OK\r\n\r\nhello")
        peer.writer.write_eof()
        assert await body_of(await asking) == b"hello"


ENDLESS = {
    "a name": b"HTTP/1.1 200 OK\r\n" + b"x" * (HEAD_LIMIT * 2),
    "many names": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * (HEAD_LIMIT // 3),
    "interim answers": b"HTTP/1.1 103 Early\r\n\r\n" * (HEAD_LIMIT // 10),
    "a trailer": CHUNKED + b"0\r\nx: " + b"x" * (HEAD_LIMIT * 2),
    "extensions": CHUNKED + (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * (HEAD_LIMIT // 500),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_what_is_no_body_is_bounded(case):
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(ENDLESS[case])
        with pytest.raises(HttpProcessingError):
            await body_of(await asking)
        assert not line.usable


async def test_what_came_before_a_fault_is_handed_over_first():
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        peer.say(CHUNKED + b"5\r\nhello\r\nzz\r\n")
        answer = await asking
        assert await after(answer) == b"hello"
        with pytest.raises(HttpProcessingError):
            answer.take(1000)


async def test_no_more_is_read_than_somebody_takes():
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        size = MOST * 40
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size, b"x" * size)
        answer = await asking
        while line.transport is not None and line.transport.is_reading():  # noqa: ASYNC110 - a line tells nobody
            await asyncio.sleep(0)
        assert MOST < len(answer) < 3 * MOST
        taken = len(await body_of(answer))
        assert (taken, answer.ended) == (size, True)


async def test_an_answer_that_comes_before_a_long_request_was_taken_is_heard():
    async with connected() as (line, peer, freed):
        asking = asyncio.create_task(line.ask(HEAD, b"x" * (200 * SLICE), soon()))
        await peer.asked()
        peer.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno")
        answer = await asking
        assert (answer.status, await body_of(answer)) == (413, b"no")
        assert (freed, line.usable) == ([], False)


async def test_who_gives_up_ends_the_line():
    async with connected() as (line, peer, _):
        asking = asyncio.create_task(line.ask(HEAD, b"{}", soon()))
        await peer.asked()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        line.drop()
        assert await peer.reader.read() == b"{}"


async def test_a_line_that_was_lost_takes_no_request():
    async with connected() as (line, peer, _):
        peer.writer.close()
        while line.usable:  # noqa: ASYNC110 - a line tells nobody
            await asyncio.sleep(0)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await line.ask(HEAD, b"{}", soon())
