"""How long a provider asks to be left alone, as of now. What it said is read by `routing/retry_hint.py`, which knows no clock."""

import time
from collections.abc import Mapping

from plexus.routing.retry_hint import retry_hint


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The wait asked for in seconds, between 0 and a week; None when nothing readable was said."""
    return retry_hint(headers, time.time(), limited=False)
