"""How the management API says no: one shape for every failure."""

from typing import Any

from plexus.core.json import dumps
from plexus.pipeline.call import Answer
from plexus.web.reply import BODY_LEFT

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
_SERVERS_OWN = 500


class Refusal(Exception):  # noqa: N818 - what happened, as the caller reads it
    """A request that is not served: status, message for people, code for programs, and the parameter at fault if there is one."""

    def __init__(
        self, status: int, message: str, code: str, *, param: str | None = None, retry_after: float | None = None
    ) -> None:
        """`retry_after` in seconds."""
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.retry_after = retry_after

    def answer(self) -> Answer:
        """The answer that says so."""
        headers = [(b"content-type", b"application/json")]
        if self.status == 401:  # noqa: PLR2004
            headers.append((b"www-authenticate", b'Bearer realm="plexus"'))
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(self.retry_after))))
        if self.code in BODY_LEFT:
            headers.append((b"connection", b"close"))
        return Answer(self.status, headers, dumps(error(self.status, self.message, self.code, self.param)))


def error(status: int, message: str, code: str, param: str | None = None) -> dict[str, Any]:
    """The body of an error."""
    kind = _TYPES.get(status) or ("server_error" if status >= _SERVERS_OWN else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}


def unknown_visitor() -> Refusal:
    """The one answer to everybody who is nobody."""
    return Refusal(
        401,
        "the admin key, or a client key, is needed: send it in x-admin-key or as a bearer token",
        "invalid_credential",
    )


def not_found(what: str, name: str) -> Refusal:
    """There is no such thing, or not for this visitor."""
    return Refusal(404, f"there is no {what} {name[:200]!r} here", "not_found")
