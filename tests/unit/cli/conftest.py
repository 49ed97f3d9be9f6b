"""Commands run inside the test's process, and must not leave the process's log on a stream that ends with them."""

import pytest


@pytest.fixture(autouse=True)
def the_log_stays_where_it_is(monkeypatch):
    monkeypatch.setattr("plexus.core.logging.configure", lambda *_: None)
