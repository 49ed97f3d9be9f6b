"""Drives the real gateway as its own process: start, wait until ready, signal, measure, read what it wrote, end it."""

import asyncio
import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml

ADMIN_KEY = "sk-admin-harness"


class NotReady(Exception):  # noqa: N818 - a state, not a mistake of the caller
    """The process ended or did not become ready in time; the message holds what it wrote."""


class Sample(NamedTuple):
    """Resources of the process and its children at one moment: resident bytes, open files, threads."""

    rss: int
    fds: int
    threads: int


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """`plexus serve` with a configuration given as a dict, text or an existing file. Works with `with` and `async with`.

    `args` follow `serve` (such as `--demo`), `env` is added to a small clean environment. Only this process is ever signalled.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str | Path | None = None,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        ready_within: float = 20.0,
    ) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="plexus-test-")
        self.directory = Path(self._directory.name)
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.admin_key = ADMIN_KEY
        self._args = list(args)
        self._env = dict(env or {})
        self._within = ready_within
        self._process: subprocess.Popen[bytes] | None = None
        self.config = config if isinstance(config, Path) else self.directory / "plexus.yaml"
        self._has_config = config is not None
        if config is not None and not isinstance(config, Path):
            self.write_config(config)

    def write_config(self, config: Mapping[str, Any] | str) -> None:
        """Replace the configuration file, by renaming, as editors do."""
        text = config if isinstance(config, str) else yaml.safe_dump(dict(config), sort_keys=False)
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.config)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running.pid

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("the gateway was not started")
        return self._process

    @property
    def output(self) -> str:
        """All it has written to stdout and stderr."""
        path = self.directory / "output.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def launch(self) -> Self:
        """Start the process without waiting for it."""
        command = [sys.executable, "-m", "plexus", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        if self._has_config:
            command += ["--config", str(self.config)]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.directory),
            "DATA_DIR": str(self.directory / "data"),
            "ADMIN_KEY": self.admin_key,
            "PYTHONUNBUFFERED": "1",
            **self._env,
        }
        with (self.directory / "output.log").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *self._args],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def wait_ready(self) -> Self:
        """Wait until `/health/ready` answers 200.

        Raises:
            NotReady: when it ends before, or takes too long.
        """
        deadline = time.monotonic() + self._within
        while time.monotonic() < deadline:
            if self._running.poll() is not None:
                raise NotReady(f"ended with {self._running.returncode}:\n{self.output}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/health/ready")[0] == 200:
                    return self
            time.sleep(0.02)
        raise NotReady(f"not ready after {self._within} s:\n{self.output}")

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower case) and body of a POST of JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {"content-type": "application/json", **(headers or {})}
            connection.request("POST", path, json.dumps(body), named)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self._running.send_signal(number)

    def wait(self, within: float = 10.0) -> int:
        """Wait for the end; the exit status (negative: the signal)."""
        return self._running.wait(within)

    def sample(self) -> Sample:
        """Measure the process and its children now."""
        rss = fds = threads = 0
        for pid in _family(self.pid):
            with contextlib.suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
                fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
                rss += int(fields.get("VmRSS", "0 kB").split()[0]) * 1024
                threads += int(fields.get("Threads", "0"))
                fds += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        return Sample(rss, fds, threads)

    def processor(self) -> float:
        """Seconds of processor it has used so far, children apart. Unlike time on a clock a busy machine hardly changes them."""
        return time.clock_gettime(~self.pid << 3 | 2)  # what clock_getcpuclockid gives for a process on Linux

    def resident(self) -> int:
        """Bytes of resident memory, children apart: as `sample`, for who asks a thousand times."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()

    def stop(self) -> None:
        """End the process: SIGINT, which it heeds at once, and SIGKILL when it does not. Removes its directory."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        try:
            return self.launch().wait_ready()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _family(pid: int) -> list[int]:
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += _family(int(child))
    return found
