"""Each selector orders by its fact; what is unknown is never best; equal targets keep their places."""

from decimal import Decimal

import pytest
from tests.unit.routing.kit import dice, names, target

import plexus.routing.selectors
from plexus.core.registry import find
from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Selector, balanced
from plexus.routing.selectors.random import SELECTOR as RANDOM

ALL = find(plexus.routing.selectors, "SELECTOR", Selector)


def test_every_selector_of_the_contract_is_there():
    assert {selector.name for selector in ALL.values()} == {
        "random", "in_order", "cost", "latency", "performance", "e2e_performance", "usage", "quota", "balanced",
    }  # fmt: skip


def ordered(selector: str, *candidates: Candidate) -> str:
    return names(ALL[selector].order(candidates, dice(0.0)))


@pytest.mark.parametrize(
    ("selector", "fact", "best", "middle", "worst"),
    [
        ("cost", "cost", Decimal("0.001"), Decimal("0.002"), Decimal("0.1")),
        ("latency", "ttft", 0.1, 0.5, 3.0),
        ("performance", "throughput", 90.0, 40.0, 1.0),
        ("e2e_performance", "end_to_end", 90.0, 40.0, 1.0),
        ("usage", "recent", 0.0, 2.0, 7.0),
        ("quota", "headroom", 1.0, 0.5, 0.0),
    ],
)
def test_a_fact_decides_and_the_unknown_comes_last_in_the_configured_order(selector, fact, best, middle, worst):
    given = [
        target("x"),
        target("c", **{fact: worst}),
        target("a", **{fact: best}),
        target("y"),
        target("b", **{fact: middle}),
        target("B", **{fact: middle}),
    ]
    assert ordered(selector, *given) == "abBcxy"
    assert ALL[selector].weighs == {fact}
    scores = ALL[selector].scores
    assert scores is not None
    assert scores(given) == [None, float(worst), float(best), None, float(middle), float(middle)]


def test_an_unknown_price_is_not_free_and_a_free_one_is_cheapest():
    assert ordered("cost", target("u"), target("p", cost=Decimal(1)), target("f", cost=Decimal(0))) == "fpu"


@pytest.mark.parametrize("selector", ALL.values(), ids=lambda selector: selector.name)
def test_nobody_is_lost_and_few_candidates_are_ordinary(selector):
    for count in range(4):
        given = [target(str(number), weight=float(number)) for number in range(count)]
        assert sorted(names(selector.order(given, dice(0.5)))) == [str(number) for number in range(count)]
        assert selector.scores is None or len(selector.scores(given)) == count
    assert selector.meaning


@pytest.mark.parametrize("selector", [s for s in ALL.values() if s.name != "random"], ids=lambda s: s.name)
def test_equal_targets_keep_the_order_of_the_configuration(selector):
    assert names(selector.order([target(name) for name in "cab"], dice(0.9))) == "cab"


def test_random_scores_are_chances():
    assert RANDOM.scores is not None
    assert RANDOM.scores([target("a", weight=3.0), target("b", weight=1.0)]) == [0.75, 0.25]
    assert RANDOM.scores([target("a", weight=0.0), target("b", weight=0.0)]) == [0.5, 0.5]


def scores_of(selector: Selector, *candidates: Candidate) -> list[float | None]:
    assert selector.scores is not None
    return selector.scores(candidates)


def test_balanced_is_the_documented_formula():
    fast = target("f", throughput=100.0, ttft=2.0, cost=Decimal("0.04"))
    cheap = target("c", throughput=25.0, ttft=1.0, cost=Decimal("0.01"))
    assert scores_of(balanced.SELECTOR, fast, cheap) == pytest.approx([(1 + 0.5 + 0.25) / 3, (0.25 + 1 + 1) / 3])
    only_speed = balanced.balanced(throughput=2.0, latency=0.0, cost=0.0)
    assert scores_of(only_speed, fast, cheap) == pytest.approx([1, 0.25])
    assert names(only_speed.order([cheap, fast], dice(0.0))) == "fc"
    assert names(balanced.SELECTOR.order([fast, cheap], dice(0.0))) == "cf"


def test_balanced_gives_nothing_for_what_is_unknown():
    priced = target("p", throughput=10.0, ttft=1.0, cost=Decimal(1))
    unpriced = target("u", throughput=10.0, ttft=1.0)
    unmeasured = target("m", cost=Decimal("0.0001"))
    assert scores_of(balanced.SELECTOR, unpriced, priced, unmeasured) == pytest.approx([2 / 3, (2 + 0.0001) / 3, None])
    assert names(balanced.SELECTOR.order([unmeasured, unpriced, priced], dice(0.0))) == "pum"


def test_balanced_takes_free_targets_as_the_cheapest():
    free = target("f", throughput=1.0, cost=Decimal(0))
    dear = target("d", throughput=1.0, cost=Decimal(1))
    assert scores_of(balanced.SELECTOR, free, dear) == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("weights", [(0, 0, 0), (-1, 2, 2)])
def test_balanced_refuses_weights_that_mean_nothing(weights):
    with pytest.raises(ValueError, match="weights"):
        balanced.balanced(*weights)
