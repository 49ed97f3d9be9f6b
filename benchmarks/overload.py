"""More load than can be served: `python -m benchmarks.overload`. What is still served, and how soon the rest is refused.

First the most that closed connections get through (the peak), then requests at a fixed multiple of that rate, whether answers
come or not. The load comes from this process, which shares its core with the simulated upstream.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

import uvloop
from msgspec import Struct

from benchmarks import bodies
from benchmarks.load import Loader, Request
from benchmarks.processes import Server, cores, pinned
from benchmarks.servers import HEADERS, Field

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_SETTLING = 20.0
_RESTING = 0.02
"""Seconds of CPU in three tenths of a second that a server may use when it rests."""
_STRAGGLERS = 10.0
"""Seconds for answers that are still under way when the last request is sent, at most."""


_ASKED = {
    # Translation makes the gateway the bottleneck, not the upstream, which shares its core with this process.
    "translated": Request("/v1/messages", bodies.messages_request("to-chat", stream=True), HEADERS),
    "stream": Request("/v1/chat/completions", bodies.chat_request("to-chat", stream=True), HEADERS),
    "unary": Request("/v1/chat/completions", bodies.chat_request("to-chat"), HEADERS),
}


class Seen(Struct):
    """Seconds from sending to the whole answer, of those served and of those refused; and what got neither."""

    served: list[float] = []
    refused: list[float] = []
    other: int = 0
    late: list[float] = []
    """Seconds by which this process was late with sending: above some milliseconds it measures itself."""

    @property
    def answered(self) -> int:
        """All of which it is known what became."""
        return len(self.served) + len(self.refused) + self.other


class Exchange(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._got = bytearray()
        self._head = self._length = -1
        self._began = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast("asyncio.Transport", transport)

    def ask(self, wire: bytes, began: float) -> None:
        """Send a request that was due at `began`."""
        assert self.transport is not None
        self._got.clear()
        self._head = self._length = -1
        self._began = began
        self.transport.write(wire)

    def data_received(self, data: bytes) -> None:
        """Read on to the end of the answer."""
        self._got += data
        if self._head < 0:
            self._head = self._got.find(_HEAD_END)
            if self._head < 0:
                return
            head = bytes(self._got[: self._head]).lower()
            at = head.find(b"\r\ncontent-length:")
            self._length = int(head[at + 17 :].split(b"\r\n")[0]) if at >= 0 else -1
        whole = (
            len(self._got) >= self._head + 4 + self._length if self._length >= 0 else self._got.endswith(_LAST_CHUNK)
        )
        if whole:
            self._crowd.answered(bytes(self._got[9:12]), self._began, self)
            self._began = 0.0

    def connection_lost(self, _error: Exception | None) -> None:
        """Closed."""
        self._crowd.lost(self, waiting=bool(self._began))


class Crowd:
    """Clients that ask at a fixed rate, each on a connection that is free or, when there is none, on a new one."""

    def __init__(self, port: int, wire: bytes) -> None:
        self._port, self._wire = port, wire
        self._free: list[Exchange] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._time = asyncio.get_running_loop().time
        self.seen = Seen()

    def answered(self, status: bytes, began: float, connection: Exchange) -> None:
        """An answer is whole; its connection is free."""
        taken = self._time() - began
        if status == b"200":
            self.seen.served.append(taken)
        elif status == b"503":
            self.seen.refused.append(taken)
        else:
            self.seen.other += 1
        self._free.append(connection)

    def lost(self, connection: Exchange, *, waiting: bool) -> None:
        """A connection ended."""
        self.seen.other += waiting
        if connection in self._free:
            self._free.remove(connection)

    async def storm(self, rate: float, seconds: float) -> None:
        """So many requests a second."""
        start = self._time()
        for number in range(int(rate * seconds)):
            due = start + number / rate
            wait = due - self._time()
            if wait > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            self.seen.late.append(self._time() - due)
            if self._free:
                self._free.pop().ask(self._wire, due)
            else:
                task = asyncio.ensure_future(self._connect(due))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _connect(self, due: float) -> None:
        try:
            made = await asyncio.get_running_loop().create_connection(lambda: Exchange(self), "127.0.0.1", self._port)
        except OSError:
            self.seen.other += 1
            return
        made[1].ask(self._wire, due)


def percentile(times: list[float], share: float) -> float:
    """Of sorted seconds, in milliseconds."""
    return times[min(len(times) - 1, int(len(times) * share))] * 1000 if times else 0.0


async def stormed(port: int, wire: bytes, rate: float, seconds: float) -> dict[str, float]:
    """The figures of one storm."""
    crowd = Crowd(port, wire)
    await crowd.storm(rate, seconds)
    served_in_time = len(crowd.seen.served)
    seen, sent, last = crowd.seen, int(rate * seconds), time.monotonic() + _STRAGGLERS
    while seen.answered < sent and time.monotonic() < last:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)
    served, refused = sorted(seen.served), sorted(seen.refused)
    return {
        "served": len(served),
        "sent_per_s": round(rate),
        "sent_late_p99_ms": round(percentile(sorted(seen.late), 0.99), 1),
        "served_per_s": round(served_in_time / seconds, 1),
        "served_p50_ms": round(percentile(served, 0.5), 1),
        "served_p99_ms": round(percentile(served, 0.99), 1),
        "refused": len(refused),
        "refused_p50_ms": round(percentile(refused, 0.5), 1),
        "refused_p99_ms": round(percentile(refused, 0.99), 1),
        "other": seen.other,
        "unanswered": sent - seen.answered,
    }


def settled(server: Server) -> float:
    """Seconds of CPU the server has used once it rests: what it puts off, such as its books, is done by then."""
    used, since = server.cpu(), time.monotonic()
    while time.monotonic() - since < _SETTLING:
        time.sleep(0.3)
        before, used = used, server.cpu()
        if used - before <= _RESTING:
            break
    return used


def measured(plexus: Server, loader: Loader, ask: Request, times: float, seconds: float) -> dict[str, float]:
    """The peak, a storm of a multiple of it, and what was served of the peak: by time, and by the CPU the gateway used.

    By CPU is the fairer where other work takes turns on the cores, and the gateway got more of them at one time than at another.
    """
    at_rest = settled(plexus)
    closed = [loader.run(plexus, ask, 32, seconds / 2) for _ in range(2)]
    peak, before = max(one.rate for one in closed), settled(plexus)
    with pinned((cores() or (None, None))[1]):
        figures = uvloop.run(stormed(plexus.port, ask.wire, peak * times, seconds))
    after = settled(plexus)
    each = (before - at_rest) / sum(one.requests for one in closed)
    return {
        "peak_per_s": round(peak, 1),
        **figures,
        "goodput": round(figures["served_per_s"] / peak, 3),
        "cpu_us_at_peak": round(each * 1e6),
        "goodput_by_cpu": round(figures["served"] * each / (after - before), 3),
    }


def main() -> int:
    """Print one line of JSON for each kind of request and multiple of the peak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--kind", action="append", choices=tuple(_ASKED))
    parser.add_argument("--times", action="append", type=float, help="multiple of the peak (may be repeated)")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--concurrency", default="{}", help="the `concurrency` section of the configuration, as JSON")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plexus-bench-") as room:
        extra = f"concurrency: {chosen.concurrency}\n"
        with Field(Path(room), extra=extra) as field:
            field.add("plexus")
            if field.missing:
                raise SystemExit(str(field.missing))
            loader = Loader(Path(room), (cores() or (None, None))[1])
            plexus = field.running["plexus"]
            for kind, times in itertools.product(chosen.kind or _ASKED, chosen.times or (1.0, 2.0, 3.0)):
                figures = measured(plexus, loader, _ASKED[kind], times, chosen.seconds)
                print(json.dumps({"kind": kind, "times": times, **figures}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
