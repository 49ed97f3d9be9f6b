"""Decoding of compressed bodies in bounded steps: a small input never becomes a large buffer at once.

Used for providers that compress although none of it was asked for, and for compressed request bodies.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import brotli
import zstandard

STEP = 256 * 1024
"""Bytes produced at most before the consumer sees them."""
RATIO = 100
"""Bytes out per byte in beyond which, above FREE bytes, a body is taken for a bomb."""
FREE = 1024 * 1024


_GZIP = b"\x1f\x8b"


class _Codec(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]: ...

    @property
    def finished(self) -> bool: ...


class _Zlib:
    def __init__(self, window: int) -> None:
        self._window = window
        self._engine = zlib.decompressobj(window)
        self._first = True

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._first and data:
            self._first = False
            # "deflate" means zlib by the standard and raw deflate by habit.
            if self._window == zlib.MAX_WBITS and (data[0] & 0x0F) != zlib.DEFLATED:
                self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        while data and not self._engine.eof:
            piece = self._engine.decompress(data, STEP)
            data = self._engine.unconsumed_tail
            if piece:
                yield piece
            if self._engine.eof and self._engine.unused_data.startswith(_GZIP):
                data = self._engine.unused_data  # a gzip body may have several members (RFC 1952, 2.2)
                self._engine = zlib.decompressobj(self._window)

    @property
    def finished(self) -> bool:
        return self._engine.eof


class _Brotli:
    def __init__(self) -> None:
        self._engine = brotli.Decompressor()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        piece = self._engine.process(data, output_buffer_limit=STEP)
        while piece or not self._engine.can_accept_more_data():
            if piece:
                yield piece
            if self._engine.is_finished():
                return
            piece = self._engine.process(b"", output_buffer_limit=STEP)

    @property
    def finished(self) -> bool:
        return bool(self._engine.is_finished())


class _Zstd:
    """zstandard's streaming object has no output bound, so input is fed in slices that cannot hold much.

    Four bytes may stand for a whole block of 128 KiB (RFC 8878, 3.1.1.2), so a slice is two megabytes at most.
    """

    SLICE = 64

    def __init__(self) -> None:
        self._engine = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), self.SLICE):
            if self._engine.eof:
                return
            if piece := self._engine.decompress(data[start : start + self.SLICE]):
                yield piece

    @property
    def finished(self) -> bool:
        return bool(self._engine.eof)


CODINGS: dict[str, Callable[[], _Codec]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
}


class Undecodable(Exception):  # noqa: N818 - the body's fault, whoever sent it
    """The body is not what its encoding says, ends early, or expands beyond all reason."""


class Decompressor:
    """One body's decoder, fed as the body arrives."""

    def __init__(self, coding: str) -> None:
        """`coding` is a key of the table above.

        Raises:
            KeyError: for a coding that is not known.
        """
        self._codec = CODINGS[coding]()
        self._taken = self._given = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What these bytes decode to, in steps.

        Raises:
            Undecodable: when they do not, or expand too far.
        """
        self._taken += len(data)
        try:
            for piece in self._codec.pieces(data):
                self._given += len(piece)
                if self._given > FREE and self._given > self._taken * RATIO:
                    raise Undecodable("it expands beyond all reason")
                yield piece
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise Undecodable("it is corrupt") from error

    def feed(self, data: bytes) -> bytes:
        """Like `pieces`, in one."""
        return b"".join(self.pieces(data))

    def end(self) -> None:
        """The body is over.

        Raises:
            Undecodable: when the encoding says there should be more.
        """
        if self._taken and not self._codec.finished:
            raise Undecodable("it ends early")
