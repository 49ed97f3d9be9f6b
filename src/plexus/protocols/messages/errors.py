"""Failures in Anthropic's shape, both ways, and the shapes other servers and gateways use instead.

https://platform.claude.com/docs/en/api/errors
"""

import re
from typing import Any

from plexus.core import json
from plexus.core.redact import clean_message
from plexus.ir.errors import STATUS_OF, Fault, FaultKind, kind_of_status

_KINDS: dict[str, FaultKind] = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "authentication",
    "billing_error": "billing",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "timeout_error": "timeout",
    "conflict_error": "conflict",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "api_error": "upstream",
    "overloaded_error": "overloaded",
}
_TYPES: dict[FaultKind, str] = {kind: name for name, kind in _KINDS.items()} | {
    "unsupported_media": "invalid_request_error",
    "unavailable": "overloaded_error",
}
_TAGS = re.compile(r"<(script|style)\b[^<]*</\1>|<[^<>]*>", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title>", re.IGNORECASE)
_LOOKED_AT = 100_000
_FAILURES = 400


def decode_error(status: int, body: bytes) -> Fault:
    """The fault an upstream's failure means, whatever it wrote: Anthropic's, OpenAI's or Google's JSON, HTML or text."""
    try:
        said = json.loads_lenient(body)
    except json.JSONError:
        return _fault(status, "", _plain(body.decode("utf-8", "replace")), None)
    return _from_json(status, said)


def error_in(body: dict[str, Any]) -> Fault | None:
    """The failure inside a body that came with status 200, None when it is an answer."""
    failed = body.get("type") == "error" or (body.get("error") and "content" not in body)
    return _from_json(0, body) if failed else None


_THREAD = "thread"
"""The field that refers to a conversation kept at Anthropic (https://platform.claude.com/docs/en/api/beta/messages/create)."""


def encode_error(fault: Fault) -> tuple[int, dict[str, Any]]:
    """Status and body for the client; the error's type is what its SDK makes a typed exception of, with the status."""
    error: dict[str, Any] = {"type": _TYPES[fault.kind], "message": fault.message or "The request failed."}
    raw = fault.raw if isinstance(fault.raw, dict) else {}
    inner = raw.get("error")
    body: dict[str, Any] = {"type": "error", "error": error}
    if raw.get("type") == "error" and isinstance(inner, dict):
        # Made by Anthropic: what it says beside type and message goes on (`details`).
        error.update({key: value for key, value in inner.items() if key not in {"type", "message"}})
        if isinstance(raw.get("request_id"), str):
            body["request_id"] = raw["request_id"]
    elif fault.param == _THREAD:
        # by this the official packages' tool runner goes on without a thread
        error["details"] = {"error_code": "thread_unsupported_request", "unsupported": [_THREAD]}
    return fault.status, body


def _from_json(status: int, said: Any) -> Fault:
    if isinstance(said, list) and said:
        said = said[0]
    if not isinstance(said, dict):
        return _fault(status, "", _plain(str(said)) if said else "", None)
    error = said.get("error", said.get("errors"))
    if isinstance(error, list) and error:
        error = error[0]
    inner = error if isinstance(error, dict) else said
    message = next((inner[key] for key in ("message", "detail", "error", "msg") if isinstance(inner.get(key), str)), "")
    if isinstance(error, str):
        message = said["message"] if isinstance(said.get("message"), str) else error
    name = inner.get("type") if isinstance(inner.get("type"), str) else inner.get("status")
    fault = _fault(status, name if isinstance(name, str) else "", message, said, inner.get("code"))
    if isinstance(inner.get("param"), str):
        fault.param = inner["param"]
    return fault


def _fault(status: int, name: str, message: str, raw: Any, code: Any = None) -> Fault:
    """The status decides; where the server answered 200 (`status` 0), the error's own type or number does."""
    named = _KINDS.get(name)
    if status < _FAILURES:
        numbered = code if isinstance(code, int) and not isinstance(code, bool) and _FAILURES <= code < 600 else 0  # noqa: PLR2004 - the last HTTP status
        kind = named or (kind_of_status(numbered) if numbered else "upstream")
        status = numbered or STATUS_OF[kind]
    else:
        kind = kind_of_status(status)
    text = clean_message(" ".join(message[:_LOOKED_AT].split())) or f"The provider answered with status {status}."
    return Fault(kind=kind, status=status, message=text, code=code if isinstance(code, str) else name, raw=raw)


def _plain(text: str) -> str:
    """The words of an HTML page or a text, without the markup."""
    title = _TITLE.search(text[:_LOOKED_AT])
    if title and title[1].strip():
        return title[1]
    return _TAGS.sub(" ", text[:_LOOKED_AT]) if "<" in text else text
