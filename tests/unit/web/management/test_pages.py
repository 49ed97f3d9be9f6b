"""Lists come in pages that together are the list, whatever the size of a page."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.web.management.refusals import Refusal
from plexus.web.management.shapes import Paging


def place(row: tuple[str, str]) -> tuple[str, ...]:
    return row


rows = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), unique=True, max_size=30)


@given(rows, st.integers(1, 12))
def test_the_pages_together_are_the_sorted_list_without_gaps_or_repetition(listed, limit):
    seen, cursor = [], None
    for _ in range(len(listed) + 1):
        page = Paging(limit, cursor).page(listed, place)
        assert len(page["data"]) <= limit
        assert page["total"] == len(listed)
        seen += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [tuple(row) for row in seen] == sorted(listed)


def test_a_row_that_goes_between_two_pages_shifts_nothing():
    listed = [(name, "") for name in "abcdef"]
    first = Paging(2).page(listed, place)
    rest = Paging(100, first["next_cursor"]).page([row for row in listed if row[0] not in "ab"], place)
    assert [row[0] for row in first["data"] + rest["data"]] == list("abcdef")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "%%%", "W10=x", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b"{").decode(), "ü"],
)
def test_s14_a_cursor_that_was_never_given_is_refused(cursor):
    with pytest.raises(Refusal) as refused:
        Paging(10, cursor)
    assert refused.value.status == 400
