"""Statuses by number, and 429 with every way of saying when to come back (U25-U29)."""

import time
from email.utils import formatdate
from typing import Any

from tests.harness.faults import Case, Fault, answered, healthy
from tests.harness.wire import JSON_TYPE, Headers, Script


def status(case: Case) -> Script:
    """Status N with the protocol's error body; 3-digit codes that do not exist included."""
    return answered(case.bodies.error(case.n, f"Simulated status {case.arg}."), case.arg.zfill(3))


def limited(headers: Headers, body: dict[str, Any] | None = None) -> Fault:
    """429 with these headers, and the body if one is given."""

    def script(case: Case) -> Script:
        return answered(body or case.bodies.error(429, "Slow down."), 429, [JSON_TYPE, *headers])

    return script


def dated(offset: float) -> Fault:
    """429 with Retry-After as an HTTP date, `offset` seconds from now."""

    def script(case: Case) -> Script:
        return limited([("retry-after", formatdate(time.time() + offset, usegmt=True))])(case)

    return script


def rfc850(case: Case) -> Script:
    """429 with the obsolete date form, ten minutes from now."""
    return limited([("retry-after", time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(time.time() + 600)))])(case)


def epoch(case: Case) -> Script:
    """429 with a reset given as seconds since the epoch, ten minutes from now."""
    return limited([("x-ratelimit-reset", str(int(time.time()) + 600))])(case)


def iso(case: Case) -> Script:
    """429 with Anthropic's reset times, RFC 3339, ten minutes from now."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    return limited([("anthropic-ratelimit-requests-reset", at), ("anthropic-ratelimit-requests-remaining", "0")])(case)


def limited_key(case: Case) -> Script:
    """429 for a credential that contains "limited", a healthy answer for any other."""
    return limited([("retry-after", "30")])(case) if "limited" in case.received.credential else healthy(case)


def quota_worded(case: Case) -> Script:
    """400 whose words say that a quota is used up."""
    return answered(case.bodies.error(400, "You exceeded your current quota, please check your plan and billing."), 400)


GOOGLE_HINT = {
    "error": {
        "code": 429,
        "message": "Resource has been exhausted (e.g. check quota).",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}],
    }
}
TEXT_HINT = {
    "error": {
        "message": "Rate limit reached. Please try again in 1m2.5s.",
        "type": "tokens",
        "code": "rate_limit_exceeded",
    }
}

FAULTS: dict[str, Fault] = {
    "status-N": status,
    "retry-none": limited([]),
    "retry-seconds": limited([("retry-after", "30")]),
    "retry-fraction": limited([("retry-after", "1.5")]),
    "retry-zero": limited([("retry-after", "0")]),
    "retry-negative": limited([("retry-after", "-5")]),
    "retry-huge": limited([("retry-after", "1000000000000")]),
    "retry-date-future": dated(600),
    "retry-date-past": dated(-600),
    "retry-rfc850": rfc850,
    "retry-garbage": limited([("retry-after", "soon, maybe")]),
    "retry-two": limited([("retry-after", "30"), ("retry-after", "60")]),
    "retry-ms": limited([("retry-after-ms", "2500"), ("retry-after", "3")]),
    "retry-ratelimit-epoch": epoch,
    "retry-ratelimit-seconds": limited([("x-ratelimit-reset", "30")]),
    "retry-ratelimit-duration": limited(
        [("x-ratelimit-reset-requests", "6m0s"), ("x-ratelimit-reset-tokens", "120ms")]
    ),
    "retry-anthropic": iso,
    "retry-body-google": limited([], GOOGLE_HINT),
    "retry-body-text": limited([], TEXT_HINT),
    "limited-key": limited_key,
    "quota-400": quota_worded,
}
