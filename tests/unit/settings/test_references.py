"""References are filled in from the environment, or it is said which name is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.settings.references import BadReference, expanded, masked, unmasked

ENVIRON = {"A": "1", "EMPTY": "", "NESTED": "${A}"}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${B:-d}", "d"),
        ("${B:-}", ""),
        ("${EMPTY:-d}", "d"),
        ("${A:-d}", "1"),
        ("$${A}", "${A}"),
        ("pa$$word$ $A {A}", "pa$$word$ $A {A}"),
        ("${NESTED}", "${A}"),
        ("${B:-a:-b}", "a:-b"),
    ],
)
def test_references_are_filled_in_once(scalar, value):
    assert expanded(scalar, ENVIRON) == value


@pytest.mark.parametrize(
    ("scalar", "said"),
    [
        ("${B}", "B is not set"),
        ("${EMPTY}", "EMPTY is set but empty"),
        ("${}", "does not begin a reference"),
        ("${A-b}", "does not begin a reference"),
        ("${1}", "does not begin a reference"),
        ("${A", "does not begin a reference"),
        ("${ A }", "does not begin a reference"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(scalar, said):
    with pytest.raises(BadReference) as refused:
        expanded(scalar, ENVIRON)
    assert said in refused.value.message
    assert refused.value.fix


@given(st.text(alphabet="${}A:-[],# \n\"'"))
def test_masking_keeps_every_place_and_is_undone(text):
    hidden = masked(text)
    assert hidden is not None
    assert len(hidden) == len(text)
    assert unmasked(hidden) == text
