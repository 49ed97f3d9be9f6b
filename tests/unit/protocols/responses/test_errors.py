"""Failures: read in whatever shape they come, written in OpenAI's."""

import pytest

from plexus.core import json
from plexus.ir.errors import Fault
from plexus.protocols.responses import PROTOCOL


def test_an_error_of_openai_is_read_whole():
    body = json.dumps({"error": {"message": "No.", "type": "invalid_request_error", "param": "input", "code": "bad"}})
    fault = PROTOCOL.decode_error(400, body)
    assert (fault.kind, fault.status, fault.message, fault.code, fault.param) == (
        "invalid_request",
        400,
        "No.",
        "bad",
        "input",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": "plain words"}', "plain words"),
        (b'{"detail": "Not authenticated"}', "Not authenticated"),
        (b'{"message": "top"}', "top"),
        (b'[{"error": {"message": "listed", "code": 400}}]', "listed"),
        (b"<html><title>502 Bad Gateway</title></html>", "502 Bad Gateway"),
        (b"<html><body>x</body></html>", "the provider answered with status 502"),
        (b"upstream connect error", "upstream connect error"),
        (b"", "the provider answered with status 502"),
        (b"{}", "the provider answered with status 502"),
    ],
)
def test_135_html_plain_text_and_other_shapes_become_errors(body, message):
    fault = PROTOCOL.decode_error(502, body)
    assert (fault.message, fault.kind) == (message, "upstream")


def test_135_a_numeric_code_is_text():
    assert PROTOCOL.decode_error(429, b'{"error": {"message": "m", "code": 429}}').code == "429"


def test_136_a_secret_is_taken_out_of_the_message():
    body = b'{"error": {"message": "Incorrect API key provided: sk-abcdefghijklmnop1234."}}'
    assert "abcdefghijklmnop" not in PROTOCOL.decode_error(401, body).message


def test_the_wait_a_message_asks_for_is_known():
    body = b'{"error": {"message": "Rate limit reached. Please try again in 1.5s.", "code": "rate_limit_exceeded"}}'
    assert PROTOCOL.decode_error(429, body).retry_after == 1.5


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("rate_limit_exceeded", "rate_limit"),
        ("insufficient_quota", "rate_limit"),
        ("context_length_exceeded", "invalid_request"),
        ("server_error", "upstream"),
        ("server_is_overloaded", "overloaded"),
        ("image_too_large", "invalid_request"),
        ("something_new", "upstream"),
        (404, "not_found"),
    ],
)
def test_143_a_failure_inside_an_answer_of_status_200_has_its_real_kind(code, kind):
    fault = PROTOCOL.error_in({"status": "failed", "error": {"code": code, "message": "m"}})
    assert fault is not None
    assert fault.kind == kind


def test_an_answer_holds_no_failure():
    assert PROTOCOL.error_in({"status": "completed", "error": None, "output": []}) is None


def test_overload_is_503_with_openais_word_for_it():
    status, body = PROTOCOL.encode_error(Fault(kind="overloaded", status=529, message="m"))
    assert (status, body["error"]["code"]) == (503, "server_is_overloaded")


def test_an_error_has_the_four_fields_of_openai():
    status, body = PROTOCOL.encode_error(Fault(kind="authentication", status=401, message="Bad key.", param="p"))
    assert status == 401
    assert body == {
        "error": {"message": "Bad key.", "type": "invalid_request_error", "param": "p", "code": "invalid_api_key"}
    }


def test_an_error_read_and_written_is_the_same():
    error = {"message": "No.", "type": "tokens", "param": None, "code": "rate_limit_exceeded"}
    fault = PROTOCOL.decode_error(429, json.dumps({"error": error}))
    assert PROTOCOL.encode_error(fault) == (429, {"error": error})
