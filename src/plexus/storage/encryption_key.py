"""The key of encryption at rest: made from ENCRYPTION_KEY, told from a wrong one. It seals nothing itself.

64 hex digits are the key. Anything else is a passphrase and goes through scrypt with a salt that is kept beside the data.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

from plexus.core.secret import Secret

SCRYPT = {"n": 2**15, "r": 8, "p": 3}
"""As hard to guess through as n = 2^17 with p = 1 but in a quarter of the memory: 32 MB for about a third of a second."""
SALT_SIZE = 16
_HEX = re.compile("[0-9a-fA-F]{64}")
_MOST = {"n": 2**20, "r": 32, "p": 16}
_MEMORY = 2**30


class Underivable(ValueError):  # noqa: N818 - says what is so
    """How the key is made is not told in a way this version understands."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """The key for AES, the short name of it that every sealed text carries, and a key to sign backups with."""

    name: str
    cipher: bytes
    signing: bytes


def derivation(secret: Secret, salt: bytes) -> dict[str, Any]:
    """How a new key is to be made from ENCRYPTION_KEY; kept in the database. Holds nothing secret."""
    if _HEX.fullmatch(secret.reveal()):
        return {"kind": "hex", "salt": salt.hex()}
    return {"kind": "scrypt", "salt": salt.hex(), **SCRYPT}


def derive(secret: Secret, how: Any) -> Key:
    """The key. With a passphrase it takes a third of a second of CPU: call it in a thread.

    Raises:
        Underivable: when `how` is nothing `derivation` writes, or asks for more work than any version does.
    """
    try:
        kind, salt = how["kind"], bytes.fromhex(how["salt"])
        cost = {name: int(how[name]) for name in _MOST} if kind == "scrypt" else {}
    except (KeyError, TypeError, ValueError):
        raise Underivable("how the key is made is not readable") from None
    if kind == "hex":
        text = secret.reveal()
        if not _HEX.fullmatch(
            text
        ):  # a passphrase, where 64 digits are in use: some key, and the check will tell it wrong
            text = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return _key(bytes.fromhex(text), salt)
    if kind != "scrypt" or any(not 1 <= cost[name] <= most for name, most in _MOST.items()):
        raise Underivable("how the key is made is not known to this version")
    try:
        root = hashlib.scrypt(
            secret.reveal().encode("utf-8", "surrogatepass"), salt=salt, **cost, maxmem=_MEMORY + 2**20, dklen=32
        )
    except ValueError:
        raise Underivable("how the key is made asks for more than can be done") from None
    return _key(root, salt)


def _key(root: bytes, salt: bytes) -> Key:
    """Keys for each purpose; the salt makes those of two databases differ though ENCRYPTION_KEY is the same."""

    def part(purpose: str) -> bytes:
        return hmac.digest(root, purpose.encode() + b"\0" + salt, "sha256")

    return Key(name=part("name")[:4].hex(), cipher=part("cipher"), signing=part("signing"))
