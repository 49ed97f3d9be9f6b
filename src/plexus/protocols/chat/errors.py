"""Failures in chat's words: an upstream's error body, in whatever shape, to a fault; a fault to OpenAI's error object.

Source: https://platform.openai.com/docs/guides/error-codes/api-errors
"""

import re
from typing import Any

from plexus.core import json
from plexus.core.redact import clean_message
from plexus.ir.errors import STATUS_OF, Fault, FaultKind, kind_of_status

Wire = dict[str, Any]

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_HTML = re.compile(r"\s{0,64}<(?:!doctype|html|head|body)", re.IGNORECASE)
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_WORD_LIMIT = 128

_KIND_OF_WORD: dict[str, FaultKind] = {
    "authentication_error": "authentication",
    "invalid_api_key": "authentication",
    "unauthenticated": "authentication",
    "permission_error": "permission",
    "permission_denied": "permission",
    "not_found_error": "not_found",
    "not_found": "not_found",
    "model_not_found": "not_found",
    "invalid_request_error": "invalid_request",
    "invalid_argument": "invalid_request",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "resource_exhausted": "rate_limit",
    "insufficient_quota": "rate_limit",
    "billing_error": "billing",
    "request_too_large": "too_large",
    "timeout_error": "timeout",
    "deadline_exceeded": "timeout",
    "overloaded_error": "overloaded",
    "overloaded": "overloaded",
    "unavailable": "unavailable",
    "service_unavailable": "unavailable",
}

_TYPE_AND_CODE: dict[FaultKind, tuple[str, str | None]] = {
    "invalid_request": ("invalid_request_error", None),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "permission": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "timeout": ("server_error", "timeout"),
    "conflict": ("invalid_request_error", "conflict"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "unsupported_media": ("invalid_request_error", "unsupported_media_type"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "upstream": ("server_error", "upstream_error"),
    "unavailable": ("server_error", "service_unavailable"),
    "overloaded": ("server_error", "overloaded"),
}

_OVERLOADED = 529
_UNAVAILABLE = 503


def decode_error(status: int, body: bytes) -> Fault:
    """The fault an upstream's failed answer stands for. Reads any vendor's JSON, HTML and plain text; never raises."""
    try:
        value = json.loads_lenient(body)
    except json.JSONError:
        return _fault(status, _plain(status, body), {})
    error = _find(value)
    message = _message(error) or f"the provider answered with status {status}"
    return _fault(status, message, error)


def error_in(body: Wire) -> Fault | None:
    """The failure inside a body or chunk that came with status 200, or None when it is an answer."""
    error = body.get("error")
    if not error and (body.get("choices") or not _names_error(body)):
        return None
    found = _find(body)
    return _fault(_status_in(found), _message(found) or "the provider reported an error", found)


def named_error(body: Wire) -> Fault:
    """The failure told by an event that is called `error`, whatever its data look like."""
    found = _find(body)
    return _fault(_status_in(found), _message(found) or "the provider reported an error", found)


def _names_error(body: Wire) -> bool:
    """Whether a body without choices is an error that does not say `error`: FastAPI's `detail`, Mistral's `object: error`."""
    if body.get("object") == "error" or body.get("type") == "error" or body.get("errors"):
        return True
    return bool(body.get("detail") or body.get("message")) and "id" not in body


def _find(value: Any) -> Wire:
    """The object that tells the error: Google wraps it in a list, most in `error`, Cloudflare in `errors`, some not at all."""
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return {"message": value} if isinstance(value, str) else {}
    inner = value.get("error")
    if isinstance(inner, dict):
        return inner
    if isinstance(inner, str) and inner:
        return {**value, "message": value.get("message") or inner}
    errors = value.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return dict(errors[0])
    return value


def _message(error: Wire) -> str:
    message = error.get("message") or error.get("detail") or error.get("error_description") or error.get("errors")
    if isinstance(message, str):
        told = _told_by_provider(error)
        return f"{message}: {told}" if told else message
    if isinstance(message, list):
        return "; ".join(_entry(entry) for entry in message[:5])
    if isinstance(message, dict):
        return _message(message) or json.dumps(message).decode()
    return ""


def _told_by_provider(error: Wire) -> str:
    """What the provider behind OpenRouter said, which its own message ("Provider returned error") keeps to itself."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return raw if isinstance(raw, str) else ""


def _entry(entry: Any) -> str:
    """One line of a list of complaints; FastAPI's have a place and a message."""
    if not isinstance(entry, dict):
        return str(entry)
    place = entry.get("loc")
    where = ".".join(str(step) for step in place) + ": " if isinstance(place, list) else ""
    return f"{where}{entry.get('msg') or entry.get('message') or ''}"


def _fault(status: int, message: str, error: Wire) -> Fault:
    code, kind, param = _word(error.get("code")), _word(error.get("type")), _word(error.get("param"))
    fault = Fault(
        kind=kind_of_status(status),
        status=status,
        message=clean_message(message) or f"the provider answered with status {status}",
        code=code if not code.isdigit() else "",
        param=param,
        retry_after=_retry_after(error),
    )
    if kind or code:
        fault.raw = {"type": kind or None, "param": param or None, "code": fault.code or None}
    return fault


def _word(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return clean_message(str(value), _WORD_LIMIT)


def _status_in(error: Wire) -> int:
    """The HTTP status an error names by number or by word; 502 when it names none."""
    for name in ("code", "status", "status_code"):
        code = error.get(name)
        if isinstance(code, str) and code.isdigit():
            code = int(code)
        if isinstance(code, int) and 400 <= code < 600:  # noqa: PLR2004 - HTTP's error statuses
            return code
    for name in ("code", "type", "status"):
        word = error.get(name)
        if isinstance(word, str) and word.lower() in _KIND_OF_WORD:
            return STATUS_OF[_KIND_OF_WORD[word.lower()]]
    return STATUS_OF["upstream"]


def _retry_after(error: Wire) -> float | None:
    """Google's `RetryInfo`: https://cloud.google.com/apis/design/errors."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        found = _DELAY.fullmatch(delay) if isinstance(delay, str) else None
        if found is not None:
            return float(found[1])
    return None


def _plain(status: int, body: bytes) -> str:
    """The message in a body that is no JSON: an HTML page's title, or the text."""
    text = body[:65536].decode("utf-8", "replace")
    if _HTML.match(text):
        title = _TITLE.search(text)
        said = title[1] if title is not None else " ".join(_TAG.sub(" ", text).split())
        return f"the provider answered with an HTML page (status {status}): {said.strip()}"
    return text.strip() or f"the provider answered with status {status} and an empty body"


def encode_error(fault: Fault) -> tuple[int, Wire]:
    """Status and body for the client. 529, which OpenAI's clients do not know, becomes 503 with code `overloaded`."""
    kind, code = _TYPE_AND_CODE[fault.kind]
    if fault.code:
        code = fault.code
        kind = "insufficient_quota" if code == "insufficient_quota" else kind
    raw = fault.raw
    if isinstance(raw, dict) and raw.keys() == {"type", "param", "code"}:
        kind, code = raw["type"] or kind, raw["code"] if raw["code"] is not None else code
    status = _UNAVAILABLE if fault.status == _OVERLOADED else fault.status
    error = {"message": clean_message(fault.message), "type": kind, "param": fault.param or None, "code": code}
    return status, {"error": error}
