"""From a finished request to the attributes of its spans: the GenAI conventions where they have a name, `plexus.…` elsewhere.

An attempt is a call of a model and carries the conventions' names; the request above it is the gateway's own and carries
none of them, or whoever adds up tokens by spans would count each twice.
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md
"""

from plexus.pipeline.record import Record
from plexus.pipeline.telemetry.content import FINISHES
from plexus.pipeline.telemetry.facts import Attempted
from plexus.usage.row import AttemptRow

Value = str | bool | int | float | list[str]
Attributes = dict[str, Value]

_KNOWN = {
    "gemini": "gcp.gemini",
    "vertex": "gcp.vertex_ai",
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
"""The conventions' names of providers that we call otherwise."""
_MAKERS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "gcp.gemini"}
"""Whose form a server of no known provider speaks."""
_ANY = "openai-compatible"


def provider_name(kind: str, protocol: str) -> str:
    """The conventions' name of a provider by our name of its kind."""
    if not kind or kind == _ANY:
        return _MAKERS.get(protocol, "openai")
    return _KNOWN.get(kind, kind)


def operation_of(protocol: str) -> str:
    """The conventions' name of what a model is asked to do in a protocol."""
    return "generate_content" if protocol == "gemini" else "chat"


def identity(row: AttemptRow, attempted: Attempted, kind: str) -> Attributes:
    """What a call of a model is told apart by, in spans and in metrics."""
    return {
        "gen_ai.operation.name": operation_of(row.upstream_protocol),
        "gen_ai.provider.name": provider_name(kind, row.upstream_protocol),
        "gen_ai.request.model": row.model,
        "server.address": attempted.place.address,
        "server.port": attempted.place.port,
    }


def of_attempt(row: AttemptRow, attempted: Attempted, kind: str) -> Attributes:
    """The attributes of one call of a model."""
    finish = FINISHES[attempted.finish] if attempted.finish is not None else None
    told: dict[str, Value | None] = {
        **identity(row, attempted, kind),
        "gen_ai.request.stream": True if attempted.streaming else None,
        "gen_ai.response.model": row.served_model or None,
        "gen_ai.response.finish_reasons": [finish] if finish is not None else None,
        "gen_ai.response.time_to_first_chunk": _seconds(row.ttft_ms) if attempted.streaming else None,
        "gen_ai.input.messages": attempted.content_in,
        "gen_ai.output.messages": attempted.content_out,
        "error.type": error_of(row.status, row.error_class),
        "http.response.status_code": row.http_status or None,
        "plexus.provider": row.provider,
        "plexus.status": row.status,
        "plexus.cost": float(row.cost) if row.cost is not None else None,
        **_tokens(row),
    }
    return _said(told)


def _tokens(row: AttemptRow) -> dict[str, Value | None]:
    if not row.billed:
        return {}
    return {
        "gen_ai.usage.input_tokens": input_of(row),
        "gen_ai.usage.output_tokens": row.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": row.cache_read_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": row.cache_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": row.reasoning_tokens or None,
        "plexus.tokens_estimated": row.tokens_estimated or None,
    }


def input_of(row: AttemptRow) -> int:
    """All input tokens: the conventions count cached ones in, the books do not."""
    return row.input_tokens + row.cache_read_tokens + row.cache_write_tokens


def of_request(record: Record) -> Attributes:
    """The attributes of a request to the gateway."""
    row = record.row
    told: dict[str, Value | None] = {
        "plexus.request_id": row.request_id,
        "plexus.key": row.key,
        "plexus.attribution": row.attribution,
        "plexus.alias": row.alias,
        "plexus.client_protocol": row.client_protocol,
        "plexus.streaming": row.streaming,
        "plexus.passthrough": row.passthrough,
        "plexus.status": row.status,
        "plexus.cost": float(row.cost) if row.cost is not None else None,
        "plexus.overhead": _seconds(row.overhead_ms),
        "plexus.attempts": len(record.attempts),
        "http.response.status_code": row.http_status or None,
        "error.type": error_of(row.status, row.error_class),
    }
    return _said(told)


def error_of(status: str, error_class: str | None) -> str | None:
    """What went wrong in one word; None when nothing did, or the client left."""
    return None if status in {"ok", "cancelled"} else error_class or status


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _said(told: dict[str, Value | None]) -> Attributes:
    return {name: value for name, value in told.items() if value is not None}
