"""The list of models, in the dialect of who asks: OpenAI's, Anthropic's or Google's. Only what the key may use."""

import hashlib
from typing import Any
from urllib.parse import unquote

from plexus.core.json import dumps
from plexus.keys.key import Key
from plexus.pipeline.call import Answer
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Snapshot
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.inference.entry import Endpoint, Scope, Visit

GET = frozenset({"GET", "HEAD"})
_EPOCH = "1970-01-01T00:00:00Z"


def endpoint(gateway: Gateway, protocol: WireProtocol, started: int, *, google: bool = False) -> Endpoint:
    """`started` (seconds since the epoch) is shown as the time of creation; `google` fixes the dialect of the path."""

    async def serve(scope: Scope, _receive: Receive, visit: Visit) -> Answer:
        headers = dict(scope["headers"])
        dialect = "google" if google else _dialect(headers)
        wanted = _wanted(scope["raw_path"])
        names = usable(visit.snapshot, visit.key)
        if wanted is None:
            body = dumps(_list(names, dialect, started))
        elif wanted in names:
            body = dumps(_entry(wanted, dialect, started))
        else:
            raise Refused(
                "not_found", f"there is no model named {wanted[:200]!r} here", code="model_not_found", param="model"
            )
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        tags = [
            (b"content-type", b"application/json"),
            (b"etag", etag),
            (b"x-plexus-request-id", visit.request_id.encode()),
        ]
        if headers.get(b"if-none-match") == etag:
            return Answer(304, tags, b"")
        return Answer(200, tags, b"" if scope["method"] == "HEAD" else body)

    return Endpoint(gateway, protocol, serve, GET)


def usable(snapshot: Snapshot, key: Key) -> list[str]:
    """The names this key can use: those with at least one target it may reach."""
    names = []
    for name in snapshot.routes.names():
        plan = snapshot.routes.plan(name, lambda: 0.0)
        if any(key.may_use(name, candidate.provider) for candidate in plan.candidates):
            names.append(name)
    return names


def _dialect(headers: dict[bytes, bytes]) -> str:
    if b"anthropic-version" in headers:
        return "anthropic"
    return "google" if b"x-goog-api-key" in headers or b"x-goog-api-client" in headers else "openai"


def _wanted(raw_path: bytes) -> str | None:
    rest = raw_path.decode("ascii", "replace").partition("/models")[2]
    return unquote(rest[1:]) if len(rest) > 1 else None


def _entry(name: str, dialect: str, started: int) -> dict[str, Any]:
    if dialect == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": _EPOCH}
    if dialect == "google":
        methods = ["generateContent", "streamGenerateContent", "countTokens"]
        return {"name": f"models/{name}", "displayName": name, "version": "1", "supportedGenerationMethods": methods}
    return {"id": name, "object": "model", "created": started, "owned_by": "plexus"}


def _list(names: list[str], dialect: str, started: int) -> dict[str, Any]:
    entries = [_entry(name, dialect, started) for name in names]
    if dialect == "google":
        return {"models": entries}
    if dialect == "anthropic":
        ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
        return {"data": entries, "has_more": False, **ends}
    return {"object": "list", "data": entries}
