"""Streams of upstreams that are cut, split, spelt or ordered oddly, in all sixteen pairs, through the gateway (U40-U57)."""

import json
import re
import time

import pytest
import pytest_asyncio

from tests.faults.kit import NAMES, PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.faults.told import Told, told, whole
from tests.gateway.running import Running, running
from tests.grammar import violations
from tests.harness.faults import TEXT
from tests.harness.faults.event_stream import UNICODE
from tests.harness.raw_client import Response

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAIRS = [(client, upstream) for client in PROTOCOLS for upstream in PROTOCOLS]
OFFSETS = range(0, 4000, 61)
SPLIT_TEXT = TEXT + "".join(UNICODE)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def gateway(upstream):
    splits = tuple(f"fault/split-at-{offset}" for offset in OFFSETS)
    async with running(
        {"providers": providers(upstream, (*NAMES, *splits)), "limits": {"sse_event": "3MB"}}
    ) as started:
        yield started


async def streamed(gateway: Running, client: str, upstream: str, fault: str) -> Response:
    name = model_at(upstream, fault)
    asked = {"stream_options": {"include_usage": True}} if client == "chat" else {}
    answer = await gateway.post(path_of(client, name, stream=True), body_of(client, name, stream=True, **asked))
    assert answer.complete, (client, upstream, fault)
    return answer


async def unary(gateway: Running, client: str, upstream: str, fault: str) -> Response:
    name = model_at(upstream, fault)
    return await gateway.post(path_of(client, name), body_of(client, name))


def problems(client: str, upstream: str, answer: Response, text: str) -> list[str]:
    """What is wrong with a stream that should be whole and healthy."""
    if answer.status != 200:
        return [f"{client}<-{upstream}: {answer.status} {answer.body[:200]!r}"]
    seen = told(client, answer.body)
    wrong = [] if seen.text == text else [f"text {seen.text!r}"]
    wrong += [] if seen.normal else [f"endings {seen.endings}"]
    if client != upstream:
        wrong += violations(client, answer.body)
    return [f"{client}<-{upstream}: {line}" for line in wrong]


# U40-U44


async def test_u40_u41_wherever_a_stream_is_split_the_client_is_told_the_same(gateway):
    wrong = []
    for client, upstream in PAIRS:
        for offset in OFFSETS:
            fault = f"split-at-{offset}"
            wrong += problems(client, upstream, await streamed(gateway, client, upstream, fault), SPLIT_TEXT)
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_u40_split_at_every_byte_pass_through_gives_the_upstreams_bytes(protocol, gateway):
    once = await streamed(gateway, protocol, protocol, "one-piece")
    bytewise = await streamed(gateway, protocol, protocol, "split-bytes")
    assert bytewise.header("x-plexus-passthrough") == "true"
    assert bytewise.body.replace(b"split-bytes", b"one-piece") == once.body


SPELLED = {
    "ok": TEXT, "one-piece": SPLIT_TEXT, "split-bytes": SPLIT_TEXT, "crlf": TEXT, "cr": TEXT, "mixed-line-ends": TEXT, "crlf-split": TEXT,
    "bom": TEXT, "unicode": "".join(UNICODE), "no-space": TEXT, "multi-line-data": TEXT, "noise": TEXT, "names-after-data": TEXT,
    "pings-between": TEXT, "no-blank-at-end": TEXT, "unchunked": TEXT, "gzip": TEXT, "zstd": TEXT, "deflate": TEXT, "br": TEXT,
    "gzip-flushed": TEXT, "type-text": TEXT, "type-none": TEXT, "type-charset": TEXT, "many-1xx": TEXT, "http10-close": TEXT,
    "json-for-stream": TEXT, "array-for-stream": TEXT,
}  # fmt: skip


