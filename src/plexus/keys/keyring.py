"""All client keys of one configuration, found by a keyed hash of the secret. It keeps no secret and writes nothing."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from plexus.keys.key import Key, key_from
from plexus.settings.key import KeySettings

MAX_SECRET = 512
MAX_LABEL = 255


class Authenticated(NamedTuple):
    """Whose credential it was, and the label the client put behind it (lower case), if any."""

    key: Key
    attribution: str | None


class Keyring:
    """Finds the key a credential belongs to. The index is by keyed BLAKE2b under a key made anew for each keyring."""

    def __init__(
        self,
        keys: Mapping[str, KeySettings],
        default_quotas: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        """`now` gives the time in seconds since 1970, against which expiry is told."""
        self._pepper = secrets.token_bytes(32)
        self._now = now
        self._by_digest: dict[bytes, tuple[bytes, Key, float | None]] = {}
        for name, settings in keys.items():
            digest = self._digest(settings.secret.reveal())
            key = key_from(name, settings, default_quotas)
            expiry = key.expires_at.timestamp() if key.expires_at is not None else None
            self._by_digest[digest] = (digest, key, expiry)

    def authenticate(self, presented: str | bytes) -> Authenticated | None:
        """The key behind `SECRET` or `SECRET:label`; None when there is none, or it is disabled or expired."""
        text = presented if isinstance(presented, str) else presented.decode("latin-1")
        secret, _, label = text.partition(":")
        if len(secret) > MAX_SECRET or not secret.isascii():
            return None
        digest = self._digest(secret)
        found = self._by_digest.get(digest)
        if found is None or not hmac.compare_digest(found[0], digest):
            return None
        _, key, expiry = found
        if not key.enabled or (expiry is not None and expiry <= self._now()):
            return None
        return Authenticated(key, _attribution(label) if label else None)

    def __len__(self) -> int:
        return len(self._by_digest)

    def _digest(self, secret: str) -> bytes:
        return hashlib.blake2b(secret.encode("ascii"), key=self._pepper, digest_size=32).digest()


def _attribution(label: str) -> str | None:
    printable = label if label.isprintable() else "".join(char for char in label if char.isprintable())
    return printable.strip().lower()[:MAX_LABEL] or None
