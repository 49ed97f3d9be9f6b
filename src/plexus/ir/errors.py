"""What went wrong, free of any wire shape: one table of kinds that each protocol spells in its own words."""

from typing import Any, Literal

from msgspec import Struct

FaultKind = Literal[
    "invalid_request",  # 400, 422
    "authentication",  # 401
    "billing",  # 402
    "permission",  # 403
    "not_found",  # 404
    "timeout",  # 408, 504
    "conflict",  # 409
    "too_large",  # 413
    "unsupported_media",  # 415
    "rate_limit",  # 429
    "upstream",  # 500, 502: the provider failed
    "unavailable",  # 503
    "overloaded",  # 529
]


class Fault(Struct, kw_only=True):
    """A failure as the client shall see it: kind, HTTP status, a message without secrets, and where it lies.

    `code` and `param` are the provider's own words when it gave them. `retry_after` is in seconds. `raw` is the
    provider's error object, kept for a client of the same protocol.
    """

    kind: FaultKind
    status: int
    message: str
    code: str = ""
    param: str = ""
    retry_after: float | None = None
    raw: Any = None


STATUS_OF: dict[FaultKind, int] = {
    "invalid_request": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "timeout": 504,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media": 415,
    "rate_limit": 429,
    "upstream": 502,
    "unavailable": 503,
    "overloaded": 529,
}

_KIND_OF: dict[int, FaultKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media",
    429: "rate_limit",
    503: "unavailable",
    504: "timeout",
    529: "overloaded",
}


def kind_of_status(status: int) -> FaultKind:
    """The kind an HTTP status stands for: unlisted 4xx are the client's, everything else the provider's."""
    known = _KIND_OF.get(status)
    if known is not None:
        return known
    return "invalid_request" if 400 <= status < 500 else "upstream"  # noqa: PLR2004


class InvalidRequest(Exception):  # noqa: N818 - the client's fault, named for what the client sees
    """The client's request cannot be read: `field` is the path of the offending field as the client spells it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message

    @property
    def fault(self) -> Fault:
        """The same as a fault to be shown to the client."""
        return Fault(kind="invalid_request", status=400, message=str(self), param=self.field)


class InvalidAnswer(Exception):  # noqa: N818 - the upstream's fault
    """The upstream's answer cannot be read as its protocol. The message holds nothing of the answer's content."""
