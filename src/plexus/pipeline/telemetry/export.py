"""Spans and metrics of finished requests, exported by OTLP over HTTP as the standard `OTEL_…` variables say.

The only module that imports OpenTelemetry; it is imported when it is configured. It works in a thread of its own.
"""

import os
from collections.abc import Callable
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from plexus.pipeline.telemetry.attributes import error_of, identity, input_of, of_attempt, of_request
from plexus.pipeline.telemetry.context import Context, span_of, trace_of
from plexus.pipeline.telemetry.facts import Attempted, Finished
from plexus.usage.row import AttemptRow

_SCOPE = "plexus"
_MILLISECOND = 1_000_000
_PATIENCE = 2_000
"""Milliseconds for what is still to be sent when the gateway stops."""
# The boundaries the conventions give.
_TOKENS = [4.0**power for power in range(14)]
_SECONDS = [0.01 * 2**power for power in range(14)]
_FIRST = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]


class _Ids(IdGenerator):
    """Gives the ids it was told to give next."""

    trace = span = 1

    def generate_trace_id(self) -> int:
        """Of the trace that begins."""
        return self.trace

    def generate_span_id(self) -> int:
        """Of the span that begins."""
        return self.span


class Export:
    """Makes spans and metrics. Used by one thread at a time."""

    def __init__(self, kind_of: Callable[[str], str]) -> None:
        """`kind_of`: which known provider a configured one is, empty when none."""
        self._kind_of, self._ids = kind_of, _Ids()
        name = os.environ.get("OTEL_SERVICE_NAME") or "plexus"
        resource = Resource.create({"service.name": name, "service.version": version("plexus-gateway")})
        self._tracers = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        readers = []
        if _wanted("OTEL_TRACES_EXPORTER"):
            self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        if _wanted("OTEL_METRICS_EXPORTER"):
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        self._meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer(_SCOPE)
        self._tokens = self._histogram("gen_ai.client.token.usage", "{token}", "Tokens used.", _TOKENS)
        self._durations = self._histogram(
            "gen_ai.client.operation.duration", "s", "Duration of a call of a model.", _SECONDS
        )
        self._first_chunks = self._histogram(
            "gen_ai.client.operation.time_to_first_chunk", "s", "From a call of a model to its first chunk.", _FIRST
        )
        self._first_tokens = self._histogram(
            "gen_ai.server.time_to_first_token",
            "s",
            "From a request to its first token, failed attempts included.",
            _FIRST,
        )

    def took(self, finished: Finished) -> None:
        """Make the spans and count."""
        row, record = finished.record.row, finished.record
        self._ids.trace, self._ids.span = trace_of(row.request_id), span_of(row.request_id)
        begun = row.started_at * _MILLISECOND
        parent = set_span_in_context(NonRecordingSpan(_parent(finished.context))) if finished.context else None
        span = self._tracer.start_span(
            f"{row.client_protocol} {row.alias}"[:256],
            parent,
            SpanKind.SERVER,
            of_request(record),
            start_time=begun,
        )
        above = set_span_in_context(span)
        made = [attempt for attempt in row.attempts if not attempt.aside]
        for number, (attempt, attempted) in enumerate(zip(made, finished.attempts, strict=False), 1):
            self._ids.span = span_of(row.request_id, number)
            kind = self._kind_of(attempt.provider)
            told = of_attempt(attempt, attempted, kind)
            start = begun + int(attempt.offset_ms * _MILLISECOND)
            name = f"{told['gen_ai.operation.name']} {attempt.model}"
            child = self._tracer.start_span(name, above, SpanKind.CLIENT, told, start_time=start)
            _failed(child, attempt.status, attempt.error_class, attempt.error)
            child.end(start + int(attempt.duration_ms * _MILLISECOND))
            self._count(attempt, attempted, kind)
        if made and row.ttft_ms is not None and finished.attempts:
            told = identity(made[-1], finished.attempts[-1], self._kind_of(row.provider))
            self._first_tokens.record(row.ttft_ms / 1000, told)
        _failed(span, row.status, row.error_class, row.error)
        span.end(begun + int(row.duration_ms * _MILLISECOND))

    def _count(self, row: AttemptRow, attempted: Attempted, kind: str) -> None:
        told = identity(row, attempted, kind)
        if row.billed and not row.tokens_estimated:  # what is not known must not be reported
            self._tokens.record(input_of(row), {**told, "gen_ai.token.type": "input"})
            self._tokens.record(row.output_tokens, {**told, "gen_ai.token.type": "output"})
        if attempted.streaming and row.ttft_ms is not None:
            self._first_chunks.record(row.ttft_ms / 1000, told)
        error = error_of(row.status, row.error_class)
        self._durations.record(row.duration_ms / 1000, {**told, "error.type": error} if error else told)

    def _histogram(self, name: str, unit: str, what: str, boundaries: list[float]) -> Histogram:
        meter = self._meters.get_meter(_SCOPE)
        return meter.create_histogram(name, unit, what, explicit_bucket_boundaries_advisory=boundaries)

    def close(self) -> None:
        """Send what is left, for a few seconds, and end."""
        self._tracers.force_flush(_PATIENCE)
        self._tracers.shutdown()
        self._meters.shutdown(_PATIENCE)


def _wanted(variable: str) -> bool:
    return os.environ.get(variable, "otlp").strip().lower() != "none"


def _parent(context: Context) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([context.state]) if context.state else None
    return SpanContext(context.trace_id, context.span_id, is_remote=True, trace_flags=flags, trace_state=state)


def _failed(span: Span, status: str, error_class: str | None, error: str | None) -> None:
    if error_of(status, error_class) is not None:
        span.set_status(Status(StatusCode.ERROR, error))
