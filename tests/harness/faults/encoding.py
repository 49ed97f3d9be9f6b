"""Faults of content encoding: compressed although identity was asked, bombs, double, corrupt and cut (U17, U18)."""

import gzip
import zlib
from collections.abc import Callable
from functools import cache

import brotli
import zstandard

from tests.harness.faults import Case, Fault
from tests.harness.wire import JSON_TYPE, LAST_CHUNK, SSE_TYPE, Script, Step, chunk, stream_head, whole

BOMB = 128 << 20
"""Decoded size of a bomb, in bytes."""


def _brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=5))


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def _raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": _brotli,
    "zstd": _zstd,
    "deflate": zlib.compress,
}


def encoded(body: bytes, encoding: str, case: Case) -> Script:
    """These bytes marked with this encoding, chunked in small pieces when a stream was asked for."""
    headers = (SSE_TYPE if case.streaming else JSON_TYPE, ("content-encoding", encoding))
    if not case.streaming:
        return [Step(whole(200, body, headers))]
    pieces = [body[at : at + 64] for at in range(0, min(len(body), 65536), 64)] + [body[65536:]]
    return [Step(stream_head(headers)), *(Step(chunk(piece)) for piece in pieces), Step(LAST_CHUNK)]


def compressed(name: str) -> Fault:
    """The healthy answer in this encoding."""
    return lambda case: encoded(CODECS[name](b"".join(case.parts())), name, case)


def flushed_gzip(case: Case) -> Script:
    """The healthy answer as gzip, flushed after each event, so that it can be shown as it comes."""
    squeeze = zlib.compressobj(wbits=31)
    parts = [squeeze.compress(part) + squeeze.flush(zlib.Z_SYNC_FLUSH) for part in case.parts()] + [squeeze.flush()]
    headers = (SSE_TYPE if case.streaming else JSON_TYPE, ("content-encoding", "gzip"))
    return [Step(stream_head(headers)), *(Step(chunk(part)) for part in parts), Step(LAST_CHUNK)]


@cache
def _bomb(name: str) -> bytes:
    block = b" " * (1 << 20)
    if name in {"gzip", "deflate"}:
        squeeze = zlib.compressobj(9, wbits=31 if name == "gzip" else 15)
        return b"".join(squeeze.compress(block) for _ in range(BOMB >> 20)) + squeeze.flush()
    if name == "zstd":
        stream = zstandard.ZstdCompressor(level=3).compressobj()
        return b"".join(stream.compress(block) for _ in range(BOMB >> 20)) + stream.flush()
    maker = brotli.Compressor(quality=3)
    return b"".join(maker.process(block) for _ in range(BOMB >> 20)) + bytes(maker.finish())


def bomb(name: str) -> Fault:
    """A small body that grows to `BOMB` bytes of spaces."""
    return lambda case: encoded(_bomb(name), name, case)


def double(case: Case) -> Script:
    """Compressed twice, said honestly."""
    return encoded(_brotli(gzip.compress(b"".join(case.parts()))), "gzip, br", case)


def corrupt(case: Case) -> Script:
    """Gzip with bytes changed in the middle."""
    body = bytearray(gzip.compress(b"".join(case.parts())))
    middle = len(body) // 2
    body[middle : middle + 4] = bytes(byte ^ 0xFF for byte in body[middle : middle + 4])
    return encoded(bytes(body), "gzip", case)


def truncated(case: Case) -> Script:
    """Gzip without its second half, framed as if it were whole."""
    body = gzip.compress(b"".join(case.parts()))
    return encoded(body[: len(body) // 2], "gzip", case)


def trailing(case: Case) -> Script:
    """Gzip followed by a second member and by bytes that are no gzip."""
    body = b"".join(case.parts())
    half = len(body) // 2
    return encoded(gzip.compress(body[:half]) + gzip.compress(body[half:]) + b"rest", "gzip", case)


FAULTS: dict[str, Fault] = {
    **{name: compressed(name) for name in CODECS},
    **{f"bomb-{name}": bomb(name) for name in CODECS},
    "gzip-flushed": flushed_gzip,
    "deflate-raw": lambda case: encoded(_raw_deflate(b"".join(case.parts())), "deflate", case),
    "double-encoding": double,
    "corrupt-gzip": corrupt,
    "truncated-gzip": truncated,
    "trailing-gzip": trailing,
    "encoding-lie": lambda case: encoded(b"".join(case.parts()), "gzip", case),
    "encoding-unknown": lambda case: encoded(b"".join(case.parts()), "snappy", case),
    "encoding-identity": lambda case: encoded(b"".join(case.parts()), "identity", case),
}
