"""What every inference endpoint shares: who asks, what they sent, and how any failure is said in their protocol."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from plexus.core import ids
from plexus.core.json import loads
from plexus.core.logging import logger
from plexus.core.raw_object import RawObject
from plexus.ir.errors import Fault, InvalidRequest
from plexus.keys.credential import ConflictingCredentials, presented
from plexus.keys.key import Key
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.failure import for_client
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.interruption import called_off
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Snapshot
from plexus.protocols import WireProtocol
from plexus.upstream.failures import UpstreamFailed
from plexus.web.address import client_address
from plexus.web.body import Receive, raw_body, read_body, replayed, split
from plexus.web.idempotency import HEADER, Idempotency, Owner, fingerprint, key_in
from plexus.web.reply import Send, refusal, send_answer

log = logger("plexus.web")

Scope = dict[str, Any]
Serve = Callable[[Scope, Receive, "Visit"], Awaitable[Answer]]
_LABELS = frozenset({b"x-client-request-id", b"x-request-id"})
_LABEL_LENGTH = 255
_MODEL_LENGTH = 512


class Visit:
    """One request at the door: its id, the configuration it keeps, and who makes it."""

    __slots__ = ("answer", "attribution", "claim", "headers", "key", "request_id", "snapshot", "started")

    def __init__(self, gateway: Gateway, scope: Scope) -> None:
        """Pin the configuration of this moment."""
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        """One value of each header; most requests have no more."""
        self.snapshot: Snapshot = gateway.snapshot
        self.started = gateway.clock.monotonic()
        self.request_id = ids.request_id()
        self.key: Key
        self.attribution: str | None = None
        self.claim: Owner | None = None
        """Under which idempotency key this request is being served."""
        self.answer: Answer | None = None
        """What it was served, once that is known."""

    def admit(self, scope: Scope, waits_for: Callable[[], str]) -> None:
        """Find the key. `waits_for` tells why the database, which may know more keys, has not been read yet.

        Raises:
            Refused: 401, or 503 when it is too early to know, or 403 when the key may not be used from there.
        """
        try:
            secret = presented(scope["headers"], scope["query_string"])
        except ConflictingCredentials:
            raise Refused(
                "authentication", "two different API keys were sent; send one", code="invalid_api_key"
            ) from None
        found = self.snapshot.keyring.authenticate(secret) if secret is not None else None
        if found is None:
            if secret is not None and not self.snapshot.keyring.complete and (reason := waits_for()):
                raise _too_early(reason)
            said = "no API key was sent" if secret is None else "the API key is not known here"
            hint = "send it as a bearer token, or in the header x-api-key or x-goog-api-key"
            raise Refused("authentication", f"{said}; {hint}", code="invalid_api_key")
        self.key, self.attribution = found
        address = (scope.get("client") or ("",))[0]
        if self.snapshot.trusted_proxies and b"x-forwarded-for" in self.headers:
            hops = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
            address = client_address(address, hops, self.snapshot.trusted_proxies)
        if not self.key.may_come_from(address):
            raise Refused("permission", "this key may not be used from this address", code="address_not_allowed")


def _too_early(reason: str) -> Refused:
    refused = Refused("unavailable", f"the API keys are not all known yet: {reason}", code="keys_unknown")
    refused.fault.retry_after = 5.0
    return refused


class Endpoint:
    """An ASGI application for one inference path: admits, serves, and turns every failure into the client's shape."""

    def __init__(
        self,
        gateway: Gateway,
        protocol: WireProtocol,
        serve: Serve,
        methods: frozenset[str],
        once: Idempotency | None = None,
    ) -> None:
        """`serve` does what the path is for; `once` is given where a request costs money."""
        self._gateway, self._protocol, self._serve, self._methods = gateway, protocol, serve, methods
        self._once = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        visit = Visit(self._gateway, scope)
        try:
            answer = await self._answer(scope, receive, visit)
            if not _LABELS.isdisjoint(visit.headers) and (label := label_in(scope["headers"])) is not None:
                answer.headers.append((b"x-client-request-id", label))
            await send_answer(answer, send)
        finally:
            if visit.claim is not None and self._once is not None:
                self._once.end(visit.claim, visit.answer)

    async def _answer(self, scope: Scope, receive: Receive, visit: Visit) -> Answer:
        try:
            if scope["method"] not in self._methods:
                return self._not_allowed(visit)
            visit.admit(scope, self._gateway.waits_for)
            key = key_in(scope["headers"]) if self._once is not None and HEADER in visit.headers else None
            if key is None or self._once is None:
                return await self._serve(scope, receive, visit)
            return await self._served_once(self._once, key, (scope, receive, visit))
        except InvalidRequest as error:
            return refusal(self._protocol, error.fault, visit.request_id)
        except Refused as error:
            answer = refusal(self._protocol, error.fault, visit.request_id)
            answer.headers += error.headers
            return answer
        except UpstreamFailed as error:
            answer = refusal(self._protocol, for_client(error.fault), visit.request_id)
            answer.headers += [entry for entry in error.headers if entry[0] != b"retry-after"]
            return answer
        except asyncio.CancelledError as gone:
            fault = called_off(gone)
            if fault is None:
                raise
            return refusal(self._protocol, fault, visit.request_id)
        except Exception:
            log.exception("the request failed here", request_id=visit.request_id)
            fault = Fault(
                kind="upstream", status=500, message=f"the gateway failed; its log has request {visit.request_id}"
            )
            return refusal(self._protocol, fault, visit.request_id)

    async def _served_once(self, once: Idempotency, key: str, served: tuple[Scope, Receive, Visit]) -> Answer:
        scope, receive, visit = served
        body = await raw_body(visit.headers, receive, visit.snapshot.limits)
        owner = (visit.key.name, key)
        known = once.begin(owner, fingerprint(scope["raw_path"], scope["query_string"], body))
        if known is not None:
            return known
        visit.claim = owner
        visit.answer = answer = await self._serve(scope, replayed(body, receive), visit)
        return answer

    def _not_allowed(self, visit: Visit) -> Answer:
        allowed = ", ".join(sorted(self._methods))
        fault = Fault(kind="invalid_request", status=405, message=f"use {allowed} here", code="method_not_allowed")
        answer = refusal(self._protocol, fault, visit.request_id)
        answer.status = 405
        answer.headers.append((b"allow", allowed.encode()))
        return answer


