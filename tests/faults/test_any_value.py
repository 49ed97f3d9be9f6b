"""Wrong types everywhere, without sockets and so with many more values (C20): what a decoder takes, every encoder can write."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexus.app import protocols
from plexus.core.json import dumps, loads
from plexus.ir.errors import InvalidRequest
from plexus.ir.target import Target
from tests.faults.kit import PROTOCOLS, body_of
from tests.faults.samples import FULL, places, put

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
