"""The same secret is found wherever a client may put it, and two secrets at once are not guessed between."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.keys.credential import ConflictingCredentials, presented

PLACES = {
    "bearer": ([(b"authorization", b"Bearer sk-1")], b""),
    "lower case scheme": ([(b"authorization", b"bearer  sk-1 ")], b""),
    "bare": ([(b"authorization", b"sk-1")], b""),
    "x-api-key": ([(b"x-api-key", b" sk-1")], b""),
    "x-goog-api-key": ([(b"x-goog-api-key", b"sk-1")], b""),
    "api-key": ([(b"api-key", b"sk-1")], b""),
    "query": ([], b"alt=sse&key=sk-1"),
    "escaped query": ([], b"key=sk%2D1&alt=sse"),
}


@pytest.mark.parametrize("place", PLACES)
def test_167_every_place_is_read_alike(place):
    headers, query = PLACES[place]
    assert presented([(b"host", b"x"), *headers, (b"accept", b"*/*")], query) == "sk-1"


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(PLACES, 2)))
def test_the_same_credential_in_two_places_is_one(one, other):
    headers = PLACES[one][0] + PLACES[other][0]
    assert presented(headers, b"&".join(q for q in (PLACES[one][1], PLACES[other][1]) if q)) == "sk-1"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([(b"authorization", b"Bearer a"), (b"x-api-key", b"b")], b""),
        ([(b"x-api-key", b"a"), (b"x-api-key", b"b")], b""),
        ([(b"api-key", b"a")], b"key=b"),
        ([], b"key=a&key=b"),
        ([(b"authorization", b"Basic YTpi"), (b"x-api-key", b"b")], b""),
    ],
)
def test_s02_two_different_credentials_are_refused(headers, query):
    with pytest.raises(ConflictingCredentials) as refused:
        presented(headers, query)
    assert "a" not in str(refused.value).split()


def test_a_plus_in_the_query_is_a_plus():
    assert presented([], b"key=a+b%2Bc") == "a+b+c"


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([], b""),
        ([(b"authorization", b"Bearer ")], b""),
        ([(b"authorization", b"Bearer")], b""),
        ([(b"x-api-key", b"  ")], b"key="),
        ([(b"cookie", b"key=sk-1")], b"monkey=sk-1&k=key=1"),
    ],
)
def test_no_credential_is_none(headers, query):
    assert presented(headers, query) is None


def test_an_empty_place_does_not_conflict_with_a_full_one():
    assert presented([(b"authorization", b""), (b"x-api-key", b"sk-1")], b"key=") == "sk-1"


@given(st.lists(st.tuples(st.sampled_from([b"authorization", b"x-api-key", b"accept"]), st.binary())), st.binary())
def test_any_bytes_are_read_or_refused(headers, query):
    with contextlib.suppress(ConflictingCredentials):
        assert presented(headers, query) != ""
