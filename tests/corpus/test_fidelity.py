"""Recorded traffic, asked for in every protocol and sent to every protocol: what comes out says the same.

The whole corpus takes some ten seconds, so nothing is sampled.
"""

import functools
from collections import defaultdict

import pytest

from tests.corpus import verdicts
from tests.corpus.recordings import CORPUS

FLOOR = 0.99
"""The share that must say the same, in each pair and part. A single failure is allowed in small samples."""


@functools.cache
def judged(kind: str) -> dict[tuple[str, str, str], list[verdicts.Verdict]]:
    """All verdicts by (recorded protocol, other protocol, part)."""
    run = verdicts.answers() if kind == "answers" else verdicts.requests()
    found: dict[tuple[str, str, str], list[verdicts.Verdict]] = defaultdict(list)
    for verdict in run:
        found[verdict.recording.protocol, verdict.other, "held-out" if verdict.held else "open"].append(verdict)
    return found


def check(kind: str, recorded: str, other: str, part: str) -> None:
    found = judged(kind).get((recorded, other, part), [])
    failed = [verdict for verdict in found if not verdict.passed]
    allowed = max(1, int((1 - FLOOR) * len(found))) if found else 0
    shown = [(v.recording.id, v.mode, v.differences[:2]) for v in failed[:5]] if part == "open" else "not shown"
    assert len(failed) <= allowed, f"{len(failed)} of {len(found)}: {shown}"


@pytest.mark.parametrize("client", verdicts.NAMES)
@pytest.mark.parametrize("upstream", verdicts.NAMES)
def test_recorded_answers_say_the_same_to_clients_of_every_protocol(upstream: str, client: str) -> None:
    check("answers", upstream, client, "open")
    assert judged("answers")[upstream, client, "open"]


@pytest.mark.parametrize("upstream", verdicts.NAMES)
@pytest.mark.parametrize("client", verdicts.NAMES)
def test_recorded_requests_ask_the_same_of_upstreams_of_every_protocol(client: str, upstream: str) -> None:
    check("requests", client, upstream, "open")
    assert judged("requests")[client, upstream, "open"]


@pytest.mark.parametrize("client", verdicts.NAMES)
@pytest.mark.parametrize("upstream", verdicts.NAMES)
def test_answers_nobody_looked_at_say_the_same(upstream: str, client: str) -> None:
    check("answers", upstream, client, "held-out")
    assert bool(judged("answers").get((upstream, client, "held-out"))) == CORPUS.exists()


@pytest.mark.parametrize("upstream", verdicts.NAMES)
@pytest.mark.parametrize("client", verdicts.NAMES)
def test_requests_nobody_looked_at_ask_the_same(client: str, upstream: str) -> None:
    check("requests", client, upstream, "held-out")
    assert bool(judged("requests").get((client, upstream, "held-out"))) == CORPUS.exists()
