"""OpenTelemetry: what a real collector is told of requests, by the GenAI conventions, and what nobody is told."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from plexus.core import logging
from tests.gateway.running import Running, provider, running
from tests.harness.collector import Collector, attributes
from tests.harness.recorded_upstream import Answer, RecordedUpstream
from tests.harness.wire import header

PROMPT, ANSWER, SECRET = "canary of the prompt 51c7", "canary of the answer 51c8", "upstream secret canary 51c9"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONTEXT = ("traceparent", f"00-{TRACE}-{PARENT}-01")
USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
OK = Answer(
    [
        json.dumps(
            {
                "id": "c",
                "model": "good-2026",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
                "usage": USAGE,
            }
        ).encode()
    ]
)


def streamed() -> Answer:
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ANSWER[:9]}}]},
        {"choices": [{"index": 0, "delta": {"content": ANSWER[9:]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
        {"choices": [], "usage": USAGE},
    ]
    events = [f"data: {json.dumps({'id': 'c', 'model': 'good-2026', **chunk})}\n\n".encode() for chunk in chunks]
    return Answer([*events, b"data: [DONE]\n\n"], stream=True)


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        server.on("bad", Answer([b'{"error":{"message":"down"}}'], status=503))
        server.on("good", OK)
        server.on("stream", streamed())
        yield server


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    async with Collector() as started:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", started.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-token=t")
        yield started


def serving(upstream: RecordedUpstream, **telemetry: bool):
    config = {
        "providers": {"p": provider(upstream.base_url("chat"), "chat", ["bad", "good", "stream"], api_key=SECRET)},
        "models": {
            "both": {
                "targets": [{"provider": "p", "model": "bad"}, {"provider": "p", "model": "good"}],
                "selector": "in_order",
            }
        },
        "telemetry": {"enabled": True, **telemetry},
    }
    return running(config)


async def chat(gateway: Running, model: str, headers: list[tuple[str, str]] | None = None, **more: Any) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": f"{PROMPT} {SECRET}"}], **more}
    answer = await gateway.post("/v1/chat/completions", body, headers)
    assert answer.status == 200, answer.body


def parent_of(span: Span) -> tuple[str, str]:
    return span.trace_id.hex(), span.parent_span_id.hex()


async def test_a_request_is_a_span_of_the_clients_trace_with_a_child_for_each_attempt(upstream, collector):
    async with serving(upstream) as gateway:
        await chat(gateway, "both", [CONTEXT, ("tracestate", "vendor=1")])
        [record] = gateway.records
    [request] = collector.named("chat both")
    bad, good = [span for span in collector.spans if span is not request]
    assert (parent_of(request), request.kind, request.trace_state) == (
        (TRACE, PARENT),
        Span.SPAN_KIND_SERVER,
        "vendor=1",
    )
    for child in (bad, good):
        assert parent_of(child) == (TRACE, request.span_id.hex())
        assert child.kind == Span.SPAN_KIND_CLIENT
        assert request.start_time_unix_nano <= child.start_time_unix_nano <= child.end_time_unix_nano
        assert child.end_time_unix_nano <= request.end_time_unix_nano
    assert request.start_time_unix_nano == record.row.started_at * 1_000_000
    spent = request.end_time_unix_nano - request.start_time_unix_nano
    assert spent == int(record.row.duration_ms * 1_000_000)
    assert bad.end_time_unix_nano <= good.start_time_unix_nano
    told = attributes(good.attributes)
    assert good.name == "chat good"
    assert (
        told.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "good",
            "gen_ai.response.model": "good-2026",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": 30,
            "gen_ai.usage.cache_read.input_tokens": 10,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.reasoning.output_tokens": 2,
            "server.address": "127.0.0.1",
            "server.port": upstream.port,
            "plexus.provider": "p",
        }.items()
    )
    assert good.status.code == Status.STATUS_CODE_UNSET
    failed = attributes(bad.attributes)
    assert (failed["error.type"], failed["http.response.status_code"]) == (record.row.attempts[0].error_class, 503)
    assert bad.status.code == Status.STATUS_CODE_ERROR
    assert "gen_ai.usage.input_tokens" not in failed
    whole = attributes(request.attributes)
    assert (whole["plexus.request_id"], whole["plexus.key"], whole["plexus.attempts"]) == (
        record.row.request_id,
        "me",
        2,
    )
    assert not any(name.startswith("gen_ai.") for name in whole)  # tokens would be counted twice
    assert collector.resource["service.name"] == "plexus"
    assert all(sent["x-collector-token"] == "t" for sent in collector.headers)


async def test_nothing_of_the_content_and_no_secret_is_told_and_nothing_is_passed_on_unless_wanted(upstream, collector):
    async with serving(upstream) as gateway:
        await chat(gateway, "direct/p/good", [CONTEXT, ("baggage", "user=me")])
        await chat(gateway, "direct/p/stream", stream=True)
    everything = b"".join(collector.bodies)
    for canary in (PROMPT, ANSWER, SECRET, "canary"):
        assert canary.encode() not in everything
    for asked in upstream.received:
        assert not {name.lower() for name, _ in asked.headers} & {"traceparent", "tracestate", "baggage"}


async def test_content_is_told_where_it_is_wanted_without_secrets_also_of_streams_that_pass_through(
    upstream, collector
):
    async with serving(upstream, content=True) as gateway:
        await chat(gateway, "direct/p/good")
        await chat(gateway, "direct/p/stream", stream=True)
    assert SECRET.encode() not in b"".join(collector.bodies)
    asked = [{"role": "user", "parts": [{"type": "text", "content": f"{PROMPT} [redacted]"}]}]
    for name, reason in (("chat good", "stop"), ("chat stream", "length")):
        [span] = collector.named(name)
        told = attributes(span.attributes)
        assert json.loads(told["gen_ai.input.messages"]) == asked
        parts = [{"type": "text", "content": ANSWER}]
        answered = [{"role": "assistant", "parts": parts, "finish_reason": reason}]
        assert json.loads(told["gen_ai.output.messages"]) == answered
    assert told["gen_ai.request.stream"] is True
    assert told["gen_ai.response.time_to_first_chunk"] > 0


async def test_providers_are_told_of_the_span_that_calls_them_where_it_is_wanted(upstream, collector):
    async with serving(upstream, propagate=True) as gateway:
        await chat(gateway, "both", [CONTEXT, ("tracestate", "vendor=1")])
        await chat(gateway, "direct/p/good", [("traceparent", "rubbish")])
    spans = {(span.trace_id.hex(), span.span_id.hex()): span for span in collector.spans}
    told = [header(asked.headers, "traceparent").split("-") for asked in upstream.received]
    assert [spans[trace, span].name for _, trace, span, _ in told] == ["chat bad", "chat good", "chat good"]
    assert [trace == TRACE for _, trace, _, _ in told] == [True, True, False]
    assert [header(asked.headers, "tracestate") for asked in upstream.received] == ["vendor=1", "vendor=1", ""]


async def test_what_the_client_does_not_record_is_not_recorded(upstream, collector):
    async with serving(upstream) as gateway:
        await chat(gateway, "direct/p/good", [("traceparent", f"00-{TRACE}-{PARENT}-00")])
    assert collector.spans == []


async def test_metrics_have_the_names_units_and_bounds_of_the_conventions(upstream, collector):
    async with serving(upstream) as gateway:
        await chat(gateway, "both")
        await chat(gateway, "direct/p/stream", stream=True)
    told = collector.metrics
    assert {name: metric.unit for name, metric in told.items()} == {
        "gen_ai.client.token.usage": "{token}",
        "gen_ai.client.operation.duration": "s",
        "gen_ai.client.operation.time_to_first_chunk": "s",
        "gen_ai.server.time_to_first_token": "s",
    }
    tokens = told["gen_ai.client.token.usage"].histogram.data_points
    sums: dict[str, float] = {}
    for point in tokens:
        kind = attributes(point.attributes)["gen_ai.token.type"]
        sums[kind] = sums.get(kind, 0) + point.sum
    assert sums == {"input": 60, "output": 14}
    assert list(tokens[0].explicit_bounds)[:4] == [1, 4, 16, 64]
    durations = told["gen_ai.client.operation.duration"].histogram.data_points
    assert sum(point.count for point in durations) == 3
    errors = [attributes(point.attributes).get("error.type") for point in durations]
    assert len([error for error in errors if error]) == 1
    assert sum(point.count for point in told["gen_ai.client.operation.time_to_first_chunk"].histogram.data_points) == 1
    assert sum(point.count for point in told["gen_ai.server.time_to_first_token"].histogram.data_points) == 2


async def test_a_refused_request_is_a_span_without_children(upstream, collector):
    async with serving(upstream) as gateway:
        refused = await gateway.post("/v1/chat/completions", {"model": "nobody", "messages": []})
        assert refused.status in {400, 404}
    for span in collector.spans:
        assert attributes(span.attributes)["http.response.status_code"] == refused.status
        assert span.status.code == Status.STATUS_CODE_ERROR


async def test_it_is_switched_with_the_configuration_and_without_the_extra_only_said(
    upstream, collector, monkeypatch, capsys
):
    logging.set_level("info")
    async with serving(upstream) as gateway:
        await chat(gateway, "direct/p/good")
        on = gateway.plexus.settings
        off = on.model_copy(update={"telemetry": on.telemetry.model_copy(update={"enabled": False})})
        await gateway.plexus.configure(off)
        assert len(collector.spans) == 2
        await chat(gateway, "direct/p/good")
        monkeypatch.delitem(sys.modules, "plexus.pipeline.telemetry.export")
        monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
        await gateway.plexus.configure(on)
        await chat(gateway, "direct/p/good")
        assert "pip install plexus-gateway[otel]" in "".join(capsys.readouterr())
    assert len(collector.spans) == 2


LOADING = """
import asyncio, sys
from plexus.app import Plexus
from plexus.settings.schema import Settings
from tests.gateway.running import running

async def main():
    config = {"providers": {"demo": {"type": "demo", "models": ["echo"]}}}
    async with running(config) as gateway:
        body = {"model": "demo/echo", "messages": [{"role": "user", "content": "hi"}]}
        body["model"] = "direct/demo/echo"
        assert (await gateway.post("/v1/chat/completions", body)).status == 200
        assert not [name for name in sys.modules if name.partition(".")[0] in {"opentelemetry", "google", "requests"}]

asyncio.run(main())
"""


def test_a_gateway_that_tells_nobody_loads_nothing_of_it():
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
