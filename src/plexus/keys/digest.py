"""What a client's secret is looked up by: HMAC-SHA-256 of its SHA-256 under a pepper, whatever form it is kept in.

Since it is made from the plain hash, a keyring can look up every form in one index.
"""

import hashlib
import hmac

from plexus.core.secret import Secret
from plexus.settings.secret_hash import is_foreign, keyed


def digest(secret: str, pepper: bytes) -> bytes:
    """What a secret is looked up by under a pepper. ASCII only, as every client secret is."""
    return hmac.digest(pepper, hashlib.sha256(secret.encode("ascii")).digest(), "sha256")


def digest_of(hashed: str, pepper: Secret) -> bytes | None:
    """What the secret behind a kept form is looked up by; None when that was made under another pepper."""
    return None if is_foreign(hashed, pepper) else bytes.fromhex(keyed(hashed, pepper).rpartition(":")[2])
