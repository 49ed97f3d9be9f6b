"""The shapes that many resources share: lists in pages, errors, a target."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from plexus.core.json import JSONError, dumps, loads
from plexus.web.management.refusals import Refusal

Row = TypeVar("Row")
LONGEST_PAGE = 500
_LONGEST_CURSOR = 2048


class Problem(BaseModel):
    """What went wrong."""

    message: str
    type: str
    code: str
    param: str | None


class ErrorShown(BaseModel):
    """The body of every refusal."""

    error: Problem


class TargetShown(BaseModel):
    """A provider and one of its models; no model means the provider as a whole."""

    provider: str
    model: str | None


class CooldownShown(BaseModel):
    """One resting target; without a model the provider's credential rests, and with it all its models."""

    provider: str
    model: str | None
    until: str
    seconds_left: float
    failures: int
    asked_by_provider: bool
    on_trial: bool
    flapping: bool
    said: str


class Cleared(BaseModel):
    """The targets whose entries were taken away."""

    cleared: list[TargetShown]


class Page(BaseModel, Generic[Row]):
    """One page of a list. `next_cursor` is null on the last one; `total` counts the whole list."""

    data: list[Row]
    next_cursor: str | None
    total: int


class Paging:
    """Which page is asked for. A cursor names the last row of the page before, so rows that come or go shift nothing."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Rows at most.")] = 100,
        cursor: Annotated[
            str | None, Query(max_length=_LONGEST_CURSOR, description="The `next_cursor` of the page before.")
        ] = None,
    ) -> None:
        """As the query says."""
        self.limit, self.after = limit, _read(cursor) if cursor is not None else None

    @property
    def before(self) -> int | None:
        """The number after which a list that goes downwards by numbers is continued; None at its beginning.

        Raises:
            Refusal: when the cursor is of another list.
        """
        if self.after is None:
            return None
        if len(self.after) != 1 or not re.fullmatch("[0-9]{1,18}", self.after[0]):
            raise Refusal(400, "cursor: is none this list has given", "invalid_cursor", param="cursor")
        return int(self.after[0])

    def cut(self, rows: Sequence[Row], number: Callable[[Row], int], total: int) -> dict[str, Any]:
        """The page of rows read from where `before` says, one more than `limit` if there are more."""
        shown = rows[: self.limit]
        following = written((str(number(shown[-1])),)) if len(rows) > len(shown) else None
        return {"data": shown, "next_cursor": following, "total": total}

    def page(self, rows: Sequence[Row], place: Callable[[Row], tuple[str, ...]]) -> dict[str, Any]:
        """The page of `rows`, sorted by their `place`, which no two share."""
        ordered = sorted(rows, key=place)
        left = ordered if self.after is None else [row for row in ordered if place(row) > self.after]
        shown = left[: self.limit]
        following = written(place(shown[-1])) if len(left) > len(shown) else None
        return {"data": shown, "next_cursor": following, "total": len(ordered)}


Pages = Annotated[Paging, Depends()]


def target_in(provider: str | None, model: str | None) -> tuple[str | None, str | None]:
    """The target that two parameters name.

    Raises:
        Refusal: for a model without its provider, since several may have one of that name.
    """
    if model is not None and provider is None:
        raise Refusal(400, "model: needs the provider it belongs to", "provider_missing", param="provider")
    return provider, model


def written(place: tuple[str, ...]) -> str:
    """The cursor that names a place."""
    return base64.urlsafe_b64encode(dumps(place)).decode().rstrip("=")


def unknown_cursor() -> Refusal:
    """The refusal of a cursor that names no place of this list."""
    return Refusal(400, "cursor: is none this API has given for such a list", "invalid_cursor", param="cursor")


def _read(cursor: str) -> tuple[str, ...]:
    try:
        place = loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, JSONError):
        place = None
    if not isinstance(place, list) or not all(isinstance(step, str) for step in place):
        raise unknown_cursor()
    return tuple(place)
