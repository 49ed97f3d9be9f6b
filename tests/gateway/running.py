"""A gateway that serves inside the test's own event loop: quicker to start than a process, the same code from the socket on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import uvicorn

from plexus.app import Plexus
from plexus.core.clock import Clock
from plexus.pipeline.account import Record
from plexus.settings.schema import Settings
from plexus.web.head_rules import HeadRules
from tests.harness.gateway import free_port
from tests.harness.raw_client import Response, ask

KEY = "sk-test-0123456789"
HEADERS = [("authorization", f"Bearer {KEY}"), ("content-type", "application/json")]


class Running(NamedTuple):
    """A running gateway: where it listens, what it booked, and itself."""

    url: str
    records: list[Record]
    plexus: Plexus

    async def post(self, path: str, body: Any, headers: list[tuple[str, str]] | None = None) -> Response:
        """One POST with the test's key."""
        return await ask(self.url + path, body, [*HEADERS, *(headers or [])])

    async def get(self, path: str, headers: list[tuple[str, str]] | None = None) -> Response:
        """One GET with the test's key."""
        return await ask(self.url + path, b"", [*HEADERS[:1], *(headers or [])], method="GET")


@contextlib.asynccontextmanager
async def running(config: Mapping[str, Any], clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serve this configuration; a key `me` is added."""
    records: list[Record] = []
    settings = Settings.model_validate({**config, "keys": {"me": {"secret": KEY}, **config.get("keys", {})}})
    plexus = Plexus(settings, records.append, clock)
    application = await plexus.start()
    rules = type("Rules", (HeadRules,), {"head_size": settings.limits.head, "head_count": settings.limits.headers})
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host="127.0.0.1",
            port=port,
            http=rules,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0)
    try:
        yield Running(f"http://127.0.0.1:{port}", records, plexus)
    finally:
        server.should_exit = True
        await serving
        await plexus.stop()


def provider(base_url: str, protocol: str, models: list[str], **more: Any) -> dict[str, Any]:
    """A provider that speaks one protocol at this address."""
    # Many tests ask for one failure after the other; those of cooldowns say so.
    fixed = {"api_key": "sk-upstream-secret", "models": models, "disable_cooldown": True}
    return {"api_base_url": {protocol: base_url}, **fixed, **more}
