"""How long a provider asks to be left alone, from its headers, in seconds.

Forms met in the wild: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), and `retry-after-ms`.
"""

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

_LONGEST = 7 * 24 * 3600.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait asked for, between 0 and a week; None when nothing readable was said."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return _bounded(milliseconds / 1000)
    said = headers.get("Retry-After")
    if (seconds := _number(said)) is not None:
        return _bounded(seconds)
    return _bounded_date(said) if said else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _bounded(seconds: float) -> float | None:
    return min(max(seconds, 0.0), _LONGEST) if seconds == seconds else None  # noqa: PLR0124 - NaN differs from itself


def _bounded_date(text: str) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _bounded((moment - datetime.now(UTC)).total_seconds())
