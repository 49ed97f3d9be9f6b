"""Request ids: none comes twice, and later ones are greater, so that rows lie in a database as they came."""

import re

from plexus.core import ids


def test_ids_are_hexadecimal_and_none_comes_twice():
    made = [ids.request_id() for _ in range(2000)]
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in made)
    assert len(set(made)) == len(made)


def test_ids_grow_with_time_to_the_millisecond(monkeypatch):
    monkeypatch.setattr("plexus.core.ids.time.time_ns", lambda: 1_700_000_000_000_000_000)
    before = ids.request_id()
    monkeypatch.setattr("plexus.core.ids.time.time_ns", lambda: 1_700_000_000_001_000_000)
    assert before < ids.request_id()
    assert int(before[:12], 16) == 1_700_000_000_000
