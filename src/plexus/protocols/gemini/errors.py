"""Failures in Google's shape, `{"error": {"code", "message", "status", "details"}}`, both ways.

Sources: https://ai.google.dev/gemini-api/docs/troubleshooting and https://cloud.google.com/apis/design/errors
"""

from typing import Any

from plexus.core.json import JSONError, loads_lenient
from plexus.core.redact import redact
from plexus.ir.errors import STATUS_OF, Fault, FaultKind, kind_of_status
from plexus.protocols.gemini.protojson import Wire, text_of

_KIND_OF_NAME: dict[str, FaultKind] = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "UNAUTHENTICATED": "authentication",
    "PERMISSION_DENIED": "permission",
    "NOT_FOUND": "not_found",
    "ALREADY_EXISTS": "conflict",
    "ABORTED": "conflict",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "CANCELLED": "upstream",
    "INTERNAL": "upstream",
    "UNKNOWN": "upstream",
    "DATA_LOSS": "upstream",
    "UNIMPLEMENTED": "upstream",
    "UNAVAILABLE": "unavailable",
    "DEADLINE_EXCEEDED": "timeout",
}
_NAME_OF_KIND: dict[FaultKind, str] = {
    "invalid_request": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "billing": "FAILED_PRECONDITION",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "timeout": "DEADLINE_EXCEEDED",
    "conflict": "ABORTED",
    "too_large": "INVALID_ARGUMENT",
    "unsupported_media": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "upstream": "INTERNAL",
    "unavailable": "UNAVAILABLE",
    "overloaded": "UNAVAILABLE",
}
_STATUS_OF_NAME = {"CANCELLED": 499, "UNIMPLEMENTED": 501}
_BAD_KEY = "API_KEY_INVALID"


def decode_error(status: int, body: bytes) -> Fault:
    """The failure an upstream answered with; HTML, plain text, lists and other vendors' shapes are read too."""
    try:
        value = loads_lenient(body)
    except JSONError:
        text = body.decode("utf-8", "replace").strip()
        return _fault(status, _plain(text, status), None)
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), {})
    error = value.get("error", value) if isinstance(value, dict) else value
    return fault_of(error, status)


def _plain(text: str, status: int) -> str:
    if not text or text.startswith("<"):
        return f"The upstream answered with HTTP status {status}."
    return text


def _fault(status: int, message: str, raw: Any) -> Fault:
    return Fault(kind=kind_of_status(status), status=status, message=redact(message), raw=raw)


def fault_of(error: Any, status: int) -> Fault:
    """The fault an error value means; `status` is the HTTP status, 0 when the error came inside an answer."""
    if not isinstance(error, dict):
        message = error if isinstance(error, str) and error else f"The upstream answered with HTTP status {status}."
        return _fault(status or 502, message, error)
    name = text_of(error.get("status")) or text_of(error.get("code"))
    number = _status(error.get("code")) or _status(error.get("status"))
    status = status or number or _STATUS_OF_NAME.get(name) or STATUS_OF[_KIND_OF_NAME.get(name, "upstream")]
    fault = _fault(status, text_of(error.get("message")) or f"The upstream answered with HTTP status {status}.", error)
    if fault.kind in ("invalid_request", "upstream") and name in _KIND_OF_NAME:
        fault.kind = _KIND_OF_NAME[name] if status != 400 or name != "FAILED_PRECONDITION" else "invalid_request"  # noqa: PLR2004 - an HTTP status
    fault.code = name or text_of(error.get("type"))
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict):
            _read_detail(detail, fault)
    return fault


def _status(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600 else 0  # noqa: PLR2004 - the range of HTTP errors


def _read_detail(detail: Wire, fault: Fault) -> None:
    kind = str(detail.get("@type", "")).rpartition(".")[2]
    if kind == "RetryInfo":
        fault.retry_after = _seconds(detail.get("retryDelay"))
    elif kind == "ErrorInfo" and detail.get("reason") == _BAD_KEY:
        # Google answers 400 to a bad key; for the client it is what 401 is elsewhere.
        fault.kind, fault.code = "authentication", _BAD_KEY
    elif kind == "BadRequest" and isinstance(detail.get("fieldViolations"), list):
        violation = next((item for item in detail["fieldViolations"] if isinstance(item, dict)), {})
        fault.param = text_of(violation.get("field"))


def _seconds(value: Any) -> float | None:
    if isinstance(value, dict):
        value = f"{value.get('seconds', 0)}s"
    try:
        return max(float(str(value).removesuffix("s")), 0.0)
    except ValueError:
        return None


def error_in(body: dict[str, Any]) -> Fault | None:
    """The failure inside a body that came with status 200, or None when it is an answer."""
    error = body.get("error")
    return fault_of(error, 0) if error and not body.get("candidates") else None


def encode_error(fault: Fault) -> tuple[int, dict[str, Any]]:
    """Status and body for a Gemini client. What Google itself said of it comes back as details."""
    status = fault.status if 400 <= fault.status < 600 else STATUS_OF[fault.kind]  # noqa: PLR2004 - the range of HTTP errors
    status = 503 if status == STATUS_OF["overloaded"] else status
    error: Wire = {"code": status, "message": fault.message, "status": _NAME_OF_KIND[fault.kind]}
    details = fault.raw.get("details") if isinstance(fault.raw, dict) else None
    if isinstance(details, list) and all(isinstance(item, dict) and "@type" in item for item in details):
        error["details"] = details
    elif fault.retry_after is not None:
        delay = f"{fault.retry_after:g}s"
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    elif fault.param:
        violation = {"field": fault.param, "description": fault.message}
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    return status, {"error": error}
