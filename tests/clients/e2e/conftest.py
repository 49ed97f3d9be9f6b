"""The real clients are run on demand (`make e2e-clients`): they come from npm, which `make test` does not need."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--run-e2e", action="store_true", help="install the real clients from npm and run them")


def pytest_ignore_collect(collection_path, config):
    return not config.getoption("--run-e2e", default=False) or None


@pytest.fixture(scope="session")
def bin_folder():
    from tests.clients.e2e.installed import programs

    return programs()
