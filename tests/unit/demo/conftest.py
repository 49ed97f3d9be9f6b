"""A demo server per test, whose waiting is counted instead of done."""

from collections.abc import AsyncIterator

import pytest
from tests.unit.demo.sdk import SDKS

from plexus.demo.server import DemoServer


class Waits(list[float]):
    """The seconds the demo wanted to wait, in order."""

    async def sleep(self, seconds: float) -> None:
        """Note it and go on."""
        self.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
async def bases(waits: Waits) -> AsyncIterator[dict[str, str]]:
    """The base URL of each protocol."""
    server = DemoServer(sleep=waits.sleep)
    try:
        yield await server.start()
    finally:
        await server.stop()


@pytest.fixture(params=sorted(SDKS))
def sdk(request, bases):
    """The SDK of one protocol, pointed at the demo server."""
    return SDKS[request.param](bases)


@pytest.fixture(params=[False, True], ids=["unary", "stream"])
def stream(request) -> bool:
    return request.param
