"""How long lists and summaries take on SQLite when there are five million requests; judged by the processor's time.

The figures, those by the clock too, are printed (`-s` shows them) and in docs/performance.md; `PLEXUS_DEEP_ROWS` asks for
fewer requests.
"""

import os
import shutil
import sys

import pytest
from benchmarks.usage_books import BYTES_PER_ROW
from benchmarks.usage_rows import WITHIN, kinds, measured, slow, told

ROWS = int(os.environ.get("PLEXUS_DEEP_ROWS", "5000000"))


@pytest.mark.deep
async def test_lists_and_summaries_of_many_requests_take_less_than_300_ms(tmp_path):
    wanted, free = ROWS * BYTES_PER_ROW, shutil.disk_usage(tmp_path).free
    assert free > wanted, f"it takes {wanted} bytes of disk and there are {free}: ask for fewer with PLEXUS_DEEP_ROWS"
    taken = await measured(tmp_path / "plexus.db", ROWS, 3, "", there=False)
    shutil.rmtree(tmp_path)
    sys.stdout.write(f"\n{told(taken)}\n")
    late = {kind: slow(one.worked) for kind, one in kinds(taken).items() if slow(one.worked) >= WITHIN}
    assert not late
