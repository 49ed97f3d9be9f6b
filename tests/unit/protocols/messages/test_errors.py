"""Failures in Anthropic's shape, and other shapes read."""

import json

import anthropic
import httpx2
import pytest

from plexus.ir.errors import STATUS_OF, Fault
from plexus.protocols.messages import PROTOCOL


def read(status, body):
    return PROTOCOL.decode_error(status, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "invalid_request_error", "invalid_request"),
        (401, "authentication_error", "authentication"),
        (402, "billing_error", "billing"),
        (403, "permission_error", "permission"),
        (404, "not_found_error", "not_found"),
        (409, "conflict_error", "conflict"),
        (413, "request_too_large", "too_large"),
        (429, "rate_limit_error", "rate_limit"),
        (500, "api_error", "upstream"),
        (504, "timeout_error", "timeout"),
        (529, "overloaded_error", "overloaded"),
    ],
)
def test_anthropics_own_errors_are_read_and_written_back_alike(status: int, name: str, kind: str) -> None:
    body = {"type": "error", "error": {"type": name, "message": "why", "details": {"a": 1}}, "request_id": "req_1"}
    fault = read(status, body)
    assert (fault.kind, fault.status, fault.message, fault.code) == (kind, status, "why", name)
    assert PROTOCOL.encode_error(fault) == (status, body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "openai", "type": "x", "code": "y"}}, "openai"),
        ({"error": {"code": 400, "message": "google", "status": "INVALID_ARGUMENT"}}, "google"),
        ([{"error": {"code": 400, "message": "listed"}}], "listed"),
        ({"error": "plain"}, "plain"),
        ({"error": "bad", "message": "better"}, "better"),
        ({"message": "bedrock"}, "bedrock"),
        ({"detail": "fastapi"}, "fastapi"),
        ({"errors": [{"message": "several"}]}, "several"),
        (b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        (b"<p>Not <b>here</b></p>", "Not here"),
        (b"upstream connect error", "upstream connect error"),
        (b"", "The provider answered with status 400."),
        (b"\xff\xfe{", "\ufffd\ufffd{"),
        (b"null", "The provider answered with status 400."),
        ({"error": {"message": 5}}, "The provider answered with status 400."),
    ],
)
def test_135_other_shapes_html_and_text_are_read(body, message: str) -> None:
    assert read(400, body).message == message


def test_135_a_numeric_code_is_no_word() -> None:
    assert read(400, {"error": {"code": 400, "message": "m"}}).code == ""


def test_136_messages_are_cleaned_of_secrets_and_bounded() -> None:
    fault = read(401, {"error": {"message": "Incorrect API key provided: sk-ant-api03-abcdefgh. " + "x" * 5000}})
    assert "abcdefgh" not in fault.message
    assert len(fault.message.encode()) <= 1024


@pytest.mark.parametrize("kind", list(STATUS_OF))
def test_every_kind_becomes_the_sdks_typed_exception(kind) -> None:
    status, body = PROTOCOL.encode_error(Fault(kind=kind, status=STATUS_OF[kind], message="why"))
    request = httpx2.Request("POST", "http://127.0.0.1/v1/messages")
    client = anthropic.Anthropic(api_key="k", max_retries=0)
    error = client._make_status_error("why", body=body, response=httpx2.Response(status, request=request, json=body))
    expected = {
        400: anthropic.BadRequestError,
        401: anthropic.AuthenticationError,
        403: anthropic.PermissionDeniedError,
        404: anthropic.NotFoundError,
        409: anthropic.ConflictError,
        429: anthropic.RateLimitError,
    }.get(status, anthropic.APIStatusError)
    assert isinstance(error, expected)
    assert body["type"] == "error"
    assert body["error"]["message"] == "why"


def test_the_overloaded_type_goes_with_503_and_529() -> None:
    for kind in ("unavailable", "overloaded"):
        status, body = PROTOCOL.encode_error(Fault(kind=kind, status=STATUS_OF[kind], message="busy"))
        assert (status, body["error"]["type"]) == (STATUS_OF[kind], "overloaded_error")


def test_errors_of_other_protocols_leave_nothing_of_theirs_behind() -> None:
    raw = {"error": {"message": "secret", "internal": "x"}}
    _, body = PROTOCOL.encode_error(Fault(kind="upstream", status=502, message="why", raw=raw))
    assert body == {"type": "error", "error": {"type": "api_error", "message": "why"}}


def test_143_an_error_inside_a_body_with_status_200_is_found() -> None:
    fault = PROTOCOL.error_in({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    assert fault is not None
    assert (fault.kind, fault.status) == ("overloaded", 529)
    foreign = PROTOCOL.error_in({"error": {"message": "m", "code": 429}})
    assert foreign is not None
    assert (foreign.kind, foreign.status) == ("rate_limit", 429)


@pytest.mark.parametrize("body", [{"type": "message", "content": []}, {"content": [], "error": None}, {"error": None}])
def test_an_answer_holds_no_error(body: dict) -> None:
    assert PROTOCOL.error_in(body) is None


def test_a_thread_that_the_target_cannot_keep_is_refused_so_that_the_tool_runner_goes_on_without():
    fault = Fault(kind="invalid_request", status=400, message="thread: refers to state", param="thread")
    assert PROTOCOL.encode_error(fault)[1]["error"]["details"]["error_code"] == "thread_unsupported_request"
    other = Fault(kind="invalid_request", status=400, message="no", param="container")
    assert "details" not in PROTOCOL.encode_error(other)[1]["error"]
