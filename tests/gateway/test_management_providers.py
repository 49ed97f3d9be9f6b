"""Trying a provider out, asking it for its models, revealing its secrets, and the catalogue of known models."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.gateway.running import Running, running
from tests.harness.raw_client import Response, ask
from tests.harness.received import Received
from tests.harness.recorded_upstream import Answer, RecordedUpstream
from tests.harness.wire import header

ADMIN_KEY = "sk-admin-providers-4711"
SECRET = "upstream canary 8f2c"
NAME = "vendor/one:x"


def by_path(received: Received) -> str:
    """Requests that generate by their model, others by their target."""
    return received.target if received.method == "GET" else received.model


def event(data: dict[str, Any], name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


CHAT = Answer(
    [
        event({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "ok"}}]}),
        event({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        event({"id": "c", "model": "m", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}),
        b"data: [DONE]\n\n",
    ],
    stream=True,
)
REFUSED = Answer([json.dumps({"error": {"message": f"key {SECRET} is wrong"}}).encode()], status=401)


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        server.key = by_path
        yield server


async def manage(gateway: Running, method: str, path: str, body: Any = b"") -> Response:
    return await ask(f"{gateway.url}/v0/management/{path}", body, [("x-admin-key", ADMIN_KEY)], method=method)


def serving(
    upstream: RecordedUpstream, protocols: dict[str, str], models: list[str], books: Path | None = None, **more
):
    where = {protocol: upstream.root + base for protocol, base in protocols.items()}
    more = {"api_key": SECRET, "models": models, **more}
    return running({"providers": {NAME: {"api_base_url": where, **more}}}, admin_key=ADMIN_KEY, books=books)


async def test_each_target_is_asked_and_booked_as_a_test_with_what_it_cost(upstream, tmp_path):
    upstream.on("good", CHAT)
    upstream.on("bad", REFUSED)
    priced = {"pricing": {"source": "simple", "input": 1_000_000, "output": 1_000_000}}
    models = {"good": priced, "bad": priced}
    async with serving(upstream, {"chat": "/v1"}, models, tmp_path) as gateway:  # type: ignore[arg-type]
        answer = await manage(gateway, "POST", f"providers/{NAME}/test")
        told = answer.json
        assert (answer.status, told["provider"], told["ok"]) == (200, NAME, False)
        bad, good = told["targets"]
        assert (good["model"], good["protocol"], good["ok"], good["status"]) == ("good", "chat", True, "ok")
        assert (good["http_status"], good["error"]) == (200, None)
        assert 0 < good["ttft_ms"] <= good["latency_ms"]
        assert (bad["ok"], bad["status"], bad["http_status"], bad["ttft_ms"]) == (False, "error", 401, None)
        assert bad["error"]
        assert SECRET not in answer.body.decode()
        rows = {record.row.request_id: record.row for record in gateway.records}
        assert {row.key for row in rows.values()} == {"plexus:test"}
        assert rows[good["request_id"]].cost == Decimal(10)
        assert rows[bad["request_id"]].status == "error"
        assert [body["model"] for body in sorted((r.json for r in upstream.received), key=lambda b: b["model"])] == [
            "bad",
            "good",
        ]
        resting = (await manage(gateway, "GET", "cooldowns")).json["data"]
        assert [row["provider"] for row in resting] == [NAME]  # what a test shows counts
        again = (await manage(gateway, "POST", f"providers/{quote(NAME, safe='')}/test", {"models": ["good"]})).json
        assert [target["ok"] for target in again["targets"]] == [True]  # although it rests


async def test_a_target_that_says_nothing_is_given_up(upstream):
    upstream.on("mute", Answer([b"{}"], pause=60.0))
    async with serving(upstream, {"chat": "/v1"}, ["mute"]) as gateway:
        told = (await manage(gateway, "POST", f"providers/{NAME}/test", {"seconds": 0.2})).json
        assert (told["targets"][0]["ok"], told["targets"][0]["status"]) == (False, "timeout")
        assert [record.row.status for record in gateway.records] == ["timeout"]


async def test_each_protocol_of_the_demo_is_tried_in_its_own(upstream):
    async with running(
        {"providers": {"demo": {"type": "demo", "models": ["echo", "limits"]}}}, admin_key=ADMIN_KEY
    ) as gateway:
        told = (await manage(gateway, "POST", "providers/demo/test", {"models": ["echo"]})).json
        assert {target["protocol"] for target in told["targets"]} == {"chat", "messages", "responses", "gemini"}
        assert told["ok"], told
        told = (await manage(gateway, "POST", "providers/demo/test", {"protocols": ["gemini"]})).json
        assert [(target["model"], target["ok"]) for target in told["targets"]] == [("echo", True), ("limits", False)]
        for what in ("chat", "messages", "gemini"):
            listed = (await manage(gateway, "POST", "providers/demo/fetch-models", {"protocol": what})).json
            assert {"echo", "limits"} <= {model["id"] for model in listed["models"]}, listed
            assert {model["id"] for model in listed["models"] if model["configured"]} == {"echo", "limits"}


async def test_what_cannot_be_tested_is_refused(upstream):
    async with serving(upstream, {"chat": "/v1"}, [f"m{number}" for number in range(41)]) as gateway:
        many = await manage(gateway, "POST", f"providers/{NAME}/test")
        assert (many.status, many.json["error"]["code"]) == (400, "too_many_targets")
        none = await manage(gateway, "POST", f"providers/{NAME}/test", {"protocols": ["gemini"]})
        assert (none.status, none.json["error"]["code"]) == (409, "nothing_to_test")
        for path, body in ((f"providers/{NAME}/test", {"models": ["other"]}), ("providers/nobody/test", {})):
            assert (await manage(gateway, "POST", path, body)).status == 404
        assert upstream.received == []
        assert (await manage(gateway, "POST", "providers/nobody/fetch-models")).status == 404


async def test_models_are_fetched_as_chat_lists_them_with_what_the_vendor_tells(upstream):
    rows = [
        {"id": "m", "object": "model", "owned_by": "us", "context_window": 128000, "max_completion_tokens": 8192},
        {"id": "vendor/n:free", "name": "N", "pricing": {"prompt": "0.1"}},
        {"object": "model"},
        17,
    ]
    upstream.on("/v1/models", Answer([json.dumps({"object": "list", "data": rows}).encode()]))
    async with serving(upstream, {"responses": "/v1", "chat": "/v1"}, ["m"], headers={"X-Team": "t"}) as gateway:
        told = (await manage(gateway, "POST", f"providers/{NAME}/fetch-models")).json
        first, second = told["models"]
        assert (first["id"], first["context_window"], first["max_output"], first["configured"]) == (
            "m",
            128000,
            8192,
            True,
        )
        assert (second["id"], second["title"], second["configured"]) == ("vendor/n:free", "N", False)
        assert second["told"] == rows[1]
        assert (told["complete"], [one["ok"] for one in told["asked"]]) == (True, [True])
        [asked] = upstream.received
        assert (asked.method, header(asked.headers, "authorization"), header(asked.headers, "x-team")) == (
            "GET",
            f"Bearer {SECRET}",
            "t",
        )


async def test_models_are_fetched_from_messages_page_by_page(upstream):
    def page(ids: list[str], more: bool) -> Answer:
        data = [{"type": "model", "id": id_, "display_name": id_.upper(), "max_input_tokens": 10} for id_ in ids]
        return Answer([json.dumps({"data": data, "has_more": more, "last_id": ids[-1]}).encode()])

    upstream.on("/v1/models?limit=1000", page(["a", "b/c"], True))
    upstream.on("/v1/models?limit=1000&after_id=b%2Fc", page(["d"], False))
    async with serving(upstream, {"messages": "/v1"}, ["a"]) as gateway:
        told = (await manage(gateway, "POST", f"providers/{NAME}/fetch-models")).json
        assert [model["id"] for model in told["models"]] == ["a", "b/c", "d"]
        assert told["models"][0]["title"] == "A"
        assert (told["models"][0]["context_window"], told["protocol"]) == (10, "messages")
        assert header(upstream.received[0].headers, "x-api-key") == SECRET
        assert header(upstream.received[0].headers, "anthropic-version")


async def test_models_are_fetched_from_gemini_by_token_and_a_page_that_repeats_itself_ends_it(upstream):
    def page(name: str, token: str) -> Answer:
        model = {"name": f"models/{name}", "displayName": "G", "inputTokenLimit": 5, "outputTokenLimit": 6}
        return Answer([json.dumps({"models": [model], "nextPageToken": token}).encode()])

    upstream.on("/v1beta/models?pageSize=1000", page("a", "t="))
    upstream.on("/v1beta/models?pageSize=1000&pageToken=t%3D", page("b", "again"))
    upstream.on("/v1beta/models?pageSize=1000&pageToken=again", page("b", "again"))
    async with serving(upstream, {"gemini": "/v1beta"}, ["a"]) as gateway:
        told = (await manage(gateway, "POST", f"providers/{NAME}/fetch-models")).json
        assert [(model["id"], model["max_output"]) for model in told["models"]] == [("a", 6), ("b", 6)]
        assert told["complete"] is False
        assert len(upstream.received) == 3


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data":{}}', b"[" * 5000, b"7"])
async def test_what_is_no_list_is_told_and_the_next_protocol_is_asked(body, upstream):
    upstream.on("/v1/models", Answer([body]))
    upstream.on("/m/models?limit=1000", Answer([b'["only", "names"]']))
    async with serving(upstream, {"chat": "/v1", "messages": "/m"}, ["a"]) as gateway:
        told = (await manage(gateway, "POST", f"providers/{NAME}/fetch-models")).json
        assert [(one["protocol"], one["ok"]) for one in told["asked"]] == [("chat", False), ("messages", True)]
        assert [model["id"] for model in told["models"]] == ["only", "names"]


async def test_a_list_that_is_refused_is_told_without_the_secret(upstream):
    upstream.on("/v1/models", REFUSED)
    async with serving(upstream, {"chat": "/v1"}, ["a"], enabled=False) as gateway:
        answer = await manage(gateway, "POST", f"providers/{NAME}/fetch-models", {"protocol": "chat"})
        assert (answer.status, answer.json["protocol"], answer.json["models"]) == (200, None, [])
        assert answer.json["asked"][0]["error"]
        assert SECRET not in answer.body.decode()
        other = await manage(gateway, "POST", f"providers/{NAME}/fetch-models", {"protocol": "gemini"})
        assert (other.status, other.json["error"]["code"]) == (409, "nothing_to_ask")


async def test_what_has_no_home_reveals_nothing(upstream):
    async with serving(upstream, {"chat": "/v1"}, ["a"]) as gateway:
        answer = await manage(gateway, "POST", f"providers/{NAME}/reveal")
        assert (answer.status, answer.json["error"]["code"]) == (409, "no_home")


async def test_the_known_models_are_listed_filtered_and_paged():
    async with running({}, admin_key=ADMIN_KEY) as gateway:

        async def models(query: str) -> dict[str, Any]:
            answer = await manage(gateway, "GET", f"models/catalogue?{query}")
            assert answer.status == 200, answer.body
            return answer.json

        first = await models("limit=3")
        assert first["total"] > 1000
        second = await models(f"limit=3&cursor={quote(first['next_cursor'])}")
        names = [(row["provider"], row["model"]) for row in first["data"] + second["data"]]
        assert names == sorted(set(names))
        claude = await models("provider=anthropic&search=SONNET&takes=image&reasoning=true&min_context=100000")
        assert 0 < claude["total"] < 30
        row = claude["data"][0]
        assert row["family"] == "claude"
        assert {"input", "output", "cache_read"} <= row["prices"][0]["rates"].keys()
        assert Decimal(row["prices"][0]["rates"]["input"]) > 0
        assert row["max_output"] > 0
        assert (await models("provider=gemini"))["total"] > 0  # by our names, where we have one
        assert (await models("provider=google"))["total"] == 0
        assert (await models("search=%25"))["total"] == 0
        assert (await manage(gateway, "GET", "models/catalogue?min_context=0")).status == 400


async def test_what_is_promised_and_not_there_says_so():
    async with running({}, admin_key=ADMIN_KEY) as gateway:
        for method, path in (("GET", "quotas"), ("GET", "oauth/x"), ("PUT", "quota-checkers/a")):
            answer = await manage(gateway, method, path)
            assert (answer.status, answer.json["error"]["code"]) == (501, "not_built")
            assert answer.json["error"]["message"].startswith(path.partition("/")[0])
        stranger = await ask(f"{gateway.url}/v0/management/quotas", b"", [("x-admin-key", "sk-nobody")], method="GET")
        assert stranger.status == 401
