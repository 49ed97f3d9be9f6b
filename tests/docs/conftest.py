from collections.abc import Iterator

import pytest

from tests.harness.gateway import Gateway


@pytest.fixture(scope="package")
def demo() -> Iterator[Gateway]:
    with Gateway(args=["--demo"]) as gateway:
        yield gateway
