"""Takes credentials out of what is kept: known secrets in all their spellings, and what has the shape of one.

Bodies are data: words of a conversation that only sound like a credential ("token: abc") stay.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from plexus.core.redact import KEY_SHAPES, redact
from plexus.core.secret import REDACTED, Secret

_SHORTEST = 6
"""Characters of a secret that is looked for in bodies: a shorter one would be found in any text."""
_PREFIX = 5
_WINDOW = 32 * 1024
_MARK = REDACTED.encode()
_SHAPES = re.compile(KEY_SHAPES.encode())
_CUTS = re.compile(rb"[\s\",{}\[\]]")
_SECRET_NAME = re.compile(
    r"(?<!idempotency-)key|token|secret|passw|auth|cookie|credential|signature|bearer|session", re.IGNORECASE
)
_COUNTS = re.compile(r"ratelimit|max-tokens")
"""Names of headers that speak of tokens and hold numbers."""


class Redactor:
    """Knows the secrets of one configuration."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Secrets of fewer than six characters are not looked for in bodies."""
        self._needles = sorted({needle for secret in secrets for needle in spellings(secret)}, key=len, reverse=True)

    def with_also(self, secrets: Iterable[str]) -> "Redactor":
        """The same, knowing these as well."""
        other = Redactor(secrets)
        other._needles = sorted({*self._needles, *other._needles}, key=len, reverse=True)
        return other

    def body(self, body: bytes, *, cut: bool = False, torn: bool = False) -> bytes:
        """The body without secrets. `cut`: its end was cut off, perhaps within one; `torn`: its beginning was."""
        if cut:
            body = self._without_begun(body)
        if torn:
            body = self._without_ended(body)
        for needle in self._needles:
            if needle in body:
                body = body.replace(needle, _MARK)
        return b"".join(_SHAPES.sub(_MARK, window) for window in _windows(body))

    def text(self, text: str) -> str:
        """A short text such as an error message or a URL; what merely sounds like a credential goes, too."""
        known = self.body(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        return redact(known)

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[list[str]]:
        """Names and values; the whole value goes when the name says that it is a credential."""
        return [[str(name), REDACTED if is_secret(name) else self.text(value)] for name, value in headers]

    def plain(self, value: Any) -> Any:
        """A plain JSON value with every text in it redacted."""
        if isinstance(value, str):
            return self.body(value.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        if isinstance(value, Mapping):
            return {name: self.plain(inner) for name, inner in value.items()}
        return [self.plain(inner) for inner in value] if isinstance(value, list | tuple) else value

    def _without_begun(self, body: bytes) -> bytes:
        """Without the beginning of a secret that the cut left at the end."""
        longest = max((_common(needle, body, end=True) for needle in self._needles), default=0)
        return body[: len(body) - longest] + _MARK if longest else body

    def _without_ended(self, body: bytes) -> bytes:
        """Without the end of a secret that stands at the beginning."""
        longest = max((_common(needle, body, end=False) for needle in self._needles), default=0)
        return _MARK + body[longest:] if longest else body


def _common(needle: bytes, body: bytes, *, end: bool) -> int:
    """How much of the needle's beginning is the body's end, or the other way round; 0 when too little to matter."""
    for size in range(min(len(needle) - 1, len(body)), _PREFIX - 1, -1):
        if body.endswith(needle[:size]) if end else body.startswith(needle[-size:]):
            return size
    return 0


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it may stand in a body: bare, in JSON, in a URL, in hexadecimal, and at any place of a Base64 text."""
    plain = secret.encode("utf-8", "surrogatepass")
    if len(plain) < _SHORTEST:
        return
    yield plain
    yield secret.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogatepass")
    yield quote(plain, safe="").encode()
    yield plain.hex().encode()
    for before in range(3):
        # the characters at both ends depend on what stands around the secret
        encoded = base64.b64encode(bytes(before) + plain)
        inner = encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
        if len(inner) >= _SHORTEST:
            yield inner
            yield inner.replace(b"+", b"-").replace(b"/", b"_")


def secrets_in(part: Any) -> Iterator[str]:
    """Every secret of a configuration."""
    if isinstance(part, Secret):
        yield part.reveal()
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from secrets_in(getattr(part, name))
    elif isinstance(part, Mapping):
        for inner in part.values():
            yield from secrets_in(inner)
    elif isinstance(part, tuple | list):
        for inner in part:
            yield from secrets_in(inner)


def is_secret(name: str) -> bool:
    """Whether a header of this name holds a credential."""
    return _SECRET_NAME.search(name) is not None and _COUNTS.search(name.lower()) is None


def _windows(body: bytes) -> Iterator[bytes]:
    """Pieces cut where no credential can be: an expression holds up everybody while it looks at one text."""
    start = 0
    while len(body) - start > _WINDOW:
        found = _CUTS.search(body, start + _WINDOW)
        if found is None or found.end() >= len(body):
            break
        yield body[start : found.end()]
        start = found.end()
    yield body[start:]
