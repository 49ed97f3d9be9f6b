"""An answer on the wire: its framing, what it may not be, and what is left of one that fails."""

import asyncio
from typing import Any

import pytest

from plexus.web.cycle import Cycle

DATE = [(b"date", b"now")]


class Wire:
    """A connection that keeps what was written."""

    def __init__(self) -> None:
        self.said, self.done, self.closed, self.blocked = b"", 0, False, False

    async def writable(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.said += data

    soon = write

    def read_on(self) -> None:
        pass

    def answered(self) -> None:
        self.done += 1

    def close(self) -> None:
        self.closed = True

    def closing(self) -> bool:
        return self.closed


def cycle_on(wire: Wire, method: str = "GET", *, keep_alive: bool = True) -> Cycle:
    return Cycle(wire, {"type": "http", "method": method}, DATE, keep_alive=keep_alive)


async def test_a_whole_answer_is_written_once_with_its_length():
    wire = Wire()
    await cycle_on(wire).whole(200, [(b"content-length", b"2")], b"ok")
    assert wire.said == b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\n\r\nok"
    assert (wire.done, wire.closed) == (1, False)


async def test_an_answer_in_pieces_is_chunked_and_an_empty_piece_does_not_end_it():
    wire = Wire()
    cycle = cycle_on(wire, keep_alive=False)
    await cycle.begin(599, [])
    for piece in (b"a", b"", b"b" * 17):
        cycle.piece(piece)
    cycle.end()
    head = b"HTTP/1.1 599 \r\ndate: now\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    assert wire.said == head + b"1\r\na\r\n11\r\n" + b"b" * 17 + b"\r\n0\r\n\r\n"
    assert (wire.done, wire.closed) == (1, True)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
async def test_an_answer_without_a_body_has_none(method, status):
    wire = Wire()
    cycle = cycle_on(wire, method)
    await cycle.send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"4")]})
    await cycle.send({"type": "http.response.body", "body": b"body"})
    assert wire.said.endswith(b"content-length: 4\r\n\r\n")
    assert wire.done == 1


@pytest.mark.parametrize("bad", [b"1\r\nx-b: 2", b"1\nx", b"1\rx", b"1\0"])
async def test_a_header_that_would_be_more_than_one_is_never_sent(bad):
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", bad)]})

    wire = Wire()
    await cycle_on(wire).run(app)
    assert wire.said.startswith(b"HTTP/1.1 500 ")
    assert (wire.done, wire.closed) == (1, True)


@pytest.mark.parametrize("body", [b"", b"a", b"abc"])
async def test_an_answer_of_another_length_than_it_says_ends_the_connection(body):
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": body})

    wire = Wire()
    await cycle_on(wire).run(app)
    assert (wire.done, wire.closed) == (0, True)


@pytest.mark.parametrize("started", [False, True])
async def test_an_application_that_says_nothing_more_leaves_nobody_waiting(started):
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200})

    wire = Wire()
    await cycle_on(wire).run(app)
    assert wire.closed
    assert (b" 500 " in wire.said) == (not started)


async def test_a_body_is_handed_over_as_it_comes_and_then_who_asks_waits_for_the_end():
    wire = Wire()
    cycle = cycle_on(wire, "POST")
    cycle.expects = True
    receiving = asyncio.create_task(cycle.receive())
    await asyncio.sleep(0)
    assert wire.said == b"HTTP/1.1 100 Continue\r\n\r\n"
    cycle.take(b"a")
    assert await receiving == {"type": "http.request", "body": b"a", "more_body": True}
    cycle.take(b"b")
    cycle.take(b"c")
    cycle.more_body = False
    assert await cycle.receive() == {"type": "http.request", "body": b"bc", "more_body": False}
    listening = asyncio.create_task(cycle.receive())
    await asyncio.sleep(0)
    cycle.tell()
    await asyncio.sleep(0)
    assert not listening.done()
    await cycle.whole(200, [(b"content-length", b"0")], b"")
    assert await listening == {"type": "http.disconnect"}


async def test_nothing_is_written_to_a_client_that_has_gone():
    wire = Wire()
    cycle = cycle_on(wire)
    await cycle.begin(200, [])
    said, cycle.disconnected = wire.said, True
    cycle.piece(b"a")
    cycle.end()
    await cycle.send({"type": "http.response.body", "body": b"a"})
    assert wire.said == said
    assert await cycle.receive() == {"type": "http.disconnect"}
