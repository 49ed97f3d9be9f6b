"""Which exchanges become traces (S33): off, all, a share, failures; lists by inclusive or; targets that end by themselves."""

import pytest

from plexus.settings.bounds import Capture
from plexus.traces.capture import BODY, ON_ERROR, Captures, Targets

NOBODY = ("nobody", ("m",), frozenset({"p"}))


def captures(**rules) -> Captures:
    return Captures(Capture.model_validate(rules))


def bound(found: Captures, key: str = "nobody", dice: float = 0.5, now: float = 0.0):
    held = found.bound(key, "m", lambda: now, lambda: dice)
    return None if held is None else held[0]


def reason(found: Captures, who=NOBODY, *, failed: bool = False, sampled: bool = False, now: float = 0.0) -> str:
    key, aliases, providers = who
    return found.reason(key, aliases, providers, now, failed=failed, sampled=sampled)


def test_what_is_off_holds_nothing_and_keeps_nothing():
    assert bound(captures(mode="off")) is None
    assert reason(captures(mode="off"), failed=True) == ""


def test_by_default_failures_are_kept_and_little_is_held_until_one_is_known():
    assert bound(captures()) == ON_ERROR < BODY
    assert (reason(captures(), failed=True), reason(captures())) == ("on_error", "")


def test_all_keeps_all_and_headers_holds_no_body():
    assert (bound(captures(mode="all")), reason(captures(mode="all"))) == (BODY, "all")
    assert (bound(captures(mode="headers")), reason(captures(mode="headers"))) == (0, "headers")


@pytest.mark.parametrize(("dice", "kept"), [(0.09, True), (0.1, False), (0.9, False)])
def test_a_sample_is_decided_once_at_the_beginning(dice, kept):
    held = captures(mode="sample", sample=0.1).bound("k", "m", lambda: 0.0, lambda: dice)
    assert held == ((BODY, True) if kept else None)


@pytest.mark.parametrize(
    ("rules", "word"),
    [({"keys": ["nobody"]}, "key"), ({"aliases": ["m"]}, "alias"), ({"providers": ["p"]}, "provider")],
)
def test_what_a_list_names_is_kept_whole_even_when_all_else_is_off(rules, word):
    named = captures(mode="off", **rules)
    assert bound(named) == BODY
    assert reason(named) == word
    assert reason(named, ("other", ("n",), frozenset({"q"}))) == ""


def test_a_target_is_captured_until_its_moment_and_then_forgotten():
    found = captures(mode="off")
    found.set(Targets(until=100.0, keys=frozenset({"nobody"})))
    assert (bound(found, now=99.0), reason(found, now=99.0)) == (BODY, "debug")
    assert bound(found, key="another", now=99.0) is None
    assert (bound(found, now=100.0), reason(found, now=100.0)) == (None, "")
    assert found.targets(0.0) is None


@pytest.mark.parametrize(
    "names", [{"everything": True}, {"aliases": frozenset({"m"})}, {"providers": frozenset({"p"})}]
)
def test_a_target_names_everything_aliases_or_providers(names):
    found = captures(mode="off")
    found.set(Targets(until=1.0, **names))
    assert (bound(found), reason(found)) == (BODY, "debug")
