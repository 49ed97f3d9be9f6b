"""What was recorded, said otherwise: as other vendors and clients write it, or with more, fewer and odder things in it.

The readers read the varied wire anew, so whatever it says must come out in every protocol, or be reported as lost.
"""

import pytest

from tests.corpus import vary_chat, vary_gemini, vary_messages, vary_responses, verdicts
from tests.corpus.recordings import CORPUS, Recording, not_a_request, not_an_answer, select
from tests.corpus.variations import EVERYWHERE, varied
from tests.corpus.vary_requests import REQUESTS, asked

ANSWERS = {
    "chat": {**EVERYWHERE, **vary_chat.CHAT},
    "messages": {**EVERYWHERE, **vary_messages.MESSAGES},
    "responses": {**EVERYWHERE, **vary_responses.RESPONSES},
    "gemini": {**EVERYWHERE, **vary_gemini.GEMINI},
}
OF_ANSWERS = [(protocol, name) for protocol, table in ANSWERS.items() for name in table]
OF_REQUESTS = [(protocol, name) for protocol, table in REQUESTS.items() for name in table]
SAMPLE = 0.12
"""The share of the recordings in the normal run; `make deep` takes all."""


def answers(protocol: str, name: str, share: float) -> list[Recording]:
    """The open recorded answers of a protocol, each varied; those that cannot be are left out."""
    found = verdicts.sampled(select(protocol, part="open", keep=lambda r: not not_an_answer(r)), share)
    return [made for recording in found if (made := varied(recording, ANSWERS[protocol][name]))]


def requests(protocol: str, name: str, share: float) -> list[Recording]:
    """The same of requests."""
    found = verdicts.sampled(select(protocol, part="open", keep=lambda r: not not_a_request(r)), share)
    return [made for recording in found if (made := asked(recording, REQUESTS[protocol][name]))]


def wrong_answers(recordings: list[Recording]) -> list[tuple[str, str, str, str]]:
    """What does not say the same. Between equal protocols the product passes bytes, so that odd ones stay odd there."""
    return [
        (recording.id, verdict.other, verdict.mode, line)
        for recording in recordings
        for verdict in verdicts.answer_verdicts(recording)
        for line in verdict.differences
        if not (verdict.other == recording.protocol and line.startswith("grammar "))
    ]


def wrong_requests(recordings: list[Recording]) -> list[tuple[str, str, str]]:
    return [
        (recording.id, upstream, line)
        for recording in recordings
        for upstream in verdicts.NAMES
        for line in verdicts.request_verdict(recording, upstream).differences
    ]


@pytest.mark.parametrize(("protocol", "name"), OF_ANSWERS)
def test_a_recorded_answer_said_otherwise_says_the_same_to_clients_of_every_protocol(protocol: str, name: str) -> None:
    assert wrong_answers(answers(protocol, name, SAMPLE)) == []


@pytest.mark.parametrize(("protocol", "name"), OF_REQUESTS)
def test_a_recorded_request_asked_otherwise_asks_the_same_of_upstreams_of_every_protocol(
    protocol: str, name: str
) -> None:
    assert wrong_requests(requests(protocol, name, SAMPLE)) == []


@pytest.mark.deep
@pytest.mark.parametrize(("protocol", "name"), OF_ANSWERS)
def test_every_recorded_answer_said_otherwise_says_the_same(protocol: str, name: str) -> None:
    found = answers(protocol, name, 1)
    assert bool(found) or not CORPUS.exists()
    assert wrong_answers(found) == []


@pytest.mark.deep
@pytest.mark.parametrize(("protocol", "name"), OF_REQUESTS)
def test_every_recorded_request_asked_otherwise_asks_the_same(protocol: str, name: str) -> None:
    found = requests(protocol, name, 1)
    assert bool(found) or not CORPUS.exists()
    assert wrong_requests(found) == []
