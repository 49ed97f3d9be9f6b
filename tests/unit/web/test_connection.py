"""Whose turn it is on a connection, and what is left when the client goes at a bad moment."""

import asyncio
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from plexus.core.clock import Clock
from plexus.pipeline.rules import Rules
from plexus.web.overload import Load
from plexus.web.turnstile import Turnstile

GET = b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n"


class Transport:
    """A socket that keeps what was written to it."""

    def __init__(self) -> None:
        self.said, self.closed, self.reading = b"", False, True

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default

    def set_write_buffer_limits(self, *, high: int) -> None:
        """None are kept."""

    def write(self, data: bytes) -> None:
        self.said += data

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class App:
    """Answers when it is let; keeps what was begun and what was broken off."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.broken: list[str] = []
        self.gate = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], _receive: Any, send: Any) -> None:
        self.begun.append(scope["path"])
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.broken.append(scope["path"])
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


class Served:
    """A connection, and all around it."""

    def __init__(self) -> None:
        self.app, self.state, self.transport = App(), ServerState(), Transport()
        self.load = Load(Clock(), Rules)
        made = type("Made", (Turnstile,), {"load": self.load})
        self.connection = made(uvicorn.Config(self.app, lifespan="off", log_config=None), self.state, {})
        self.connection.connection_made(self.transport)

    async def turns(self) -> None:
        """Let what can go on go on."""
        for _ in range(20):
            await asyncio.sleep(0)

    def nothing_left(self) -> bool:
        return (self.load.requests, self.state.tasks, self.connection._task) == (0, set(), None)


@pytest.fixture
async def served():
    made = Served()
    yield made
    made.connection.connection_lost(None)
    await made.turns()


async def test_requests_sent_ahead_have_their_turn_one_after_the_other(served):
    served.connection.data_received(GET % 1 + GET % 2 + GET % 3)
    await served.turns()
    assert (served.app.begun, served.load.requests, len(served.state.tasks)) == (["/1"], 1, 1)
    served.app.gate.set()
    await served.turns()
    assert served.app.begun == ["/1", "/2", "/3"]
    assert served.transport.said.count(b"HTTP/1.1 200 OK") == 3
    assert (served.load.requests, served.state.tasks) == (0, set())


async def test_who_leaves_before_its_turn_is_not_served(served):
    served.connection.data_received(GET % 1)
    assert served.load.requests == 1
    served.connection.connection_lost(None)
    await served.turns()
    assert (served.app.begun, served.nothing_left()) == ([], True)


async def test_who_leaves_between_two_turns_is_not_served(served):
    served.app.gate.set()
    served.connection.data_received(GET % 1)
    await served.turns()
    served.connection.data_received(GET % 2)
    served.connection.connection_lost(None)
    await served.turns()
    assert (served.app.begun, served.nothing_left()) == (["/1"], True)


async def test_who_leaves_while_it_is_served_has_it_broken_off_and_what_was_sent_ahead_forgotten(served):
    served.connection.data_received(GET % 1 + GET % 2)
    await served.turns()
    served.connection.connection_lost(ConnectionResetError())
    await served.turns()
    assert (served.app.begun, served.app.broken, served.nothing_left()) == (["/1"], ["/1"], True)


async def test_a_task_that_was_cancelled_ends_and_the_next_request_gets_another(served):
    served.connection.data_received(GET % 1)
    await served.turns()
    (task,) = served.state.tasks
    served.app.gate.set()
    task.cancel()
    await served.turns()
    assert task.done()
    assert b"HTTP/1.1 500 " in served.transport.said
    assert served.transport.closed


async def test_an_idle_task_that_is_cancelled_leaves_a_connection_that_serves(served):
    served.app.gate.set()
    served.connection.data_received(GET % 1)
    await served.turns()
    task = served.connection._task
    assert task is not None
    task.cancel()
    await served.turns()
    served.connection.data_received(GET % 2)
    await served.turns()
    assert (served.app.begun, task.cancelled()) == (["/1", "/2"], True)


async def test_the_timer_of_an_idle_connection_is_not_moved_but_looks(served, monkeypatch):
    loop, set_timers = asyncio.get_running_loop(), []
    call_later = loop.call_later

    def counted(seconds, *args, **more):
        set_timers.append(seconds)
        return call_later(seconds, *args, **more)

    monkeypatch.setattr(loop, "call_later", counted)
    served.app.gate.set()
    for number in range(5):
        served.connection.data_received(GET % number)
        await served.turns()
    idle = served.connection._keep_alive
    assert set_timers.count(idle) == 1
    served.connection._idle_late()
    assert not served.transport.closed
    served.connection._keep_alive = 0.0
    served.connection._idle_late()
    assert served.transport.closed
