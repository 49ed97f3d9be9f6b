"""What follows from each failure: the whole table, and the words that say what a status does not (U26-U29, 143, 150)."""

import pytest

from plexus.ir.errors import STATUS_OF, Fault, FaultKind, kind_of_status
from plexus.routing.verdict import Options, by_status, judge


def fault(status: int, message: str = "no", code: str = "", **more) -> Fault:
    return Fault(kind=kind_of_status(status), status=status, message=message, code=code, **more)


def kinds_of_failure(status: int) -> tuple[bool, str]:
    """Whether another target is tried, and what rests: written down here once more, by ranges."""
    if status in {401, 402, 403}:
        return True, "credential"
    if status in {425, 451, 499}:
        return True, ""
    if status in {407, 408, 421, 429}:
        return True, "target"
    return (False, "") if 400 <= status < 500 else (True, "target")


@pytest.mark.parametrize("status", range(100, 601))
def test_u27_every_status_has_its_class(status):
    expected = kinds_of_failure(status)
    for verdict in (by_status(status), judge(fault(status))):
        assert (verdict.failover, verdict.cools) == expected
        assert verdict.client_fault == (expected == (False, ""))


@pytest.mark.parametrize("status", [99, 0, -1, 700])
def test_u27_statuses_that_http_has_not_are_a_broken_providers(status):
    assert judge(fault(status)).cools == "target"


@pytest.mark.parametrize("kind", STATUS_OF)
def test_143_a_failure_inside_a_200_is_judged_by_its_kind(kind: FaultKind):
    inside = judge(Fault(kind=kind, status=200, message="no"))
    assert (inside.failover, inside.cools) == kinds_of_failure(STATUS_OF[kind])


def test_a_codec_that_read_more_than_the_status_is_believed():
    bad_key = Fault(kind="authentication", status=400, message="API key not valid.", code="API_KEY_INVALID")
    assert judge(bad_key).cools == "credential"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "", "Your credit balance is too low to access the Anthropic API."),
        (400, "insufficient_quota", "no"),
        (400, "", "You have reached your specified API usage limits: usage limit exceeded"),
        (400, "", "Insufficient Balance"),
        (429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."),
        (429, "usage_limit_reached", "The usage limit has been reached"),
        (402, "", "You have exceeded your monthly included credits for Inference Providers."),
    ],
)
def test_the_accounts_quota_cools_the_credential(status, code, message):
    verdict = judge(fault(status, message, code))
    assert (verdict.failover, verdict.cools, verdict.reason) == (True, "credential", "quota")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."),
        ("", "This request would exceed your organization's rate limit of 40,000 input tokens per minute"),
    ],
)
def test_u26_the_limit_of_one_model_cools_that_model(code, message):
    assert judge(fault(429, message, code)).cools == "target"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "max_tokens must be positive"),
        (400, "prompt is too long: 250000 tokens > 200000 maximum"),
        (413, "Request exceeds the maximum size"),
        (422, "loc: field required"),
        (404, "No such File object: file-abc"),
        (409, "conflict"),
        (400, "deadline exceeded is not a valid value"),
        (403, "Your input was flagged by the moderation of this model"),
    ],
)
def test_u28_the_clients_own_mistakes_neither_fail_over_nor_cool(status, message):
    verdict = judge(fault(status, message))
    assert (verdict.failover, verdict.cools, verdict.client_fault) == (False, "", True)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "model_not_found", "no"),
        (404, "", "The model `gpt-9` does not exist or you do not have access to it."),
        (404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta"),
        (404, "", "model: claude-9"),
        (404, "", "No endpoints found for vendor/x."),
        (404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
        (400, "model_not_supported", "no"),
        (400, "", "vendor/x is not a valid model ID"),
        (400, "invalid_request_error", "Model Not Exist"),
        (403, "model_not_found", "Project `proj_x` does not have access to model `gpt-4`"),
    ],
)
def test_a_model_the_provider_has_not_is_no_fault_of_the_clients(status, code, message):
    verdict = judge(fault(status, message, code))
    assert (verdict.failover, verdict.cools, verdict.reason) == (True, "target", "no_such_model")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (504, "Deadline expired before operation could complete."),
        (500, "context deadline exceeded"),
        (408, "DEADLINE_EXCEEDED"),
    ],
)
def test_150_deadline_errors_do_not_cool(status, message):
    verdict = judge(fault(status, message))
    assert (verdict.failover, verdict.cools) == (True, "")


@pytest.mark.parametrize(
    "code", ["timeout", "connect_timeout", "truncated", "tls", "dns", "connect", "disconnected", "bad_answer"]
)
def test_what_happens_below_the_protocol_cools_the_target(code):
    kind: FaultKind = "timeout" if "timeout" in code else "upstream"
    verdict = judge(Fault(kind=kind, status=STATUS_OF[kind], message="the provider did not answer in time", code=code))
    assert (verdict.failover, verdict.cools) == (True, "target")


def test_an_empty_completion_moves_on_by_option_and_never_cools():
    empty = fault(502, code="empty")
    assert (judge(empty).failover, judge(empty).cools) == (True, "")
    assert not judge(empty, Options(retry_empty=False)).failover


def test_a_stall_cools_by_option():
    stall = fault(504, code="stall")
    assert judge(stall).cools == ""
    assert judge(stall, Options(cool_stalls=True)).cools == "target"


def test_without_failover_what_would_cool_still_does():
    verdict = judge(fault(500), Options(failover=False))
    assert (verdict.failover, verdict.cools, verdict.client_fault) == (False, "target", False)


def test_151_the_wait_is_the_providers_own_else_read_from_its_words():
    assert judge(fault(429, "try again in 6m0s")).seconds == 360
    assert judge(fault(429, "try again in 6m0s", retry_after=2.0)).seconds == 2
    assert judge(fault(529)).seconds is None
    assert judge(fault(400, "try again in 6m0s")).seconds is None
