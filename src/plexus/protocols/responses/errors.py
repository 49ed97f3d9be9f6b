"""Errors of the responses protocol: OpenAI's error object, unary and inside a stream, and the shapes others answer with."""

import re
from typing import Any

from plexus.core import json
from plexus.core.redact import clean_message
from plexus.ir.errors import STATUS_OF, Fault, FaultKind, kind_of_status

_KIND_OF_CODE: dict[str, FaultKind] = {
    "rate_limit_exceeded": "rate_limit",
    "rate_limit_error": "rate_limit",
    "too_many_requests": "rate_limit",
    "insufficient_quota": "rate_limit",
    "usage_limit_reached": "rate_limit",
    "invalid_api_key": "authentication",
    "authentication_error": "authentication",
    "permission_denied": "permission",
    "permission_error": "permission",
    "model_not_found": "not_found",
    "not_found": "not_found",
    "billing_hard_limit_reached": "billing",
    "server_is_overloaded": "overloaded",
    "slow_down": "overloaded",
    "overloaded": "overloaded",
    "overloaded_error": "overloaded",
    "service_unavailable": "unavailable",
    "service_unavailable_error": "unavailable",
    "timeout": "timeout",
    "vector_store_timeout": "timeout",
    "server_error": "upstream",
    "internal_error": "upstream",
    "invalid_request_error": "invalid_request",
    "context_length_exceeded": "invalid_request",
    "invalid_prompt": "invalid_request",
    "content_policy_violation": "invalid_request",
    "image_content_policy_violation": "invalid_request",
    "bio_policy": "invalid_request",
    "cyber_policy": "invalid_request",
    "unsupported_parameter": "invalid_request",
    "invalid_value": "invalid_request",
    "string_above_max_length": "invalid_request",
}
"""What the code (or type) of an error says where there is no status: inside a stream or a body of status 200.
https://developers.openai.com/api/docs/guides/error-codes"""

_TYPE_OF: dict[FaultKind, tuple[str, str]] = {
    "invalid_request": ("invalid_request_error", "invalid_request_error"),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "billing_hard_limit_reached"),
    "permission": ("permission_error", "permission_denied"),
    "not_found": ("invalid_request_error", "not_found"),
    "timeout": ("timeout_error", "timeout"),
    "conflict": ("invalid_request_error", "conflict"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "unsupported_media": ("invalid_request_error", "unsupported_media_type"),
    "rate_limit": ("rate_limit_error", "rate_limit_exceeded"),
    "upstream": ("server_error", "server_error"),
    "unavailable": ("service_unavailable_error", "service_unavailable"),
    "overloaded": ("service_unavailable_error", "server_is_overloaded"),
}
"""Type and code written for each kind."""

_LONGEST_WORD = 128  # characters of a code or parameter that are shown
_AGAIN = re.compile(r"try again in (\d{1,6}(?:\.\d{1,6})?) ?(ms|s)", re.IGNORECASE)
_TITLE = re.compile(r"<title>([^<]{1,200})</title>", re.IGNORECASE)


def decode_error(status: int, body: bytes) -> Fault:
    """The fault an upstream's failed answer means: OpenAI's object, its relatives, HTML or plain text."""
    try:
        value = json.loads_lenient(body)
    except json.JSONError:
        return Fault(kind=kind_of_status(status), status=status, message=_from_text(body, status))
    error = _error_object(value)
    fault = _read(error, kind_of_status(status), status)
    if not fault.message:
        fault.message = f"the provider answered with status {status}"
    return fault


def error_in(body: dict[str, Any]) -> Fault | None:
    """The failure inside an answer of status 200: a failed response, or an error object instead of one."""
    error = body.get("error")
    if not error and body.get("status") != "failed":
        return None
    return fault_of(error)


