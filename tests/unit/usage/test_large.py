"""How long lists and summaries take on SQLite when there are five million requests; judged by the processor's time.

The figures by the clock are in docs/performance.md; `PLEXUS_DEEP_ROWS` asks for fewer requests.
"""

import os
import shutil
import statistics

import pytest
from benchmarks.usage_books import BYTES_PER_ROW
from benchmarks.usage_rows import WITHIN, measured

ROWS = int(os.environ.get("PLEXUS_DEEP_ROWS", "5000000"))
LARGE = 2_000_000
"""Bytes of an answer that takes its time by its length alone."""


@pytest.mark.deep
async def test_lists_and_summaries_of_many_requests_take_less_than_300_ms(tmp_path):
    wanted, free = ROWS * BYTES_PER_ROW, shutil.disk_usage(tmp_path).free
    assert free > wanted, f"it takes {wanted} bytes of disk and there are {free}: ask for fewer with PLEXUS_DEEP_ROWS"
    taken = await measured(tmp_path / "plexus.db", ROWS, 3, "", there=False)
    for kind in ("list", "summary"):
        figures = {label: one for label, one in taken.items() if label.startswith(kind) and one.size < LARGE}
        slowest = sorted(figures.items(), key=lambda one: -one[1].processor)[:5]
        slow = statistics.quantiles([one.processor for one in figures.values()], n=20)[-1]
        assert slow < WITHIN, (kind, slowest)
