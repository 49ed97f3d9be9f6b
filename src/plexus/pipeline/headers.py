"""Which headers cross the gateway: a list of what is dropped on the way out, a list of what is let through on the way back."""

import string
import urllib.parse
from collections.abc import Mapping, Sequence
from functools import lru_cache

_HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
# The last three name the account a credential belongs to; ours is another.
_CREDENTIALS = frozenset(
    (
        *("authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "x-admin-key"),
        *("openai-organization", "openai-project", "chatgpt-account-id"),
    )
)
_REWRITTEN = frozenset(
    [
        "host",
        "content-length",
        "content-encoding",
        "content-type",
        "accept",
        "accept-encoding",
        "expect",
        "forwarded",
        "via",
        "x-real-ip",
        "origin",
        "referer",
    ]
)
_CONTEXT = frozenset(["traceparent", "tracestate", "baggage"])
"""Where a request stands in somebody's traces: nobody else's business unless the operator says so."""
_NEVER_OUT = _HOP_BY_HOP | _CREDENTIALS | _REWRITTEN | _CONTEXT
_NEVER_OUT_PREFIXES = ("x-plexus-", "x-forwarded-", "cf-", "sec-", "x-envoy-", "x-amzn-", "access-control-")

_BACK = frozenset(
    [
        "retry-after",
        "retry-after-ms",
        "request-id",
        "x-request-id",
        "x-should-retry",
        "openai-processing-ms",
        "openai-version",
        "x-plexus-simulated",
    ]
)
_BACK_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-", "ratelimit", "x-codex-")


def outgoing(client: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The client's own headers for a target of its protocol: all but framing, credentials and the notes of proxies."""
    kept = {
        name: text
        for written, value in client
        if (name := _outgoing_name(written)) and (text := value.decode("latin-1")).isprintable()
    }
    for line in [value for written, value in client if written == b"connection"]:
        for token in line.decode("latin-1").split(","):
            kept.pop(token.strip().lower(), None)
    return kept


@lru_cache(maxsize=1024)
def _outgoing_name(name: bytes) -> str:
    """The name as it goes out, "" when it does not."""
    text = name.decode("latin-1")
    return "" if text in _NEVER_OUT or text.startswith(_NEVER_OUT_PREFIXES) else text


_BETA = "anthropic-beta"


def betas(*sources: Mapping[str, str]) -> dict[str, str]:
    """The beta flags of all sources in one header: each once, in the order given.

    Source: https://platform.claude.com/docs/en/api/beta-headers
    """
    for source in sources:
        if _BETA in source:
            break
    else:
        return {}
    flags = [flag.strip() for source in sources for flag in source.get(_BETA, "").split(",")]
    return {_BETA: ",".join(dict.fromkeys(filter(None, flags)))} if any(flags) else {}


def returning(upstream: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """The provider's headers the client gets to see: request ids, rate limits, `Retry-After`."""
    return [
        (known, value.encode("latin-1", "replace"))
        for name, value in upstream.items()
        if (known := _returning_name(name)) and value.isprintable()
    ]


@lru_cache(maxsize=1024)
def _returning_name(name: str) -> bytes:
    """The name as the client gets to see it, empty when it does not."""
    lower = name.lower()
    return lower.encode("latin-1") if lower in _BACK or lower.startswith(_BACK_PREFIXES) else b""


@lru_cache(maxsize=4096)
def ascii_value(text: str) -> bytes:
    """A header value that every client can read: anything outside printable ASCII is percent-encoded."""
    return urllib.parse.quote(text, safe=string.punctuation, errors="replace").encode()
