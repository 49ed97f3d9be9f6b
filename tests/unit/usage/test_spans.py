"""Pieces of a range: whatever is kept, they cover each bucket once."""

import random
from itertools import pairwise

import pytest

from plexus.usage.calendar import Bucket
from plexus.usage.rollup import HOUR
from plexus.usage.spans import ALL, Kept, pieces, shape_for, touched


def test_pieces_cover_each_bucket_once_whatever_is_kept():
    dice = random.Random(4)
    for _ in range(300):
        edges = sorted(dice.randrange(20 * HOUR) for _ in range(5))
        cut = [Bucket("", low, high) for low, high in pairwise(edges)]
        starts = [dice.choice(edges) for _ in range(3)] + [dice.randrange(20 * HOUR) for _ in range(6)]
        kept = {(start, start + dice.randrange(1, 9 * HOUR)) for start in starts}
        found = pieces(cut, Kept(kept))
        assert {(low, high) for _, low, high in found.spans} <= kept
        assert all(low % HOUR == high % HOUR == 0 for _, low, high in found.hours)
        for place, bucket in enumerate(cut):
            there = [*found.spans, *found.hours, *found.rows]
            parts = sorted((low, high) for where, low, high in there if where == place)
            covered = [bucket.start, *(edge for part in parts for edge in part), bucket.end]
            assert covered == sorted(covered)
            assert sum(high - low for low, high in parts) == bucket.end - bucket.start


def test_the_longest_span_that_fits_is_taken():
    kept = Kept([(0, 24 * HOUR), (0, 7 * 24 * HOUR), (24 * HOUR, 48 * HOUR)])
    assert pieces([Bucket("", 0, 8 * 24 * HOUR)], kept).spans == [(0, 0, 7 * 24 * HOUR)]
    assert pieces([Bucket("", 0, 2 * 24 * HOUR)], kept).spans == [(0, 0, 24 * HOUR), (0, 24 * HOUR, 48 * HOUR)]


@pytest.mark.parametrize(("since", "there"), [(0, True), (23, True), (24, False), (0.5, False), (-1, False)])
def test_the_hours_of_a_kept_day_are_kept_counted_from_its_beginning(since, there):
    start = 1000 * HOUR + HOUR // 2
    kept = Kept([(start, start + 24 * HOUR), (start, start + 7 * 24 * HOUR)])
    low = start + int(since * HOUR)
    assert kept.has_hour(low, low + HOUR) is there
    found = pieces([Bucket("", low, low + HOUR)], kept, shape=0)
    assert (found.spans == [(0, low, low + HOUR)]) is there
    assert not pieces([Bucket("", low, low + HOUR)], kept, shape=ALL).spans


def test_a_late_request_belongs_to_every_kept_sum_once():
    day, week = (0, 24 * HOUR), (0, 7 * 24 * HOUR)
    found = list(touched(5 * HOUR + 1, [day, week, (HOUR, 25 * HOUR), (24 * HOUR, 48 * HOUR)]))
    assert len(found) == len(set(found)) == 3 * (ALL + 1) + ALL


def test_the_shape_is_the_one_with_the_fewest_sums_that_tells_enough_apart():
    assert shape_for([]) == shape_for(["status"]) == 0
    assert shape_for(["model"]) == shape_for(["provider", "model"])
    assert shape_for(["key", "model"]) == ALL
