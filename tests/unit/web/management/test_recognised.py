"""A request's body tells by its shape which protocol it is of."""

import pytest
from tests.corpus.recordings import MANY, not_a_request, select

from plexus.core.json import dumps
from plexus.core.raw_object import RawObject
from plexus.ir.errors import InvalidRequest
from plexus.web.management.recognised import protocol_of

BOTH = {"model", "max_tokens", "messages", "stream", "temperature", "top_p", "tools", "tool_choice"}
PROTOCOLS = ["chat", "responses", "messages", "gemini"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_recorded_requests_are_recognised(protocol):
    bodies = [(r.request_body or "").encode() for r in select(protocol=protocol) if not not_a_request(r)]
    wrong = [body for body in bodies if protocol_of(RawObject(body), {}) != protocol]
    # What fits both is taken for chat: of messages those are plain ones, without anything that only messages has.
    assert {protocol_of(RawObject(body), {}) for body in wrong} <= {"chat"}
    assert all(set(RawObject(body).values) <= BOTH for body in wrong)
    assert len(wrong) <= (len(bodies) / (10 if MANY else 4) if protocol == "messages" else 0)
    assert len(bodies) > (100 if MANY else 10)


def test_the_header_of_anthropic_tells_what_the_body_does_not():
    body = RawObject(dumps({"model": "m", "max_tokens": 1, "messages": []}))
    assert protocol_of(body, {}) == "chat"
    assert protocol_of(body, {"Anthropic-Version": "2023-06-01"}) == "messages"


@pytest.mark.parametrize("turns", [None, 3, "x", [], [1, None], [{"content": 3}], [{"content": [1, {}]}]])
def test_odd_turns_are_no_failure(turns):
    assert protocol_of(RawObject(dumps({"messages": turns, "tools": turns})), {}) == "chat"


def test_a_body_of_no_protocol_is_refused_with_what_to_say():
    with pytest.raises(InvalidRequest, match="protocol"):
        protocol_of(RawObject(b'{"prompt":"x"}'), {})
