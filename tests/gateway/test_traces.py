"""Traces of a running gateway: which are kept, that they hold the whole exchange, that no credential is in them."""

import asyncio
import contextlib
import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plexus.core.clock import Clock
from plexus.pipeline.account import Account
from plexus.traces import store
from plexus.traces.capture import ON_ERROR
from plexus.traces.store import Wanted
from plexus.traces.trace import Trace
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.raw_client import RawClient, Response, ask, request
from tests.harness.recorded_upstream import Answer, RecordedUpstream

ADMIN_KEY = "sk-admin-traces-4711"
HI = {"messages": [{"role": "user", "content": "hi"}]}
SAID = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}'
)
OK = Answer(
    [SAID],
    headers=[("content-type", "application/json"), ("x-vendor-token", "vendor-session-1"), ("x-vendor-note", "fine")],
)
BUSY = Answer([b'{"error":{"message":"overloaded","type":"server_error"}}'], status=503)
CHUNK = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%s}]}\n\n'
)
END = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},'
    b'"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":9}}\n\ndata: [DONE]\n\n'
)
OPENING = CHUNK % b'{"role":"assistant","content":""}'
WORDS = [CHUNK % json.dumps({"content": f"word {number} "}).encode() for number in range(20)]


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        server.on("ok", OK)
        server.on("busy", BUSY)
        server.on("stream", Answer([OPENING, *WORDS, END], stream=True))
        server.on("cut", Answer([OPENING, *WORDS], stream=True, action="close"))
        server.on("long", Answer([OPENING, *WORDS * 200], stream=True, action="close"))
        yield server


@contextlib.asynccontextmanager
async def serving(
    upstream: RecordedUpstream, folder: Path, clock: Clock | None = None, **config: Any
) -> AsyncIterator[Running]:
    """A gateway with a provider `a`, one `b` of another protocol for the client, and the alias `both` that begins at what fails."""
    models = ["ok", "busy", "stream", "cut", "long"]
    at = upstream.base_url("chat")
    prices = [{"pricing": {"source": "simple", "input": price, "output": 10 * price}} for price in (2.0, 1.0)]
    whole = {
        "providers": {
            "a": provider(at, "chat", models) | {"models": dict.fromkeys(models, prices[0])},
            "b": provider(at, "chat", models) | {"models": dict.fromkeys(models, prices[1])},
        },
        "models": {
            "both": {
                "selector": "in_order",
                "targets": [{"provider": "a", "model": "busy"}, {"provider": "b", "model": "ok"}],
            }
        },
        "keys": {"you": {"secret": "sk-test-9876543210"}},
        **config,
    }
    async with running(whole, clock, admin_key=ADMIN_KEY, books=folder) as started:
        yield started


async def kept(gateway: Running) -> list[Trace]:
    """All traces, oldest first."""
    assert gateway.plexus.trace_keeping is not None
    assert gateway.plexus.bookkeeping is not None
    await gateway.plexus.trace_keeping.finish()
    async with gateway.plexus.bookkeeping.database.reading() as connection:
        rows, _ = await store.page(connection, Wanted(), 100, None)
        found = [await store.one(connection, row["request_id"]) for row in reversed(rows)]
    return [trace for trace in found if trace is not None]


async def chat(gateway: Running, model: str, **more: Any) -> Response:
    return await gateway.post("/v1/chat/completions", {"model": model, **HI, **more})


async def test_by_default_only_what_fails_is_kept(upstream, tmp_path):
    async with serving(upstream, tmp_path) as gateway:
        await chat(gateway, "direct/a/ok")
        await chat(gateway, "direct/a/busy")
        await chat(gateway, "direct/a/nowhere")
        assert [(t.alias, t.status, t.captured_by) for t in await kept(gateway)] == [
            ("direct/a/busy", "error", "on_error"),
            ("direct/a/nowhere", "error", "on_error"),
        ]


async def test_what_is_off_keeps_nothing(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "off"}) as gateway:
        await chat(gateway, "direct/a/busy")
        assert await kept(gateway) == []


async def test_without_a_database_nothing_is_followed(upstream):
    async with running({"providers": {"a": provider(upstream.base_url("chat"), "chat", ["ok"])}}) as gateway:
        assert gateway.plexus.gateway.tracer is None


