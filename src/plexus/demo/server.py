"""The demo upstream on a loopback port of its own, in the event loop that starts it."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

import plexus.protocols
from plexus.core.clock import Clock
from plexus.core.registry import find
from plexus.demo.calls import BASES
from plexus.demo.upstream import BREAK, DemoUpstream, Sleep
from plexus.protocols import WireProtocol

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Breakable(HttpToolsProtocol):
    """uvicorn's connection, which lets the application break it: demo/flaky fails that way."""

    def on_message_begin(self) -> None:
        """Put the function that breaks the connection where the application finds it."""
        super().on_message_begin()
        self.scope["state"][BREAK] = self._break

    def _break(self) -> None:
        connection: socket.socket = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()


class DemoServer:
    """Serves the demo models on 127.0.0.1 while it is started. The port is the system's choice."""

    def __init__(
        self,
        protocols: Mapping[str, WireProtocol] | None = None,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Clock | None = None,
    ) -> None:
        """`protocols`: all there are, unless given."""
        found = find(plexus.protocols, "PROTOCOL", WireProtocol) if protocols is None else protocols
        self._protocols = found
        self._app = DemoUpstream(found, sleep=sleep, clock=clock)
        self._state = ServerState()
        self._server: asyncio.Server | None = None
        self.root = ""

    async def start(self) -> dict[str, str]:
        """Begin to serve: the base URL of each protocol."""
        config = uvicorn.Config(self._app, log_config=None, lifespan="off", ws="none", server_header=False)
        config.load()

        def connection() -> Any:
            return _Breakable(config=config, server_state=self._state, app_state={})

        self._server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
        self.root = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return {protocol: self.root + base for protocol, base in BASES.items() if protocol in self._protocols}

    async def stop(self) -> None:
        """Stop serving; answers under way are cut."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._state.tasks):
            task.cancel()
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