@pytest.mark.parametrize("fault", SPELLED)
async def test_u42_u43_u44_however_a_stream_is_spelt_it_says_the_same(fault, gateway):
    wrong = []
    for client, upstream in PAIRS:
        if fault == "array-for-stream" and upstream != "gemini":
            continue  # only Google frames a stream as an array
        if client == upstream and fault in {"json-for-stream", "array-for-stream"}:
            continue  # another framing than asked for: of that below
        wrong += problems(client, upstream, await streamed(gateway, client, upstream, fault), SPELLED[fault])
    assert not wrong, "\n".join(wrong[:20])


# U45, U53


async def test_u45_a_large_event_passes_and_one_beyond_the_limit_ends_the_stream_as_a_failure(gateway):
    for client, upstream in PAIRS:
        large = await streamed(gateway, client, upstream, "line-1mb")
        assert problems(client, upstream, large, told(client, large.body).text) == []
        assert len(told(client, large.body).text) > 1_000_000
        for fault in ("line-6-mb", "endless-line"):
            beyond = await streamed(gateway, client, upstream, fault)
            assert failed(client, beyond), (client, upstream, fault, beyond.status, beyond.body[:200])
            assert len(beyond.body) < 100_000


async def test_u45_a_whole_answer_without_end_is_502(gateway, monkeypatch):
    monkeypatch.setattr("plexus.pipeline.snapshot.Limits.answer", 1_000_000)  # in place of the field of every instance
    for client in PROTOCOLS:
        answer = await unary(gateway, client, "chat", "endless-body")
        assert answer.status == 502
        assert error_shape(client, answer.json)


async def test_u53_what_follows_the_ending_is_not_told(gateway):
    for client, upstream in PAIRS:
        answer = await streamed(gateway, client, upstream, "data-after-done")
        if upstream not in (client, "gemini"):  # Google's streams have no ending but the end of the body
            assert problems(client, upstream, answer, TEXT) == []
            assert b"LATE" not in answer.body
        again = await streamed(gateway, client, upstream, "ok")
        assert problems(client, upstream, again, TEXT) == []


# U47-U51

SKIPPABLE = ["event-invalid-json", "event-half-json", "event-concatenated", "event-nan", "event-trailing-comma", "event-null", "event-array",
             "event-number", "event-empty", "event-empty-object", "event-unknown", "event-deep"]  # fmt: skip


@pytest.mark.parametrize("fault", SKIPPABLE)
async def test_u47_an_event_that_cannot_be_read_is_skipped_or_fails_the_stream_but_never_garbles_it(fault, gateway):
    for client, upstream in PAIRS:
        answer = await streamed(gateway, client, upstream, fault)
        if client == upstream:
            continue  # the bytes are the provider's
        assert problems(client, upstream, answer, TEXT) == [] or failed(client, answer), (
            client,
            upstream,
            answer.body[-500:],
        )
        assert violations(client, answer.body) == [] or answer.status != 200


