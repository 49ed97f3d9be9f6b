"""G25: requests generated from the description of the management API meet no failure of the server and no answer it does not describe."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from tests.gateway.running import provider
from tests.harness.gateway import ADMIN_KEY, Gateway

KEY = "sk-fuzz-0123456789"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
CONFIG = {
    "providers": {"p": provider("http://127.0.0.1:9/v1", "chat", ["m", "n"])},
    "models": {"fast": {"targets": [{"provider": "p", "model": "m"}, {"provider": "p", "model": "n"}]}},
    "keys": {"me": {"secret": KEY}},
    "network": {"trusted_proxies": ["127.0.0.0/8"]},
}
ROLES = {
    "nobody": {"x-admin-key": "sk-of-nobody-at-all"},
    "key": {"authorization": f"Bearer {KEY}"},
    "admin": {"x-admin-key": ADMIN_KEY},  # the last, who changes things
}
NOT_GENERATED = (
    *("x-admin-key", "authorization"),  # which would make it somebody else's request
    *("host", "connection", "content-length", "transfer-encoding", "expect", "upgrade"),  # and none of this API
)
SPARE = 1.25
"""Some operations know fewer different requests than are wanted of each."""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway(CONFIG) as started:
        yield started


def fuzzed(gateway: Gateway, requests: int) -> Counter[tuple[str, int]]:
    """At least so many requests, spread over operations and roles; how often each status came, by role."""
    described = schemathesis.openapi.from_url(f"{gateway.base_url}/openapi.json")
    statuses: Counter[tuple[str, int]] = Counter()
    addresses = itertools.count(1)
    operations = list(described.exclude(path="/v0/management/events").get_all_operations())  # that one does not end
    ways = list(itertools.product(operations, GenerationMode))
    examples = math.ceil(SPARE * requests / len(ways) / len(ROLES))
    for found, mode in ways:
        assert isinstance(found, Ok), found
        series(found.ok().as_strategy(generation_mode=mode), examples, statuses, addresses)
    return statuses


def series(cases: Any, examples: int, statuses: Counter[tuple[str, int]], addresses: Iterator[int]) -> None:
    """Requests to one operation, each by every role in turn, from an address of its own.

    Making one up takes longer than asking it.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def ask(case: Any) -> None:
        for name in NOT_GENERATED:
            case.headers.pop(name, None)
        for role, credential in ROLES.items():
            number = next(addresses)
            address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            response = case.call(headers={**credential, "x-forwarded-for": address})
            case.validate_response(response, checks=CHECKS)
            statuses[role, response.status_code] += 1

    ask()


def judge(statuses: Counter[tuple[str, int]], least: int) -> None:
    """That enough was asked, and that nobody was let in who may not be."""
    assert statuses.total() >= least, statuses
    by_role = {role: {status for name, status in statuses if name == role} for role in ROLES}
    assert by_role["nobody"] <= {400, 401}  # a path that can be read in two ways is refused before anything else
    assert 403 in by_role["key"]
    assert {200, 400, 404} <= by_role["admin"]
    assert not by_role["admin"] & {401, 403}


def test_g25_generated_requests_meet_no_failure_and_no_drift(gateway):
    statuses = fuzzed(gateway, 2000)
    judge(statuses, 2000)


@pytest.mark.deep
def test_g25_twenty_thousand_generated_requests_meet_no_failure_and_no_drift(gateway):
    statuses = fuzzed(gateway, 20_000)
    judge(statuses, 20_000)
