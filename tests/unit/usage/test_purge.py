"""Old usage leaves in small batches; what it added up to stays."""

import pytest
from sqlalchemy import func, select
from tests.unit.usage.some_rows import some_rows

from plexus.core.clock import Clock
from plexus.storage.tables.usage import usage_attempts, usage_hours, usage_requests
from plexus.usage.purge import HELD, Pace, purge_usage
from plexus.usage.store import write_rows

ROWS = some_rows(5, 700, 1_000, 2_000)


async def test_rows_before_a_moment_go_with_their_attempts_and_sums_stay(database):
    async with database.writing() as connection:
        await write_rows(connection, ROWS)
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    old = [row for row in ROWS if row.started_at < 1_800]
    assert await purge_usage(database, 1_800, Clock(), sleep) == len(old)
    assert len(pauses) >= 2
    assert await purge_usage(database, 1_800, Clock(), sleep) == 0
    async with database.reading() as connection:
        left = set((await connection.execute(select(usage_requests.c.request_id))).scalars())
        below = set((await connection.execute(select(usage_attempts.c.request_id))).scalars())
        summed = (await connection.execute(select(func.sum(usage_hours.c.requests)))).scalar_one()
    assert left == below == {row.request_id for row in ROWS if row.started_at >= 1_800}
    assert summed == len(ROWS)


@pytest.mark.parametrize(("seconds", "rows"), [(HELD * 2, 50), (HELD / 2, 100), (HELD / 8, 200)])
def test_p37_a_batch_that_held_the_lock_too_long_is_followed_by_a_smaller_one(seconds, rows):
    pace = Pace()
    pace.took(seconds)
    assert pace.rows == rows


def test_p37_batches_have_a_least_and_a_most():
    pace = Pace()
    for _ in range(40):
        pace.took(0.0)
    assert pace.rows == 2000
    for _ in range(40):
        pace.took(9.0)
    assert pace.rows == 10
