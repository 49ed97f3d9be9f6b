"""Definitions mean what is configured; those that make no sense refuse everything and are named."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from plexus.core.clock import Clock
from plexus.quota.admission import Admission, Offer, Refusal
from plexus.quota.definition import EVERYBODY, Definitions, Scope, definition_from
from plexus.quota.ledger import Ledger
from plexus.settings.key import QuotaSettings


def quota(**settings):
    return QuotaSettings.model_validate({"type": "daily", "limit_type": "tokens", "limit": 10, **settings})


def stored(**values):
    """A definition as an old row may hold it, past all validation."""
    sound: dict[str, Any] = {
        "type": "daily", "limit_type": "tokens", "limit": Decimal(10), "duration": None, "shared": False, "warn_at": None,
        "allowed_models": (), "excluded_models": (), "allowed_providers": (), "excluded_providers": (),
    }  # fmt: skip
    return SimpleNamespace(**{**sound, **values})


def test_amounts_become_whole_units():
    assert definition_from("q", quota(limit_type="cost", limit="25.50")).limit == 2_550_000_000
    assert definition_from("q", quota(limit_type="cost", limit="0.000000019")).limit == 1
    assert definition_from("q", quota(limit=2_000_000)).limit == 2_000_000
    assert definition_from("q", quota(type="rolling", duration="1h30m")).duration == 5_400_000
    assert definition_from("q", quota(limit_type="cost", limit=10**15)).limit == 10**23


@pytest.mark.parametrize(
    ("share", "limit", "units"), [(0.8, 10, 8), (0.29, 100, 29), (0.85, 10, 9), (1, 7, 7), (0, 7, 0)]
)
def test_the_warning_level_is_the_share_as_written_rounded_up(share, limit, units):
    assert definition_from("q", quota(limit=limit, warn_at=share)).warn_from == units


BROKEN: dict[str, dict[str, Any]] = {
    "an unreadable duration": {"type": "rolling", "duration": "abc"},
    "no duration": {"type": "rolling"},
    "a duration of zero": {"type": "rolling", "duration": 0.0},
    "a duration below a millisecond": {"type": "rolling", "duration": 0.0001},
    "a negative duration": {"type": "rolling", "duration": -5.0},
    "an endless duration": {"type": "rolling", "duration": 1e99},
    "a duration that is no number": {"type": "rolling", "duration": float("nan")},
    "a limit of zero": {"limit": Decimal(0)},
    "a negative limit": {"limit": Decimal(-1)},
    "an endless limit": {"limit": Decimal("1e99")},
    "an infinite limit": {"limit": Decimal("Infinity")},
    "a limit that is no number": {"limit": Decimal("NaN")},
    "a limit in text": {"limit": "many"},
    "money below a unit": {"limit_type": "cost", "limit": Decimal("0.000000001")},
    "an unknown window": {"type": "hourly"},
    "an unknown measure": {"limit_type": "energy"},
    "nothing at all": {"limit": None},
}


@pytest.mark.parametrize("what", BROKEN)
def test_q08_a_bad_definition_fails_closed_and_is_named(what):
    definitions = Definitions({"q": stored(**BROKEN[what])})
    assert [one.name for one in definitions.broken] == ["q"]
    ledger = Ledger(Clock(monotonic=lambda: 0.0, wall=lambda: 0.0))
    found = ledger.admit(definitions.of(["q"]), "alice", "fast", [Offer("p", "m")])
    assert isinstance(found, Refusal)
    assert found.broken
    assert found.retry_after is None


def test_q08_a_quota_nobody_defined_fails_closed():
    found = Definitions({}).of(["gone"])
    assert [(one.name, bool(one.broken)) for one in found] == [("gone", True)]


def test_164_no_quota_is_no_limit():
    ledger = Ledger(Clock(monotonic=lambda: 0.0, wall=lambda: 0.0))
    found = ledger.admit(Definitions({}).of([]), "alice", "fast", [Offer("p", "m", 10**12), Offer("q", "m")])
    assert isinstance(found, Admission)
    assert found.allowed == (0, 1)
    assert ledger.settle(found, []) == []


def test_a_quota_named_twice_counts_once():
    definitions = Definitions({"b": quota(), "a": quota()})
    assert [one.name for one in definitions.of(["b", "a", "b"])] == ["a", "b"]


def test_a_shared_quota_has_one_owner():
    assert definition_from("q", quota(shared=True)).owner("alice") == EVERYBODY
    assert definition_from("q", quota()).owner("alice") == "alice"


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(allowed_models=frozenset({"fast"})), True),
        (Scope(allowed_models=frozenset({"gpt"})), True),
        (Scope(allowed_models=frozenset({"fas"})), False),
        (Scope(allowed_models=frozenset({"fast"}), excluded_models=frozenset({"gpt"})), False),
        (Scope(allowed_providers=frozenset({"p"}), excluded_providers=frozenset({"p"})), False),
        (Scope(allowed_providers=frozenset({"q"})), False),
        (Scope(excluded_providers=frozenset({"q"})), True),
    ],
)
def test_exclusion_wins_and_a_model_is_meant_by_either_of_its_names(scope, covered):
    assert scope.covers("fast", "p", "gpt") is covered