WRITTEN = {
    "text-invalid-utf8": TEXT.replace("hello", "he\ufffd\ufffdllo"), "text-lone-surrogate": TEXT.replace("hello", "he\ufffdllo"),
    "text-split-pair": TEXT.replace("hello", "\U0001f642"), "text-nul": TEXT.replace("hello", "he\0llo"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRITTEN)
async def test_u48_bad_text_becomes_a_replacement_character_in_valid_json(fault, gateway):
    for client, upstream in PAIRS:
        streaming, answered = (
            await streamed(gateway, client, upstream, fault),
            await unary(gateway, client, upstream, fault),
        )
        if client == upstream:
            assert answered.header("x-plexus-passthrough") == "true"
            continue
        assert problems(client, upstream, streaming, WRITTEN[fault]) == []
        assert whole(client, answered.body).text == WRITTEN[fault]
        assert b"\\ud800" not in answered.body + streaming.body


ORDERS = ["order-no-start", "order-two-starts", "order-no-stop", "order-reversed", "order-content-first", "order-index-gap", "order-end-twice",
          "order-calls-reversed", "order-calls-index-same", "order-calls-no-start", "event-wrong-types", "empty-completion", "only-done",
          "only-opening", "finish-error"]  # fmt: skip


@pytest.mark.parametrize("fault", ORDERS)
async def test_u49_in_whatever_order_events_come_the_client_gets_a_valid_stream_or_an_error(fault, gateway):
    for client, upstream in PAIRS:
        answer = await streamed(gateway, client, upstream, fault)
        if answer.status != 200:
            assert answer.status in {502, 503, 504}, (client, upstream, answer.status)
            assert error_shape(client, answer.json)
        elif client != upstream:
            wrong = [line for line in violations(client, answer.body) if not line.startswith("usage")]
            assert not wrong, (client, upstream, answer.body)


@pytest.mark.parametrize(
    "fault",
    ["tool-empty-ids", "tool-space-ids", "tool-long-ids", "tool-no-arguments", "tool-unknown-name"],
)
async def test_u50_tool_ids_are_distinct_and_never_empty(fault, gateway):
    for client, upstream in PAIRS:
        if client == upstream:
            continue
        streaming, answered = (
            await streamed(gateway, client, upstream, fault),
            await unary(gateway, client, upstream, fault),
        )
        assert violations(client, streaming.body) == []
        for seen in (told(client, streaming.body), whole(client, answered.body)):
            ids = [call[0] for call in seen.calls]
            assert len(ids) == (1 if fault in {"tool-no-arguments", "tool-unknown-name"} else 2), (client, upstream)
            assert len(set(ids)) == len(ids), (client, upstream, ids)
            assert client == "gemini" or all(ids)
            assert all(isinstance(json.loads(call[2]), dict) for call in seen.calls)


USAGES = [
    "usage-missing",
    "usage-null",
    "usage-empty",
    "usage-string-object",
    "usage-negative",
    "usage-strings",
    "usage-floats",
    "usage-nulls",
    "usage-huge",
]


@pytest.mark.parametrize("fault", USAGES)
async def test_u51_odd_usage_fails_nothing_and_is_booked_once_and_sanely(fault, gateway):
    for client, upstream in PAIRS:
        for streaming in (True, False):
            gateway.records.clear()
            answer = await (streamed if streaming else unary)(gateway, client, upstream, fault)
            assert answer.status == 200
            if client != upstream and streaming:
                wrong = problems(client, upstream, answer, TEXT)
                assert not [line for line in wrong if "usage" not in line]  # none was told that could be passed on
            (record,) = gateway.records
            usage = record.usage
            counts = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning] if usage else []
            assert all(count is None or (isinstance(count, int) and 0 <= count < 2**53) for count in counts), (
                fault,
                counts,
            )
            assert record.row.status == "ok"


# Endings


def failed(client: str, answer: Response) -> bool:
    """Whether the client was told of a failure, before or within the stream, and of nothing else."""
    if answer.status != 200:
        return answer.status in {502, 503, 504, 529} and error_shape(client, answer.json)
    seen: Told = told(client, answer.body)
    return "error" in seen.endings and "normal" not in seen.endings


TRUNCATED = ["cut-after-6", "fin-after-6", "reset-after-6", "no-last-chunk", "broken-chunk", "short-body", "half-close-after-6", "error-after-6",
             "cut-after-3", "fin-after-3", "reset-after-3", "hang-after-6", "pings-after-6", "truncated-gzip", "corrupt-gzip", "fin-mid-head",
             "reset-before-headers", "fin-before-headers", "html-200", "plain-200", "empty-200", "only-opening", "first-event-error",
             "error-in-200", "bomb-gzip", "bomb-br", "bomb-zstd", "bomb-deflate", "double-encoding", "encoding-unknown", "both-framings"]  # fmt: skip
