"""Who asks: the admin, or the holder of a client key. Whoever is neither is told so in one way, whatever was wrong."""

import hashlib
import hmac
import secrets
from typing import Any, Literal

from msgspec import Struct

from plexus.keys.key import Key
from plexus.pipeline.snapshot import Snapshot
from plexus.web.address import client_address
from plexus.web.management.failures import Failures
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal, unknown_visitor

_BEARER = b"bearer "


class Visitor(Struct, frozen=True):
    """The admin, who sees everything, or a key's holder, who sees what is the key's own."""

    role: Literal["admin", "key"]
    key: Key | None = None


class Doorkeeper:
    """Tells who asks by `x-admin-key` or a bearer token, and makes guessing slow. Other places of a credential are not read."""

    def __init__(self, managed: Managed) -> None:
        """Without an admin key nobody is the admin."""
        self._managed = managed
        self._pepper = secrets.token_bytes(32)
        own = managed.admin_key.reveal().encode() if managed.admin_key else secrets.token_bytes(32)
        self._admin = self._digest(own)
        self._failures = Failures()

    def admit(self, scope: dict[str, Any]) -> Visitor:
        """Who makes this request.

        Raises:
            Refusal: 401, or 429 to an address that has been wrong too often.
        """
        gateway = self._managed.gateway
        snapshot, now = gateway.snapshot, gateway.clock.monotonic()
        address = _address(scope, snapshot)
        credential = presented(scope["headers"])
        if (seconds := self._failures.wait(address, now)) > 0:
            raise Refusal(
                429, "too many wrong credentials came from this address", "too_many_failures", retry_after=seconds
            )
        visitor = self._visitor(credential, address, snapshot)
        if visitor is None:
            if credential:
                self._failures.failed(address, now)
            raise unknown_visitor()
        return visitor

    def _visitor(self, credential: bytes | None, address: str, snapshot: Snapshot) -> Visitor | None:
        """Both looks are taken whatever the first one finds, so that the time tells nothing."""
        sent = credential or b""
        is_admin = hmac.compare_digest(self._digest(sent), self._admin)
        found = snapshot.keyring.authenticate(sent)
        if not credential:
            return None
        if is_admin:
            return Visitor("admin")
        if found is None or not found.key.may_come_from(address):
            return None
        return Visitor("key", found.key)

    def _digest(self, credential: bytes) -> bytes:
        return hashlib.blake2b(credential, key=self._pepper, digest_size=32).digest()


def presented(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The one credential of a request; None when there is none, b"" (nobody's) when there are two different ones."""
    found: set[bytes] = set()
    for name, value in headers:
        if name == b"x-admin-key":
            found.add(value.strip())
        elif name == b"authorization":
            bearer = value[: len(_BEARER)].lower() == _BEARER
            found.add(value[len(_BEARER) :].strip() if bearer else b"")
    if len(found) > 1:
        return b""
    return next(iter(found), None)


def _address(scope: dict[str, Any], snapshot: Snapshot) -> str:
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address((scope.get("client") or ("",))[0], forwarded, snapshot.trusted_proxies)
