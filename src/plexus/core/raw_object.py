"""A JSON object split once into its top-level values, so that one can be changed and every other byte stays the same.

Also the cheap checks a body must pass before anybody parses it whole.
"""

import re

import msgspec

from plexus.core.json import JSONError

_KEY = re.compile(rb'[\s,{]*("(?:[^"\\]|\\.)*")\s*:\s*', re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')
_TO_KEEP = bytes(set(range(256)) - set(b'"[]{}'))
_split = msgspec.json.Decoder(dict[str, msgspec.Raw])


class TooComplex(Exception):  # noqa: N818 - a limit that was met
    """The body is nested deeper, or holds more elements, than the limits allow."""


class RawObject:
    """The top level of one JSON object: key to raw value, and where each value lies in `body`."""

    __slots__ = ("body", "spans", "values")

    def __init__(self, body: bytes) -> None:
        """Split `body`.

        Raises:
            JSONError: when it is not one JSON object, or names a key twice.
        """
        self.body = body
        self.values: dict[str, msgspec.Raw] = _split_strictly(body)
        self.spans: dict[str, tuple[int, int]] = {}
        place = 0
        for key, value in self.values.items():
            name = _KEY.match(body, place)
            raw = bytes(value)
            if name is None or not body.startswith(raw, name.end()) or msgspec.json.decode(name[1]) != key:
                raise JSONError("a key is given twice")
            place = name.end() + len(raw)
            self.spans[key] = (name.end(), place)
        if _KEY.match(body, place):
            raise JSONError("a key is given twice")

    def text(self, key: str) -> str | None:
        """The string at `key`, or None when it is absent or something else."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=str)
        except msgspec.DecodeError:
            return None

    def replaced(self, changes: dict[str, bytes]) -> bytes:
        """The body with these values (as JSON) in place of the old ones; keys that were not there are added at the end."""
        pieces: list[bytes] = []
        place = 0
        for key, (start, end) in self.spans.items():
            if key in changes:
                pieces += (self.body[place:start], changes[key])
                place = end
        added = {key: value for key, value in changes.items() if key not in self.spans}
        if not added:
            return b"".join([*pieces, self.body[place:]])
        last = max((end for _, end in self.spans.values()), default=self.body.index(b"{") + 1)
        rest = b",".join(msgspec.json.encode(key) + b":" + value for key, value in added.items())
        return b"".join([*pieces, self.body[place:last], b"," if self.spans else b"", rest, self.body[last:]])


def _split_strictly(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            body.decode()  # the split does not look inside the values
        return _split.decode(body)
    except msgspec.ValidationError:
        raise JSONError("the body must be one JSON object") from None
    except RecursionError:
        raise JSONError("nested too deep") from None
    except UnicodeDecodeError:
        raise JSONError("not valid UTF-8") from None


def check_shape(body: bytes, depth: int, elements: int) -> None:
    """Refuse JSON that is cheap to send and dear to parse, without parsing it.

    Raises:
        TooComplex: when it nests deeper than `depth` or holds more than `elements` values.
    """
    opens = body.count(b"{") + body.count(b"[")
    if opens <= depth and body.count(b",") + opens <= elements:
        return
    # What is left after this are the brackets and the quotes that really open and close strings.
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if opens + body.count(b",") > elements:
        structure = _STRING.sub(b"", bare)
        if structure.count(b",") + structure.count(b"{") + structure.count(b"[") > elements:
            raise TooComplex(f"more than {elements} elements")
    level = 0
    for bracket in _STRING.sub(b"", bare.translate(None, _TO_KEEP).replace(b'""', b"")):
        if bracket in b"{[":
            level += 1
            if level > depth:
                raise TooComplex(f"nested deeper than {depth} levels")
        else:
            level -= 1
