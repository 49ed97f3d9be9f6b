"""Width and height of an image, read from the first bytes of its base64 text: PNG, JPEG, GIF, WebP. No pixels are decoded.

Sources: the PNG, GIF and JPEG (ITU T.81 B.1) specifications, https://developers.google.com/speed/webp/docs/riff_container
"""

import base64
import binascii

_LOOKED_AT = 88_000
"""Characters of base64 looked at; a JPEG's frame header lies behind its metadata, which may be 64 KiB."""
_FRAMES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})


def image_size(data: str) -> tuple[int, int] | None:
    """Width and height in pixels, or None when the bytes do not show them."""
    try:
        head = base64.b64decode(data[:_LOOKED_AT])
    except (binascii.Error, ValueError):
        return None
    size = _read(head)
    return size if size and min(size) > 0 else None


def _read(head: bytes) -> tuple[int, int] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:  # noqa: PLR2004 - signature, chunk head, two numbers
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head.startswith((b"GIF87a", b"GIF89a")) and len(head) >= 10:  # noqa: PLR2004 - signature, two numbers
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if head.startswith(b"\xff\xd8"):
        return _jpeg(head)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _webp(head)
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """The size in the first frame header, found by walking from segment to segment."""
    place = 2
    while place + 9 <= len(head):
        if head[place] != 0xFF:  # noqa: PLR2004 - every marker begins with it
            return None
        marker = head[place + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            place += 1
        elif marker in _FRAMES:
            return int.from_bytes(head[place + 7 : place + 9]), int.from_bytes(head[place + 5 : place + 7])
        else:
            place += 2 + int.from_bytes(head[place + 2 : place + 4])
    return None


def _webp(head: bytes) -> tuple[int, int] | None:
    if len(head) < 30:  # noqa: PLR2004 - the longest of the three headers
        return None
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            sides = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
            return sides[0] & 0x3FFF, sides[1] & 0x3FFF
    return None
