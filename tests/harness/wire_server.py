"""A raw-socket HTTP/1.1 server on loopback that plays a script of bytes for each request. It judges nothing."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from typing import Self

from tests.harness.received import Received
from tests.harness.wire import Chunks, Script, Step, header

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of zero: closing sends RST."""
_READ_AHEAD = 1 << 20
_MODEL = re.compile(rb'"model"\s*:\s*"([^"]*)"')


class Plan:
    """What a server does with a request: its script, and whether that starts before the body has come whole."""

    def __init__(self, script: Callable[[Received], Script], *, early: bool = False) -> None:
        self.script = script
        self.early = early


class _Inlet:
    """The bytes coming in on one connection, kept until a request takes them."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.buffer = bytearray()
        self.ended = ""

    async def more(self) -> bool:
        """Read what is there; False when the client closed ("fin") or reset the connection."""
        if self.ended:
            return False
        try:
            data = await self._reader.read(65536)
        except OSError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "fin"
        self.buffer += data
        return bool(data)

    async def until(self, marker: bytes) -> bytes | None:
        """Everything before the marker, which is consumed as well; None when the connection ends first."""
        while (at := self.buffer.find(marker)) < 0:
            if not await self.more():
                return None
        found = bytes(self.buffer[:at])
        del self.buffer[: at + len(marker)]
        return found

    async def watch(self, received: Received) -> None:
        """Note the end of the connection while an answer is being written."""
        while len(self.buffer) < _READ_AHEAD:
            if not await self.more():
                received.left(self.ended)
                return


class WireServer(ABC):
    """Serves on 127.0.0.1, keeps `received` in order of arrival. `tempo` multiplies every delay of every script."""

    def __init__(self, *, port: int = 0, tempo: float = 1.0, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self._asked_port = port
        self._tempo = tempo
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._models: Counter[str] = Counter()
        self._arrival = asyncio.Condition()

    @abstractmethod
    def plan(self, model: str, received: Received) -> Plan:
        """The plan for this request. `model` may be known while the body is still coming."""

    @property
    def port(self) -> int:
        """The port being served."""
        if self._server is None:
            raise RuntimeError("not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def root(self) -> str:
        """The URL without a path."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def base_url(self, protocol: str = "chat") -> str:
        """The base URL a provider of this protocol is configured with."""
        return self.root + ("/v1beta" if protocol == "gemini" else "/v1")

    async def start(self) -> Self:
        """Begin to serve."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._asked_port, ssl=self._tls, backlog=1024
        )
        return self

    async def stop(self) -> None:
        """Stop serving and drop every connection."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def wait_received(self, count: int, within: float = 10.0) -> list[Received]:
        """The requests received, once there are at least `count` of them."""
        async with asyncio.timeout(within), self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) >= count)
        return self.received

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        number = self.connections
        self.connections += 1
        # Every write waits until the kernel has it, so that a reset cuts where the script says.
        writer.transport.set_write_buffer_limits(high=0)
        inlet = _Inlet(reader)
        nth = 1
        try:
            while await self._one(inlet, writer, number, nth):
                nth += 1
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _one(self, inlet: _Inlet, writer: asyncio.StreamWriter, connection: int, nth: int) -> bool:
        head = await inlet.until(b"\r\n\r\n")
        if head is None:
            return False
        received = Received(head.lstrip(b"\r\n"), connection, nth)
        plan = await self._read_body(inlet, received, writer)
        plan = plan or self.plan(received.model, received)
        await self._note(received)
        watcher = asyncio.create_task(inlet.watch(received))
        try:
            return await self._play(plan.script(received), received, writer)
        except OSError:
            received.left("reset")  # writing met it before reading did
            raise
        finally:
            received.answered = time.monotonic()
            watcher.cancel()
            await asyncio.wait([watcher])  # until then the reader is not free for the next request

    async def _note(self, received: Received) -> None:
        self._models[received.model] += 1
        received.nth_of_model = self._models[received.model]
        self.received.append(received)
        async with self._arrival:
            self._arrival.notify_all()

    async def _read_body(self, inlet: _Inlet, received: Received, writer: asyncio.StreamWriter) -> Plan | None:
        if header(received.headers, "expect").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunked = "chunked" in header(received.headers, "transfer-encoding")
        length = int(header(received.headers, "content-length", "0"))
        chunks = Chunks(inlet.buffer)
        while True:
            received.complete = chunks.take() if chunked else len(inlet.buffer) >= length
            received.body = bytes(chunks.data if chunked else inlet.buffer[:length])
            if received.complete:
                del inlet.buffer[: 0 if chunked else length]
                return None
            plan = self._early(received)
            if plan is not None:
                return plan
            if not await inlet.more():
                received.left(inlet.ended)
                return Plan(lambda _: [Step(action="close")])

    def _early(self, received: Received) -> Plan | None:
        match = _MODEL.search(received.body)
        if match is None:
            return None
        plan = self.plan(match[1].decode("utf-8", "replace"), received)
        return plan if plan.early else None

    async def _play(self, script: Script, received: Received, writer: asyncio.StreamWriter) -> bool:
        for step in script:
            if step.delay:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(received.gone.wait(), step.delay * self._tempo)
            if received.gone.is_set():
                return False
            if step.data:
                writer.write(step.data)
                await writer.drain()
            await asyncio.sleep(0)  # what is written in two steps leaves in two segments
            if step.action and not await self._act(step.action, received, writer):
                return False
        return header(received.headers, "connection").lower() != "close" and not received.gone.is_set()

    async def _act(self, action: str, received: Received, writer: asyncio.StreamWriter) -> bool:
        match action:
            case "reset":
                connection: socket.socket = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                writer.transport.abort()
                return False
            case "half-close":
                writer.write_eof()
                return True
            case "hang":
                await received.gone.wait()
                return False
            case _:
                return False
