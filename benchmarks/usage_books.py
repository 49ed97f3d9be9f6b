"""A year of usage for one gateway, made by a seed: five million requests as the books hold them, in a database of its own.

Made by the database itself, so that it takes minutes: rows without their indexes, then the indexes, then the sums of each hour.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, DropIndex

from plexus.storage.engine import Database
from plexus.storage.tables.usage import usage_attempts, usage_requests
from plexus.usage.row import COSTS, COUNTERS

DAY = 86_400_000
START = 1_735_689_600_000
"""The first of January 2025, UTC."""
DAYS = 365
END = START + DAYS * DAY
BYTES_PER_ROW = 2200
"""Disk a request takes with its attempt, its indexes and its part of the sums, at most."""
_AT_ONCE = 250_000
_ZEROS = [name for name in COUNTERS if name not in {"input_tokens", "output_tokens", "cache_read_tokens"}]
_TIMED = ("ttft_ms", "tokens_per_second", "overhead_ms")


def _dice(number: int, sides: int) -> str:
    """A number below `sides` for row `i`, always the same for a seed."""
    return f"((((i + :seed) * {2_654_435_761 + 2 * number * 40_503_177}) % 4294967291) / 64 % {sides})"


_PICKED = f"""
WITH RECURSIVE n(i) AS (SELECT :low UNION ALL SELECT i + 1 FROM n WHERE i < :high - 1),
a AS (SELECT i, {_dice(1, 100)} AS luck, {_dice(2, 100)} AS luck2, {_dice(3, 400)} AS who, {_dice(4, 100)} AS which,
  {_dice(5, 100)} AS side, {_dice(6, 20000)} AS sent, {_dice(7, 3000)} AS said, {_dice(8, 60000)} AS took,
  printf('%08x%08x%08x%08x', (i * 2654435761) % 4294967296, {_dice(9, 10**9)}, {_dice(10, 10**9)}, i) AS name FROM n),
b AS (SELECT *, CAST(sqrt(who) AS INTEGER) AS k FROM a),
c AS (SELECT *, CASE WHEN which < 55 THEN k % 10 WHEN which < 80 THEN (k + 3) % 10 WHEN which < 95 THEN (k + 5) % 10
  ELSE (k + 8) % 10 END AS al FROM b),
d AS (SELECT *, CASE WHEN side < 70 THEN al ELSE 10 + al % 5 END AS m,
  CASE WHEN luck < 94 THEN 'ok' WHEN luck < 96 THEN 'error' WHEN luck < 98 THEN 'cancelled' WHEN luck < 99 THEN 'timeout'
  WHEN luck2 < 60 THEN 'stalled' ELSE 'interrupted' END AS st FROM c)
"""
_AMOUNT = "sent * 300 + said * 1500"
_IF_KNOWN = "CASE WHEN luck2 < 90 THEN"
_COUNTED = f"""input_tokens, output_tokens, cache_read_tokens, {", ".join(_ZEROS)}, tokens_estimated, service_tier,
  cost, cost_input, cost_output, cost_cache_read, cost_cache_write, cost_computed, cost_source, price_version, provider, model,
  upstream_protocol, status, http_status, error_class, duration_ms, ttft_ms, tokens_per_second"""
_COUNTS = f"""sent, said, sent / 3, {", ".join("0" for _ in _ZEROS)}, luck2 < 3, '', {_IF_KNOWN} {_AMOUNT} END,
  {_IF_KNOWN} sent * 300 END, {_IF_KNOWN} said * 1500 END, {_IF_KNOWN} 0 END, {_IF_KNOWN} 0 END, {_IF_KNOWN} {_AMOUNT} END,
  {_IF_KNOWN} 'catalogue' ELSE 'unknown' END, {_IF_KNOWN} 'genai-prices 0.0.1, input 3, output 15' ELSE '' END,
  'provider-' || (m % 5), 'model-' || m, CASE m % 5 WHEN 0 THEN 'messages' WHEN 1 THEN 'gemini' ELSE 'chat' END, st,
  CASE st WHEN 'ok' THEN 200 WHEN 'cancelled' THEN 499 ELSE 502 END,
  CASE WHEN st IN ('ok', 'cancelled') THEN NULL WHEN luck2 < 70 THEN 'upstream_error' ELSE 'truncated' END,
  took + 0.5, CASE WHEN st = 'ok' THEN took / 8 + 0.25 END, CASE WHEN st = 'ok' THEN said * 10.0 / 8 END"""
_MOMENT = f"{START} + i * ({DAYS} * {DAY} / :rows)"
_PROTOCOL = "CASE k % 4 WHEN 0 THEN 'messages' WHEN 1 THEN 'responses' WHEN 2 THEN 'gemini' ELSE 'chat' END"
_TEAM = "CASE WHEN luck2 < 70 THEN NULL ELSE 'team-' || (k % 5) || '-' || (luck2 % 2) END"
_REQUESTS = f"""INSERT INTO usage_requests (request_id, started_at, operation, "key", attribution, alias, client_protocol,
  streaming, passthrough, stop_reason, overhead_ms, attempt_count, {_COUNTED}) {_PICKED}
