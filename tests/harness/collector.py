"""A real OTLP/HTTP collector on loopback: takes what is exported and decodes it."""

from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """Serves `/v1/traces` and `/v1/metrics` while it is entered. `bodies` is what came, as it came."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, Metric] = {}
        self.resource: dict[str, Any] = {}
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/traces", self._traces)
        app.router.add_post("/v1/metrics", self._metrics)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _traces(self, request: web.Request) -> web.Response:
        asked = ExportTraceServiceRequest.FromString(await self._body(request))
        for told in asked.resource_spans:
            self.resource = attributes(told.resource.attributes)
            self.spans += [span for scope in told.scope_spans for span in scope.spans]
        return web.Response()

    async def _metrics(self, request: web.Request) -> web.Response:
        asked = ExportMetricsServiceRequest.FromString(await self._body(request))
        for told in asked.resource_metrics:
            self.metrics |= {metric.name: metric for scope in told.scope_metrics for metric in scope.metrics}
        return web.Response()

    async def _body(self, request: web.Request) -> bytes:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        return body

    def named(self, prefix: str) -> list[Span]:
        """The spans whose name begins so, by when they began."""
        return sorted(
            (span for span in self.spans if span.name.startswith(prefix)), key=lambda s: s.start_time_unix_nano
        )


def attributes(pairs: Any) -> dict[str, Any]:
    """Attributes as plain values."""
    return {pair.key: _value(pair.value) for pair in pairs if isinstance(pair, KeyValue)}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, kind) if kind else None
