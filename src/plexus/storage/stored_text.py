"""What a secret column holds: sealed text, or text marked as plain. Only `storage.seal` makes one and reads one."""

from typing import NoReturn, final

from plexus.core.secret import REDACTED


@final
class StoredText:
    """The text of a secret column as it is in the database; it shows itself to nobody."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"StoredText({REDACTED})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredText) and other.text == self.text

    def __hash__(self) -> int:
        return hash((StoredText, self.text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("the text of a secret column is not written anywhere else")