SELECT name, {_MOMENT}, 'chat', 'key-' || k, {_TEAM}, 'alias-' || al, CASE WHEN side < 90 THEN {_PROTOCOL} ELSE 'chat' END,
  luck2 < 60, side < 50, CASE WHEN st = 'ok' THEN 'end' END, 2.5, 1, {_COUNTS} FROM d"""
_ATTEMPTS = f"""INSERT INTO usage_attempts (request_id, number, started_at, offset_ms, billed, served_model, aside,
  {_COUNTED}) {_PICKED}
SELECT name, 1, {_MOMENT}, 1.5, st = 'ok', '', 0, {_COUNTS} FROM d"""
_GROUP = """started_at / 3600000 * 3600000, "key", coalesce(attribution, ''), alias, provider, model, client_protocol, status"""
_SUMS = f"""INSERT INTO usage_hours (hour, "key", attribution, alias, provider, model, client_protocol, status,
  requests, attempts, {", ".join([*COUNTERS, *COSTS])}, cost_unknown, estimated, duration_ms,
  {", ".join(f"{name}, {name}_known" for name in _TIMED)})
SELECT {_GROUP}, count(*), sum(attempt_count), {", ".join(f"coalesce(sum({name}), 0)" for name in [*COUNTERS, *COSTS])},
  sum(cost IS NULL), sum(tokens_estimated), sum(duration_ms),
  {", ".join(f"coalesce(sum({name}), 0), count({name})" for name in _TIMED)} FROM usage_requests GROUP BY {_GROUP}"""


async def fill(database: Database, rows: int, seed: int = 1) -> None:
    """Write so many requests of a year into an empty SQLite database."""
    indexes = [index for table in (usage_requests, usage_attempts) for index in table.indexes]
    async with database.outside() as connection:
        await connection.execute(text("PRAGMA synchronous = OFF"))
        await connection.execute(text("PRAGMA cache_size = -2000000"))
        for index in indexes:
            await connection.execute(DropIndex(index))
        for low in range(0, rows, _AT_ONCE):
            place = {"low": low, "high": min(low + _AT_ONCE, rows), "rows": rows, "seed": seed}
            for statement in (_REQUESTS, _ATTEMPTS):
                await _one(connection, statement, place)
        for index in indexes:
            await connection.execute(CreateIndex(index))
        await _one(connection, _SUMS, {})
        await connection.execute(text("PRAGMA cache_size = -2000"))
        await connection.execute(text("PRAGMA synchronous = FULL"))


async def _one(connection: AsyncConnection, statement: str, place: dict[str, int]) -> None:
    await connection.execute(text("BEGIN"))
    await connection.execute(text(statement), place)
    await connection.execute(text("COMMIT"))
