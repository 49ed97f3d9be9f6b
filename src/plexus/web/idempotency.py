"""One answer for one `Idempotency-Key`, so that a client that repeats a request it lost track of does not pay twice.

A key belongs to the client key it came with. Only whole answers of success are kept: streams cannot be, and a failure is
what clients repeat a request for. Kept in memory, bounded in number, bytes and time.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.pipeline.call import Answer
from plexus.pipeline.refused import Refused

HEADER = b"idempotency-key"
KEPT = 24 * 3600.0
"""Seconds an answer is kept."""
_LONGEST = 255
_OK = 200

Owner = tuple[str, str]


class _Entry(Struct):
    fingerprint: bytes
    answer: Answer | None = None
    expires: float = 0.0


class Idempotency:
    """The requests under way that carry a key, and the answers of those that are done."""

    def __init__(self, clock: Clock, *, entries: int = 10_000, size: int = 32 * 1024 * 1024) -> None:
        """`entries` and `size` (bytes) bound what is kept; the oldest leaves first."""
        self._clock, self._entries, self._size = clock, entries, size
        self._under_way: dict[Owner, _Entry] = {}
        self._done: OrderedDict[Owner, _Entry] = OrderedDict()
        self._held = 0

    def begin(self, owner: Owner, fingerprint: bytes) -> Answer | None:
        """The answer already given to this very request; None when it is to be served now, and then to be ended.

        Raises:
            Refused: 409 while it is being served, 422 when the key stands for another request.
        """
        found = self._under_way.get(owner) or self._kept(owner)
        if found is not None and found.fingerprint != fingerprint:
            raise _reused()
        if found is None:
            self._under_way[owner] = _Entry(fingerprint)
            return None
        if found.answer is None:
            raise Refused(
                "conflict", "a request with this Idempotency-Key is still being served", code="idempotency_in_progress"
            )
        known = found.answer
        return Answer(known.status, [*known.headers, (b"idempotent-replayed", b"true")], known.body)

    def end(self, owner: Owner, answer: Answer | None) -> None:
        """The request is over; a whole answer of success is kept."""
        entry = self._under_way.pop(owner)
        if answer is None or answer.status != _OK or not isinstance(answer.body, bytes):
            return
        entry.answer = Answer(answer.status, list(answer.headers), answer.body)
        entry.expires = self._clock.monotonic() + KEPT
        self._done[owner] = entry
        self._held += _weight(entry)
        while self._held > self._size or len(self._done) > self._entries:
            self._held -= _weight(self._done.popitem(last=False)[1])

    def _kept(self, owner: Owner) -> _Entry | None:
        found = self._done.get(owner)
        if found is not None and found.expires <= self._clock.monotonic():
            self._held -= _weight(self._done.pop(owner))
            return None
        return found


def key_in(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The idempotency key of a request, if it has one.

    Raises:
        Refused: 400 for something that cannot be one.
    """
    said = [value for name, value in headers if name == HEADER]
    if not said:
        return None
    key = said[0].decode("latin-1")
    if len(said) > 1 or not 0 < len(key) <= _LONGEST or not (key.isascii() and key.isprintable()):
        message = f"one Idempotency-Key of 1 to {_LONGEST} printable ASCII characters, please"
        raise Refused("invalid_request", message, code="invalid_idempotency_key")
    return key


def fingerprint(path: bytes, query: bytes, body: bytes) -> bytes:
    """What makes two requests the same one. A key in the query is part of it; it is the same client's anyway."""
    return hashlib.sha256(b"%d %b?%d %b %b" % (len(path), path, len(query), query, body)).digest()


def _weight(entry: _Entry) -> int:
    body = entry.answer.body if entry.answer is not None else b""
    return 1024 + (len(body) if isinstance(body, bytes) else 0)


def _reused() -> Refused:
    refused = Refused(
        "invalid_request", "this Idempotency-Key was used for another request", code="idempotency_key_reused"
    )
    refused.fault.status = 422
    return refused
