"""How long a provider asks to be left alone, in seconds, read from everything it said. Pure: the time of day comes in.

Headers: `retry-after-ms`, `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), rate-limit resets as seconds, `6m0s`,
epoch or date. Bodies: fields such as `retry_after_seconds` or `resets_at` at any depth, and words ("try again in 6m0s").
"""

import email.utils
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from plexus.core.json import JSONError, loads_lenient

LONGEST = 7 * 86_400.0
"""No answer is longer: a provider with a broken clock must not switch a target off for good."""

_EPOCH_MS, _EPOCH = 1e11, 1e9
_STEP = re.compile(
    r"(\d{1,9}(?:\.\d{1,9})?) {0,2}(ms|milliseconds?|d(?:ays?)?|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?![a-z])"
)
_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_SAID = re.compile(
    r"(?:try again|retry|retry again|retrying|wait|reset|resets|available again)[^.\d\n]{0,30}?"
    r"((?:\d{1,9}(?:\.\d{1,9})? {0,2}[a-z]{1,12}[ ,]{0,2}(?:and )?){1,5})"
)
_LOOKED_AT = 4096
_DEPTH, _FIELDS = 6, 200

_SECONDS = frozenset({
    "retry_after", "retry-after", "retryafter", "retry_after_seconds", "retryafterseconds", "resets_in_seconds",
    "reset_in_seconds", "reset_after_seconds", "retrydelay", "retry_delay", "wait_seconds", "resets_in", "reset_after",
})  # fmt: skip
_MILLISECONDS = frozenset({"retry_after_ms", "retryafterms", "retry-after-ms", "retry_after_milliseconds"})
_MOMENTS = frozenset({"resets_at", "reset_at", "resetsat", "reset_time", "retry_at", "x-ratelimit-reset"})
_TELLING = _SECONDS | _MILLISECONDS | _MOMENTS


def wait_asked(headers: Mapping[str, str], body: bytes, now: float, *, limited: bool) -> float | None:
    """The wait a failed answer asks for: by its headers, else by fields of its body, else by the words of its message."""
    wait = retry_hint(headers, now, limited=limited)
    if wait is not None or not body:
        return wait
    try:
        wait = retry_hint_in_body(loads_lenient(body), now)
    except JSONError:
        wait = None
    return retry_hint_in_words(body[:_LOOKED_AT].decode("utf-8", "replace")) if wait is None else wait


def retry_hint(headers: Mapping[str, str], now: float, *, limited: bool = True) -> float | None:
    """The wait the headers ask for, between 0 and a week; None when nothing readable was said.

    `now` is in seconds since the epoch. `limited`: the answer says that a limit was met; only then do rate-limit resets, which
    come with every answer, mean a wait. They count where nothing remains of what they reset.
    """
    pairs = [(name.lower(), value) for name, value in headers.items()]
    for name in ("retry-after-ms", "retry-after"):
        scale = 0.001 if name.endswith("ms") else 1.0
        waits = [_bounded(wait * scale) for said, value in pairs if said == name for wait in _waits(value, now)]
        if waits:
            return min(waits)
    return _reset(pairs, now) if limited else None


def retry_hint_in_body(body: Any, now: float) -> float | None:
    """The longest wait that fields of a decoded error body ask for; None when there is none."""
    return max((_bounded(wait) for wait in _fields(body, now)), default=None)


def retry_hint_in_words(message: str) -> float | None:
    """The wait a message asks for in words, such as "Please try again in 6m0s"."""
    found = _SAID.search(message[:_LOOKED_AT].lower())
    return duration(found[1]) if found is not None else None


def duration(text: str) -> float | None:
    """Seconds of a duration as `6m0s`, `120ms`, `1.5 hours` or `3 days 4 hours`; None when it is none."""
    steps = _STEP.findall(text.lower())
    if not steps:
        return None
    return _bounded(sum(float(count) * _seconds_in(unit) for count, unit in steps))


def _seconds_in(unit: str) -> float:
    return 0.001 if unit.startswith(("ms", "mil")) else _UNITS[unit[0]]


def _waits(text: str, now: float) -> Iterator[float]:
    """The wait of a header that holds a number, a duration or a date; nothing when it holds something else."""
    number = _number(text)
    if number is not None:
        yield number
    elif (seconds := duration(text) if _STEP.match(text.strip().lower()) else None) is not None:
        yield seconds
    elif (moment := _moment(text)) is not None:
        yield moment - now


def _reset(pairs: list[tuple[str, str]], now: float) -> float | None:
    """The longest reset among the limits of which nothing remains; limits that do not tell what remains count as met."""
    said = dict(pairs)
    waits: list[float] = []
    for name, value in pairs:
        if "ratelimit" not in name or "reset" not in name:
            continue
        remaining = _number(said.get(name.replace("reset", "remaining"), "0"))
        # Anthropic's unified limits have a status for each window instead: allowed, allowed_warning or rejected
        status = said.get(name.replace("reset", "status"), "rejected")
        if (remaining is None or remaining <= 0) and status == "rejected":
            waits += [_bounded(_until(wait, now)) for wait in _waits(value, now)]
    return max(waits, default=None)


def _until(number: float, now: float) -> float:
    """A number that may be seconds, or a moment since the epoch in seconds or milliseconds."""
    if number >= _EPOCH_MS:
        return number / 1000 - now
    return number - now if number >= _EPOCH else number


def _fields(body: Any, now: float, depth: int = 0) -> Iterator[float]:
    if depth > _DEPTH:
        return
    if isinstance(body, list):
        for item in body[:_FIELDS]:
            yield from _fields(item, now, depth + 1)
        return
    if not isinstance(body, dict):
        return
    for name, value in list(body.items())[:_FIELDS]:
        if isinstance(value, dict | list):
            yield from _fields(value, now, depth + 1)
        else:
            yield from _field(str(name).lower(), value, now)


def _field(name: str, value: Any, now: float) -> Iterable[float]:
    if name not in _TELLING or isinstance(value, bool) or not isinstance(value, str | int | float):
        return []
    try:
        waits = list(_waits(value, now)) if isinstance(value, str) else [float(value)]
    except OverflowError:
        return []
    if name in _SECONDS:
        return waits
    if name in _MILLISECONDS:
        return [wait / 1000 for wait in waits]
    return [_until(wait, now) for wait in waits] if name in _MOMENTS else []


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _moment(text: str) -> float | None:
    """Seconds since the epoch of an HTTP or ISO date; one without a time zone is in UTC."""
    for read in (email.utils.parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    return None


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)