async def test_a_trace_holds_the_whole_exchange(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "both")
        (trace,) = await kept(gateway)
    assert (trace.key, trace.alias, trace.provider, trace.model, trace.status) == ("me", "both", "b", "ok", "ok")
    told = trace.document
    assert told["request"]["path"] == "/v1/chat/completions"
    assert json.loads(trace.bodies["request"].kept) == {"model": "both", **HI}
    assert [(a["provider"], a["model"], a["answer"]["status"]) for a in told["attempts"]] == [
        ("a", "busy", 503),
        ("b", "ok", 200),
    ]
    assert told["attempts"][0]["reason"]
    assert json.loads(trace.bodies["attempt.1.request"].kept)["model"] == "busy"
    assert json.loads(trace.bodies["attempt.2.request"].kept)["model"] == "ok"
    assert trace.bodies["attempt.1.answer"].kept == BUSY.pieces[0]
    assert trace.bodies["attempt.2.answer"].kept == OK.pieces[0] == trace.bodies["answer"].kept == response.body
    assert told["answer"]["status"] == 200
    assert ["x-plexus-attempts", "2"] in told["answer"]["headers"]
    assert told["plan"]["route"] == "both"
    assert [row["provider"] for row in told["plan"]["candidates"]] == ["a", "b"]
    assert (told["usage"]["input_tokens"], told["usage"]["output_tokens"]) == (3, 2)
    events = [(entry["event"], entry["attempt"]) for entry in told["timeline"]]
    assert events[:3] == [("arrived", None), ("planned", None), ("sent", 1)]
    assert events[-1] == ("over", None)
    assert {("head", 1), ("ended", 1), ("sent", 2), ("head", 2), ("committed", 2), ("ended", 2)} <= set(events)
    assert [entry["ms"] for entry in told["timeline"]] == sorted(entry["ms"] for entry in told["timeline"])


