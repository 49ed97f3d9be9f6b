"""Which usage rows a list holds and in which order. Values only ever travel as parameters."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Sort = Literal["started_at", "cost", "duration_ms"]
"""What rows can be sorted by; each has its index. Rows whose cost is unknown have no place in an order of costs."""
Place = tuple[int | float | Decimal | str, ...]
"""The sort column's value where that is not the time, the time, and the id of a row."""


class Filter(Struct, frozen=True, kw_only=True):
    """Which rows: all conditions hold at once, None asks nothing. Words match exactly and whole.

    `owner` is the key whose rows alone exist for who asks. Times in milliseconds since the epoch, `since` included.
    """

    owner: str | None = None
    failed: bool = False
    key: str | None = None
    attribution: str | None = None
    alias: str | None = None
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    client_protocol: str | None = None
    error_class: str | None = None
    streaming: bool | None = None
    since: int | None = None
    until: int | None = None
    min_cost: Decimal | None = None
    max_cost: Decimal | None = None
    min_duration_ms: float | None = None
    max_duration_ms: float | None = None
