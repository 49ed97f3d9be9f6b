"""A summary is written to the byte as its declared shape would write it, and says what the sums say."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from plexus.storage.tables.types import PLACES
from plexus.usage.calendar import Bucket
from plexus.usage.row import COSTS, amount_text
from plexus.usage.sums import NAMES, Numbers, read
from plexus.web.management.usage_shapes import SummaryShown
from plexus.web.management.usage_written import summary_written, units_text

CUT = [Bucket("2025-01-01", 0, 86_400_000), Bucket("2025-01-02", 86_400_000, 172_800_000)]
ASKED = {"since": 0, "until": 172_800_000, "timezone": "Asia/Kolkata", "bucket": "day"}
TIMES = {
    "duration_ms": "requests",
    "ttft_ms": "ttft_ms_known",
    "tokens_per_second": "tokens_per_second_known",
    "overhead_ms": "overhead_ms_known",
}
WORDS = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=9)


@some.composite
def sums(draw: Any) -> Numbers:
    whole = some.integers(0, 10**15)
    timed = some.floats(0, 9e15) | some.floats(0, 1.0)  # beyond 1e16, 300,000 years, the exponent has a sign or not
    kinds = dict.fromkeys(TIMES, timed) | {name: some.integers(-(10**10), 10**16) for name in COSTS}
    return (draw(whole), *(draw(kinds.get(name, whole)) for name in NAMES))


def said(numbers: Numbers) -> dict[str, Any]:
    """The names and values of sums, by way of decimals."""
    found = read(numbers)
    told = {name: getattr(found, name) for name in type(found).__struct_fields__ if not name.endswith("_known")}
    told |= {name: amount_text(told[name]) if told[name] else "0" for name in COSTS}
    return told | {
        name: told[name] / getattr(found, count) if getattr(found, count) else None for name, count in TIMES.items()
    }


@given(some.dictionaries(some.tuples(some.integers(0, 1), some.tuples(WORDS, WORDS)), sums(), max_size=4))
def test_a_summary_is_written_as_its_shape_would_write_it(found):
    written = summary_written(ASKED, ("key", "model"), CUT, found)
    shape = SummaryShown.model_validate_json(written)
    assert shape.model_dump_json().encode() == written
    together = tuple(sum(one[place] for one in found.values()) for place in range(len(NAMES) + 1))
    assert shape.total.model_dump() == said(together)
    groups = [
        {"label": CUT[place].label, "start": CUT[place].start, "end": CUT[place].end}
        | {"group": {"key": words[0], "model": words[1]}}
        | said(found[place, words])
        for place, words in sorted(found)
    ]
    assert [one.model_dump() for one in shape.data] == groups


def test_a_summary_without_groups_is_written():
    shape = SummaryShown.model_validate_json(summary_written(ASKED, (), CUT, {}))
    assert not shape.data
    assert (shape.total.requests, shape.total.cost, shape.total.duration_ms) == (0, "0", None)


@given(some.integers(-(10**18), 10**18))
def test_units_are_written_as_the_amount_they_are(units):
    assert units_text(units) == amount_text(Decimal(units).scaleb(-PLACES))
