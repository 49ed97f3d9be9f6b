"""Processes under test: started on a core of their own, watched through /proc, stopped by what started them."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).resolve().parent.parent


class NotStarted(Exception):  # noqa: N818 - a state, not a bug
    """The server did not answer in time, or ended. The message holds the end of its output."""


def cores() -> tuple[int, int] | None:
    """The core of the server under test and the one of load and upstream; None where there are not two to pin to."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    free = sorted(os.sched_getaffinity(0))
    return (free[0], free[1]) if len(free) > 1 else None


@contextlib.contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """What is started inside inherits this core, with all its threads."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One running server."""

    def __init__(
        self, name: str, command: Sequence[str], port: int, log: Path, core: int | None, env: Mapping[str, str]
    ) -> None:
        self.name, self.port, self._log = name, port, log
        self.began = self.ready = time.perf_counter()
        with pinned(core), log.open("wb") as output:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **env}
            )

    def answer(self, request: bytes, within: float = 15.0) -> bytes:
        """The first whole answer to `request`, tried until it comes with status 200.

        Raises:
            NotStarted: when it does not come in time.
        """
        last = b""
        while time.perf_counter() - self.began < within:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                last = exchange(self.port, request)
                if last.startswith(b"HTTP/1.1 200"):
                    self.ready = time.perf_counter()
                    return last
            time.sleep(0.005)
        raise NotStarted(f"{self.name} did not answer: {last[:300]!r} {self.output()}")

    def output(self) -> str:
        """The end of what it printed, on one line."""
        return " | ".join(self._log.read_text(errors="replace").strip().splitlines()[-6:])

    def cpu(self) -> float:
        """Seconds of CPU used so far, user and system."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident(self) -> float:
        """Resident memory in MB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def http(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole POST request."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(body)}"]).encode() + b"\r\n\r\n" + body


def exchange(port: int, request: bytes, timeout: float = 10.0) -> bytes:
    """One request on a connection of its own, and everything that came back up to the end of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        received = b""
        while not _whole(received):
            piece = connection.recv(262_144)
            if not piece:
                break
            received += piece
        return received


def _whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if found:
        return len(body) >= int(rest.split(b"\r\n")[0])
    return body.endswith(b"0\r\n\r\n")


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
