"""A JSON object split once into its top-level values, so that one can be changed and every other byte stays the same.

Also the cheap checks a body must pass before anybody parses it whole.
"""

import codecs
import re
from array import array
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from plexus.core.json import JSONError

_KEY = re.compile(rb'[\s,{]*("(?:[^"\\]++|\\.)*+")\s*:\s*', re.DOTALL)
_NAME = 512
"""Characters a field's name may have: looking for where a name of megabytes ends would take gigabytes."""
_SLICE = 256 * 1024
_RUN = b"," * 8
_DENSE = 50_000
_BYTE = 255
_STEPS = bytes(1 if byte in b"{[" else 255 if byte in b"}]" else 0 for byte in range(256))
_NO_MARK = bytes(set(range(256)) - set(b"{}[],"))
_split = msgspec.json.Decoder(dict[str, msgspec.Raw])


FIELDS = 1000
"""Fields the object itself may have. No API has a tenth of that."""


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
        self.spans = _side_by_side(self.values, len(body)) or _found(self.values, body)

    def text(self, key: str) -> str | None:
        """The string at `key`, or None when it is absent or something else."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=str)
        except msgspec.DecodeError:
            return None

    def without(self, key: str) -> "RawObject":
        """The object without this key; every other value keeps its bytes, not the white space between them."""
        kept = [msgspec.json.encode(name) + b":" + bytes(value) for name, value in self.values.items() if name != key]
        return RawObject(b"{" + b",".join(kept) + b"}") if len(kept) < len(self.values) else self

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


def _side_by_side(values: dict[str, msgspec.Raw], size: int) -> dict[str, tuple[int, int]] | None:
    """Where the values lie if nothing else is there: no white space, no key in escapes, none twice. Most bodies are such.

    Whatever else there were would make the body longer than this. None when it is.
    """
    spans: dict[str, tuple[int, int]] = {}
    place = 1
    for key, value in values.items():
        start = place + len(key) + 3
        place = start + len(value) + 1
        spans[key] = (start, place - 1)
    return spans if place == size else None


def _found(values: dict[str, msgspec.Raw], body: bytes) -> dict[str, tuple[int, int]]:
    """Where the values lie.

    Raises:
        JSONError: when a key is named twice.
    """
    spans: dict[str, tuple[int, int]] = {}
    place = 0
    for key, value in values.items():
        name = _KEY.match(body, place)
        raw = bytes(value)
        if name is None or not body.startswith(raw, name.end()) or not _spells(name[1], key):
            raise JSONError("a key is given twice")
        place = name.end() + len(raw)
        spans[key] = (name.end(), place)
    if _KEY.match(body, place):
        raise JSONError("a key is given twice")
    return spans


def _spells(written: bytes, key: str) -> bool:
    """Whether a JSON string is this key: letter for letter, as keys are, or with escapes."""
    return written[1:-1] == key.encode() or msgspec.json.decode(written) == key


def _split_strictly(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        if not body.isascii():
            _check_text(body)
        values = _split.decode(body)
    except msgspec.ValidationError:
        raise JSONError("the body must be one JSON object") from None
    except RecursionError:
        raise JSONError("nested too deep") from None
    except UnicodeDecodeError:
        raise JSONError("not valid UTF-8") from None
    if len(values) > FIELDS:
        raise JSONError(f"more than {FIELDS} fields")
    if max(map(len, values), default=0) > _NAME:
        raise JSONError(f"the name of a field is longer than {_NAME} characters")
    return values


def _check_text(body: bytes) -> None:
    """The split does not look inside the values. In slices, since one emoji would make a copy of four bytes a letter."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(body), _SLICE):
        decoder.decode(body[at : at + _SLICE])
    decoder.decode(b"", final=True)


def check_shape(body: bytes, depth: int, elements: int) -> None:
    """Refuse JSON that is cheap to send and dear to parse, without parsing it.

    Raises:
        TooComplex: when it nests deeper than `depth`, holds more than `elements` values, or very many fields.
    """
    opens, commas = body.count(b"{") + body.count(b"["), body.count(b",")
    if opens <= depth and commas <= FIELDS and opens + commas <= elements:
        return
    slices = _counted(body, elements)
    level = fields = 0
    for marks in slices:
        levels = list(accumulate(array("b", _thinned(marks).translate(_STEPS)), initial=level))
        highest = max(levels)
        if highest > depth:
            raise TooComplex(f"nested deeper than {depth} levels")
        if min(levels) < 0:
            return  # no JSON; the parser will say where
        level = levels[-1]
        # two ones in a row are a comma between the fields of the object itself
        fields += (bytes(levels) if highest <= _BYTE else bytes(map(_BYTE.__and__, levels))).count(b"\1\1")
        if fields > FIELDS:
            raise TooComplex(f"more than {FIELDS} fields")


def _counted(body: bytes, elements: int) -> list[bytes]:
    """The brackets and commas outside strings, once it is sure that they are not too many."""
    slices: list[bytes] = []
    found = closed = 0
    for marks in _structure(body):
        closing = marks.count(b"}") + marks.count(b"]")
        found, closed = found + len(marks) - closing, closed + closing
        if found > elements or closed > elements:
            raise TooComplex(f"more than {elements} elements")
        slices.append(marks)
    return slices


def _thinned(marks: bytes) -> bytes:
    """Fewer marks to follow where there are very many: fields are then counted too low, and depth by two at most."""
    if len(marks) > _DENSE:
        marks = marks.replace(b"{}", b"").replace(b"[]", b"")
    return marks.replace(_RUN, b",")


def _structure(body: bytes) -> Iterator[bytes]:
    """The brackets and commas outside strings, slice by slice."""
    inside, carry = 0, b""
    for at in range(0, len(body), _SLICE):
        piece = carry + body[at : at + _SLICE]
        hanging = (len(piece) - len(piece.rstrip(b"\\"))) % 2  # a backslash whose other half is in the next slice
        piece, carry = (piece[:-1], piece[-1:]) if hanging else (piece, b"")
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        marks = b"".join(parts[inside::2]).translate(None, _NO_MARK)
        inside = (inside + len(parts) - 1) % 2
        if marks:
            yield marks
