"""Secrets at rest: sealed with AES-256-GCM as `enc:v1:…` where there is a key, marked `plain:` where there is none.

A sealed text is bound to its table, column and row, and opens nowhere else. What does not open is refused, one value at a time.
It knows no database; which columns are secret it reads from the schema.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Table

from plexus.core.json import dumps
from plexus.core.logging import logger
from plexus.core.secret import Secret
from plexus.storage.encryption_key import Key
from plexus.storage.stored_text import StoredText
from plexus.storage.tables.types import Sealed, storable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED, PLAIN = "enc:v1:", "plain:"
NONCE = 12
WARN_AT = 2**32
"""Encryptions under one key after which the chance that a nonce came twice nears one in ten thousand million."""
log = logger("plexus.storage")


class Place(NamedTuple):
    """Where a secret is: table, column, and the values of the row's primary key in order."""

    table: str
    column: str
    row: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of {'/'.join(map(str, self.row))}"


class Unreadable(Exception):  # noqa: N818 - says what is so
    """A stored secret that does not open; the message says which and why, and what to do."""

    def __init__(self, place: Place, why: str) -> None:
        super().__init__(f"{place} cannot be read: {why}; set it anew")
        self.place = place


class Unsealable(ValueError):  # noqa: N818 - says what is so
    """A secret that cannot be stored: it holds a NUL or half a character."""


def secret_columns(table: Table) -> list[str]:
    """The names of a table's secret columns, by their type."""
    return [column.name for column in table.c if isinstance(column.type, Sealed)]


def row_of(table: Table, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """The primary key in these values.

    Raises:
        KeyError: when they lack a part of it: a secret is bound to its row, which must be known first.
    """
    key = (values[column.name] for column in table.primary_key.columns)
    return tuple(storable(part) if isinstance(part, str) else part for part in key)


class Sealer:
    """Seals and opens with one key, or marks and unmarks without any."""

    def __init__(self, key: Key | None, chance: Callable[[int], bytes] = os.urandom) -> None:
        """`chance` gives random bytes; a nonce is never derived from anything."""
        self.key = key
        self._cipher = _cipher(key) if key is not None else None
        self._chance, self._last = chance, b""
        self.count = 0
        """Encryptions so far in this process."""

    @property
    def encrypts(self) -> bool:
        """Whether there is a key; without one secrets are in plaintext, and the dashboard says so."""
        return self.key is not None

    def seal(self, place: Place, secret: Secret) -> StoredText:
        """The text to store in that place, and nowhere else.

        Raises:
            Unsealable: when the secret is no text a database takes.
            RuntimeError: when chance gives what it gave before; nothing is sealed then.
        """
        text = secret.reveal()
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise Unsealable("a secret holds half a character") from None
        if "\0" in text:
            raise Unsealable("a secret holds a NUL")
        if self.key is None or self._cipher is None:
            return StoredText(PLAIN + text)
        nonce = self._nonce()
        self.count += 1
        if self.count == WARN_AT:
            log.warning(
                "this key has sealed as much as one key should; change it with `plexus rekey`", count=self.count
            )
        sealed = nonce + self._cipher.encrypt(nonce, data, self._bound_to(self.key, place))
        return StoredText(f"{SEALED}{self.key.name}:{urlsafe_b64encode(sealed).decode().rstrip('=')}")

    def open(self, place: Place, stored: StoredText) -> Secret:
        """The secret that was stored in that place.

        Raises:
            Unreadable: when the text was changed, cut, moved from another place, sealed with another key, or is plain although
                there is a key.
        """
        text = stored.text
        if text.startswith(PLAIN):
            if self.key is not None:
                raise Unreadable(place, "it is in plaintext although secrets are encrypted")
            return Secret(text.removeprefix(PLAIN))
        if not text.startswith(SEALED):
            raise Unreadable(place, "it is in no form this version knows")
        if self.key is None or self._cipher is None:
            raise Unreadable(place, "it is encrypted and there is no ENCRYPTION_KEY")
        name, colon, body = text.removeprefix(SEALED).partition(":")
        if not colon or name != self.key.name:
            raise Unreadable(place, "it was encrypted with another key")
        try:
            sealed = _unbase64(body)
            data = _decrypted(self._cipher, sealed, self._bound_to(self.key, place))
            return Secret(data.decode())
        except ValueError:
            raise Unreadable(place, "it was changed, cut off, or moved here from elsewhere") from None

    def seal_row(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a row to write, its secrets sealed. They hold the primary key; secrets are `Secret`, text or None.

        Raises:
            KeyError, Unsealable, RuntimeError: see `row_of` and `seal`.
        """
        secret = set(secret_columns(table)) & values.keys()
        row = row_of(table, values) if secret else ()
        sealed = {
            name: self.seal(Place(table.name, name, row), value if isinstance(value, Secret) else Secret(value))
            for name, value in values.items()
            if name in secret and value is not None
        }
        return {**values, **sealed}

    def open_row(self, table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a row as read, its secrets as `Secret`.

        Raises:
            Unreadable: for the first that does not open.
        """
        opened = {
            name: self.open(Place(table.name, name, row_of(table, values)), values[name])
            for name in secret_columns(table)
            if values.get(name) is not None
        }
        return {**values, **opened}

    def _nonce(self) -> bytes:
        nonce = self._chance(NONCE)
        if len(nonce) != NONCE or nonce == self._last:
            raise RuntimeError("the system's source of chance repeats itself; nothing is encrypted with it")
        self._last = nonce
        return nonce

    @staticmethod
    def _bound_to(key: Key, place: Place) -> bytes:
        return dumps(["plexus", "v1", key.name, str(place.table), str(place.column), list(place.row)])


def _cipher(key: Key) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 8 MB, of no use without a key

    return AESGCM(key.cipher)


def _decrypted(cipher: "AESGCM", sealed: bytes, bound_to: bytes) -> bytes:
    """What was sealed.

    Raises:
        ValueError: when it is not what was sealed there, or too short to be.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except InvalidTag:
        raise ValueError("the seal is broken") from None


def _unbase64(text: str) -> bytes:
    """Strictly: `base64` alone passes over what is no digit, and takes several spellings for the same bytes.

    Raises:
        ValueError: when it is not what `seal` writes.
    """
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise ValueError("not canonical")
    return data
