"""Real processes of the gateway asked as their users do, and its commands run beside them."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from plexus.settings.database_url import DatabaseAddress
from tests.harness.gateway import ADMIN_KEY, Gateway


class Told(NamedTuple):
    """What was answered: status, headers in small letters, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


def tell(gateway: Gateway, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Told:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    try:
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, sent, {"content-type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def manage(gateway: Gateway, method: str, path: str, body: Any = None) -> Told:
    """One request of the admin."""
    return tell(gateway, method, f"/v0/management/{path}", body, {"x-admin-key": ADMIN_KEY})


def chat(gateway: Gateway, secret: str, model: str = "demo/chat", **headers: str) -> Told:
    """One chat request with a client's secret."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return tell(gateway, "POST", "/v1/chat/completions", body, {"authorization": f"Bearer {secret}", **named})


def until(condition: Callable[[], bool], within: float = 20.0) -> float:
    """Wait for a condition; the seconds it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within
        time.sleep(0.02)
    return time.monotonic() - started


def spelled(address: DatabaseAddress) -> str:
    """The address as DATABASE_URL has it."""
    return address.url.reveal() if address.url is not None else f"sqlite://{address.path}"


def command(gateway: Gateway, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `plexus …` in the folder of a gateway, with its data."""
    return subprocess.run(
        [sys.executable, "-m", "plexus", *arguments],
        cwd=gateway.directory,
        env={
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(gateway.directory),
            "DATA_DIR": str(gateway.directory / "data"),
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
