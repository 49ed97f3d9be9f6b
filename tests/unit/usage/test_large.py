"""How long lists and summaries take on SQLite when there is much: 300,000 requests of 90 days, a dozen combinations an hour."""

import statistics
import time
from decimal import Decimal
from typing import Any, get_args

import pytest
from sqlalchemy import text

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate
from plexus.usage.calendar import Unit, buckets, zone
from plexus.usage.list_filter import Filter, Sort
from plexus.usage.lists import listed
from plexus.usage.row import COSTS, COUNTERS
from plexus.usage.totals import totals

ROWS = 300_000
DAYS = 90
DAY = 86_400_000
START = 1_767_225_600_000
END = START + DAYS * DAY
WITHIN = 0.3
_ZEROS = [name for name in COUNTERS if name not in {"input_tokens", "output_tokens"}]
FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS - 1})
INSERT INTO usage_requests (request_id, started_at, operation, "key", alias, client_protocol, streaming, passthrough,
  attempt_count, input_tokens, output_tokens, {", ".join(_ZEROS)}, tokens_estimated, service_tier, cost, cost_source, price_version,
  provider, model, upstream_protocol, status, http_status, error_class, duration_ms, ttft_ms)
SELECT 'req_' || i, {START} + i * ({DAYS} * {DAY} / {ROWS}), 'chat', 'k' || (i % 4), 'fast', 'chat', i % 2, 0,
  1, i % 1000, i % 500, {", ".join("0" for _ in _ZEROS)}, 0, '', CASE i % 10 WHEN 0 THEN NULL ELSE (i * 7919) % 100000000 END,
  'configured', '', 'p' || (i % 3), 'm' || (i % 3), 'chat', CASE WHEN i % 48 = 0 THEN 'error' ELSE 'ok' END, 200,
  CASE WHEN i % 48 = 0 THEN 'upstream_error' END, (i * 40503) % 60000, 100.0 FROM n
"""
_GROUP = "started_at / 3600000 * 3600000, \"key\", '', alias, provider, model, client_protocol, status"
SUM_UP = f"""
INSERT INTO usage_hours (hour, "key", attribution, alias, provider, model, client_protocol, status, requests, attempts,
  {", ".join([*COUNTERS, *COSTS])}, cost_unknown, estimated, duration_ms, ttft_ms, ttft_ms_known, tokens_per_second,
  tokens_per_second_known, overhead_ms, overhead_ms_known)
SELECT {_GROUP}, count(*), count(*), {", ".join(f"coalesce(sum({name}), 0)" for name in [*COUNTERS, *COSTS])},
  sum(cost IS NULL), 0, sum(duration_ms), sum(ttft_ms), count(ttft_ms), 0, 0, 0, 0 FROM usage_requests GROUP BY {_GROUP}
"""
FILTERS = {
    "all": Filter(),
    "a key's": Filter(key="k3"),
    "an owner's": Filter(owner="k3", model="m1"),
    "failed": Filter(failed=True),
    "an owner's failed": Filter(failed=True, owner="k1"),
    "nobody's": Filter(key="nobody"),
    "of a class that is not there": Filter(error_class="nothing"),
    "of a protocol that is not there": Filter(client_protocol="gemini"),
    "attributed": Filter(attribution="nobody"),
    "of a week": Filter(since=START + 30 * DAY, until=START + 37 * DAY),
    "dear": Filter(min_cost=Decimal("0.9"), key="k2"),
    "slow": Filter(min_duration_ms=59_000.0),
}


async def seconds(asked: Any) -> float:
    began = time.perf_counter()
    await asked
    return time.perf_counter() - began


async def fill(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text(FILL))
        await connection.execute(text(SUM_UP))


@pytest.mark.deep
async def test_lists_and_summaries_of_many_requests_take_less_than_300_ms(tmp_path):
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "plexus.db"))
    try:
        await migrate(database)
        await fill(database)
        taken: dict[str, float] = {}
        async with database.reading() as connection:
            for name, wanted in FILTERS.items():
                for sort in get_args(Sort):
                    taken[f"{name} by {sort}"] = await seconds(listed(connection, wanted, sort, 100))
            for where in ("UTC", "Europe/Berlin", "Asia/Kolkata"):
                asked: list[tuple[int, Unit]] = [(2, "hour"), (30, "day"), (90, "day"), (90, "month")]
                for days, unit in asked:
                    for by in ((), ("key",), ("model", "status")):
                        cut = buckets(END - days * DAY + 77, END - 55, unit, zone(where))
                        taken[f"{days} {unit} {where} {by}"] = await seconds(totals(connection, cut, by))
    finally:
        await database.close()
    slowest = sorted(taken.items(), key=lambda one: -one[1])[:5]
    assert statistics.quantiles(taken.values(), n=20)[-1] < WITHIN, slowest
