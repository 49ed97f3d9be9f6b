"""One log line per finished request: who, what, where it went, how it ended. Never any content."""

from plexus.core.logging import logger, wanted
from plexus.pipeline.record import Record
from plexus.usage.row import amount_text

log = logger("plexus.request")


def log_record(record: Record) -> None:
    """Write the line; failures of a provider as warnings."""
    failed = record.error is not None and record.error.status >= 500  # noqa: PLR2004
    if not wanted("warning" if failed else "info"):
        return
    usage, write = record.usage, log.warning if failed else log.info
    write(
        "request",
        request_id=record.request_id,
        key=record.key,
        alias=record.alias,
        provider=record.provider,
        model=record.model,
        client_protocol=record.client_protocol,
        upstream_protocol=record.upstream_protocol,
        streaming=record.streaming,
        passthrough=record.passthrough,
        status=record.status,
        http_status=record.http_status,
        stop_reason=record.stop_reason,
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
        cost=None if record.row.cost is None else amount_text(record.row.cost),
        ttft_ms=round(record.ttft_ms, 1) if record.ttft_ms is not None else None,
        duration_ms=round(record.duration_ms, 1),
        error=record.error.message if record.error else None,
        error_code=record.error.code if record.error else None,
    )
