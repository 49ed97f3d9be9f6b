"""The forms in which a client's secret is kept: hashes, from which it cannot be had. It looks nothing up.

A plain hash (`sha256:`) is for secrets with at least 128 bits of chance, which cannot be guessed. The keyed one is HMAC-SHA-256
of that hash under a pepper: whoever reads the rows without the pepper cannot even test a guess.
"""

import hashlib
import hmac
import re

from plexus.core.secret import Secret

PLAIN = "sha256:"
KEYED = "hmac-sha256:"
FORM = re.compile(r"sha256:[0-9a-f]{64}|hmac-sha256:[0-9a-f]{8}:[0-9a-f]{64}")
_MARK = b"plexus client keys"


def plain(secret: Secret) -> str:
    """The plain form. ASCII only, as every client secret is."""
    return PLAIN + hashlib.sha256(secret.reveal().encode("ascii")).hexdigest()


def keyed(hashed: str, pepper: Secret | None) -> str:
    """The keyed form of a plain one; as it is without a pepper, or when it is keyed already."""
    if pepper is None or not hashed.startswith(PLAIN):
        return hashed
    found = hmac.digest(_bytes(pepper), bytes.fromhex(hashed.removeprefix(PLAIN)), "sha256")
    return f"{KEYED}{fingerprint(pepper)}:{found.hex()}"


def stored(secret: Secret, pepper: Secret | None = None) -> str:
    """The form of a secret that is kept: keyed when there is a pepper, plain otherwise."""
    return keyed(plain(secret), pepper)


def is_foreign(hashed: str, pepper: Secret) -> bool:
    """Whether it is keyed with another pepper, under which no secret can be told here."""
    return hashed.startswith(KEYED) and not hashed.startswith(f"{KEYED}{fingerprint(pepper)}:")


def fingerprint(pepper: Secret) -> str:
    """Eight hex digits that tell one pepper from another and give nothing of it away."""
    return hmac.digest(_bytes(pepper), _MARK, "sha256").hex()[:8]


def _bytes(pepper: Secret) -> bytes:
    return pepper.reveal().encode("utf-8")
