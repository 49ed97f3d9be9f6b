"""Measurements fade, survive a restart, and failures never look fast."""

import json

import pytest
from tests.unit.routing.kit import NOW

from plexus.routing.candidate import Candidate
from plexus.routing.facts import Facts
from plexus.routing.measurements import Measurements, Sample, Window

A = Candidate("p", "vendor/m:free", 2.0)


def seen(measurements: Measurements, now: float = NOW, who: Candidate = A) -> Candidate:
    return Facts(measurements, now)(who, frozenset())


def test_nothing_measured_is_unknown_but_nothing_sent_is_zero():
    assert seen(Measurements()) == Candidate("p", "vendor/m:free", 2.0, recent=0.0)


def test_a_mean_weighs_a_sample_of_a_half_life_ago_half():
    measurements = Measurements(Window(half_life=100.0))
    measurements.took("p", A.model, NOW, Sample(ttft=1.0, throughput=10.0, end_to_end=5.0))
    measurements.took("p", A.model, NOW + 100, Sample(ttft=4.0, throughput=40.0, end_to_end=20.0))
    found = seen(measurements, NOW + 500)
    assert (found.ttft, found.throughput, found.end_to_end) == pytest.approx((3.0, 30.0, 15.0))
    assert (found.samples, found.age, found.error_rate) == (2, 400, 0)


def test_a_failure_is_no_measurement_of_speed():
    measurements = Measurements()
    measurements.took("p", A.model, NOW, Sample(failed=True, ttft=0.001, throughput=999.0))
    found = seen(measurements)
    assert (found.ttft, found.throughput, found.age, found.samples, found.error_rate) == (None, None, None, 0, 1)
    measurements.took("p", A.model, NOW, Sample(ttft=2.0))
    assert seen(measurements).error_rate == 0.5
    assert seen(measurements).ttft == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_impossible_values_are_not_taken(value):
    measurements = Measurements()
    measurements.took("p", A.model, NOW, Sample(ttft=value, throughput=value, end_to_end=value))
    assert seen(measurements).ttft is None
    assert seen(measurements).age is None


def test_recent_use_is_counted_when_sent_and_fades():
    measurements = Measurements(Window(use_half_life=3600.0))
    for _ in range(8):
        measurements.used("p", A.model, NOW)
    assert seen(measurements).recent == 8
    assert seen(measurements, NOW + 7200).recent == pytest.approx(2)


def test_a_clock_that_goes_back_changes_nothing():
    measurements = Measurements()
    measurements.used("p", A.model, NOW)
    measurements.took("p", A.model, NOW, Sample(ttft=1.0))
    measurements.took("p", A.model, NOW - 5000, Sample(ttft=3.0))
    found = seen(measurements, NOW - 9000)
    assert (found.ttft, found.recent, found.age) == (2, 1, 0)


def test_measurements_survive_a_restart_as_json():
    before = Measurements()
    before.used("p", A.model, NOW)
    before.took("p", A.model, NOW, Sample(ttft=1.0, throughput=10.0))
    before.took("p", A.model, NOW + 5, Sample(failed=True))
    after = Measurements()
    after.load(json.loads(json.dumps(before.export())), NOW + 9)
    assert seen(after, NOW + 10) == seen(before, NOW + 10)
    before.took("p", A.model, NOW + 50, Sample(ttft=2.0))
    after.took("p", A.model, NOW + 50, Sample(ttft=2.0))
    assert after.export() == before.export()


@pytest.mark.parametrize("row", [None, {}, {"provider": "p", "model": "m"}, {"provider": 1, "model": 2, "ttft": "x"}])
def test_rows_that_cannot_be_read_are_skipped(row):
    measurements = Measurements()
    measurements.load([row], NOW)
    assert measurements.export() == []


def test_memory_is_bounded_and_the_longest_unused_leaves():
    measurements = Measurements(Window(size=3))
    for model in "abcad":
        measurements.used("p", model, NOW)
    assert [row["model"] for row in measurements.export()] == ["c", "a", "d"]


def test_dear_facts_are_gathered_only_when_wanted():
    asked = []

    def cost(_provider, model):
        asked.append(model)

    facts = Facts(Measurements(), NOW, cost)
    facts(A, frozenset({"ttft"}))
    assert asked == []
    facts(A, frozenset({"cost"}))
    assert asked == [A.model]
