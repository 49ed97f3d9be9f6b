"""Wrong types everywhere, without sockets and so with many more values (C20): what a decoder takes, every encoder can write."""

import json
import math
import sys
import traceback

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexus.app import protocols
from plexus.core.json import JSONError, dumps, loads, loads_lenient
from plexus.core.sse import Frame
from plexus.ir.errors import InvalidAnswer, InvalidRequest
from plexus.ir.exchange import Reading
from plexus.ir.fold import Fold
from plexus.ir.parts import Origin
from plexus.ir.target import Target
from tests.faults.kit import PROTOCOLS, body_of
from tests.faults.samples import FULL, places, put
from tests.harness.bodies import Call
from tests.harness.faults import BODIES

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "5", "yes", "auto", "a\r\nb", "\u0000"]), st.lists(st.none() | st.integers() | st.just({}), max_size=2),
    st.dictionaries(st.sampled_from(["type", "role", "content", "name", ""]), st.none() | st.integers() | st.just([]), max_size=2),
)  # fmt: skip
SPOKEN = protocols()


def outcome(client: str, target: str, changes: list) -> str | None:
    """Decode and encode; the path of the field when refused, else None."""
    body = {**body_of(client, "m"), **FULL[client]}
    for place, odd in changes:
        try:
            body = put(body, place, odd)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    try:
        request = SPOKEN[client].decode_request(loads(dumps(body)), "m", False)
        loads(dumps(SPOKEN[target].encode_request(request, Target(provider="p", model="m", protocol=target)).body))
    except InvalidRequest as error:
        return error.field
    return None


def check(client: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.sampled_from(list(places(FULL[client]))), ODD), min_size=1, max_size=3),
        st.sampled_from(PROTOCOLS),
    )
    def holds(changes, target):
        assert outcome(client, target, changes) != ""

    holds()


@pytest.mark.parametrize("client", PROTOCOLS)
def test_c20_any_value_anywhere_is_refused_with_its_path_or_can_be_written_in_every_protocol(client):
    check(client, 250)


@pytest.mark.deep
@pytest.mark.parametrize("client", PROTOCOLS)
def test_c20_any_value_anywhere_at_length(client):
    check(client, 20_000)


NUMBERS = [math.inf, -math.inf, 2**70, -(2**70), 10**4000, 1.5, "5" * 5000, "\u00b2", True, None, [], {}]
CALL = Call("call_1", "f", '{"a":1}')


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_u47_u51_any_value_anywhere_in_an_upstreams_answer_fails_no_decoder(protocol):
    """1e999 is infinity to Python's own parser."""
    bodies, wrong = BODIES[protocol], set()
    for body in (bodies.unary("m", "hi"), bodies.unary_calls("m", [CALL])):
        for place in places(body):
            wrong |= {
                failure(lambda odd=odd, place=place, body=body: answered(protocol, put(body, place, odd)))
                for odd in NUMBERS
            }
    for events in (bodies.events("m", ["hi", "ho"]), bodies.call_events("m", [CALL])):
        for at, event in enumerate(events):
            for place in places(event.data):
                for odd in NUMBERS:
                    changed = [*events[:at], event._replace(data=put(event.data, place, odd)), *events[at + 1 :]]
                    wrong.add(failure(lambda changed=changed: streamed(protocol, changed)))
    assert not wrong - {""}, "\n".join(sorted(wrong))


def failure(run) -> str:
    """Where it fails, if it does."""
    try:
        run()
    except InvalidAnswer:
        return ""
    except Exception as error:  # every kind of failure is to be listed
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} {error} in {last.filename}:{last.lineno}: {last.line}"
    return ""


def answered(protocol: str, body) -> None:
    try:
        value = loads_lenient(spelt(body))
    except JSONError:
        return
    counted(SPOKEN[protocol].decode_response(value, Reading(origin=Origin(protocol), seed="s")).usage)


def streamed(protocol: str, events) -> None:
    decoder, seen = SPOKEN[protocol].stream_decoder(Reading(origin=Origin(protocol), seed="s")), Fold()
    for event in events:
        for told in decoder.feed(Frame(event.name, spelt(event.data))):
            seen.add(told)
    for told in decoder.end():
        seen.add(told)
    counted(seen.usage)


def spelt(value) -> bytes:
    """Python writes infinity in a way that is no JSON; providers would write a number too large."""
    sys.set_int_max_str_digits(5000)
    return json.dumps(value).replace("-Infinity", "-1e999").replace("Infinity", "1e999").encode()


def counted(usage) -> None:
    counts = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning] if usage else []
    assert all(count is None or (isinstance(count, int) and 0 <= count < 2**53) for count in counts)
