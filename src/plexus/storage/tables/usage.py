"""Usage: a row per request, a row per attempt, sums by the hour, and the requests that are open."""

from typing import Any

from sqlalchemy import Boolean, Column, Connection, Float, Index, Integer, Table, event, text

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Count, Json, Moment, Money, Words

COUNTERS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "cache_read_audio_tokens",
    "image_input_tokens",
    "audio_output_tokens",
    "image_output_tokens",
    "web_searches",
)
AMOUNTS = (
    "cost",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "cost_computed",
    "cost_reported",
)


def _counted() -> list[Column[Any]]:
    """What a request and an attempt have in common. Unknown costs are null, never zero."""
    return [
        *(Column(name, Count, nullable=False, default=0) for name in COUNTERS),
        Column("tokens_estimated", Boolean, nullable=False, default=False),
        Column("usage_flags", Json),
        Column("service_tier", Words, nullable=False, default=""),
        *(Column(name, Money) for name in AMOUNTS),
        Column("cost_source", Words, nullable=False, default="unknown"),
        Column("price_version", Words, nullable=False, default=""),
        Column("provider", Words, nullable=False, default=""),
        Column("model", Words, nullable=False, default=""),
        Column("upstream_protocol", Words, nullable=False, default=""),
        Column("status", Words, nullable=False),
        Column("http_status", Integer, nullable=False, default=0),
        Column("error_class", Words),
        Column("error", Words),
        Column("ttft_ms", Float),
        Column("tokens_per_second", Float),
        Column("duration_ms", Float, nullable=False, default=0.0),
    ]


usage_requests = Table(
    "usage_requests",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("parent_id", Words),
    Column("started_at", Moment, nullable=False),
    Column("operation", Words, nullable=False, default="chat"),
    Column("key", Words, nullable=False, default=""),
    Column("attribution", Words),
    Column("client_address", Words),
    Column("alias", Words, nullable=False, default=""),
    Column("client_protocol", Words, nullable=False, default=""),
    Column("streaming", Boolean, nullable=False, default=False),
    Column("passthrough", Boolean, nullable=False, default=False),
    Column("stop_reason", Words),
    Column("overhead_ms", Float),
    Column("attempt_count", Integer, nullable=False, default=0),
    Column("fidelity", Json),
    Column("routing", Json),
    *_counted(),
)
"""The fields of a usage row under their own names, its attempts in the table below."""

FAILED = text("status NOT IN ('ok', 'cancelled')")
"""Somebody's failure; to the letter, because SQLite takes a partial index only for its own condition."""
_TIME = usage_requests.c.started_at
# None holds the id that settles ties: rows of one millisecond are few, and an id is as long as the rest of an entry together.
for _column in ("key", "alias", "model", "cost", "duration_ms"):
    Index(None, usage_requests.c[_column], _TIME)
Index(None, _TIME)
Index("ix_usage_requests_failed", _TIME, sqlite_where=FAILED)
for _column in ("error_class", "attribution"):  # most rows have none
    _there = text(f"{_column} IS NOT NULL")
    _columns = (usage_requests.c[_column], _TIME)
    Index(f"ix_usage_requests_{_column}", *_columns, sqlite_where=_there)


@event.listens_for(usage_requests, "before_create")
def _also_on_postgresql(table: Table, connection: Connection, **_: object) -> None:
    """Partial indexes are so on PostgreSQL too. Said where they are declared it would load that engine for everyone: 2 MB."""
    if connection.dialect.name == "postgresql":
        for index in table.indexes:
            index.dialect_options["postgresql"]["where"] = index.dialect_options["sqlite"]["where"]


usage_attempts = Table(
    "usage_attempts",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("offset_ms", Float, nullable=False, default=0.0),
    Column("billed", Boolean, nullable=False, default=False),
    Column("served_model", Words, nullable=False, default=""),
    Column("aside", Boolean, nullable=False, default=False),
    *_counted(),
    Index(None, "started_at"),
)
"""Numbered from 1 within the request. `started_at` is the request's, so that both leave together when they are old."""

DIMENSIONS = ("key", "attribution", "alias", "provider", "model", "client_protocol", "status")
"""What sums tell apart. An absent word is the empty one."""


def _summed() -> list[Column[Any]]:
    """Sums of requests. `cost_unknown` and `estimated` count requests, `…_known` those whose figure is in the sum beside it."""
    return [
        Column("requests", Count, nullable=False, default=0),
        Column("attempts", Count, nullable=False, default=0),
        *(Column(name, Count, nullable=False, default=0) for name in COUNTERS),
        *(Column(name, Money, nullable=False) for name in AMOUNTS),
        Column("cost_unknown", Count, nullable=False, default=0),
        Column("estimated", Count, nullable=False, default=0),
        Column("duration_ms", Float, nullable=False, default=0.0),
        *(
            Column(name, kind, nullable=False, default=0)
            for measured in ("ttft_ms", "tokens_per_second", "overhead_ms")
            for name, kind in ((measured, Float), (f"{measured}_known", Count))
        ),
    ]


usage_hours = Table(
    "usage_hours",
    METADATA,
    Column("hour", Moment, primary_key=True),
    *(Column(name, Words, primary_key=True) for name in DIMENSIONS),
    *_summed(),
)
"""Sums of `usage_requests` by the hour in UTC, written in the transaction of the rows."""

usage_spans = Table(
    "usage_spans",
    METADATA,
    Column("since", Moment, primary_key=True),
    Column("until", Moment, primary_key=True),
    Index(None, "until"),
)
"""Days, weeks and months of some time zone that are over and whose sums are kept below, with those of each hour of such a day."""

usage_sums = Table(
    "usage_sums",
    METADATA,
    Column("since", Moment, primary_key=True),
    Column("until", Moment, primary_key=True),
    Column("shape", Integer, primary_key=True),
    *(Column(name, Words, primary_key=True) for name in DIMENSIONS),
    *_summed(),
    sqlite_with_rowid=False,
)
"""The sums of a span. `shape` says which dimensions are told apart, see `usage.spans`; the others are the empty word there."""

former_costs = Table(
    "former_costs",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("until", Moment, primary_key=True),
    Column("cost", Money),
    Column("cost_source", Words, nullable=False),
    Column("price_version", Words, nullable=False, default=""),
)
"""What a request was booked with before it was priced anew, and when that was."""

open_requests = Table(
    "open_requests",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("process", Words, nullable=False, index=True),
    Column("started_at", Moment, nullable=False),
    Column("document", Json, nullable=False),
)
"""Requests whose beginning is known and whose end is not: what is left here by a dead process was interrupted."""
