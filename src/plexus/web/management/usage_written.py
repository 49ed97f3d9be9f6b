"""A summary as it is written: the bytes of `SummaryShown`, without objects of pydantic for each of thousands of groups."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import defstruct

from plexus.core.json import dumps
from plexus.storage.tables.types import UNITS_PER_USD
from plexus.usage.calendar import Bucket
from plexus.usage.row import COSTS
from plexus.usage.summary import Dimension, Group
from plexus.usage.sums import NAMES, Numbers
from plexus.web.management.usage_shapes import GroupShown, SumsShown

_NAMES = ("errors", *NAMES)
_FIELDS = list(SumsShown.model_fields)
_Sums = defstruct("_Sums", _FIELDS, gc=False)
_Group = defstruct("_Group", list(GroupShown.model_fields), gc=False)
"""The fields of the shapes in their order, which is that of the values below."""
_TIMES = {"duration_ms": "requests"} | {
    name: f"{name}_known" for name in ("ttft_ms", "tokens_per_second", "overhead_ms")
}
"""Which count makes a mean of a sum."""


def _of(names: Iterable[str]) -> "itemgetter[Any]":
    return itemgetter(*map(_NAMES.index, names))


_counts = _of(_FIELDS[: _FIELDS.index("cost")])
_amounts, _unknown = _of(COSTS), _of(["cost_unknown"])
_times, _timed = _of(_TIMES), _of(_TIMES.values())


def summary_written(
    asked: Mapping[str, Any], by: Sequence[Dimension], cut: Sequence[Bucket], found: Mapping[Group, Numbers]
) -> bytes:
    """The answer: what was asked for, the groups of the buckets by time and name, and all of them together."""
    data: list[Any] = []
    for (place, words), numbers in sorted(found.items()):
        bucket = cut[place]
        group = dict(zip(by, words, strict=True))
        data.append(_Group(*_values(numbers), bucket.label, bucket.start, bucket.end, group))
    total = tuple(map(sum, zip(*found.values(), strict=True))) or (0,) * len(_NAMES)
    return dumps({**asked, "data": data, "total": _Sums(*_values(total))})


def _values(numbers: Numbers) -> tuple[Any, ...]:
    cost, *parts = [units_text(units) if units else "0" for units in _amounts(numbers)]
    means = [total / count if count else None for total, count in zip(_times(numbers), _timed(numbers), strict=True)]
    return (*_counts(numbers), cost, _unknown(numbers), *parts, *means)


def units_text(units: int) -> str:
    """Whole units of 1e-8 USD as USD in plain digits, without idle zeros."""
    whole, part = divmod(abs(units), UNITS_PER_USD)
    text = f"{whole}.{part:08}".rstrip("0") if part else str(whole)
    return f"-{text}" if units < 0 else text
