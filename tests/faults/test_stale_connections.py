"""A pooled connection that the provider closed: the request goes out once more, and never after a byte of an answer (U39)."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from plexus.upstream import line
from tests.faults.kit import PROTOCOLS, body_of, model_at, path_of, providers
from tests.gateway.running import Running, provider, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.wire_server import RESET_ON_CLOSE

ANSWER = json.dumps({
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "well"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}).encode()  # fmt: skip
GOOD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER
ASK = {"model": "direct/p/m", "messages": [{"role": "user", "content": "hi"}]}
PATH = "/v1/chat/completions"


class Scripted:
    """An upstream whose answer to the nth request of a connection is what `answer(connection, nth)` writes."""

    def __init__(self, answer: Callable[[int, int], tuple[bytes, str]]) -> None:
        self.answer = answer
        self.deliveries: list[tuple[int, int]] = []
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, nth = self.connections, 0
        self.connections += 1
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")
                )
                nth += 1
                self.deliveries.append((number, nth))
                data, then = self.answer(number, nth)
                if then != "reset unread":
                    await reader.readexactly(length)
                writer.write(data)
                await writer.drain()
                if then.startswith("reset"):
                    await asyncio.sleep(0.02 if data else 0)  # a reset would overtake what was written
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                    writer.transport.abort()
                    return
                if then == "close":
                    break
        writer.close()


@contextlib.asynccontextmanager
async def scripted(answer: Callable[[int, int], tuple[bytes, str]]) -> AsyncIterator[tuple[Running, Scripted]]:
    upstream = Scripted(answer)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    cools = {"disable_cooldown": False}
    async with server, running({"providers": {"p": provider(url, "chat", ["m"], **cools)}}) as gateway:
        yield gateway, upstream


def second(data: bytes, then: str) -> Callable[[int, int], tuple[bytes, str]]:
    """The first request of the first connection is answered, its second gets this; every other connection is well."""
    return lambda connection, nth: (data, then) if (connection, nth) == (0, 2) else (GOOD, "")


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("stream", [False, True])
async def test_u39_a_connection_closed_while_it_idled_costs_no_attempt(client, stream):
    async with (
        FaultUpstream() as upstream,
        running({"providers": providers(upstream, ("fault/stale-after-1",))}) as gateway,
    ):
        for protocol in PROTOCOLS:
            name = model_at(protocol, "stale-after-1")
            for _ in range(4):
                answer = await gateway.post(path_of(client, name, stream=stream), body_of(client, name, stream=stream))
                assert answer.status == 200
        assert {record.row.status for record in gateway.records} == {"ok"}
        assert {len(record.attempts) for record in gateway.records} == {1}
        assert len(upstream.received) <= 2 * len(gateway.records)
        assert len([seen for seen in upstream.received if seen.nth == 1]) == len(gateway.records)


@pytest.mark.parametrize("then", ["close", "reset", "reset unread"])
@pytest.mark.parametrize("size", [10, 300_000])
async def test_u39_however_it_was_closed_the_request_goes_out_once_more_on_a_new_connection(then, size):
    async with scripted(second(b"", then)) as (gateway, upstream):
        body = {**ASK, "messages": [{"role": "user", "content": "x" * size}]}
        answers = [await gateway.post(PATH, body) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert upstream.deliveries[:3] == [(0, 1), (0, 2), (1, 1)]
        assert [len(record.attempts) for record in gateway.records] == [1, 1, 1]
        assert not gateway.plexus.gateway.traffic.cooldowns.export()


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("data", [b"H", b"HTTP/1.1 2", GOOD[:-1], b"HTTP/1.1 103 Early Hints\r\n\r\n"])
async def test_u39_nothing_is_sent_twice_once_a_byte_of_an_answer_came(then, data):
    async with scripted(second(data, then)) as (gateway, upstream):
        assert (await gateway.post(PATH, ASK)).status == 200
        assert (await gateway.post(PATH, ASK)).status == 502
        assert upstream.deliveries == [(0, 1), (0, 2)]


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_u39_a_new_connection_that_is_closed_is_a_failure(then):
    async with scripted(lambda _connection, _nth: (b"", then)) as (gateway, upstream):
        assert (await gateway.post(PATH, ASK)).status == 502
        assert upstream.deliveries == [(0, 1)]
        assert gateway.records[0].error is not None
        assert gateway.records[0].error.code in {"disconnected", "transport"}


async def test_u39_it_goes_out_once_more_and_not_again():
    def all_bad_but_the_first(connection, nth):
        return (GOOD, "") if (connection, nth) == (0, 1) else (b"", "close")

    async with scripted(all_bad_but_the_first) as (gateway, upstream):
        assert [(await gateway.post(PATH, ASK)).status for _ in range(2)] == [200, 502]
        assert upstream.deliveries == [(0, 1), (0, 2), (1, 1)]


async def test_u39_a_connection_lost_while_the_provider_worked_was_not_stale(monkeypatch):
    monkeypatch.setattr(line, "_AT_ONCE", 0.0)
    async with scripted(second(b"", "close")) as (gateway, upstream):
        assert [(await gateway.post(PATH, ASK)).status for _ in range(2)] == [200, 502]
        assert upstream.deliveries == [(0, 1), (0, 2)]


async def test_many_stale_connections_at_once_are_each_replaced_by_one_new_one():
    def once(_connection, nth):
        return (GOOD, "") if nth == 1 else (b"", "close")

    async with scripted(once) as (gateway, upstream):
        for _ in range(3):
            answers = await asyncio.gather(*(gateway.post(PATH, ASK) for _ in range(20)))
            assert {answer.status for answer in answers} == {200}
        assert len(upstream.deliveries) <= 2 * 60
        assert {len(record.attempts) for record in gateway.records} == {1}


@pytest.mark.parametrize(
    "stray", [GOOD.replace(b"well", b"evil"), b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n"]
)
async def test_what_came_unasked_over_an_idle_connection_is_nobodys_answer(stray):
    """An answer too many, which may be somebody else's; or a proxy that says 408 before it closes an idle connection."""
    async with scripted(lambda _connection, _nth: (GOOD, "")) as (gateway, upstream):
        for _ in range(3):
            answer = await gateway.post(PATH, ASK)
            assert answer.json["choices"][0]["message"]["content"] == "well"
            for writer in upstream.writers:
                writer.write(stray)
            for _ in range(10):
                await asyncio.sleep(0)
        assert upstream.deliveries == [(0, 1), (1, 1), (2, 1)]
