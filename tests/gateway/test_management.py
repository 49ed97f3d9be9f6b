"""The resources of the management API on a running gateway: what they show is what is, and what they change changes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

import plexus
from plexus.core import logging
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.raw_client import Response, ask
from tests.harness.recorded_upstream import Answer, RecordedUpstream

ADMIN_KEY = "sk-admin-management-4711"
AS_ADMIN = [("x-admin-key", ADMIN_KEY)]
BROKEN, MODEL, OTHER = "vendor/model:free", "vendor/model", "vendor/model:free:extra"
OK = Answer(
    [b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}']
)


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        server.key = lambda _: "any"
        server.on("any", Answer([b"{}"], status=503))
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    models = [BROKEN, MODEL, OTHER]
    providers = {
        "a/b": provider(upstream.base_url("chat"), "chat", models, disable_cooldown=False, max_concurrency=2),
        "a": provider(upstream.base_url("chat"), "chat", models, disable_cooldown=False),
    }
    async with running({"providers": providers}, admin_key=ADMIN_KEY) as started:
        yield started


async def manage(gateway: Running, method: str, path: str, body: Any = b"") -> Response:
    return await ask(f"{gateway.url}/v0/management/{path}", body, AS_ADMIN, method=method)


async def chat(gateway: Running, provider: str, model: str) -> Response:
    body = {"model": f"direct/{provider}/{model}", "messages": [{"role": "user", "content": "hi"}]}
    return await gateway.post("/v1/chat/completions", body)


async def resting(gateway: Running) -> set[tuple[str, str]]:
    listed = (await manage(gateway, "GET", "cooldowns")).json
    assert listed["total"] == len(listed["data"])
    return {(row["provider"], row["model"]) for row in listed["data"]}


EVERYTHING = {(name, model) for name in ("a", "a/b") for model in (BROKEN, MODEL, OTHER)}


@pytest.fixture
async def broken(gateway: Running) -> Running:
    for name, model in sorted(EVERYTHING):
        await chat(gateway, name, model)
    assert await resting(gateway) == EVERYTHING
    return gateway


async def test_a_cooldown_is_shown_with_its_reason(broken):
    row = (await manage(broken, "GET", "cooldowns")).json["data"][0]
    assert (row["provider"], row["model"], row["failures"], row["on_trial"]) == ("a", MODEL, 1, False)
    assert 100 < row["seconds_left"] < 130
    assert row["until"].endswith("+00:00")
    assert "cools down for another" in row["said"]


async def test_clearing_one_target_is_exact_although_ids_hold_slashes_and_colons(broken):
    gone = await manage(broken, "DELETE", "cooldowns?provider=a%2Fb&model=vendor%2Fmodel%3Afree")
    assert gone.json == {"cleared": [{"provider": "a/b", "model": BROKEN}]}
    assert await resting(broken) == EVERYTHING - {("a/b", BROKEN)}
    assert (await manage(broken, "DELETE", "cooldowns?provider=a/b&model=vendor/model:fr")).json == {"cleared": []}


async def test_clearing_a_provider_leaves_one_whose_name_begins_alike(broken):
    gone = await manage(broken, "DELETE", "cooldowns?provider=a")
    assert {row["provider"] for row in gone.json["cleared"]} == {"a"}
    assert await resting(broken) == {target for target in EVERYTHING if target[0] == "a/b"}


async def test_clearing_all_clears_all_and_a_cleared_target_serves_at_once(broken, upstream):
    assert len((await manage(broken, "DELETE", "cooldowns")).json["cleared"]) == 6
    assert await resting(broken) == set()
    upstream.on("any", OK)
    assert (await chat(broken, "a", BROKEN)).status == 200


async def test_a_slip_in_a_parameter_clears_nothing(broken):
    for query in ("provder=a", "provider=a&modle=x", "model=m", "provider=a&provider=b"):
        refused = await manage(broken, "DELETE", f"cooldowns?{query}")
        assert refused.status == 400, query
        assert refused.json["error"]["type"] == "invalid_request_error"
    assert await resting(broken) == EVERYTHING


async def test_a_resting_credential_is_shown_without_a_model_and_cleared_by_an_empty_one(gateway, upstream):
    upstream.on("any", Answer([b"{}"], status=401))
    await chat(gateway, "a", MODEL)
    upstream.on("any", Answer([b"{}"], status=503))
    await chat(gateway, "a/b", MODEL)
    assert await resting(gateway) == {("a", None), ("a/b", MODEL)}
    gone = await manage(gateway, "DELETE", "cooldowns?provider=a&model=")
    assert gone.json == {"cleared": [{"provider": "a", "model": None}]}
    assert await resting(gateway) == {("a/b", MODEL)}


async def test_slots_in_use_limits_and_waiters_are_shown(gateway, upstream):
    upstream.on("any", Answer([b"{}"], pause=30.0))
    asking = [asyncio.create_task(chat(gateway, "a/b", MODEL)) for _ in range(3)]
    line = gateway.plexus.gateway.traffic.line
    while len(upstream.received) < 2 or not len(line.queue):  # noqa: ASYNC110 - the harness offers no event
        await asyncio.sleep(0.01)
    shown = (await manage(gateway, "GET", "concurrency")).json
    rows = {(row["provider"], row["model"]): row for row in shown["data"]}
    assert (rows["a/b", None]["in_use"], rows["a/b", None]["limit"], rows["a/b", None]["waiting"]) == (2, 2, 1)
    assert (rows["a/b", MODEL]["in_use"], rows["a/b", MODEL]["limit"], rows["a/b", MODEL]["waiting"]) == (2, None, 1)
    assert (shown["waiting"], shown["longest_line"]) == (1, 1000)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


async def test_measurements_are_shown_for_every_target_and_forgotten_exactly(gateway, upstream):
    upstream.on("any", OK)
    for model in (MODEL, BROKEN):
        await chat(gateway, "a", model)
    rows = {(row["provider"], row["model"]): row for row in (await manage(gateway, "GET", "performance")).json["data"]}
    assert rows.keys() == EVERYTHING
    assert rows["a", MODEL]["ttft_seconds"] > 0
    assert (rows["a", MODEL]["samples"], rows["a", OTHER]["samples"]) == (1, 0)
    assert rows["a", OTHER]["ttft_seconds"] is None
    gone = await manage(gateway, "DELETE", f"performance?provider=a&model={MODEL}")
    assert gone.json == {"cleared": [{"provider": "a", "model": MODEL}]}
    rows = {(row["provider"], row["model"]): row for row in (await manage(gateway, "GET", "performance")).json["data"]}
    assert (rows["a", MODEL]["samples"], rows["a", BROKEN]["samples"]) == (0, 1)
    assert (await manage(gateway, "DELETE", f"performance?model={MODEL}")).status == 400


async def test_the_configuration_shown_is_the_one_served_and_its_items_are_the_same(gateway):
    whole = (await manage(gateway, "GET", "config")).json
    assert list(whole["config"]["providers"]) == ["a/b", "a"]
    listed = (await manage(gateway, "GET", "providers")).json
    assert [row["name"] for row in listed["data"]] == ["a", "a/b"]
    for path in ("providers/a/b", "providers/a%2Fb"):
        one = (await manage(gateway, "GET", path)).json
        nowhere = {"version": None, "written": None}  # this configuration has no home
        assert one == {"name": "a/b", "settings": whole["config"]["providers"]["a/b"], **nowhere}
    assert one["settings"]["api_key"] == "[redacted]"
    rest = (await manage(gateway, "GET", "settings")).json["config"]
    assert rest.items() <= whole["config"].items()
    assert whole["config"].keys() - rest.keys() == {"providers", "models", "keys", "user_quotas", "mcp_servers"}
    missing = await manage(gateway, "GET", "providers/b")
    assert (missing.status, missing.json["error"]["type"]) == (404, "not_found_error")


async def test_a_changed_configuration_is_shown(gateway):
    settings = gateway.plexus._settings.model_copy(update={"default_quotas": ("q",)})
    await gateway.plexus.configure(settings)
    after = (await manage(gateway, "GET", "config")).json
    assert after["config"]["default_quotas"] == ["q"]


async def test_pages_follow_one_another_on_the_wire(gateway):
    first = (await manage(gateway, "GET", "performance?limit=4")).json
    rest = (await manage(gateway, "GET", f"performance?limit=4&cursor={first['next_cursor']}")).json
    rows = [(row["provider"], row["model"]) for row in first["data"] + rest["data"]]
    assert rows == sorted(EVERYTHING)
    assert (first["total"], rest["total"], rest["next_cursor"]) == (6, 6, None)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=1000000000", "limit=x", "cursor=x", "sort=cost;drop", "offset=1"]
)
async def test_s14_parameters_outside_their_bounds_are_refused_by_name(query, gateway):
    refused = await manage(gateway, "GET", f"performance?{query}")
    assert refused.status == 400
    error = refused.json["error"]
    assert error.keys() == {"message", "type", "code", "param"}
    assert query.partition("=")[0] in error["message"]


async def test_a_configuration_is_checked_without_being_taken(gateway):
    good = b"providers: {p: {type: openai, api_key: k, models: [m]}}\nmcp_servers: {d: {url: https://mcp.example.test}}"
    verdict = (await manage(gateway, "POST", "config/validate", good)).json
    assert (verdict["valid"], verdict["problems"]) == (True, [])
    assert [remark["path"] for remark in verdict["remarks"]] == ["mcp_servers"]
    bad = b"providers:\n  p: {type: openai, modles: [m]}\nmodels: {x: {}}"
    verdict = (await manage(gateway, "POST", "config/validate", bad)).json
    assert verdict["valid"] is False
    first = verdict["problems"][0]
    assert (first["line"], first["path"], first["fix"]) == (2, "providers.p.modles", "did you mean 'models'?")
    for content in (b"", b"\xff", b"{", b"[1]", b"a: &a [*a]"):
        assert (await manage(gateway, "POST", "config/validate", content)).json["valid"] is False
    assert list((await manage(gateway, "GET", "config")).json["config"]["providers"]) == ["a/b", "a"]


async def test_checking_a_configuration_tells_nothing_of_the_environment(gateway, monkeypatch):
    monkeypatch.setenv("OTHER_SECRET", "canary-'quoted'-4f1a")
    for text in ("models: {x: {targets: [{alias: '${OTHER_SECRET}'}]}}", "providers: {p: {type: '${OTHER_SECRET}'}}"):
        told = await manage(gateway, "POST", "config/validate", text.encode())
        assert told.json["valid"] is False
        assert b"4f1a" not in told.body
        assert b"[redacted]" in told.body


async def test_the_log_level_changes_at_once_and_is_shown(gateway, capsys):
    before = logging.level()
    logging.configure("info", "json")
    quiet = logging.logger("plexus.test")
    quiet.info("bind it")
    try:
        assert (await manage(gateway, "PUT", "logging/level", {"level": "debug"})).json == {"level": "debug"}
        assert (await manage(gateway, "GET", "logging/level")).json == {"level": "debug"}
        quiet.debug("now heard")
        assert (await manage(gateway, "PUT", "logging/level", {"level": "error"})).status == 200
        quiet.warning("no longer heard")
        quiet.error("still heard")
        refusals: list[Any] = [{"level": "loud"}, {}, {"level": "info", "more": 1}, []]
        for body in refusals:
            refused = await manage(gateway, "PUT", "logging/level", body)
            assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_value")
        assert logging.level() == "error"
    finally:
        logging.set_level(before)
    said = capsys.readouterr().err
    assert "now heard" in said
    assert "still heard" in said
    assert "no longer heard" not in said


async def test_how_quotas_stand_is_told_exactly_and_only_of_the_own_key(upstream):
    upstream.on("any", OK)
    config = {
        "providers": {"p": provider(upstream.base_url("chat"), "chat", ["m"])},
        "user_quotas": {
            "some": {"type": "daily", "limit_type": "requests", "limit": 4, "warn_at": 0.5},
            "money": {"type": "weekly", "limit_type": "cost", "limit": "0.5"},
        },
        "keys": {"me": {"secret": KEY, "quotas": ["some", "money"]}, "a/b": {"secret": "sk-you"}},
    }
    async with running(config, admin_key=ADMIN_KEY) as gateway:
        for left in (3, 2):
            assert (await chat(gateway, "p", "m")).status == 200
            told = (await gateway.get("/v0/management/quota/status/me")).json
            money, some = sorted(told["quotas"], key=lambda row: row["quota"])
            assert (some["quota"], some["limit"], some["remaining"], some["held"]) == ("some", "4", str(left), "0")
            assert some["warning"] is (left == 2)
        assert (money["limit_type"], money["limit"], money["type"]) == ("cost", "0.50", "weekly")
        assert money["resets_at"].endswith("Z")
        assert (await manage(gateway, "GET", "quota/status/me")).json == told
        assert (await manage(gateway, "GET", "quota/status/a%2Fb")).json["quotas"] == []
        foreign, none = [await gateway.get(f"/v0/management/quota/status/{name}") for name in ("a/b", "x/y")]
        assert (foreign.status, none.status) == (404, 404)
        assert foreign.body.replace(b"a/b", b"x/y") == none.body
        assert (await manage(gateway, "GET", "quota/status/nobody")).status == 404


async def test_who_am_i(gateway):
    assert (await manage(gateway, "GET", "self")).json == {"version": plexus.__version__, "role": "admin", "key": None}
    own = (await gateway.get("/v0/management/self")).json
    assert (own["role"], own["key"]["name"], own["key"]["allowed_models"]) == ("key", "me", [])


async def test_a_body_beyond_the_limits_is_refused(upstream):
    async with running({"limits": {"body": "10KB"}}, admin_key=ADMIN_KEY) as gateway:
        refused = await manage(gateway, "POST", "config/validate", b"#" * 20_000)
        assert (refused.status, refused.json["error"]["code"]) == (413, "request_too_large")
        nested = b'{"model":' + b"[" * 9_000
        refused = await manage(gateway, "POST", "explain", nested)
        assert refused.status == 400
        refused = await manage(gateway, "PUT", "logging/level", b"[" * 9_000)
        assert refused.status == 400


async def test_s23_the_description_is_for_everybody_and_names_nothing_of_this_gateway(gateway):
    told = await ask(gateway.url + "/openapi.json", b"", method="GET")
    assert told.status == 200
    described = told.json
    assert described["openapi"].startswith("3.")
    for said in ("a/b", "sk-upstream-secret", KEY, ADMIN_KEY, MODEL):
        assert said not in told.body.decode()
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert {operation["x-access"] for operation in operations} == {"admin", "key"}
    assert all("422" not in operation["responses"] and "4XX" in operation["responses"] for operation in operations)
    assert len(operations) >= 18
    refused = await ask(gateway.url + "/openapi.json", b"{}", method="POST")
    assert (refused.status, refused.header("allow")) == (405, "GET, HEAD")


LOADING = """
import asyncio, sys
from plexus.app import Plexus
from plexus.core.secret import Secret
from plexus.settings.schema import Settings

async def look(application, key):
    scope = {"type": "http", "method": "GET", "path": "/v0/management/self", "raw_path": b"/v0/management/self",
             "query_string": b"", "headers": [(b"x-admin-key", key)], "client": ("192.0.2.1", 1)}
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        if "status" in message:
            print(message["status"], *sorted({name.partition(".")[0] for name in sys.modules}))
    await application(scope, receive, send)

async def main():
    plexus = Plexus(Settings(), admin_key=Secret("sk-admin-loading-4711"))
    application = await plexus.start()
    for key in (b"wrong", b"sk-admin-loading-4711"):
        await look(application, key)
    await plexus.stop()

asyncio.run(main())
"""


def test_nothing_of_the_api_is_loaded_before_somebody_is_let_in():
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=True)
    before, after = (line.split() for line in done.stdout.splitlines())
    assert (before[0], after[0]) == ("401", "200")
    assert not {"fastapi", "rich", "sqlalchemy", "genai_prices"} & set(before)
    assert "fastapi" in after
