"""What clients are told whose request is not taken, ready to be sent: refusing must cost a small part of serving."""

from collections.abc import Mapping, Sequence

from plexus.core import ids
from plexus.protocols import WireProtocol
from plexus.web.overload import Why, refusal_of
from plexus.web.reply import refusal, wire
from plexus.web.shape import suggested

_TELLING = (b"anthropic-version", b"x-goog-api-key", b"x-goog-api-client")
"""The headers that tell a client's protocol."""
_ID = b"0" * 32
_MOST = 256


class Refusals:
    """The answers made so far, one for each path and protocol."""

    def __init__(self, protocols: Mapping[str, WireProtocol]) -> None:
        """`protocols`: all that clients speak."""
        self._protocols = protocols
        self._made: dict[tuple[Why, bytes, tuple[bytes, ...]], tuple[bytes, bytes]] = {}

    def said(self, why: Why, path: bytes, head: bytes, first: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The whole answer to a request with this path and head, both in small letters; `first`: headers before the others."""
        telling = tuple([name for name in _TELLING if name in head])
        made = self._made.get((why, path, telling))
        if made is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            made = self._made[why, path, telling] = self._make(why, path, telling)
        line, rest = made
        front = b"".join([b"%b: %b\r\n" % entry for entry in first])
        return b"%b\r\n%b%b" % (line, front, rest.replace(_ID, ids.request_id().encode()))

    def _make(self, why: Why, path: bytes, telling: tuple[bytes, ...]) -> tuple[bytes, bytes]:
        scope = {"path": path.decode("latin-1"), "headers": [(name, b"") for name in telling]}
        answer = refusal(suggested(scope, self._protocols), refusal_of(why).fault, _ID.decode())
        line, _, rest = wire(answer).partition(b"\r\n")
        return line, rest
