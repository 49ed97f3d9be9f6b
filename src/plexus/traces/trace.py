"""A finished trace as it is kept: facts as plain data, bodies as bytes, redacted both."""

from typing import Any

from msgspec import Struct


class Body(Struct, frozen=True, kw_only=True):
    """One body. Where the middle was left out, `kept` is its beginning and its end, `gap_at` where they meet."""

    size: int
    """Bytes it had."""
    kept: bytes
    gap_at: int | None = None


class Trace(Struct, frozen=True, kw_only=True):
    """One exchange. `started_at` in milliseconds since the epoch."""

    request_id: str
    started_at: int
    key: str
    alias: str
    provider: str
    model: str
    status: str
    captured_by: str
    document: dict[str, Any]
    """Headers, timeline, routing, fidelity, and what is told of each body."""
    bodies: dict[str, Body]
    """By name: `request`, `answer`, `attempt.1.request`, `attempt.1.answer` …, `reassembled`."""
