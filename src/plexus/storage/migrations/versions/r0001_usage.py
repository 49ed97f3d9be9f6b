"""Usage: requests, attempts, sums by the hour, open requests."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the tables."""
    _usage_requests()
    _usage_attempts()
    _usage_hours()
    _open_requests()


_COUNTERS = (
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
_AMOUNTS = (
    "cost",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "cost_computed",
    "cost_reported",
)


def _counted() -> list[sa.Column[Any]]:
    """What a request and an attempt have in common."""
    return [
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTERS),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _AMOUNTS),
        sa.Column("tokens_estimated", sa.Boolean(), nullable=False),
        sa.Column("usage_flags", sa.Text(), nullable=True),
        sa.Column("service_tier", sa.Text(), nullable=False),
        sa.Column("cost_source", sa.Text(), nullable=False),
        sa.Column("price_version", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("upstream_protocol", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.Column("error_class", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("ttft_ms", sa.Float(), nullable=True),
        sa.Column("tokens_per_second", sa.Float(), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=False),
    ]


def _usage_requests() -> None:
    op.create_table(
        "usage_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=True),
        sa.Column("client_address", sa.Text(), nullable=True),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("client_protocol", sa.Text(), nullable=False),
        sa.Column("streaming", sa.Boolean(), nullable=False),
        sa.Column("passthrough", sa.Boolean(), nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("overhead_ms", sa.Float(), nullable=True),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column("fidelity", sa.Text(), nullable=True),
        sa.Column("routing", sa.Text(), nullable=True),
        *_counted(),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_usage_requests")),
    )
    for name in ("alias", "key", "model", "provider", "status"):
        columns = [name, "started_at", "request_id"]
        op.create_index(op.f(f"ix_usage_requests_{'_'.join(columns)}"), "usage_requests", columns, unique=False)
    columns = ["started_at", "request_id"]
    op.create_index(op.f("ix_usage_requests_started_at_request_id"), "usage_requests", columns, unique=False)


def _usage_attempts() -> None:
    op.create_table(
        "usage_attempts",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("offset_ms", sa.Float(), nullable=False),
        sa.Column("billed", sa.Boolean(), nullable=False),
        sa.Column("served_model", sa.Text(), nullable=False),
        sa.Column("aside", sa.Boolean(), nullable=False),
        *_counted(),
        sa.PrimaryKeyConstraint("request_id", "number", name=op.f("pk_usage_attempts")),
    )
    op.create_index(op.f("ix_usage_attempts_started_at"), "usage_attempts", ["started_at"], unique=False)


def _usage_hours() -> None:
    op.create_table(
        "usage_hours",
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("attribution", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("client_protocol", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("cost_unknown", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("ttft_ms", sa.Float(), nullable=False),
        sa.Column("ttft_ms_known", sa.BigInteger(), nullable=False),
        sa.Column("tokens_per_second", sa.Float(), nullable=False),
        sa.Column("tokens_per_second_known", sa.BigInteger(), nullable=False),
        sa.Column("overhead_ms", sa.Float(), nullable=False),
        sa.Column("overhead_ms_known", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in (*_COUNTERS, *_AMOUNTS)),
        sa.PrimaryKeyConstraint(
            "hour",
            "key",
            "attribution",
            "alias",
            "provider",
            "model",
            "client_protocol",
            "status",
            name=op.f("pk_usage_hours"),
        ),
    )


def _open_requests() -> None:
    op.create_table(
        "open_requests",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_open_requests")),
    )
    op.create_index(op.f("ix_open_requests_process"), "open_requests", ["process"], unique=False)
