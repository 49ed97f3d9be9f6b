"""A gateway that serves inside the test's own event loop: quicker to start than a process, the same code from the socket on."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from plexus.app import Plexus
from plexus.core.clock import Clock
from plexus.core.secret import Secret
from plexus.pipeline.books import Place
from plexus.pipeline.record import Record
from plexus.settings.database_url import DatabaseAddress
from plexus.settings.schema import Settings
from plexus.web.asgi import Application
from plexus.web.server import Server
from tests.harness.raw_client import Response, ask

KEY = "sk-test-0123456789"
HEADERS = [("authorization", f"Bearer {KEY}"), ("content-type", "application/json")]


class Running(NamedTuple):
    """A running gateway: where it listens, what it booked, and itself."""

    url: str
    records: list[Record]
    plexus: Plexus
    server: Server
    application: Application

    async def post(self, path: str, body: Any, headers: list[tuple[str, str]] | None = None) -> Response:
        """One POST with the test's key."""
        return await ask(self.url + path, body, [*HEADERS, *(headers or [])])

    async def get(self, path: str, headers: list[tuple[str, str]] | None = None) -> Response:
        """One GET with the test's key."""
        return await ask(self.url + path, b"", [*HEADERS[:1], *(headers or [])], method="GET")


@contextlib.asynccontextmanager
async def running(
    config: Mapping[str, Any],
    clock: Clock | None = None,
    *,
    grace: float = 1.0,
    admin_key: str | None = None,
    books: Path | Place | None = None,
) -> AsyncIterator[Running]:
    """Serve this configuration; a key `me` is added. `grace`: seconds for requests under way when it ends.

    `books`: the folder in which it keeps books and traces, or where they are kept; without it nothing is.
    """
    records: list[Record] = []
    # A test's own work, and that of the machine's other users, may keep this loop busy: no reason to refuse requests.
    config = {"concurrency": {"lag": "60s"}, **config}
    settings = Settings.model_validate({**config, "keys": {"me": {"secret": KEY}, **config.get("keys", {})}})
    key = Secret(admin_key) if admin_key is not None else None
    place: Place | None = None if isinstance(books, Path) else books
    if isinstance(books, Path):
        place = Place(DatabaseAddress("sqlite", path=books / "plexus.db"), books / "journal")
    plexus = Plexus(settings, records.append, clock, admin_key=key, books=place)
    application = await plexus.start()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(application, settings, grace=grace, notice=0.0)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0)
    try:
        yield Running(url, records, plexus, server, application)
    finally:
        server.should_exit = True
        await serving
        await plexus.stop()


def provider(base_url: str, protocol: str, models: list[str], **more: Any) -> dict[str, Any]:
    """A provider that speaks one protocol at this address."""
    # Many tests ask for one failure after the other; those of cooldowns say so.
    fixed = {"api_key": "sk-upstream-secret", "models": models, "disable_cooldown": True}
    return {"api_base_url": {protocol: base_url}, **fixed, **more}
