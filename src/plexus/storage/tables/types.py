"""The types of our columns: money, moments, JSON, words, and secrets. They mean the same on both engines."""

import re
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from plexus.core.json import dumps, loads
from plexus.storage.stored_text import StoredText

PLACES = 8
UNITS_PER_USD = 100_000_000
"""Money is stored as whole numbers of 1e-8 USD."""
_NOTHING = Decimal("0E-8")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")

Moment = BigInteger
"""Milliseconds since the epoch, in UTC."""
Count = BigInteger
Counter = BigInteger().with_variant(Integer, "sqlite")
"""A number the database counts up by itself; on SQLite only `INTEGER` does that."""
Blob = LargeBinary


def storable(text: str) -> str:
    """Text as both engines take it: PostgreSQL takes no NUL and neither lone surrogates, so they become U+FFFD."""
    # neither of them is printable, and nearly all text is
    return text if text.isprintable() else _NOT_TEXT.sub("\ufffd", text)


class Money(TypeDecorator[Decimal]):
    """A Decimal in USD, rounded half to even at 8 places; floats are refused, because they are never exact."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> int | None:
        """A whole number of 1e-8 USD."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise TypeError(f"money is a Decimal, not {type(value).__name__}")
        return round(value.scaleb(PLACES))

    def process_result_value(self, value: Any, _dialect: Dialect) -> Decimal | None:
        """USD with 8 places. PostgreSQL adds up whole numbers to a Decimal, which is taken as one."""
        if not value:  # which most parts of most sums are
            return None if value is None else _NOTHING
        return Decimal(int(value)).scaleb(-PLACES)


class Words(TypeDecorator[str]):
    """Text of any origin, made `storable` on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """The text with what cannot be stored replaced."""
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A JSON value in a text column: PostgreSQL's own type would refuse an escaped NUL and lose the order of keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Compact JSON; None is NULL."""
        return None if value is None else dumps(value).decode()

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """The value."""
        return None if value is None else loads(value)


class Sealed(TypeDecorator[StoredText]):
    """A secret. It takes and gives `StoredText` only, so that nothing unsealed can be written by mistake.

    The columns of this type are the encrypted ones: `storage.seal` finds them in the metadata.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """The text inside."""
        if value is None:
            return None
        if not isinstance(value, StoredText):
            raise TypeError("a secret column takes what Sealer.seal_row gave, nothing else")
        return value.text

    def process_result_value(self, value: Any, _dialect: Dialect) -> StoredText | None:
        """The text, wrapped."""
        return None if value is None else StoredText(value)
