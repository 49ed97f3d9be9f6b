"""The HTTP server and how it ends.

Told to stop it says that it is not ready, lets go of its port, gives what is under way its time, breaks off what is left in a
way that clients understand, and returns. Told again it gives no more time.
"""

import asyncio
import contextlib
import ctypes
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from plexus.core.logging import logger
from plexus.pipeline.interruption import interrupt
from plexus.settings.schema import Settings
from plexus.web.asgi import Application
from plexus.web.head_rules import CLIENT_GONE
from plexus.web.refusals import Refusals
from plexus.web.turnstile import Turnstile

GRACE = 30.0
"""Seconds that what is under way may take when the server is told to stop."""
NOTICE = 1.0
"""Seconds between saying that it is not ready and letting go of the port, for load balancers; not for a Ctrl-C."""
_LAST = 1.0
"""Seconds for the last words to clients that are broken off."""
_SETTLE = 0.05
"""Seconds in which the loop takes the connections that the kernel has accepted."""
_LOOK = 0.02
_AT_ONCE = 256
"""Connections taken at one look at the loop, beside the one that uvloop takes in each turn."""
_KEEP_ALIVE = 75
_ATTACH_FILTER = 26
log = logger("plexus")


class Server(uvicorn.Server):
    """uvicorn's server with this ending. Its exit is no exception and no signal: `serve` returns."""

    def __init__(
        self, application: Application, settings: Settings, *, grace: float = GRACE, notice: float = NOTICE
    ) -> None:
        """`grace`, `notice`: in seconds."""
        rules = {
            "head_size": settings.limits.head,
            "head_count": settings.limits.headers,
            "load": application.load,
            "refusals": Refusals(application.protocols),
            "turned_away": staticmethod(application.turned_away),
        }
        super().__init__(
            uvicorn.Config(
                application,
                http=type("Rules", (Turnstile,), rules),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # web/address.py reads them, from trusted peers only
                timeout_keep_alive=_KEEP_ALIVE,
            )
        )
        self._application, self._grace, self._notice = application, grace, notice
        self._hurry = False
        self._listeners: list[socket.socket] = []
        self._arriving: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the server in its own way. uvicorn would raise them again at the end, and the process die of them."""
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's
        """Begin to stop; a second time, stop at once."""
        self._hurry = self.should_exit
        if sig == signal.SIGINT:
            self._notice = 0.0
        self._application.unready = "the server is stopping"
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._listeners = sockets or []
        for listener in self._listeners:
            listener.setblocking(False)
        self._application.load.at_each_look = self._take_waiting

    def _take_waiting(self) -> None:
        """Take the connections that wait. uvloop takes one in each turn of the loop, however long that is."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            with contextlib.suppress(OSError):  # no more of them wait, or it is closed
                for _ in range(_AT_ONCE):
                    connection, _address = listener.accept()
                    connection.setblocking(False)
                    task = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
                    self._arriving.add(task)
                    task.add_done_callback(self._arrived)

    def _arrived(self, task: asyncio.Task[Any]) -> None:
        self._arriving.discard(task)
        if not task.cancelled():
            task.exception()  # a client that has gone already is no error

    def _protocol(self) -> asyncio.Protocol:
        config: Any = self.config
        made: asyncio.Protocol = config.http_protocol_class(
            config=config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, at the latest when grace and last words are over."""
        state = self.server_state
        await self._passed(self._notice, lambda: self._hurry)
        await self._let_go(sockets or [])
        self._application.end_streams()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            log.info("stopping", under_way=len(state.tasks), grace_s=self._grace)
        await self._passed(self._grace, lambda: self._hurry or not (state.connections or state.tasks))
        if state.tasks:
            log.warning("requests are broken off", count=len(state.tasks))
        for task in list(state.tasks):
            interrupt(task)
        await self._passed(_LAST, lambda: not (state.connections or state.tasks))
        await self._drop()

    async def _let_go(self, sockets: list[socket.socket]) -> None:
        """Close the port. A connection the kernel has accepted for it is served, not dropped."""
        for listener in sockets:
            _deafen(listener)
        await asyncio.sleep(_SETTLE)
        for server in self.servers:
            server.close()
        for listener in sockets:
            listener.close()

    async def _drop(self) -> None:
        """What is left is lost: clients that do not read, and tasks that do not end."""
        tasks = list(self.server_state.tasks)
        for connection in list(self.server_state.connections):
            transport: Any = connection.transport
            transport.abort()
        for task in tasks:
            task.cancel(CLIENT_GONE)
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST)

    @staticmethod
    async def _passed(seconds: float, done: Callable[[], object]) -> None:
        clock = asyncio.get_running_loop().time
        end = clock() + seconds
        while not done() and clock() < end:  # noqa: ASYNC110 - uvicorn tells of no connection that closes
            await asyncio.sleep(_LOOK)


def _deafen(listener: socket.socket) -> None:
    """Let the kernel take no more connections for a port that is still open.

    Closing it resets those that are accepted and not yet served. Linux can drop what comes in for a socket by a filter; that
    program is one instruction, "keep nothing". The client asks again and finds the port closed.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(program)))
