"""What comes back over a line: the head of an answer, and as much of its body as has come and was not taken yet."""

import asyncio
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

LEAST, MOST = 128 * 1024, 256 * 1024
"""Bytes waiting to be taken: below the first more is read, above the second no more."""


class Carrier(Protocol):
    """The line an answer comes over, as long as it does."""

    def watched(self, due: float | None) -> "asyncio.Future[bool]":
        """Done when more has come, or can be sent; with False at `due`, a time of the event loop's clock."""

    def read_on(self) -> None:
        """More may come."""

    def drop(self) -> None:
        """Nobody wants the rest."""


class Answer:
    """One answer. It fails with `error` once all that came before has been taken."""

    __slots__ = ("_body", "_line", "ended", "error", "headers", "status", "until_closed")

    def __init__(self, line: Carrier) -> None:
        """Nothing has come."""
        self._line: Carrier | None = line
        self._body: bytes | bytearray = b""
        self.status = 0
        """Zero until the head is there."""
        self.headers: CIMultiDictProxy[str] = _NO_HEADERS
        self.until_closed = False
        """The end of the connection is the end of the body."""
        self.ended = False
        self.error: Exception | None = None

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """The head has come."""
        self.status, self.headers = status, CIMultiDictProxy(CIMultiDict(_read(headers)))
        coding = self.headers.get("transfer-encoding")
        framed = "content-length" in self.headers if coding is None else coding.lower().endswith("chunked")
        self.until_closed = not framed

    def add(self, data: bytes) -> None:
        """A piece of the body has come."""
        if self._body:  # the first piece is kept as it is: mostly it is the only one
            self._body = bytearray(self._body) if isinstance(self._body, bytes) else self._body
            self._body += data
        else:
            self._body = data

    def end(self, error: Exception | None = None) -> None:
        """Nothing more comes."""
        self.ended, self.error, self._line = error is None, error, None

    def __len__(self) -> int:
        """Bytes that wait to be taken."""
        return len(self._body)

    def take(self, limit: int) -> bytes:
        """What has come, at most so many bytes; empty when nothing has.

        Raises:
            aiohttp.ClientError, HttpProcessingError: when the answer broke off and all that came before was taken.
        """
        body = self._body
        if not body:
            if self.error is not None:
                raise self.error
            return b""
        if len(body) <= limit:
            self._body, taken = b"", bytes(body)
        else:
            taken = bytes(body[:limit])
            self._body = body = bytearray(body) if isinstance(body, bytes) else body
            del body[:limit]
        if self._line is not None and len(self._body) < LEAST:
            self._line.read_on()
        return taken

    def take_all(self) -> bytes:
        """All that has come."""
        return self.take(len(self._body))

    def news(self, due: float | None) -> "asyncio.Future[bool]":
        """To be awaited while it has neither ended nor failed: false at `due`, by the loop's clock; true when there is news."""
        if self._line is None:
            raise RuntimeError("nothing more comes of an answer that is over")
        return self._line.watched(due)

    def close(self) -> None:
        """Nobody wants the rest. An answer that has come whole has freed its line already."""
        if self._line is not None:
            self._line.drop()


def _read(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    try:
        return [(name.decode(), value.decode()) for name, value in headers]
    except UnicodeDecodeError:  # bytes that are no text are kept as they are
        read = "utf-8", "surrogateescape"
        return [(name.decode(*read), value.decode(*read)) for name, value in headers]


_NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
