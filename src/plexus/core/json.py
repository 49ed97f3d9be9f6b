"""JSON on bytes through one library. Accepts what providers send in error (lone surrogates), always emits valid JSON."""

import json
import math
import re
from typing import Any

import msgspec

Raw = msgspec.Raw
JSONError = msgspec.DecodeError

_SURROGATE = re.compile("[\ud800-\udfff]")
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def loads(data: bytes | str) -> Any:
    """The value of strict JSON: no NaN, no lone surrogates, no trailing data.

    Raises:
        JSONError: when it is not JSON, or nested deeper than the interpreter can follow.
    """
    try:
        return _decoder.decode(data)
    except RecursionError:
        raise JSONError("nested too deep") from None
    except UnicodeDecodeError:
        raise JSONError("not valid UTF-8") from None


def loads_lenient(data: bytes) -> Any:
    """Like `loads`, but bad UTF-8 and lone surrogates become U+FFFD and a byte order mark is skipped: for upstreams.

    Raises:
        JSONError: when it is not JSON even so.
    """
    try:
        return loads(data)
    except JSONError:
        pass
    try:
        value = json.loads(data.decode("utf-8-sig", "replace"), parse_constant=_refuse, parse_float=_finite)
        return json.loads(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError):
        raise JSONError("not JSON") from None


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8. `Raw` values are written as they are."""
    try:
        return _encoder.encode(value)
    except (OverflowError, UnicodeEncodeError):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
        return _SURROGATE.sub("\ufffd", text).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    raise TypeError(type(value).__name__)


def _finite(text: str) -> float:
    """Python reads 1e999 as infinity, which nobody can write back."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
