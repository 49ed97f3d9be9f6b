"""Every form of Retry-After is read and kept within bounds (row U25)."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from plexus.pipeline.retry_after import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "1e12"}, 7 * 24 * 3600),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_u25_each_form(headers, seconds):
    assert retry_after(CIMultiDict(headers)) == seconds


def test_u25_a_date_to_come_is_the_time_until_then():
    then = datetime.now(UTC) + timedelta(seconds=90)
    found = retry_after(CIMultiDict({"Retry-After": format_datetime(then, usegmt=True)}))
    assert found is not None
    assert 85 < found <= 90


@given(st.text())
def test_u25_nothing_a_provider_says_is_out_of_bounds(text):
    found = retry_after(CIMultiDict({"Retry-After": text}))
    assert found is None or (math.isfinite(found) and 0 <= found <= 7 * 24 * 3600)
