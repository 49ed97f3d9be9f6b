"""What happened: traces of requests, the audit log. Headers are redacted before they get here. Failures are usage rows."""

from sqlalchemy import Column, ForeignKey, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Blob, Count, Counter, Json, Moment, Words

traces = Table(
    "traces",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("started_at", Moment, nullable=False, index=True),
    Column("key", Words, nullable=False, index=True),
    Column("alias", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("captured_by", Words, nullable=False),
    Column("bytes", Count, nullable=False),
    Column("document", Json, nullable=False),
)
"""`document` holds headers, timeline, routing and fidelity; `bytes` is what the trace takes with its bodies, for the bound."""

trace_bodies = Table(
    "trace_bodies",
    METADATA,
    Column("request_id", Words, ForeignKey("traces.request_id", ondelete="CASCADE"), primary_key=True),
    Column("name", Words, primary_key=True),
    Column("encoding", Words, nullable=False),
    Column("size", Count, nullable=False),
    Column("body", Blob, nullable=False),
)
"""`name` is one of the four bodies or the reassembled stream; `encoding` is zstd or identity; `size` is before compression."""

audit_log = Table(
    "audit_log",
    METADATA,
    Column("id", Counter, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("actor", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("subject_kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("address", Words),
    Column("request_id", Words),
)
"""Who changed what; secrets appear in `before` and `after` as redacted."""
