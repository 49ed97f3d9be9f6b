"""Hashes of client secrets: what is stored in their place, and what they are looked up by. No secret can be had from them.

A plain hash (`sha256:`) is for secrets with at least 128 bits of chance, which cannot be guessed. The keyed one is HMAC-SHA-256
of that hash under a pepper: whoever reads the rows without the pepper cannot even test a guess. Since it is made from the
plain hash, a keyring can look up every form in one index.
"""

import hashlib
import hmac

from plexus.core.secret import Secret

_PLAIN = "sha256:"
_KEYED = "hmac-sha256:"
_MARK = b"plexus client keys"


def digest(secret: str, pepper: bytes) -> bytes:
    """What a secret is looked up by under a pepper. ASCII only, as every client secret is."""
    return hmac.digest(pepper, hashlib.sha256(secret.encode("ascii")).digest(), "sha256")


def fingerprint(pepper: Secret) -> str:
    """Eight hex digits that tell one pepper from another and give nothing of it away."""
    return hmac.digest(_bytes(pepper), _MARK, "sha256").hex()[:8]


def stored(secret: Secret, pepper: Secret | None = None) -> str:
    """The form of a secret that is kept: keyed when there is a pepper, plain otherwise."""
    if pepper is None:
        return _PLAIN + hashlib.sha256(secret.reveal().encode("ascii")).hexdigest()
    return f"{_KEYED}{fingerprint(pepper)}:{digest(secret.reveal(), _bytes(pepper)).hex()}"


def digest_of(hashed: str, pepper: Secret) -> bytes | None:
    """What the secret behind a stored form is looked up by; None when that was made under another pepper."""
    if hashed.startswith(_PLAIN):
        return hmac.digest(_bytes(pepper), bytes.fromhex(hashed.removeprefix(_PLAIN)), "sha256")
    mark, _, found = hashed.removeprefix(_KEYED).partition(":")
    return bytes.fromhex(found) if mark == fingerprint(pepper) else None


def _bytes(pepper: Secret) -> bytes:
    return pepper.reveal().encode("utf-8")
