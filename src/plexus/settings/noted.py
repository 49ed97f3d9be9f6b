"""The environment that notes what it gave, so that what is said of a configuration does not tell it."""

from collections.abc import Iterator, Mapping

from plexus.core.secret import REDACTED

_SHORTEST = 4
"""Characters of a value below which hiding it would garble every message."""


class Noted(Mapping[str, str]):
    """The environment, which notes what it gave, so that a finding that names a value does not tell it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ` is read as it is at each look."""
        self._environ = environ
        self._given: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._environ[name]
        self._given |= {value, repr(value)[1:-1]}
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def hidden(self, text: str) -> str:
        """The text without the values it gave."""
        for value in sorted(self._given, key=len, reverse=True):
            if len(value) >= _SHORTEST:
                text = text.replace(value, REDACTED)
        return text
