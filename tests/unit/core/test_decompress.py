"""Compressed bodies come out the same whatever the chunking, in bounded steps, and bombs are refused (U17, U18, C14)."""

import gzip
import os
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from plexus.core.decompress import STEP, Decompressor, Undecodable

TEXT = os.urandom(3000).hex().encode() * 40
ENCODED = {
    "gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
}
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]


def test_u17_nothing_of_a_zstd_bomb_is_made_that_is_not_needed_to_know_it():
    bomb = zstandard.compress(bytes(64_000_000))
    decompressor = Decompressor("zstd")
    tracemalloc.start()
    with pytest.raises(Undecodable, match="beyond"):
        decompressor.feed(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("coding", ENCODED)
@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_u17_any_chunking_decodes_to_the_same(coding, size):
    data, decoder = ENCODED[coding], Decompressor(coding)
    pieces = [piece for start in range(0, len(data), size) for piece in decoder.pieces(data[start : start + size])]
    decoder.end()
    assert b"".join(pieces) == TEXT


def test_u17_deflate_is_also_read_without_its_wrapper():
    decoder = Decompressor("deflate")
    assert decoder.feed(RAW_DEFLATE) == TEXT


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", gzip.compress(bytes(64_000_000))),
        ("deflate", zlib.compress(bytes(64_000_000))),
        ("br", brotli.compress(bytes(64_000_000), quality=5)),
        ("zstd", zstandard.compress(bytes(64_000_000))),
    ],
)
def test_u17_a_bomb_is_refused_after_little(coding, bomb):
    given, largest = 0, 0
    with pytest.raises(Undecodable, match="beyond"):
        for piece in Decompressor(coding).pieces(bomb):
            given, largest = given + len(piece), max(largest, len(piece))
    assert given < 10_000_000
    # zstd's step is bounded by what a slice can hold, the others' by STEP (brotli rounds it up).
    assert largest <= (2_200_000 if coding == "zstd" else 2 * STEP)


@pytest.mark.parametrize("coding", ENCODED)
def test_u18_corrupt_and_truncated_bodies_are_found_out(coding):
    data = ENCODED[coding]
    with pytest.raises(Undecodable):
        Decompressor(coding).feed(b"this is not compressed at all" * 10)
    cut = Decompressor(coding)
    cut.feed(data[: len(data) // 2])
    with pytest.raises(Undecodable, match="early"):
        cut.end()
