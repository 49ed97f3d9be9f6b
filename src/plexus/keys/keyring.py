"""All client keys of one configuration, found by a keyed hash of the secret. It keeps no secret and writes nothing.

Every credential costs the same work, whether it is known, unknown, disabled, expired or no credential at all: one hash, one
look-up, one comparison. What is told of it is the same as well.
"""

import hmac
import math
import secrets
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from plexus.core.secret import Secret
from plexus.keys.digest import Lookup, digest_of
from plexus.keys.key import Key, key_from
from plexus.settings.key import KeySettings

MAX_SECRET = 512
MAX_LABEL = 255
_LOOKED_AT = MAX_SECRET + 1 + 8 * MAX_LABEL
"""Of what is longer nothing is read: neither a secret nor a label lies there."""


class Authenticated(NamedTuple):
    """Whose credential it was, and the label the client put behind it (lower case), if any."""

    key: Key
    attribution: str | None


class _Entry(NamedTuple):
    """One secret that is accepted until a moment, in seconds since 1970."""

    digest: bytes
    key: Key
    until: float


class Keyring:
    """Finds the key a credential belongs to. A new configuration makes a new keyring; the old one's secrets are dead with it."""

    def __init__(
        self,
        keys: Mapping[str, KeySettings],
        default_quotas: tuple[str, ...] = (),
        now: Callable[[], float] = time.time,
        pepper: Secret | None = None,
    ) -> None:
        """`now` gives the time in seconds since 1970, against which expiry is told.

        `pepper` is needed for keys that were hashed under one; without it one is made for this keyring.
        """
        self._now = now
        pepper = pepper or Secret(secrets.token_hex(32))
        self._digest = Lookup(pepper.reveal().encode("utf-8"))
        self._nobody = _Entry(secrets.token_bytes(32), Key(name="", enabled=False), 0.0)
        self._by_digest: dict[bytes, _Entry] = {}
        unusable: list[str] = []
        for name, settings in keys.items():
            key = key_from(name, settings, default_quotas)
            end = math.inf if key.expires_at is None else key.expires_at.timestamp()
            hashes = [(settings.hashed, end)]
            hashes += [(one.secret_hash, min(end, one.until.timestamp())) for one in settings.previous]
            accepted = [self._accept(digest_of(hashed, pepper), key, until) for hashed, until in hashes]
            if not all(accepted):
                unusable.append(name)
        self.unusable = tuple(unusable)
        """Keys with a secret that cannot be accepted: hashed under another pepper, or another key's as well."""

    def _accept(self, found: bytes | None, key: Key, until: float) -> bool:
        if found is None or found in self._by_digest:
            return False
        self._by_digest[found] = _Entry(found, key, until)
        return True

    def authenticate(self, presented: str | bytes) -> Authenticated | None:
        """The key behind `SECRET` or `SECRET:label`; None when there is none, or it is disabled or expired."""
        text = presented[:_LOOKED_AT]
        secret, _, label = (text if isinstance(text, str) else text.decode("latin-1")).partition(":")
        readable = 0 < len(secret) <= MAX_SECRET and secret.isascii()
        found = self._digest(secret if readable else "")
        entry = self._by_digest.get(found, self._nobody)
        # all four are worked out, in whatever way it fails
        same, alive = hmac.compare_digest(entry.digest, found), self._now() < entry.until
        if not same & readable & alive & entry.key.enabled:
            return None
        return Authenticated(entry.key, _attribution(label) if label else None)

    @property
    def complete(self) -> bool:
        """Whether there are keys, and each can be told; before the database is read it may be otherwise."""
        return bool(self._by_digest) and not self.unusable

    def named(self, name: str) -> Key | None:
        """The key of this name, whether or not it may be used now."""
        return next((entry.key for entry in self._by_digest.values() if entry.key.name == name), None)

    def __len__(self) -> int:
        return len(self._by_digest)


def _attribution(label: str) -> str | None:
    printable = label if label.isprintable() else "".join(char for char in label if char.isprintable())
    return printable.strip().lower()[:MAX_LABEL] or None
