"""What a query says of the usage rows it wants. Every word is matched exactly, and there is no pattern in any of them."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import Query

from plexus.usage.list_filter import Filter, Place, Sort
from plexus.web.management.refusals import Refusal
from plexus.web.management.shapes import unknown_cursor
from plexus.web.management.usage_shapes import Status
from plexus.web.management.visitor import Visitor

LATEST = 252_800_000_000_000
"""The last moment that can be asked for, in the year 9980, in milliseconds."""
_DEAREST = 10**9
_LONGEST = 10.0**12
_FARTHEST_ID = 200

Word = Annotated[str | None, Query(max_length=500)]
Moment = Annotated[
    str | None, Query(max_length=40, description="Milliseconds since the epoch, or a date and time of ISO 8601.")
]
Cost = Annotated[Decimal | None, Query(ge=0, le=_DEAREST, description="USD.")]
Span = Annotated[float | None, Query(ge=0, le=_LONGEST, allow_inf_nan=False)]


class Asked:
    """The filters of a list."""

    def __init__(  # noqa: PLR0913, PLR0917 - FastAPI reads a parameter of the query from each
        self,
        key: Word = None,
        attribution: Word = None,
        alias: Word = None,
        provider: Word = None,
        model: Word = None,
        status: Status | None = None,
        client_protocol: Word = None,
        error_class: Word = None,
        streaming: bool | None = None,
        since: Moment = None,
        until: Moment = None,
        min_cost: Cost = None,
        max_cost: Cost = None,
        min_duration_ms: Span = None,
        max_duration_ms: Span = None,
    ) -> None:
        """As the query says."""
        said = {name: value for name, value in locals().items() if name not in {"self", "since", "until"}}
        self._said: dict[str, Any] = {**said, "since": moment_in(since, "since"), "until": moment_in(until, "until")}

    def of(self, visitor: Visitor, *, oldest: float | None = None) -> Filter:
        """The rows this visitor gets; with `oldest`, in seconds since the epoch, the failures since then."""
        said = self._said
        if oldest is not None:
            said = {**said, "since": max(said["since"] or 0, int(oldest * 1000))}
        return Filter(**said, failed=oldest is not None, owner=owner_of(visitor))


def owner_of(visitor: Visitor) -> str | None:
    """Whose rows alone there are for a visitor; None for the admin."""
    return visitor.key.name if visitor.key is not None else None


def moment_in(said: str | None, param: str) -> int | None:
    """The moment a parameter names, in milliseconds since the epoch. Without a zone it is UTC.

    Raises:
        Refusal: when it is none.
    """
    if said is None:
        return None
    if said.isascii() and said.isdigit():
        moment = int(said)
    else:
        try:
            read = datetime.fromisoformat(said)
            moment = round((read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp() * 1000)
        except (ValueError, OverflowError):
            raise _no_moment(param) from None
    if not 0 <= moment <= LATEST:
        raise _no_moment(param)
    return moment


def cursor_of(sort: Sort, place: Place, *, rising: bool) -> tuple[str, ...]:
    """A place in a list, as a cursor keeps it: with the order it is a place of."""
    return (sort, "rising" if rising else "falling", *(str(step) for step in place))


def place_in(cursor: tuple[str, ...] | None, sort: Sort, *, rising: bool) -> Place:
    """The place a cursor names; nothing without one.

    Raises:
        Refusal: when it is of another list.
    """
    if cursor is None:
        return ()
    head, steps = cursor[:2], cursor[2:]
    kinds = _KINDS[sort]
    if head != (sort, "rising" if rising else "falling") or len(steps) != len(kinds):
        raise unknown_cursor()
    try:
        return tuple(kind(step) for kind, step in zip(kinds, steps, strict=True))
    except (ValueError, InvalidOperation):
        raise unknown_cursor() from None


def _time(step: str) -> int:
    moment = int(step) if len(step) <= len(str(LATEST)) else -1
    if not 0 <= moment <= LATEST:
        raise ValueError(step)
    return moment


def _money(step: str) -> Decimal:
    amount = Decimal(step)
    if not amount.is_finite() or abs(amount) > _DEAREST:
        raise ValueError(step)
    return amount


def _milliseconds(step: str) -> float:
    number = float(step)
    if not math.isfinite(number):
        raise ValueError(step)
    return number


def _id(step: str) -> str:
    if len(step) > _FARTHEST_ID:
        raise ValueError(step)
    return step


_KINDS: dict[Sort, tuple[Callable[[str], Any], ...]] = {
    "started_at": (_time, _id),
    "cost": (_money, _time, _id),
    "duration_ms": (_milliseconds, _time, _id),
}


def _no_moment(param: str) -> Refusal:
    said = f"{param}: must be milliseconds since the epoch or a date and time such as 2026-01-31T12:00:00Z"
    return Refusal(400, said, "invalid_value", param=param)
