"""What clients are told: headers that match enforcement, a refusal that names quota, reset and way out, and nobody else's data."""

import json

import pytest

from plexus.core.clock import Clock
from plexus.quota import told
from plexus.quota.admission import Admission, Charge, Offer, Reading, Refusal
from plexus.quota.definition import Definition
from plexus.quota.ledger import Ledger
from plexus.quota.measure import dollars, money, written

DAY = 86_400_000
START = 20_000 * DAY  # 2024-10-04


def reading(name: str, limit: int, used: int, held: int = 0, measure="tokens", warn_from: int | None = None) -> Reading:
    definition = Definition(name=name, measure=measure, limit=limit, warn_from=warn_from)
    return Reading(definition, used, held, START + DAY)


def headers(*readings: Reading) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in told.headers(readings)}


def test_without_a_quota_there_are_no_headers():
    assert told.headers([]) == []


def test_the_headers_are_those_of_the_original():
    assert headers(reading("daily-tokens", 2_000_000, 500, 100)) == {
        "x-plexus-quota": "daily-tokens",
        "x-plexus-quota-limit": "2000000",
        "x-plexus-quota-remaining": "1999400",
        "x-plexus-quota-reset": "2024-10-05T00:00:00Z",
    }


def test_money_is_told_in_decimal_dollars():
    shown = headers(reading("budget", 2_550_000_000, 1, measure="cost"))
    assert shown["x-plexus-quota-limit"] == "25.50"
    assert shown["x-plexus-quota-remaining"] == "25.49999999"


def test_the_quota_with_the_smallest_share_left_is_told_and_all_warnings():
    shown = headers(
        reading("a", 100, 80, 5, warn_from=85),
        reading("b", 10, 9),
        reading("c", 100, 84, warn_from=85),
        reading("d", 100, 130, warn_from=80),
    )
    assert shown["x-plexus-quota"] == "d"
    assert shown["x-plexus-quota-remaining"] == "0"
    assert shown["x-plexus-quota-warning"] == "a: 85% used; d: 130% used"


@pytest.mark.parametrize("name", ["täglich", "a\tb", "50%;x", "日" * 50])
def test_any_name_fits_into_a_header(name):
    for _, value in told.headers([reading(name, 10, 9, warn_from=1)]):
        assert value.isascii()
        assert value.decode().isprintable()


def test_q17_the_headers_match_what_is_enforced_and_are_of_this_key_alone():
    ledger = Ledger(Clock(monotonic=lambda: 0.0, wall=lambda: START / 1000))
    quota = Definition(name="calls", limit=3)
    for left in (2, 1, 0):
        found = ledger.admit([quota], "alice", "fast", [Offer("p", "m")])
        assert isinstance(found, Admission)
        assert dict(told.headers(ledger.readings([quota], "alice")))[b"x-plexus-quota-remaining"] == b"%d" % left
        ledger.settle(found, [Charge("p", "m")])
        assert dict(told.headers(ledger.readings([quota], "alice")))[b"x-plexus-quota-remaining"] == b"%d" % left
    assert isinstance(ledger.admit([quota], "alice", "fast", [Offer("p", "m")]), Refusal)
    assert dict(told.headers(ledger.readings([quota], "bob")))[b"x-plexus-quota-remaining"] == b"3"


REFUSAL = Refusal(
    quota="budget", measure="cost", limit=100_000_000, used=99_000_000, needed=2_000_000, resets_at=START + 1,
    retry_after=1, blocking=("budget", "calls"),
)  # fmt: skip


def test_a_refusal_is_a_429_that_names_the_quota_and_the_reset():
    fault = told.fault(REFUSAL)
    assert (fault.kind, fault.status, fault.code, fault.retry_after) == ("rate_limit", 429, "quota_exceeded", 1.0)
    assert "'budget'" in fault.message
    assert "0.99 of 1.00 USD" in fault.message
    assert "2024-10-04T00:00:01Z" in fault.message


def test_the_facts_of_a_refusal_are_plain_data():
    assert json.loads(json.dumps(told.facts(REFUSAL))) == {
        "quota_name": "budget",
        "limit_type": "cost",
        "limit": "1.00",
        "current_usage": "0.99",
        "needed": "0.02",
        "resets_at": "2024-10-04T00:00:01Z",
        "retry_after": 1,
        "blocking_quotas": ["budget", "calls"],
    }


def test_a_request_larger_than_the_limit_is_told_what_to_do():
    fault = told.fault(Refusal(quota="q", measure="tokens", limit=100, used=0, needed=5000))
    assert fault.status == 429
    assert fault.retry_after is None
    assert "max_tokens" in fault.message


def test_a_broken_quota_is_the_operators_fault():
    fault = told.fault(Refusal(quota="q", measure="tokens", limit=0, used=0, needed=0, broken="is not defined"))
    assert fault.status == 503
    assert "whoever runs this gateway" in fault.message


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0.00"), (1, "0.00000001"), (150_000_000, "1.50"), (10**23, "1000000000000000.00"), (-5, "-0.00000005")],
)
def test_money_is_written_without_superfluous_zeros_and_read_back_exactly(units, text):
    assert written(units, "cost") == text
    assert money(dollars(units)) == units
