"""One measurement: load on a server for a while, by wrk where it is installed, else by our own loader."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from benchmarks.processes import Server, http, pinned, python

_LUA = """
wrk.method = "POST"
wrk.body = io.open("{body}", "rb"):read("*a")
{headers}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\n@{{"requests":%d,"seconds":%.6f,"p50":%.1f,"p99":%.1f,"errors":%d}}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Measured(Struct, frozen=True):
    """What one round on one server gave. Times of a request in microseconds, memory in MB."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    cpu: float
    """Microseconds of the server's CPU per request."""
    memory: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0


class Request(Struct, frozen=True):
    """A request to be sent over and over."""

    path: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def wire(self) -> bytes:
        """The request as it goes over the connection."""
        return http(self.path, self.body, self.headers)


class Loader:
    """Puts load on servers from the other core. `wrk=False` uses our own loader even where wrk is installed."""

    def __init__(self, room: Path, core: int | None, *, wrk: bool = True) -> None:
        self._room, self._core = room, core
        self._wrk = shutil.which("wrk") if wrk else None
        self.name = "wrk" if self._wrk else "own loader"

    def run(self, server: Server, request: Request, connections: int, seconds: float) -> Measured:
        """Load for a time, closed loop, on so many connections."""
        if self._wrk is None:
            return self._own(server, request, connections, "--seconds", str(seconds))
        body, script = self._room / "body", self._room / "script.lua"
        body.write_bytes(request.body)
        named = {"content-type": "application/json", **request.headers}
        lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in named.items())
        script.write_text(_LUA.format(body=body, headers=lines))
        url = f"http://127.0.0.1:{server.port}{request.path}"
        command = [self._wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
        return self._measure(server, command)

    def count(self, server: Server, request: Request, requests: int) -> Measured:
        """Exactly so many requests, one after the other."""
        return self._own(server, request, 1, "--count", str(requests))

    def _own(self, server: Server, request: Request, connections: int, *bound: str) -> Measured:
        wire = self._room / "request"
        wire.write_bytes(request.wire)
        command = python("benchmarks.loader", str(server.port), str(wire), "--connections", str(connections), *bound)
        return self._measure(server, command)

    def _measure(self, server: Server, command: list[str]) -> Measured:
        before = server.cpu()
        with pinned(self._core):
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        used = server.cpu() - before
        found = re.search(r"@?(\{.*\})", done.stdout)
        if found is None:
            raise RuntimeError(f"the load gave no figures: {done.stdout[-400:]} {done.stderr[-400:]}")
        seen = json.loads(found[1])
        per_request = used / max(1, seen["requests"]) * 1e6
        return Measured(**seen, cpu=per_request, memory=server.resident())
