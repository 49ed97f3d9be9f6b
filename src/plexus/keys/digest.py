"""What a client's secret is looked up by: HMAC-SHA-256 of its SHA-256 under a pepper, whatever form it is kept in.

Since it is made from the plain hash, a keyring can look up every form in one index.
"""

import hashlib

from plexus.core.secret import Secret
from plexus.settings.secret_hash import is_foreign, keyed

_BLOCK = 64
"""Bytes SHA-256 takes in one step."""


class Lookup:
    """What secrets are looked up by under one pepper.

    HMAC (RFC 2104) from the two states that hold the pepper. `hmac.digest` has OpenSSL look its algorithms up anew each time, and
    takes six times as long.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, pepper: bytes) -> None:
        """Work out both states."""
        block = pepper if len(pepper) <= _BLOCK else hashlib.sha256(pepper).digest()
        block = block.ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, secret: str) -> bytes:
        """For a secret in ASCII, as every client secret is."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(hashlib.sha256(secret.encode("ascii")).digest())
        outer.update(inner.digest())
        return outer.digest()


def digest_of(hashed: str, pepper: Secret) -> bytes | None:
    """What the secret behind a kept form is looked up by; None when that was made under another pepper."""
    return None if is_foreign(hashed, pepper) else bytes.fromhex(keyed(hashed, pepper).rpartition(":")[2])
