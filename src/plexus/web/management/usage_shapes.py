"""How usage is shown: a row, an attempt, a summary's group. Names as in the contract; times in milliseconds, money as text."""

from typing import Literal

from pydantic import BaseModel, Field

from plexus.web.management.shapes import Page

Status = Literal["ok", "error", "cancelled", "timeout", "stalled", "interrupted"]


class TokensShown(BaseModel):
    """Counters. Input excludes cache reads and writes, output includes reasoning."""

    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    audio_input_tokens: int
    cache_read_audio_tokens: int
    image_input_tokens: int
    audio_output_tokens: int
    image_output_tokens: int
    web_searches: int


class CountedShown(TokensShown):
    """What a request and an attempt have in common. USD with at most 8 places; null is unknown, never free."""

    tokens_estimated: bool
    usage_flags: list[str]
    service_tier: str
    cost: str | None
    cost_source: str
    cost_input: str | None
    cost_output: str | None
    cost_cache_read: str | None
    cost_cache_write: str | None
    cost_computed: str | None
    cost_reported: str | None
    price_version: str
    provider: str
    model: str
    upstream_protocol: str
    status: Status
    http_status: int
    error_class: str | None
    error: str | None
    ttft_ms: float | None
    tokens_per_second: float | None
    duration_ms: float


class LossShown(BaseModel):
    """One thing that could not be carried over."""

    kind: str
    field: str
    reason: str


class UsageShown(CountedShown):
    """One request. `started_at` in milliseconds since the epoch, UTC."""

    request_id: str
    parent_id: str | None
    started_at: int
    key: str
    attribution: str | None
    alias: str
    client_protocol: str
    streaming: bool
    passthrough: bool
    stop_reason: str | None
    overhead_ms: float | None
    attempt_count: int
    fidelity: list[LossShown]


class AttemptShown(CountedShown):
    """One attempt of a request, numbered from 1."""

    number: int
    offset_ms: float
    billed: bool
    served_model: str
    aside: bool


class FormerCostShown(BaseModel):
    """What a request was booked with until a moment, at which it was priced anew."""

    until: int
    cost: str | None
    cost_source: str
    price_version: str


class UsageWhole(UsageShown):
    """A request with its attempts, and its costs before it was priced anew, the oldest first."""

    attempts: list[AttemptShown]
    former_costs: list[FormerCostShown]


class UsagePage(Page[UsageShown]):
    """A page of requests. With fewer rows than asked for, even none, and a `next_cursor` the search goes on there."""

    total_is_exact: bool = Field(description="False when there are at least `total` rows, perhaps more.")


class SumsShown(TokensShown):
    """What requests add up to. Costs are of those whose cost is known; times are means of those that have one, else null."""

    requests: int
    errors: int
    attempts: int
    estimated: int
    cost: str
    cost_unknown: int
    cost_input: str
    cost_output: str
    cost_cache_read: str
    cost_cache_write: str
    cost_computed: str
    cost_reported: str
    duration_ms: float | None
    ttft_ms: float | None
    tokens_per_second: float | None
    overhead_ms: float | None


class GroupShown(SumsShown):
    """One bucket of time and one combination of what was grouped by; `label` is the bucket's beginning on the wall."""

    label: str
    start: int
    end: int
    group: dict[str, str]


class SummaryShown(BaseModel):
    """The groups in which anything happened, by time and name, and all of them together."""

    since: int
    until: int
    timezone: str
    bucket: str
    data: list[GroupShown]
    total: SumsShown


class Deleted(BaseModel):
    """How many requests were deleted."""

    deleted: int