COMPLETE_AT_HTTP_LEVEL_ONLY = {"no-last-chunk", "broken-chunk", "short-body"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hurried(upstream):
    timeout = {"first_byte": "1s", "idle": "120ms", "total": "2s"}
    async with running({"providers": providers(upstream, timeout=timeout)}) as started:
        yield started


@pytest.mark.parametrize("fault", TRUNCATED)
async def test_g18_u17_a_stream_that_broke_never_looks_complete(fault, hurried):
    wrong = []
    for client, upstream in PAIRS:
        started = time.monotonic()
        answer = await streamed(hurried, client, upstream, fault)
        record = hurried.records[-1]
        if fault in COMPLETE_AT_HTTP_LEVEL_ONLY and answer.status == 200 and told(client, answer.body).text == TEXT:
            continue  # the protocol's own ending had come
        if not failed(client, answer):
            wrong.append(f"{client}<-{upstream}: {answer.status} {answer.body[-300:]!r}")
        if client != upstream and answer.status == 200:
            wrong += [f"{client}<-{upstream}: {line}" for line in violations(client, answer.body)]
        if record.row.status not in {"error", "timeout", "stalled"}:
            wrong.append(f"{client}<-{upstream}: booked as {record.row.status}")
        if time.monotonic() - started > 3:
            wrong.append(f"{client}<-{upstream}: {time.monotonic() - started:.1f} s")
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize(
    "fault",
    [
        fault
        for fault in TRUNCATED
        if fault not in {"pings-after-6", "error-after-6", "only-opening", "first-event-error"}
    ],
)
async def test_g18_u17_a_whole_answer_that_broke_is_an_error(fault, hurried):
    for client, upstream in PAIRS:
        answer = await unary(hurried, client, upstream, fault)
        if answer.status == 200 and whole(client, answer.body).text == TEXT:
            assert fault in {"cut-after-3", "no-last-chunk"}, (client, upstream)
            continue
        assert answer.status in {502, 504}, (client, upstream, answer.status, answer.body[:300])
        assert error_shape(client, answer.json)


# U54, U57

ALLOWED = re.compile(
    r"date|content-type|content-length|transfer-encoding|cache-control|vary|x-accel-buffering|x-plexus-[a-z-]+|retry-after(-ms)?"
    r"|(x-)?request-id|x-should-retry|openai-processing-ms|openai-version|(x-|anthropic-)?ratelimit.*|x-codex-.*|connection"
)
HEADS = ["header-flood", "header-1mb", "set-cookie", "hop-by-hop", "transfer-encoding-odd", "header-bare-cr", "header-fold", "header-nul",
         "header-latin1", "rate-headers", "date-skew", "early-hints", "extra-bytes", "second-response", "endless-head"]  # fmt: skip


@pytest.mark.parametrize("fault", HEADS)
async def test_u54_of_an_upstreams_headers_only_those_on_the_list_pass(fault, gateway):
    for client, upstream in PAIRS:
        for answer in (await unary(gateway, client, upstream, fault), await streamed(gateway, client, upstream, fault)):
            assert answer.status in {200, 502}, (client, upstream, answer.status)
            strange = [name for name, _ in answer.headers if not ALLOWED.fullmatch(name)]
            assert not strange, (client, upstream)
            assert all(value.isprintable() for _, value in answer.headers)
            assert len(answer.headers) < 40
        assert (await unary(gateway, client, upstream, "ok")).status == 200  # nothing of it reached another answer


@pytest.mark.parametrize("fault", ["created-1970", "created-2100", "date-skew"])
async def test_u57_our_clock_counts_and_not_the_providers(fault, gateway):
    now = time.time()
    for client, upstream in PAIRS:
        answer = await unary(gateway, client, upstream, fault)
        assert answer.status == 200
        assert (
            abs(time.mktime(time.strptime(answer.header("date"), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone - now)
            < 60
        )
    assert all(0 <= record.row.duration_ms < 60_000 for record in gateway.records)
