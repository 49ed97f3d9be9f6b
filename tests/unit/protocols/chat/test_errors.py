"""Failures in chat's words."""

import json

import pytest

from plexus.ir.errors import STATUS_OF, Fault
from plexus.protocols.chat.errors import decode_error, encode_error, error_in


def read(status, body):
    return decode_error(status, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (
            404,
            {
                "error": {
                    "message": "no such model",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "model_not_found",
                }
            },
            "no such model",
        ),
        (403, {"error": "please check the api-key you provided"}, "please check the api-key you provided"),
        (
            404,
            {"message": "Model x does not exist", "type": "not_found_error", "code": "model_not_found"},
            "Model x does not exist",
        ),
        (500, {"detail": "Unable to process request."}, "Unable to process request."),
        (
            422,
            {"detail": [{"loc": ["body", "tools", 0, "type"], "msg": "Input should be 'function'"}]},
            "body.tools.0.type: Input should be 'function'",
        ),
        (429, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}, "slow down"),
        (503, [{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}], "overloaded"),
        (400, {"errors": [{"message": "bad", "code": 7}]}, "bad"),
        (
            400,
            {"error": {"message": "Provider returned error", "metadata": {"raw": "schema_ is required"}}},
            "Provider returned error: schema_ is required",
        ),
        (502, b"upstream connect error", "upstream connect error"),
        (500, b"", "the provider answered with status 500 and an empty body"),
        (
            502,
            b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>",
            "the provider answered with an HTML page (status 502): 502 Bad Gateway",
        ),
        (500, b"[]", "the provider answered with status 500"),
        (500, b"null", "the provider answered with status 500"),
    ],
)
def test_135_every_shape_of_an_error_is_read(status, body, message):
    fault = read(status, body)
    assert (fault.status, fault.message) == (status, message)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request"),
        (401, "authentication"),
        (402, "billing"),
        (403, "permission"),
        (404, "not_found"),
        (413, "too_large"),
        (422, "invalid_request"),
        (429, "rate_limit"),
        (500, "upstream"),
        (503, "unavailable"),
        (529, "overloaded"),
    ],
)
def test_138_the_kind_comes_from_the_status_and_not_from_words_in_the_text(status, kind):
    assert read(status, {"error": {"message": "authentication rate limit not found"}}).kind == kind


def test_135_numeric_codes_are_statuses_and_not_codes():
    fault = read(429, {"error": {"message": "slow", "code": 429}})
    assert fault.code == ""
    assert encode_error(fault)[1]["error"]["code"] == "rate_limit_exceeded"


def test_codes_params_and_types_of_the_provider_are_kept():
    fault = read(
        400,
        {
            "error": {
                "message": "no",
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        },
    )
    assert (fault.code, fault.param) == ("unsupported_parameter", "max_tokens")
    assert encode_error(fault) == (
        400,
        {
            "error": {
                "message": "no",
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        },
    )


def test_136_error_text_is_cut_and_cleaned():
    fault = read(401, {"error": {"message": "Incorrect API key provided: sk-proj-abcdefgh12345678. " + "x" * 5000}})
    assert "abcdefgh" not in fault.message
    assert len(fault.message.encode()) <= 1024
    assert "hunter22" not in read(500, b"failed: Bearer hunter22hunter22").message


def test_137_googles_retry_delay_is_read():
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}]
    assert read(429, [{"error": {"message": "slow", "details": details}}]).retry_after == 3.5


@pytest.mark.parametrize(
    ("kind", "status", "type_", "code"),
    [
        ("invalid_request", 400, "invalid_request_error", None),
        ("authentication", 401, "invalid_request_error", "invalid_api_key"),
        ("not_found", 404, "invalid_request_error", "model_not_found"),
        ("rate_limit", 429, "requests", "rate_limit_exceeded"),
        ("upstream", 502, "server_error", "upstream_error"),
        ("unavailable", 503, "server_error", "service_unavailable"),
        ("overloaded", 503, "server_error", "overloaded"),
        ("timeout", 504, "server_error", "timeout"),
    ],
)
def test_131_and_209_every_kind_is_an_error_object_with_its_real_status(kind, status, type_, code):
    found = encode_error(
        Fault(kind=kind, status=STATUS_OF[kind], message="m", param="p" if kind == "invalid_request" else "")
    )
    assert found == (
        status,
        {"error": {"message": "m", "type": type_, "param": "p" if kind == "invalid_request" else None, "code": code}},
    )


def test_an_exhausted_quota_is_told_in_openais_words():
    fault = read(
        429,
        {
            "error": {
                "message": "You exceeded your current quota",
                "type": "insufficient_quota",
                "code": "insufficient_quota",
            }
        },
    )
    assert encode_error(fault)[1]["error"] == {
        "message": "You exceeded your current quota",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": {"message": "x", "code": 429}}, 429),
        ({"error": {"message": "x", "code": "503"}}, 503),
        ({"error": {"message": "x", "type": "authentication_error"}}, 401),
        ({"error": {"message": "x"}, "choices": [{}]}, 502),
        ({"object": "error", "message": "x", "code": 400}, 400),
        ({"detail": "x"}, 502),
    ],
)
def test_143_an_error_inside_a_200_is_found_with_its_status(body, status):
    fault = error_in(body)
    assert fault is not None
    assert (fault.status, fault.message) == (status, "x")


@pytest.mark.parametrize(
    "body",
    [{"choices": [{"message": {"content": "a"}}]}, {"choices": [{}], "error": None}, {"id": "x", "message": "hello"}],
)
def test_an_answer_is_no_error(body):
    assert error_in(body) is None
