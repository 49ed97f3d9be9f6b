"""The small values of the configuration: durations, sizes, names, hosts and the strict form all its models share."""

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WrapSerializer, model_validator
from pydantic_core import PydanticCustomError

Value = TypeVar("Value")

MAX_NAME = 256
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?B|B)?", re.IGNORECASE)
_SIZE_BYTES = {"": 1, "b": 1} | {
    f"{letter}{suffix}": base**power
    for power, letter in enumerate("kmgt", 1)
    for suffix, base in (("b", 1000), ("ib", 1024))
}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DIGITS = frozenset("-0123456789")
_LONGEST_NUMBER = 40
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TEN_YEARS = 10 * 366 * 86_400


class Strict(BaseModel):
    """A part of the configuration: immutable, every key known, `null` for a key the same as leaving it out."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        return {
            key: value
            for key, value in ((_in_our_spelling(key, data, fields), value) for key, value in data.items())
            if value is not None or key not in fields
        }


def _in_our_spelling(key: str, data: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """A key in the camel case of older exports in ours, unless it stands there in both."""
    if key in fields or not isinstance(key, str) or key.islower():
        return key
    ours = snake(key)
    return ours if ours in fields and ours not in data else key


def snake(key: str) -> str:
    """`maxConcurrency` as `max_concurrency`."""
    return _HUMP.sub("_", key).lower()


class Unquoted(str):
    """A scalar that stood without quotes in YAML and looks like a number (or, filled in from the environment, a boolean).

    Where the schema wants text it is that text, digit for digit; where it allows any JSON value it becomes the number.
    """

    __slots__ = ()


def json_typed(value: Any) -> Any:
    """The value with every number that stood unquoted or boolean turned into one."""
    if isinstance(value, Unquoted):
        return value == "true" if value in {"true", "false"} else number(value)
    if isinstance(value, Mapping):
        return {str(key): json_typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_typed(item) for item in value]
    return value


def number(text: str) -> int | float | str:
    """The JSON number that `text` spells, or the text itself when it spells none."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        return str(text)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def looks_like_number(text: str) -> bool:
    """Whether `text` is spelled like a JSON number."""
    return text[:1] in _DIGITS and _NUMBER.fullmatch(text) is not None


def duration(value: Any) -> float:
    """Seconds from `30s`, `5m`, `2h30m`, `1d`, `250ms` or a plain number of seconds."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong("a duration", "write it like 30s, 5m, 2h30m or 1d")
    seconds = _seconds(value) if isinstance(value, str) else float(value)
    if seconds is None:
        raise _wrong("a duration", "write it like 30s, 5m, 2h30m or 1d")
    if not 0 <= seconds <= _TEN_YEARS:
        raise _wrong("a duration between 0 and ten years", "write it like 30s, 5m, 2h30m or 1d")
    return seconds


def _seconds(text: str) -> float | None:
    plain = text.replace(" ", "").lower()
    if looks_like_number(plain):
        return float(plain)
    if len(plain) > _LONGEST_NUMBER or not _DURATION.fullmatch(plain):
        return None
    return sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in _DURATION_PART.findall(plain))


def size(value: Any) -> int:
    """Bytes from `64MB` (10^6), `64KiB` (2^10), `2GB` or a plain number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_NUMBER else None
    if match is None:
        raise _wrong("a size", "write it like 64MB, 64KiB or 2GB")
    return int(Decimal(match[1]) * _SIZE_BYTES[(match[2] or "").lower()])


def name(value: str) -> str:
    """A name or id: `/`, `:` and any letters may be in it, invisible characters and blanks at its ends may not."""
    if not value:
        raise _wrong("a name", "it is empty; give it one")
    if len(value) > MAX_NAME:
        raise _wrong(f"a name of at most {MAX_NAME} characters", "shorten it")
    if value.isascii() and value.isprintable() and value == value.strip():
        return value
    if value != value.strip() or any(unicodedata.category(char)[0] == "C" for char in value):
        raise _wrong("a name without invisible characters or blanks at its ends", "retype it")
    if any(unicodedata.category(char) in {"Zl", "Zp"} for char in value):
        raise _wrong("a name of one line", "retype it")
    return value


def header_name(value: str) -> str:
    """The name of an HTTP header, lower-cased; those that frame the message are refused."""
    if not _HEADER_NAME.fullmatch(value):
        raise _wrong("the name of a header", "use letters, digits and hyphens")
    lowered = value.lower()
    if lowered in {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}:
        raise _wrong("a header that may be configured", f"{lowered} is set by the gateway; take it out")
    return lowered


def networks(value: Any) -> tuple["Network", ...]:
    """Networks from one entry: an address, a network like `10.0.0.0/8`, or a range like `10.0.0.1-10.0.0.9`."""
    text = str(value).strip()
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return (ipaddress.ip_network(text, strict=False),)
        ends = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        return tuple(ipaddress.summarize_address_range(*ends))
    except (ValueError, TypeError):
        raise _wrong("an address or network", "write it like 10.0.0.1, 10.0.0.0/8 or 10.0.0.1-10.0.0.9") from None


def _network_list(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise _wrong("a list of addresses or networks", "write it like [10.0.0.0/8, ::1]")
    return tuple(
        found
        for entry in value
        for found in ((entry,) if isinstance(entry, ipaddress.IPv4Network | ipaddress.IPv6Network) else networks(entry))
    )


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Unquoted) else value


def _free(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong("a map", "write it like {key: value}")
    return json_typed(value)


def _frozen(value: Mapping[str, Value]) -> Mapping[str, Value]:
    return MappingProxyType(dict(value))


def _thawed(value: Any, handler: Any) -> Any:
    return handler(dict(value))


def nothing() -> Mapping[str, Any]:
    """The map with nothing in it, for what is left out."""
    return _NOTHING


def _wrong(wanted: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "must be {wanted}", {"wanted": wanted, "fix": fix})


def refusal(message: str, fix: str, at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """What a validator raises: what is wrong, how to put it right, and where below the value it lies."""
    # pydantic fills braces in the message from the context: ours are meant as they stand
    return PydanticCustomError("wrong", "{message}", {"message": message, "fix": fix, "at": at})


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Networks = Annotated[tuple[Network, ...], BeforeValidator(_network_list)]
Duration = Annotated[float, BeforeValidator(duration)]
"""Seconds."""
Size = Annotated[int, BeforeValidator(size)]
"""Bytes."""
Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_text), AfterValidator(name)]
HeaderName = Annotated[str, BeforeValidator(_text), AfterValidator(header_name)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
Free = Annotated[Mapping[str, Any], BeforeValidator(_free), AfterValidator(_frozen), WrapSerializer(_thawed)]
"""Any JSON object."""
Names = Annotated[Mapping[Name, Value], AfterValidator(_frozen), WrapSerializer(_thawed)]
"""A map from names to something, as written, that cannot be changed."""
HeaderMap = Annotated[Mapping[HeaderName, Value], AfterValidator(_frozen), WrapSerializer(_thawed)]
