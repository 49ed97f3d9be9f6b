"""A client's connection: its requests are served one after the other by one task; what comes early waits for its turn.

It takes the place of uvicorn's class, with the surface that uvicorn's server uses (ADR 25). What is a request, `HeadRules` says.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from plexus.web.cycle import CLIENT_GONE, App, Cycle
from plexus.web.parting import LINGER, Parting

FULL = 64 * 1024
"""Bytes that may wait: of a body before no more is read, of answers before no more is written."""


class Connection(asyncio.Protocol):
    """One connection, and what is done for it."""

    write_time = 60.0
    """Seconds a client may leave an answer unread when the buffers are full."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes them."""
        if not config.loaded:
            config.load()
        self.loop = _loop or asyncio.get_event_loop()
        self._app: App = config.loaded_app
        self.server_state, self._keep_alive = server_state, float(config.timeout_keep_alive)
        self._connections: Any = server_state.connections
        self.transport: Any = None
        self._scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": config.asgi_version, "spec_version": "2.3"},
            "root_path": config.root_path,
            "state": app_state,
        }
        """What is the same for every request."""
        self.cycle: Cycle | None = None
        """The request that came last."""
        self._running: Cycle | None = None
        """The request whose turn it is."""
        self._serves: App = self._app
        self._ahead: deque[Cycle] = deque()
        self._task: asyncio.Task[None] | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._answered = 0.0
        self._last = self._held = False
        self.blocked = False
        self._unblocked: asyncio.Future[None] | None = None

    # Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Buffer little for a client that reads slowly."""
        self._connections.add(self)
        transport.set_write_buffer_limits(high=FULL)
        self.transport = Parting(transport, self.loop, self._sending)
        self._scope["server"], self._scope["client"] = get_local_addr(transport), get_remote_addr(transport)
        self._scope["scheme"] = "https" if is_ssl(transport) else "http"

    def connection_lost(self, _error: Exception | None) -> None:
        """Cancel what is still being done for this client."""
        self._connections.discard(self)
        for timer in self._timers.values():
            timer.cancel()
        self.transport.lost()
        self.resume_writing()
        if self._running is not None and not self._running.response_complete:
            self._let_go(self._running)
        self._ahead.clear()
        self._wake()

    def shutdown(self) -> None:
        """The server ends: no further request is taken, and the connection closed when there is none."""
        self._last = True
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False

    def pause_writing(self) -> None:
        """The client does not read: it gets a while to go on."""
        self.blocked = True
        self._await("write", self.write_time, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        self.blocked = False
        self._done("write")
        if self._unblocked is not None and not self._unblocked.done():
            self._unblocked.set_result(None)

    # Serving

    def _begins(self, cycle: Cycle) -> App:  # noqa: ARG002 - for those who count
        """It is this request's turn; what serves it."""
        return self._app

    def _ended(self) -> None:
        """It is over, whether it was served or not."""

    def _serve(self, cycle: Cycle) -> None:
        """Serve a request when those before it are answered."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._hold()
        self.cycle = cycle
        self._ahead.append(cycle)
        if self._running is None:
            self._take(cycle)
        if self._task is None:
            self._task = self.loop.create_task(self._serving())
        else:
            self._wake()

    def _take(self, cycle: Cycle) -> None:
        self._running, self._serves = cycle, self._begins(cycle)

    async def _serving(self) -> None:
        """One request after the other. A task for each would cost as much as reading its head."""
        task = self._task
        if task is None:
            return
        try:
            while self._ahead:
                cycle = self._ahead.popleft()
                if cycle is not self._running:
                    self._take(cycle)
                await self._served(cycle, task)
                if cycle.disconnected or task.cancelling():
                    return
                if not self._ahead and not self.transport.is_closing():
                    self._wanted = self.loop.create_future()
                    await self._wanted
        finally:
            self._task = None
            if self._ahead and not self.transport.is_closing():
                self._task = self.loop.create_task(self._serving())

    async def _served(self, cycle: Cycle, task: "asyncio.Task[None]") -> None:
        self.server_state.tasks.add(task)
        try:
            await cycle.run(self._serves)
        finally:
            self.server_state.tasks.discard(task)
            self._running = None
            self._ended()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _drop_ahead(self) -> None:
        """Whatever was asked ahead of an answer that is the last is not served."""
        while self._ahead and self._ahead[-1] is not self._running:
            self._ahead.pop()

    def _let_go(self, cycle: Cycle) -> None:
        """Nobody waits for this answer any more."""
        cycle.disconnected = True
        cycle.tell()
        if cycle in self._ahead:
            # Its task has not come to it. One that is cancelled before its first step would never clean up.
            self._ahead.remove(cycle)
            self._running = None
            self._ended()
        elif self._task is not None:
            self._task.cancel(CLIENT_GONE)

    # What a cycle needs

    def write(self, data: bytes) -> None:
        """Send it."""
        self.transport.write(data)

    def soon(self, data: bytes) -> None:
        """Send it together with what is written next, in a moment at the latest."""
        self.transport.soon(data)

    async def writable(self) -> None:
        """Until the client reads again, or has gone."""
        while self.blocked:
            self._unblocked = self.loop.create_future()
            await self._unblocked

    def read_on(self) -> None:
        """More of the body is wanted."""
        if self._held:
            self._held = False
            self.transport.resume_reading()

    def answered(self) -> None:
        """The answer is complete. A client that still sends the request gets a moment to finish it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.read_on()
        self._idles()
        if self._sending():
            self._await("rest", LINGER, self.transport.close)

    def close(self) -> None:
        """Close once what was written is sent."""
        self.transport.close()

    def closing(self) -> bool:
        """Whether nothing more will be sent."""
        closing: bool = self.transport.is_closing()
        return closing

    def _hold(self) -> None:
        """No more is read for now."""
        if not self._held:
            self._held = True
            self.transport.pause_reading()

    # Time

    def _sending(self) -> bool:
        """Whether the client is in the middle of a request."""
        return self.cycle is not None and self.cycle.more_body

    def _await(self, what: str, seconds: float, late: Callable[[], None]) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(seconds, late)

    def _done(self, what: str) -> None:
        timer = self._timers.pop(what, None)
        if timer is not None:
            timer.cancel()

    def _idles(self) -> None:
        """From now on nothing need come for a while."""
        self._answered = self.loop.time()
        self._await("idle", self._keep_alive, self._idle_late)

    def _idle_late(self) -> None:
        """The timer is not moved at every request: it looks when it rings."""
        self._done("idle")
        if self._sending() or (self.cycle is not None and not self.cycle.response_complete):
            return
        left = self._answered + self._keep_alive - self.loop.time()
        if left > 0:
            self._await("idle", left, self._idle_late)
        else:
            self.transport.close()
