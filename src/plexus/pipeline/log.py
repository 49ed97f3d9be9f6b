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
        request_id=record.row.request_id,
        key=record.row.key,
        alias=record.row.alias,
        provider=record.row.provider,
        model=record.row.model,
        client_protocol=record.row.client_protocol,
        upstream_protocol=record.row.upstream_protocol,
        streaming=record.row.streaming,
        passthrough=record.row.passthrough,
        status=record.row.status,
        http_status=record.row.http_status,
        stop_reason=record.row.stop_reason,
        input_tokens=usage.input if usage else None,
        output_tokens=usage.output if usage else None,
        cost=None if record.row.cost is None else amount_text(record.row.cost),
        ttft_ms=round(record.row.ttft_ms, 1) if record.row.ttft_ms is not None else None,
        duration_ms=round(record.row.duration_ms, 1),
        error=record.error.message if record.error else None,
        error_code=record.error.code if record.error else None,
    )
