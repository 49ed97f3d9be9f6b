"""Sums of days, weeks and months, for summaries of long ranges; former costs of what was priced anew; smaller indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

_WORDS = ("key", "attribution", "alias", "provider", "model", "client_protocol", "status")
_COUNTS = (
    "requests",
    "attempts",
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
    "cost",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "cost_computed",
    "cost_reported",
    "cost_unknown",
    "estimated",
    "ttft_ms_known",
    "tokens_per_second_known",
    "overhead_ms_known",
)
_TIMES = ("duration_ms", "ttft_ms", "tokens_per_second", "overhead_ms")


_THERE = ("alias", "key", "model", "provider", "status", "cost", "duration_ms", "client_protocol")
_LEFT = ("key", "alias", "model", "cost", "duration_ms")
_FAILED = sa.text("status NOT IN ('ok', 'cancelled')")


def upgrade() -> None:
    """Make the tables, which fill in the background, and the indexes: some ten seconds for each million rows."""
    _tables()
    _indexes()


def _indexes() -> None:
    """Without the id that settled ties, and without those of words that nearly every row shares."""
    for column in _THERE:
        op.drop_index(op.f(f"ix_usage_requests_{column}_started_at_request_id"), "usage_requests")
    op.drop_index(op.f("ix_usage_requests_started_at_request_id"), "usage_requests")
    for name in ("failed", "error_class", "attribution"):
        op.drop_index(op.f(f"ix_usage_requests_{name}"), "usage_requests")
    for column in _LEFT:
        op.create_index(op.f(f"ix_usage_requests_{column}_started_at"), "usage_requests", [column, "started_at"])
    op.create_index(op.f("ix_usage_requests_started_at"), "usage_requests", ["started_at"])
    failures = op.f("ix_usage_requests_failed")
    op.create_index(failures, "usage_requests", ["started_at"], sqlite_where=_FAILED, postgresql_where=_FAILED)
    for column in ("error_class", "attribution"):
        name, there = op.f(f"ix_usage_requests_{column}"), sa.text(f"{column} IS NOT NULL")
        columns = [column, "started_at"]
        op.create_index(name, "usage_requests", columns, sqlite_where=there, postgresql_where=there)


def _tables() -> None:
    op.create_table(
        "usage_spans",
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("since", "until", name=op.f("pk_usage_spans")),
    )
    op.create_index(op.f("ix_usage_spans_until"), "usage_spans", ["until"])
    op.create_table(
        "usage_sums",
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("shape", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _WORDS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        *(sa.Column(name, sa.Float(), nullable=False) for name in _TIMES),
        sa.PrimaryKeyConstraint("since", "until", "shape", *_WORDS, name=op.f("pk_usage_sums")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "former_costs",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("cost_source", sa.Text(), nullable=False),
        sa.Column("price_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "until", name=op.f("pk_former_costs")),
    )
