"""How entries lie in a segment of the journal: pure functions on bytes. Files are the journal's business.

A segment opens with a head that holds a random salt. A frame is a mark, the length, a checksum, and the entry. The checksum
covers salt, place, length and entry, so that neither bytes left over from before nor bytes a client chose can pass for a frame.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

_HEAD = struct.Struct("<5s3x8s")
_MAGIC = b"PLXJ\x01"
_MARK = b"\xf5\xd1"
_FRAME = struct.Struct("<2sII")
_PLACE = struct.Struct("<8sQI")
HEAD_SIZE = _HEAD.size
FRAME_SIZE = _FRAME.size
SALT_SIZE = 8
LARGEST = 32 * 1024 * 1024
"""Bytes an entry may have; a length above it is damage."""


class Found(NamedTuple):
    """An entry, where its frame begins and ends, and how many bytes before it were damaged."""

    begin: int
    end: int
    entry: bytes
    damaged: int


def head(salt: bytes) -> bytes:
    """The first bytes of a segment."""
    return _HEAD.pack(_MAGIC, salt)


def salt_of(data: bytes) -> bytes | None:
    """The salt in the head of a segment; None when it has no whole head."""
    if len(data) < HEAD_SIZE:
        return None
    magic, salt = _HEAD.unpack_from(data)
    return bytes(salt) if magic == _MAGIC else None


def frame(entry: bytes, salt: bytes, offset: int) -> bytes:
    """An entry as it is written at that offset."""
    size = len(entry)
    return _FRAME.pack(_MARK, size, crc32(entry, crc32(_PLACE.pack(salt, offset, size)))) + entry


def needed(data: bytes, at: int) -> int:
    """Bytes from `at` that the frame beginning there says it has; 0 when none begins there."""
    if len(data) - at < FRAME_SIZE:
        return 0
    mark, size, _ = _FRAME.unpack_from(data, at)
    return FRAME_SIZE + size if mark == _MARK and size <= LARGEST else 0


def scan(data: bytes, salt: bytes, offset: int) -> Iterator[Found]:
    """Every whole entry in bytes that begin at `offset` of their segment. What is no frame is passed over to the next one."""
    at = good = 0
    while at + FRAME_SIZE <= len(data):
        entry = _entry(data, at, salt, offset + at)
        if entry is not None:
            end = at + FRAME_SIZE + len(entry)
            yield Found(offset + at, offset + end, entry, at - good)
            at = good = end
            continue
        at = data.find(_MARK, at + 1)
        if at < 0:
            return


def _entry(data: bytes, at: int, salt: bytes, offset: int) -> bytes | None:
    mark, size, checksum = _FRAME.unpack_from(data, at)
    begin = at + FRAME_SIZE
    if mark != _MARK or size > LARGEST or begin + size > len(data):
        return None
    entry = data[begin : begin + size]
    return entry if crc32(entry, crc32(_PLACE.pack(salt, offset, size))) == checksum else None
