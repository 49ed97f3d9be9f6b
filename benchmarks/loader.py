"""Load from raw sockets: for machines without wrk, and where an exact number of requests matters.

Run as a process of its own; prints one line of JSON. Each connection sends the next request when it has the whole answer.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One keep-alive connection, closed loop."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._head = b""
        self._missing: int | None = None
        self._tail = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: the first request goes out."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """Closed, by us at the end or by the server in between."""
        self._load.lost(self._began)

    def _send(self) -> None:
        assert self._transport is not None
        if not self._load.more():
            self._began = 0.0
            self._transport.close()
            return
        self._head, self._missing, self._tail = b"", None, b""
        self._began = time.perf_counter()
        self._transport.write(self._load.request)

    def data_received(self, data: bytes) -> None:
        """Read as far as needed to know where the answer ends."""
        if self._missing is None:
            self._head += data
            end = self._head.find(_HEAD_END)
            if end < 0:
                return
            head, data = self._head[:end].lower(), self._head[end + 4 :]
            at = head.find(b"\r\ncontent-length:")
            self._missing = int(head[at + 17 :].split(b"\r\n")[0]) if at >= 0 else -1
            self._load.status(self._head[9:12])
        if self._missing >= 0:
            self._missing -= len(data)
            done = self._missing <= 0
        else:
            self._tail = (self._tail + data)[-len(_LAST_CHUNK) :]
            done = self._tail == _LAST_CHUNK
        if done:
            self._load.finished(time.perf_counter() - self._began)
            self._send()


class Load:
    """What all connections share: the request, when to stop, and what was seen."""

    def __init__(self, request: bytes, connections: int, seconds: float, count: int) -> None:
        self.request = request
        self.ended = asyncio.get_running_loop().create_future()
        self._open = connections
        self._left = count or -1
        self._deadline = time.perf_counter() + seconds if not count else float("inf")
        self._times: list[float] = []
        self._errors = 0

    def more(self) -> bool:
        """Whether one more request is due; counts it."""
        if self._left == 0 or time.perf_counter() >= self._deadline:
            return False
        self._left -= 1 if self._left > 0 else 0
        return True

    def status(self, code: bytes) -> None:
        """Anything but 200 is an error."""
        if code != b"200":
            self._errors += 1

    def finished(self, seconds: float) -> None:
        """One answer is whole."""
        self._times.append(seconds)

    def lost(self, began: float) -> None:
        """A connection ended; in the middle of a request that is an error."""
        self._errors += 1 if began else 0
        self._open -= 1
        if not self._open and not self.ended.done():
            self.ended.set_result(None)

    def summary(self, seconds: float) -> dict[str, float]:
        """Counts, and times in microseconds."""
        times = sorted(self._times) or [0.0]
        return {
            "requests": len(self._times),
            "seconds": seconds,
            "p50": times[len(times) // 2] * 1e6,
            "p99": times[min(len(times) - 1, int(len(times) * 0.99))] * 1e6,
            "errors": self._errors,
        }


async def run(options: argparse.Namespace, request: bytes) -> None:
    loop = asyncio.get_running_loop()
    load = Load(request, options.connections, options.seconds, options.count)
    began = time.perf_counter()
    for _ in range(options.connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", options.port)
    await load.ended
    print(json.dumps(load.summary(time.perf_counter() - began)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("request", help="file with the whole HTTP request")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--count", type=int, default=0, help="this many requests instead of a time")
    chosen = parser.parse_args()
    uvloop.run(run(chosen, Path(chosen.request).read_bytes()))