async def test_credentials_are_redacted_in_headers_of_all_four(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        await gateway.post(f"/v1/chat/completions?key={KEY}", {"model": "direct/a/ok", **HI}, [("cookie", "a=b")])
        (trace,) = await kept(gateway)
    told = trace.document
    assert ["authorization", "[redacted]"] in told["request"]["headers"]
    assert ["cookie", "[redacted]"] in told["request"]["headers"]
    assert told["request"]["path"] == "/v1/chat/completions?key=[redacted]"
    attempt = told["attempts"][0]
    assert "[redacted]" in dict(attempt["request"]["headers"]).get("authorization", "")
    assert "[redacted]" in [value for name, value in attempt["answer"]["headers"] if name.lower() == "x-vendor-token"]
    assert "fine" in [value for name, value in attempt["answer"]["headers"] if name.lower() == "x-vendor-note"]
    assert KEY not in str(trace)
    assert "sk-upstream-secret" not in str(trace)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_a_stream_is_kept_as_it_came_and_put_together_in_the_clients_protocol(upstream, tmp_path, path):
    body = {"model": "direct/a/stream", "stream": True, "max_tokens": 50, **HI}
    if path == "/v1/responses":
        body = {"model": "direct/a/stream", "stream": True, "input": "hi"}
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await gateway.post(path, body)
        (trace,) = await kept(gateway)
    assert trace.bodies["attempt.1.answer"].kept == b"".join([OPENING, *WORDS, END])
    assert trace.bodies["answer"].kept == response.body
    whole = trace.bodies["reassembled"].kept.decode()
    assert "".join(f"word {number} " for number in range(20)) in whole
    assert json.loads(whole)


async def test_a_stream_that_breaks_off_is_kept_by_default_up_to_its_last_bytes(upstream, tmp_path):
    async with serving(upstream, tmp_path) as gateway:
        response = await chat(gateway, "direct/a/cut", stream=True)
        await chat(gateway, "direct/a/long", stream=True)
        short, long = await kept(gateway)
    assert (short.status, short.captured_by) == ("error", "on_error")
    assert short.bodies["attempt.1.answer"].kept == b"".join([OPENING, *WORDS])
    assert short.bodies["answer"].kept == response.body
    body = long.bodies["attempt.1.answer"]
    assert body.size == len(b"".join([OPENING, *WORDS * 200]))
    assert (len(body.kept), body.gap_at) == (ON_ERROR, ON_ERROR // 2)
    assert body.kept.startswith(OPENING)
    assert body.kept.endswith(WORDS[-1])
    assert "reassembled" not in long.bodies


async def test_headers_alone_are_kept_without_bodies(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "headers"}) as gateway:
        await chat(gateway, "direct/a/ok")
        (trace,) = await kept(gateway)
    assert trace.bodies == {}
    assert trace.document["attempts"][0]["answer"]["status"] == 200


@pytest.mark.parametrize(
    ("rules", "word"),
    [({"keys": ["me"]}, "key"), ({"aliases": ["both"]}, "alias"), ({"providers": ["b"]}, "provider")],
)
async def test_keys_aliases_and_providers_are_kept_by_name(upstream, tmp_path, rules, word):
    async with serving(upstream, tmp_path, capture={"mode": "off", **rules}) as gateway:
        await chat(gateway, "both")
        await ask(
            gateway.url + "/v1/chat/completions",
            {"model": "direct/a/ok", **HI},
            [("authorization", "Bearer sk-test-9876543210")],
        )
        assert [trace.captured_by for trace in await kept(gateway)] == [word]


async def test_the_fidelity_notes_are_in_it(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        await gateway.post("/v1/messages", {"model": "direct/a/ok", "max_tokens": 5, "top_k": 3, **HI})
        (trace,) = await kept(gateway)
    assert [note["field"] for note in trace.document["fidelity"]] == ["sampling.top_k"]


async def test_a_refusal_without_any_attempt_is_kept_as_the_client_read_it(upstream, tmp_path):
    async with serving(upstream, tmp_path) as gateway:
        response = await chat(gateway, "unknown")
        (trace,) = await kept(gateway)
    assert (trace.document["attempts"], trace.document["answer"]["status"]) == ([], 404)
    assert trace.bodies["answer"].kept == response.body


async def test_a_client_that_leaves_is_no_failure_and_only_kept_when_all_is(upstream, tmp_path):
    upstream.on("stream", Answer([OPENING, *WORDS[:2], *WORDS], stream=True, pause=0.2))
    for mode, found in (("on_error", []), ("all", ["cancelled"])):
        async with serving(upstream, tmp_path / mode, capture={"mode": mode}) as gateway:
            body = json.dumps({"model": "direct/a/stream", "stream": True, **HI}).encode()
            async with await RawClient.connect(gateway.url) as client:
                await client.send(request("POST", "/v1/chat/completions", body, [("authorization", f"Bearer {KEY}")]))
                await client.read_until(b"word 0")
            while not gateway.records:  # noqa: ASYNC110 - the gateway notices by itself
                await asyncio.sleep(0)
            assert [trace.status for trace in await kept(gateway)] == found


async def test_when_traces_come_too_fast_some_are_left_out_and_counted(upstream, tmp_path, monkeypatch):
    monkeypatch.setattr("plexus.pipeline.tracing._NUMBER", 0)
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        assert (await chat(gateway, "direct/a/ok")).status == 200
        assert await kept(gateway) == []
        assert gateway.plexus.gateway.tracer is not None
        assert gateway.plexus.gateway.tracer.dropped == 1


async def test_a_burst_of_small_requests_is_kept_whole(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        await asyncio.gather(*[chat(gateway, "direct/a/ok") for _ in range(90)])
        assert len(await kept(gateway)) == 90


async def test_what_is_out_of_bounds_is_deleted(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}, retention={"traces_bytes": 0}) as gateway:
        await chat(gateway, "direct/a/ok")
        assert len(await kept(gateway)) == 1
        assert gateway.plexus.trace_keeping is not None
        assert await gateway.plexus.trace_keeping.trim() == 1
        assert await kept(gateway) == []


AS_ADMIN = [("x-admin-key", ADMIN_KEY)]
YOURS = [("authorization", "Bearer sk-test-9876543210")]


async def manage(gateway: Running, method: str, path: str, body: Any = b"", headers: Any = AS_ADMIN) -> Response:
    await kept(gateway)
    return await ask(f"{gateway.url}/v0/management/{path}", body, headers, method=method)


async def test_traces_are_listed_newest_first_filtered_and_in_pages(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        for model in ("direct/a/ok", "direct/a/busy", "both"):
            await chat(gateway, model)
        whole = (await manage(gateway, "GET", "traces")).json
        assert [row["alias"] for row in whole["data"]] == ["both", "direct/a/busy", "direct/a/ok"]
        assert (whole["total"], whole["next_cursor"]) == (3, None)
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await manage(gateway, "GET", f"traces?limit=1{cursor}")).json
            found += page["data"]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        assert found == whole["data"]
        for query, count in (("status=error", 1), ("provider=b", 1), ("alias=both&model=ok", 1), ("key=you", 0)):
            assert (await manage(gateway, "GET", f"traces?{query}")).json["total"] == count, query
        assert (await manage(gateway, "GET", "traces?since=2000-01-01T00:00:00Z")).json["total"] == 3
        assert (await manage(gateway, "GET", "traces?until=2000-01-01")).json["total"] == 0
        assert (await manage(gateway, "GET", "traces?cursor=WyJ4Il0")).status == 400


async def test_a_trace_is_shown_whole_and_deleted(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "both")
        path = f"traces/{response.header('x-plexus-request-id')}"
        shown = (await manage(gateway, "GET", path)).json
        assert shown["bodies"]["answer"] == {
            "size": len(SAID),
            "gap_at": None,
            "encoding": "text",
            "data": SAID.decode(),
        }
        assert [attempt["provider"] for attempt in shown["attempts"]] == ["a", "b"]
        assert shown["attempts"][0]["request"]["url"].startswith(upstream.base_url("chat"))
        assert (await manage(gateway, "DELETE", path)).json == {"deleted": 1}
        assert (await manage(gateway, "GET", path)).status == 404
        assert (await manage(gateway, "DELETE", path)).json == {"deleted": 0}


async def test_the_holder_of_a_key_sees_its_own_traces_without_whereabouts(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        mine = (await chat(gateway, "direct/a/ok")).header("x-plexus-request-id")
        url = gateway.url + "/v1/chat/completions"
        yours = (await ask(url, {"model": "direct/a/ok", **HI}, YOURS)).header("x-plexus-request-id")
        listed = (await manage(gateway, "GET", "traces", headers=YOURS)).json
        assert [row["request_id"] for row in listed["data"]] == [yours]
        assert listed["total"] == 1
        assert (await manage(gateway, "GET", "traces?key=me", headers=YOURS)).json["total"] == 0
        assert (await manage(gateway, "GET", f"traces/{mine}", headers=YOURS)).status == 404
        shown = (await manage(gateway, "GET", f"traces/{yours}", headers=YOURS)).json
        attempt = shown["attempts"][0]
        assert (attempt["request"]["url"], attempt["request"]["headers"], attempt["answer"]["headers"]) == (
            None,
            None,
            None,
        )
        assert upstream.base_url("chat") not in json.dumps(shown)
        assert (await manage(gateway, "POST", f"traces/{yours}/replay", headers=YOURS)).status == 403


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "[a](javascript:alert(1))",
        "\x1b[31mred",
        "\u202eltr",
        "=cmd()",
    ],
)
async def test_s38_s39_s40_what_was_said_comes_back_as_text_inside_json(upstream, tmp_path, text):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        body = {"model": "direct/a/ok", "messages": [{"role": "user", "content": text}]}
        response = await gateway.post("/v1/chat/completions", body)
        answer = await manage(gateway, "GET", f"traces/{response.header('x-plexus-request-id')}")
    assert (answer.header("content-type"), answer.header("x-content-type-options")) == ("application/json", "nosniff")
    assert json.loads(answer.json["bodies"]["request"]["data"]) == body


async def test_s33_capturing_for_a_while_begins_at_once_and_ends_by_itself(upstream, tmp_path):
    now = [1_800_000_000.0]
    async with serving(upstream, tmp_path, Clock(wall=lambda: now[0]), capture={"mode": "off"}) as gateway:
        told = await manage(gateway, "PUT", "debug", {"keys": ["me"], "seconds": 60})
        assert (told.status, told.json["keys"], told.json["mode"]) == (200, ["me"], "off")
        await chat(gateway, "direct/a/ok")
        await ask(gateway.url + "/v1/chat/completions", {"model": "direct/a/ok", **HI}, YOURS)
        assert [(trace.key, trace.captured_by) for trace in await kept(gateway)] == [("me", "debug")]
        now[0] += 60
        await chat(gateway, "direct/a/ok")
        assert len(await kept(gateway)) == 1
        assert (await manage(gateway, "GET", "debug")).json["until"] is None


async def test_s33_capturing_for_a_while_is_bounded_names_something_and_can_be_ended(upstream, tmp_path):
    async with serving(upstream, tmp_path, capture={"mode": "off"}) as gateway:
        for wrong in ({}, {"everything": True, "seconds": 86_401}, {"keys": ["me"], "seconds": 0}, {"key": "me"}):
            assert (await manage(gateway, "PUT", "debug", wrong)).status == 400, wrong
        assert (await manage(gateway, "PUT", "debug", {"everything": True})).json["until"] is not None
        assert (await manage(gateway, "DELETE", "debug")).json["until"] is None
        await chat(gateway, "direct/a/busy")
        assert await kept(gateway) == []


async def test_without_a_database_there_are_no_traces_and_none_can_be_asked_for(upstream):
    async with running({}, admin_key=ADMIN_KEY) as gateway:
        for method, path, body, status in (
            ("GET", "traces", b"", 200),
            ("GET", "traces/x", b"", 404),
            ("DELETE", "traces/x", b"", 200),
            ("POST", "traces/x/replay", b"", 404),
            ("GET", "debug", b"", 200),
            ("PUT", "debug", {"everything": True}, 409),
            ("DELETE", "debug", b"", 200),
        ):
            answer = await ask(f"{gateway.url}/v0/management/{path}", body, AS_ADMIN, method=method)
            assert answer.status == status, (method, path)


async def test_a_stream_that_is_over_and_not_wanted_leaves_nothing_to_the_collector(upstream, tmp_path):
    """What lies in a cycle stays in memory with its bodies until the collector comes, which is seldom."""

    def accounts() -> int:
        return sum(type(one) is Account for one in gc.get_objects())

    async with serving(upstream, tmp_path) as gateway:
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                answer = await gateway.post("/v1/chat/completions", {"model": "direct/a/stream", "stream": True, **HI})
                assert answer.status == 200
            assert accounts() <= 1  # the last one may still be on its way out
        finally:
            gc.enable()
