"""Every form in which a provider says how long to wait is read and kept within bounds (row U25, statement 151)."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from tests.unit.routing.kit import NOW

from plexus.core.json import dumps
from plexus.routing.retry_hint import (
    LONGEST,
    duration,
    retry_hint,
    retry_hint_in_body,
    retry_hint_in_words,
    wait_asked,
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "1e12"}, LONGEST),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "6m0s"}, 360),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "nan"}, None),
        ({"x-ratelimit-reset": "2"}, 2),
        ({"x-ratelimit-reset": f"{NOW + 90:.0f}"}, 90),
        ({"x-ratelimit-reset": f"{(NOW + 90) * 1000:.0f}"}, 90),
        ({"x-ratelimit-reset": f"{NOW - 90:.0f}"}, 0),
        ({"x-ratelimit-reset-requests": "120ms", "x-ratelimit-remaining-requests": "499"}, None),
        (
            {
                "x-ratelimit-reset-requests": "120ms",
                "x-ratelimit-remaining-requests": "499",
                "x-ratelimit-reset-tokens": "6m0s",
                "x-ratelimit-remaining-tokens": "0",
            },
            360,
        ),
        (
            {"anthropic-ratelimit-tokens-reset": "2023-11-14T22:14:20Z", "anthropic-ratelimit-tokens-remaining": "0"},
            60,
        ),
        (
            {
                "anthropic-ratelimit-unified-5h-reset": f"{NOW + 600:.0f}",
                "anthropic-ratelimit-unified-5h-status": "rejected",
                "anthropic-ratelimit-unified-7d-reset": f"{NOW + 99_999:.0f}",
                "anthropic-ratelimit-unified-7d-status": "allowed",
            },
            600,
        ),
        ({"ratelimit-reset": "30", "ratelimit-remaining": "0"}, 30),
        ({"Retry-After": "3", "x-ratelimit-reset": "900"}, 3),
        ({}, None),
    ],
)
def test_u25_each_form(headers, seconds):
    assert retry_hint(CIMultiDict(headers), NOW) == seconds


def test_u25_of_two_headers_the_shorter_wait_counts():
    assert retry_hint(CIMultiDict([("Retry-After", "9"), ("Retry-After", "4"), ("Retry-After", "soon")]), NOW) == 4


def test_resets_mean_nothing_where_no_limit_was_met():
    assert retry_hint({"x-ratelimit-reset": "900"}, NOW, limited=False) is None


def test_u25_a_date_to_come_is_the_time_until_then():
    then = format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True)
    assert retry_hint({"Retry-After": then}, NOW) == 90


@given(st.text(), st.sampled_from(["Retry-After", "retry-after-ms", "x-ratelimit-reset"]))
def test_u25_nothing_a_provider_says_is_out_of_bounds(text, name):
    found = retry_hint({name: text}, NOW)
    assert found is None or (math.isfinite(found) and 0 <= found <= LONGEST)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"message": "x", "metadata": {"retry_after_seconds": 12}}}, 12),
        ({"error": {"type": "usage_limit_reached", "resets_at": NOW + 3600}}, 3600),
        ({"error": {"resets_in_seconds": 77}}, 77),
        ({"retry_after": "1m"}, 60),
        ({"retry_after_ms": 1500}, 1.5),
        ({"error": {"metadata": {"headers": {"X-RateLimit-Reset": f"{(NOW + 20) * 1000:.0f}"}}}}, 20),
        ({"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}}, 34.5),
        ({"retry_after": 5, "error": {"retry_after": 9}}, 9),
        ({"retry_after": -5}, 0),
        ({"retry_after": 10**30}, LONGEST),
        ({"retry_after": True}, None),
        ({"retry_after": None}, None),
        ({"age": 5}, None),
        ([{"error": {"retryDelay": "2s"}}], 2),
        ("retry", None),
    ],
)
def test_u25_fields_of_a_body(body, seconds):
    assert retry_hint_in_body(body, NOW) == seconds


def test_u25_an_endless_nest_is_not_followed():
    nest: dict = {"retry_after": 3}
    for _ in range(50):
        nest = {"a": nest}
    assert retry_hint_in_body(nest, NOW) is None


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Rate limit reached for gpt-4o. Please try again in 6m0s. Visit …", 360),
        ("Please try again in 20ms.", 0.02),
        ("Please try again in 1h5m3.5s", 3903.5),
        ("Please retry in 12.75s.", 12.75),
        ("You have hit your usage limit. Try again in 3 days 4 hours 5 minutes.", 273_900),
        ("Please wait 30 seconds before retrying", 30),
        ("quota will reset after 2h", 7200),
        ("Try again in 1 day", 86_400),
        ("Please try again later.", None),
        ("The model gpt-4 had 3 errors", None),
        ("", None),
    ],
)
def test_u25_words(words, seconds):
    assert retry_hint_in_words(words) == seconds


@given(st.text(alphabet="tryagain in0123456789.msh ", max_size=300))
def test_u25_no_words_are_out_of_bounds(words):
    found = retry_hint_in_words(words)
    assert found is None or 0 <= found <= LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"), [("120ms", 0.12), ("2 milliseconds", 0.002), ("5 mins", 300), ("x", None)]
)
def test_durations(text, seconds):
    assert duration(text) == seconds


def test_headers_come_before_fields_and_fields_before_words():
    body = dumps({"error": {"message": "try again in 9s", "retry_after": 5}})
    assert wait_asked({"Retry-After": "2"}, body, NOW, limited=True) == 2
    assert wait_asked({}, body, NOW, limited=True) == 5
    assert wait_asked({}, b"try again in 9s", NOW, limited=True) == 9
    assert wait_asked({}, b"", NOW, limited=True) is None
