"""Ways to the rows of a list: which index is walked, which conditions are only looked at on the way. Asks the database nothing.

Left to itself SQLite, which knows no distribution, sorts a million rows of a key to find the dearest hundred.
"""

from typing import Any

from msgspec import Struct
from sqlalchemy import Boolean, Column, ColumnElement, and_

from plexus.storage.tables.usage import FAILED, usage_requests
from plexus.usage.list_filter import Filter, Sort
from plexus.usage.summary import FAILURES
from plexus.usage.sums import hidden

INDEXED = ("error_class", "attribution", "key", "model", "alias")
"""Words with an index, in which rows are in the order of time; the rarer a word commonly is, the earlier it stands."""
WORDS = (*INDEXED, "provider", "status", "client_protocol")
_COLUMNS = usage_requests.c


class Way(Struct, frozen=True):
    """An index, and the conditions it answers; `sort` is the order in which its rows come."""

    sort: Sort
    answered: tuple[ColumnElement[bool], ...]
    left: tuple[ColumnElement[bool], ...]
    """The other conditions, written so that no index is taken for them."""


def in_order(wanted: Filter, sort: Sort) -> Way:
    """The way that needs no sorting and knows no better: the index of the order itself."""
    return _way(wanted, sort, "")


def ways(wanted: Filter) -> list[Way]:
    """Every index that answers some of the conditions, the one that probably leaves the fewest rows first."""
    found = [_way(wanted, "started_at", name) for name in INDEXED if _word(wanted, name) is not None]
    found += [_way(wanted, "started_at", "failed")] if _fails(wanted) else []
    sorts: tuple[Sort, ...] = ("cost", "duration_ms", "started_at")
    return found + [_way(wanted, sort, "") for sort in sorts if _bounds(wanted, sort)]


def indexed(sort: Sort) -> tuple[Column[Any], ...]:
    """The columns of an order that are in its index: all but the id, which settles ties."""
    return (_COLUMNS.started_at,) if sort == "started_at" else (_COLUMNS[sort], _COLUMNS.started_at)


def _way(wanted: Filter, sort: Sort, word: str) -> Way:
    answered: list[ColumnElement[bool]] = []
    left: list[ColumnElement[bool]] = []
    for name in WORDS:
        value = _word(wanted, name)
        if value is not None:
            (answered if name == word else left).append(_column(name, used=name == word) == value)
    if wanted.owner is not None and wanted.key is not None:
        left.append(hidden(_COLUMNS.key) == wanted.owner)
    if wanted.streaming is not None:
        left.append(_COLUMNS.streaming == wanted.streaming)
    if _fails(wanted):
        if word == "failed":
            answered.append(and_(FAILED))
        elif wanted.failed:
            left.append(_column("status", used=False).not_in(["ok", "cancelled"]))
    for bounded in ("started_at", "cost", "duration_ms"):
        (answered if bounded == sort else left).extend(_bounds(wanted, bounded, used=bounded == sort))
    if sort == "cost":
        answered.append(_COLUMNS.cost.is_not(None))
    return Way(sort, tuple(answered), tuple(left))


def _word(wanted: Filter, name: str) -> str | None:
    said: str | None = getattr(wanted, name)
    return wanted.owner if name == "key" and said is None else said


def _fails(wanted: Filter) -> bool:
    return wanted.failed or wanted.status in FAILURES


def _column(name: str, *, used: bool) -> ColumnElement[Any]:
    column: Column[Any] = _COLUMNS[name]
    return column if used or isinstance(column.type, Boolean) else hidden(column)


def _bounds(wanted: Filter, name: str, *, used: bool = True) -> list[ColumnElement[bool]]:
    column = _column(name, used=used)
    if name == "started_at":
        found = [column >= wanted.since] if wanted.since is not None else []
        return found + ([column < wanted.until] if wanted.until is not None else [])
    least, most = getattr(wanted, f"min_{name}"), getattr(wanted, f"max_{name}")
    found = [column >= least] if least is not None else []
    return found + ([column <= most] if most is not None else [])
