"""Names become targets: aliases, groups, direct addresses, bare models."""

from collections import Counter
from random import Random

import pytest

from plexus.routing.candidate import Candidate
from plexus.routing.routes import Alias, Group, Routes, UnknownModel
from plexus.routing.selectors import in_order
from plexus.routing.selectors import random as random_selector

A, B, C = Candidate("p", "a", 3.0), Candidate("q", "vendor/b:free", 1.0), Candidate("r", "c", 0.0)
FAST = Alias("fast", (Group("default", random_selector.SELECTOR, (A, B, C)),), additional=("quick",))
SMART = Alias("smart", (Group("first", in_order.SELECTOR, (C,)), Group("backup", in_order.SELECTOR, ("fast", B))))
ROUTES = Routes([FAST, SMART], {"p": ["a", "both"], "q": ["vendor/b:free", "both"], "r": ["c"], "x/y": ["z/w"]})


def first() -> float:
    return 0.0


def test_weights_decide_how_often_a_target_comes_first():
    chance = Random(7)
    counts = Counter(ROUTES.plan("fast", chance.random).candidates[0] for _ in range(4000))
    assert 2850 < counts[A] < 3150
    assert counts[C] == 0


def test_every_target_is_in_the_order_exactly_once():
    chance = Random(1)
    for _ in range(100):
        assert set(ROUTES.plan("fast", chance.random).candidates) == {A, B, C}
        assert len(ROUTES.plan("smart", chance.random).candidates) == 3


def test_groups_are_exhausted_in_order_and_an_alias_may_be_a_target():
    assert ROUTES.plan("smart", first).candidates == (C, B, A)


def test_an_additional_alias_is_the_same_alias():
    assert ROUTES.plan("quick", first) == ROUTES.plan("fast", first)


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("direct/q/vendor/b:free", "q", "vendor/b:free"),
        ("direct/x/y/z/w", "x/y", "z/w"),
        ("vendor/b:free", "q", "vendor/b:free"),
    ],
)
def test_ids_may_hold_slashes_and_colons(name, provider, model):
    (candidate,) = ROUTES.plan(name, first).candidates
    assert (candidate.provider, candidate.model) == (provider, model)


def test_a_group_can_be_addressed():
    assert ROUTES.plan("direct/smart/first", first).candidates == (C,)


@pytest.mark.parametrize(
    "name", ["", "nobody", "both", "direct/", "direct/p", "direct/p/nothing", "direct/smart/nothing"]
)
def test_an_unknown_or_ambiguous_name_is_nobodys(name):
    with pytest.raises(UnknownModel):
        ROUTES.plan(name, first)


def test_the_list_names_aliases_and_unambiguous_models_once():
    assert ROUTES.names() == ["fast", "smart", "a", "vendor/b:free", "c", "z/w"]
