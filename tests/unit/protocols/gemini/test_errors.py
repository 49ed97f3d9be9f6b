import json

import pytest

from plexus.ir.errors import STATUS_OF, Fault
from plexus.protocols.gemini import PROTOCOL


def body(code=400, message="m", status="INVALID_ARGUMENT", **rest):
    return json.dumps({"error": {"code": code, "message": message, "status": status, **rest}}).encode()


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "INVALID_ARGUMENT", "invalid_request"),
        (400, "FAILED_PRECONDITION", "invalid_request"),
        (401, "UNAUTHENTICATED", "authentication"),
        (403, "PERMISSION_DENIED", "permission"),
        (404, "NOT_FOUND", "not_found"),
        (409, "ABORTED", "conflict"),
        (429, "RESOURCE_EXHAUSTED", "rate_limit"),
        (500, "INTERNAL", "upstream"),
        (503, "UNAVAILABLE", "unavailable"),
        (504, "DEADLINE_EXCEEDED", "timeout"),
        (400, "RESOURCE_EXHAUSTED", "rate_limit"),
    ],
)
def test_googles_statuses_have_their_kinds(status, name, kind):
    fault = PROTOCOL.decode_error(status, body(status, "why", name))
    assert (fault.kind, fault.status, fault.message, fault.code) == (kind, status, "why", name)


def test_a_bad_key_is_an_authentication_failure_though_google_says_400():
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    assert PROTOCOL.decode_error(400, body(details=details)).kind == "authentication"


@pytest.mark.parametrize(("delay", "seconds"), [("37s", 37.0), ("1.5s", 1.5), ({"seconds": 4}, 4.0), ("soon", None)])
def test_137_the_retry_delay_is_read_and_written(delay, seconds):
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    fault = PROTOCOL.decode_error(429, body(429, status="RESOURCE_EXHAUSTED", details=details))
    assert fault.retry_after == seconds
    assert PROTOCOL.encode_error(fault)[1]["error"]["details"] == details


def test_the_offending_field_is_named_both_ways():
    violation = {"field": "contents", "description": "m"}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    fault = PROTOCOL.decode_error(400, body(details=details))
    assert fault.param == "contents"
    made = Fault(kind="invalid_request", status=400, message="m", param="contents")
    assert PROTOCOL.encode_error(made)[1]["error"]["details"] == details


@pytest.mark.parametrize(
    ("status", "raw", "message"),
    [
        (502, b"<html>bad gateway</html>", "The upstream answered with HTTP status 502."),
        (500, b"", "The upstream answered with HTTP status 500."),
        (503, b"try later", "try later"),
        (429, b'[{"error": {"code": 429, "message": "listed", "status": "RESOURCE_EXHAUSTED"}}]', "listed"),
        (400, b'{"error": {"message": "openai", "type": "invalid_request_error", "code": null}}', "openai"),
        (400, b'{"error": "plain"}', "plain"),
        (400, b'{"message": "bare"}', "bare"),
        (400, b"[]", "The upstream answered with HTTP status 400."),
        (400, b"null", "The upstream answered with HTTP status 400."),
        (400, b"\xff\xfe", None),
    ],
)
def test_135_html_text_lists_and_other_shapes_are_read(status, raw, message):
    fault = PROTOCOL.decode_error(status, raw)
    assert fault.status == status
    assert message is None or fault.message == message


def test_136_a_key_in_the_text_is_taken_out():
    fault = PROTOCOL.decode_error(400, body(message="API key AIzaSyA1234567890abcdefghij is wrong"))
    assert "AIza" not in fault.message


@pytest.mark.parametrize("kind", list(STATUS_OF))
def test_209_every_kind_has_googles_shape(kind):
    status, wire = PROTOCOL.encode_error(Fault(kind=kind, status=STATUS_OF[kind], message="m"))
    error = wire["error"]
    assert list(error)[:3] == ["code", "message", "status"]
    assert error["code"] == status
    assert error["status"].isupper()
    assert status == (503 if kind == "overloaded" else STATUS_OF[kind])


def test_an_error_inside_an_answer_is_found_and_an_answer_is_none():
    fault = PROTOCOL.error_in({"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}})
    assert fault is not None
    assert (fault.kind, fault.status) == ("unavailable", 503)
    assert PROTOCOL.error_in({"candidates": []}) is None
    unnamed = PROTOCOL.error_in({"error": {"status": "NOT_FOUND"}})
    assert unnamed is not None
    assert (unnamed.kind, unnamed.status) == ("not_found", 404)
