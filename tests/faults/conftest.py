"""One misbehaving upstream and one gateway for each file of tests, because stopping a server takes longer than most tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from plexus.web import cycle
from tests.faults.kit import providers
from tests.gateway.running import KEY, Running, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def upstream() -> AsyncIterator[FaultUpstream]:
    async with FaultUpstream(tempo=0.01) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream: FaultUpstream) -> AsyncIterator[Running]:
    async with running({"providers": providers(upstream)}) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def process(upstream: FaultUpstream) -> AsyncIterator[Gateway]:
    """The same gateway as a process of its own, on the event loop it is served with."""
    async with Gateway({"providers": providers(upstream), "keys": {"me": {"secret": KEY}}}) as started:
        yield started


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the server logged of requests that ended in an exception."""
    logged: list[str] = []

    class Log:
        exception = staticmethod(logged.append)

    monkeypatch.setattr(cycle, "log", Log)
    return logged