def label_in(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The client's own name for the request, if it gave one that can be repeated: 1 to 255 printable ASCII characters.

    It is a label and no more: the gateway's id is its own.
    """
    for name, value in headers:
        if (
            name in _LABELS
            and 0 < len(value) <= _LABEL_LENGTH
            and value.isascii()
            and value.decode("ascii").isprintable()
        ):
            return value
    return None


async def read_object(visit: Visit, receive: Receive) -> RawObject:
    """The request's JSON body.

    Raises:
        Refused: as `read_body` and `split`.
    """
    limits = visit.snapshot.limits
    body = await read_body(visit.headers, receive, limits)
    return await split(body, limits)


def call_of(
    visit: Visit,
    scope: Scope,
    protocol: WireProtocol,
    body: RawObject,
    *,
    model: str,
    stream: bool,
    array: bool = False,
) -> Call:
    """The call a visit amounts to."""
    call = Call(
        protocol=protocol,
        body=body,
        model=model,
        stream=stream,
        headers=scope["headers"],
        request_id=visit.request_id,
        key=visit.key,
        attribution=visit.attribution,
        snapshot=visit.snapshot,
        started=visit.started,
        array=array,
        path=scope["raw_path"],
        query=scope["query_string"],
    )
    call.named = visit.headers  # the very same
    return call


def model_in(body: RawObject) -> str:
    """The model the body names.

    Raises:
        InvalidRequest: when it names none, or something that is no name.
    """
    model = body.text("model")
    if model is None:
        raise InvalidRequest("model", "a model name is required, as a string")
    return checked_model(model)


def checked_model(model: str) -> str:
    """The name, if it can be one: printable, not empty, of bounded length.

    Raises:
        InvalidRequest: otherwise.
    """
    if not model or len(model) > _MODEL_LENGTH or not model.isprintable():
        raise InvalidRequest("model", f"a model name is 1 to {_MODEL_LENGTH} printable characters")
    return model


def stream_in(body: RawObject) -> bool:
    """The body's `stream` flag, false when absent or null.

    Raises:
        InvalidRequest: when it is neither true nor false.
    """
    if "stream" not in body.values:
        return False
    flag = loads(bytes(body.values["stream"]))
    if flag is None or isinstance(flag, bool):
        return bool(flag)
    raise InvalidRequest("stream", "must be true or false")