def fault_of(error: Any) -> Fault:
    """The fault an error object without status means, by its code or type; unknown ones are the provider's."""
    error = _error_object(error)
    code, kind = error.get("code"), error.get("type")
    found = _KIND_OF_CODE.get(str(code)) or _KIND_OF_CODE.get(str(kind))
    if found is None and isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - an HTTP status as code
        found = kind_of_status(code)
    if found is None and isinstance(code, str) and code.startswith(("invalid_", "image_", "unsupported_")):
        found = "invalid_request"
    found = found or "upstream"
    fault = _read(error, found, STATUS_OF[found])
    fault.message = fault.message or "the provider reported an error without a message"
    return fault


def _error_object(value: Any) -> dict[str, Any]:
    """The object that holds message and code, wherever the provider put it."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str):
        return {"message": value}
    if not isinstance(value, dict):
        return {}
    inner = value.get("error")
    if isinstance(inner, dict):
        return inner
    if isinstance(inner, str):
        return {"message": value.get("message") or inner, "code": value.get("code") or inner}
    for name in ("detail", "errors"):
        if "message" not in value and value.get(name):
            found = value[name]
            return {"message": found} if isinstance(found, str) else {"message": json.dumps(found).decode()}
    return value


def _read(error: dict[str, Any], kind: FaultKind, status: int) -> Fault:
    message, code, param = error.get("message"), error.get("code"), error.get("param")
    text = message if isinstance(message, str) else ""
    again = _AGAIN.search(text)
    wait = None
    if again is not None:
        wait = float(again[1]) / (1000 if again[2].lower() == "ms" else 1)
    return Fault(
        kind=kind,
        status=status,
        message=clean_message(text),
        code=clean_message(str(code), _LONGEST_WORD) if code is not None else "",
        param=clean_message(param, _LONGEST_WORD) if isinstance(param, str) else "",
        retry_after=wait,
        raw={name: error[name] for name in ("type", "code", "param") if name in error} or None,
    )


def _from_text(body: bytes, status: int) -> str:
    text = body.decode("utf-8", "replace").strip()
    title = _TITLE.search(text)
    if title is not None:
        return clean_message(title[1])
    if not text or text.startswith("<"):
        return f"the provider answered with status {status}"
    return clean_message(text)


_RESPONSE_CODES = frozenset({
    "server_error", "rate_limit_exceeded", "invalid_prompt", "data_residency_mismatch", "bio_policy",
    "misalignment_policy_violation", "vector_store_timeout", "invalid_image", "invalid_image_format",
    "invalid_base64_image", "invalid_image_url", "image_too_large", "image_too_small", "image_parse_error",
    "image_content_policy_violation", "invalid_image_mode", "image_file_too_large", "unsupported_image_media_type",
    "empty_image_file", "failed_to_download_image", "image_file_not_found",
    # Not among the documented ones, but sent, and Codex acts on them:
    "context_length_exceeded", "insufficient_quota", "usage_not_included", "server_is_overloaded", "slow_down",
})  # fmt: skip
"""Codes of a failed response, a shorter list than that of HTTP errors."""


def response_error(fault: Fault) -> dict[str, Any]:
    """The `error` field of a failed response."""
    code = {
        "rate_limit": "rate_limit_exceeded",
        "overloaded": "server_is_overloaded",
        "invalid_request": "invalid_prompt",
    }
    known = fault.code if fault.code in _RESPONSE_CODES else code.get(fault.kind, "server_error")
    return {"code": known, "message": fault.message}


def encode_error(fault: Fault) -> tuple[int, dict[str, Any]]:
    """Status and body for a responses client. Overload is 503 here, which OpenAI's SDK retries."""
    status = 503 if fault.kind == "overloaded" else fault.status
    return status, {"error": error_object(fault)}


def error_object(fault: Fault) -> dict[str, Any]:
    """The error object with message, type, param and code; the provider's own code when there is one."""
    kind, code = _TYPE_OF[fault.kind]
    raw = fault.raw if isinstance(fault.raw, dict) and "param" in fault.raw else {}
    said = raw.get("type")
    return {
        "message": fault.message,
        "type": clean_message(said, _LONGEST_WORD) if isinstance(said, str) and said else kind,
        "param": fault.param or None,
        "code": fault.code or code,
    }
