"""Every selector does what picking the best of the rest, again and again, would do."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plexus.routing.selectors
from plexus.core.registry import find
from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Selector

ALL = find(plexus.routing.selectors, "SELECTOR", Selector)
FEW = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0, 80.0])
FACT = st.none() | FEW | st.floats(0, 1e6)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        provider=st.just("p"),
        model=st.uuids().map(str),
        weight=st.sampled_from([1.0, 1.0, 2.0, 5.0]),
        cost=st.none() | st.decimals(0, 10, places=4) | st.just(Decimal(0)),
        ttft=FACT,
        throughput=FACT,
        end_to_end=FACT,
        recent=FACT,
        headroom=st.none() | st.floats(0, 1),
    ),
    max_size=8,
)


def rival(name: str, left: list[Candidate], first: Candidate, second: Candidate) -> bool:
    """Whether `second` is better than `first`, written as comparisons of two."""
    if name == "in_order":
        return False
    if name == "balanced":
        return mixed(second, left) > mixed(first, left)
    fact, lower = {
        "cost": ("cost", True),
        "latency": ("ttft", True),
        "performance": ("throughput", False),
        "e2e_performance": ("end_to_end", False),
        "usage": ("recent", True),
        "quota": ("headroom", False),
    }[name]
    mine, other = getattr(first, fact), getattr(second, fact)
    if mine is None or other is None:
        return other is not None
    return bool(float(other) < float(mine) if lower else other > mine)


def mixed(one: Candidate, among: list[Candidate]) -> float:
    """The formula in the documentation of `balanced`, as it stands there."""
    if one.throughput is None and one.ttft is None:
        return -1.0
    total = 0.0
    if one.throughput is not None:
        best = max(c.throughput for c in among if c.throughput is not None)
        total += one.throughput / best / 3 if best else 1 / 3
    if one.ttft is not None:
        best = min(c.ttft for c in among if c.ttft is not None)
        total += best / one.ttft / 3 if one.ttft else 1 / 3
    if one.cost is not None:
        best = float(min(c.cost for c in among if c.cost is not None))
        total += best / float(one.cost) / 3 if one.cost else 1 / 3
    return round(total, 9)


def picked(name: str, given_: list[Candidate]) -> list[Candidate]:
    left, order = list(given_), []
    while left:
        best = left[0]
        for candidate in left[1:]:
            if rival(name, given_, best, candidate):
                best = candidate
        left = [candidate for candidate in left if candidate is not best]
        order.append(best)
    return order


def drawn(given_: list[Candidate], dice: Callable[[], float]) -> list[Candidate]:
    """Weighted draws without replacement, on a wheel with a field for each unit of weight."""
    left, order = list(given_), []
    while len(left) > 1:
        wheel = [candidate for candidate in left for _ in range(int(candidate.weight))]
        order.append(wheel[int(dice() * len(wheel))])
        left = [candidate for candidate in left if candidate is not order[-1]]
    return order + left


def shown(numbers: list[float]) -> Callable[[], float]:
    left: Iterator[float] = iter(numbers)
    return lambda: next(left)


NAMES = sorted(selector.name for selector in ALL.values())
# Halves between the fields of the wheel, so that no rounding decides.
CHANCES = st.lists(st.integers(0, 839).map(lambda field: (field + 0.5) / 840), min_size=8, max_size=8)


def agree(name: str, candidates: list[Candidate], chances: list[float]) -> None:
    (selector,) = (one for one in ALL.values() if one.name == name)
    order = selector.order(candidates, shown(chances))
    if name == "random":
        assert order == drawn(candidates, shown(chances))
    elif name == "balanced":
        assert [mixed(c, candidates) for c in order] == [mixed(c, candidates) for c in picked(name, candidates)]
    else:
        assert order == picked(name, candidates)
    if selector.scores is not None and name != "random":
        scores = dict(zip((c.model for c in candidates), selector.scores(candidates), strict=True))
        known = [score for candidate in order if (score := scores[candidate.model]) is not None]
        assert known in (sorted(known), sorted(known, reverse=True))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=120, deadline=None)
@given(candidates=CANDIDATES, chances=CHANCES)
def test_a_selector_equals_its_model(name, candidates, chances):
    agree(name, candidates, chances)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_a_selector_equals_its_model_over_100_000_draws(name):
    chance = Random(f"routing {name}")
    for _ in range(12_000):
        candidates = [any_candidate(chance, place) for place in range(chance.randrange(9))]
        agree(name, candidates, [(chance.randrange(840) + 0.5) / 840 for _ in range(8)])


def any_candidate(chance: Random, place: int) -> Candidate:
    def fact(top: float) -> float | None:
        return chance.choice([None, 0.0, top / 2, top, chance.uniform(0, top)])

    price = fact(10.0)
    return Candidate(
        provider="p",
        model=str(place),
        weight=chance.choice([1.0, 1.0, 2.0, 5.0]),
        cost=None if price is None else Decimal(str(round(price, 4))),
        ttft=fact(9.0),
        throughput=fact(90.0),
        end_to_end=fact(60.0),
        recent=fact(500.0),
        headroom=fact(1.0),
    )
