"""Explaining a request tells what really happens to it: the same target, the same bytes; and it changes nothing."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec
import pytest

from plexus.core.raw_object import RawObject
from plexus.routing.cooldown import Pass
from plexus.web.management.explained import Explained
from tests.corpus.recordings import MANY, not_a_request, select
from tests.gateway.running import Running, provider, running
from tests.gateway.test_same_bytes import BODIES, PROTOCOLS, VENDORS, path_of
from tests.harness.raw_client import Response, ask
from tests.harness.recorded_upstream import Answer, RecordedUpstream

ADMIN = "sk-admin-explain-4711"
SECRET = "sk-upstream-secret"
OPERATOR = "operators-own-token-81"
AS_ADMIN = [("x-admin-key", ADMIN)]
CLIENT = {
    "user-agent": "a-client/1.0",
    "x-stainless-lang": "python",
    "anthropic-beta": "context-1m-2025-08-07",
    "x-plexus-label": "mine",
    "x-forwarded-for": "10.1.1.1",
}
STEP = 10
"""Every so manieth of the recorded requests is asked about in an ordinary run."""
FRAMING = {"host", "content-length", "connection"}
ENOUGH = Answer([b'{"error":{"message":"enough"}}'], status=400)


def config(upstream: RecordedUpstream) -> dict[str, Any]:
    """One alias for each protocol, behind a provider in the dialect of the protocol's own vendor."""
    return {
        "providers": {
            protocol: {
                "type": vendor,
                "api_base_url": {protocol: upstream.base_url(protocol)},
                "disable_cooldown": True,
                "api_key": SECRET,
                "models": ["real"],
                "headers": {"x-team": OPERATOR},
                "extra_body": {"metadata": {"from": "here"}} if protocol == "chat" else {},
            }
            for protocol, vendor in VENDORS.items()
        },
        "models": {protocol: {"targets": [{"provider": protocol, "model": "real"}]} for protocol in VENDORS},
    }


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        server.key = lambda _: "any"
        server.on("any", ENOUGH)
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    async with running(config(upstream), admin_key=ADMIN) as started:
        yield started


async def explain(
    gateway: Running, body: bytes | dict, *, headers=AS_ADMIN, sent: dict | None = None, **described: Any
) -> Response:
    """Ask about a body; with anything described beside it (`sent`: the client's headers), as a description."""
    if sent is not None:
        described["headers"] = sent
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if described:
        rest = json.dumps(described)[1:].encode()
        raw = b'{"body":' + raw + b"," + rest
    return await ask(gateway.url + "/v0/management/explain", raw, [*headers, ("content-type", "application/json")])


def body_in(response: Response) -> bytes:
    """The body of the request that would be sent, as its bytes stand in the answer."""
    return bytes(RawObject(bytes(RawObject(response.body).values["request"])).values["body"])


def hidden(value: str) -> str:
    return value.replace(SECRET, "[redacted]").replace(OPERATOR, "[redacted]")


async def difference(gateway: Running, upstream: RecordedUpstream, body: bytes, path: str) -> str:
    """What differs between the request explained and the one that is sent; empty when nothing does."""
    told = await explain(gateway, body, path=path, headers=[*AS_ADMIN], key="me", sent=CLIENT)
    assert told.status == 200, told.body
    before = len(upstream.received)
    real = await gateway.post(path, body, list(CLIENT.items()))
    said = told.json
    Explained.model_validate(said)
    if said["outcome"] == "refused":
        same = (real.status, len(upstream.received)) == (said["refusal"]["status"], before)
        return "" if same and said["refusal"]["message"] in message(real) else f"{real.body!r} for {said}"
    sent = upstream.received[-1]
    assert len(upstream.received) == before + 1
    request = said["request"]
    there = {name.lower(): hidden(value) for name, value in sent.headers if name.lower() not in FRAMING}
    wanted = {name.lower(): value for name, value in request["headers"].items()}
    origin = request["url"].removesuffix(sent.target)
    arrived = (
        sent.method,
        f"{origin}{sent.target}",
        there,
        sent.body.strip(),
    )  # a value in JSON has no blanks around it
    explained = (request["method"], request["url"], wanted, body_in(told))
    pairs = zip(("method", "url", "headers", "body"), arrived, explained, strict=True)
    return "; ".join(f"{name}: {came} for {said}" for name, came, said in pairs if came != said)


def message(response: Response) -> str:
    return str(response.json["error"]["message"])


def named(body: bytes, protocol: str, alias: str, *, stream: bool | None = None) -> tuple[bytes, str]:
    """The body with this alias as its model, and the path it goes to."""
    if protocol == "gemini":
        return body, path_of("gemini", stream=bool(stream)).replace("models/gemini", f"models/{alias}")
    changes = {"model": json.dumps(alias).encode()}
    if stream is not None:
        changes["stream"] = b"true" if stream else b"false"
    return RawObject(body).replaced(changes), path_of(protocol, stream=bool(stream))


PAIRS = [(client, target) for client in PROTOCOLS for target in PROTOCOLS]


@pytest.mark.parametrize(("client", "target"), PAIRS)
async def test_what_is_explained_is_what_the_upstream_gets_byte_for_byte(client, target, upstream, gateway):
    plain = [json.dumps(BODIES[client]).encode(), json.dumps(BODIES[client], indent=1).encode()]
    recorded = [r for r in select(protocol=client) if not not_a_request(r)][::STEP]
    asked = [named(body, client, target, stream=stream) for body in plain for stream in (False, True)]
    wrong = [await difference(gateway, upstream, *ask) for ask in asked]
    for recording in recorded:
        stream = recording.streaming if client == "gemini" else None
        wrong.append(
            await difference(
                gateway, upstream, *named((recording.request_body or "").encode(), client, target, stream=stream)
            )
        )
    assert [difference for difference in wrong if difference] == []
    assert len(upstream.received) > len(wrong) / 2
    assert len(wrong) > (20 if MANY else 3)


@pytest.mark.deep
@pytest.mark.parametrize(("client", "target"), PAIRS)
async def test_what_is_explained_is_what_the_upstream_gets_for_everything_recorded(client, target, upstream, gateway):
    wrong = []
    for recording in [r for r in select(protocol=client) if not not_a_request(r)]:
        body, stream = (recording.request_body or "").encode(), recording.streaming if client == "gemini" else None
        wrong.append(await difference(gateway, upstream, *named(body, client, target, stream=stream)))
    assert [difference for difference in wrong if difference] == []
    assert len(wrong) > 200


OK = Answer(
    [b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}']
)


def three(upstream: RecordedUpstream, selector: str, **more: Any) -> dict[str, Any]:
    """An alias of three targets with this selector, beside all that is given."""
    names = ("one", "two", "three")
    providers = {name: provider(upstream.base_url("chat"), "chat", ["m"], disable_cooldown=False) for name in names}
    targets = [{"provider": name, "model": "m", "weight": weight} for weight, name in enumerate(names, 1)]
    return {"providers": providers, "models": {"all": {"targets": targets, "selector": selector}}, **more}


ASK = {"model": "all", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    "selector", ["in_order", "random", "latency", "performance", "e2e_performance", "usage", "balanced"]
)
async def test_the_first_target_explained_is_the_one_that_serves(selector, upstream):
    upstream.on("any", OK)
    served = set()
    async with running(three(upstream, selector), admin_key=ADMIN) as gateway:
        for dice in (0.01, 0.3, 0.6, 0.99, 0.01, 0.3, 0.6, 0.99):
            gateway.plexus.gateway.dice = partial(float, dice)
            told = (await explain(gateway, ASK)).json
            real = await gateway.post("/v1/chat/completions", ASK)
            assert real.status == 200
            assert real.header("x-plexus-provider") == told["candidates"][0]["provider"]
            assert told["candidates"][0]["selector"] == selector
            assert [row["place"] for row in told["candidates"]] == [1, 2, 3]
            served.add(real.header("x-plexus-provider"))
    assert len(served) > (selector == "random")


async def test_a_measured_selector_shows_the_scores_it_went_by(upstream):
    upstream.on("any", OK)
    rules = {"exploration": {"rate": 0}}
    async with running(three(upstream, "latency", **rules), admin_key=ADMIN) as gateway:
        for name in ("three", "one", "two"):
            await gateway.post("/v1/chat/completions", {**ASK, "model": f"direct/{name}/m"})
        told = (await explain(gateway, ASK)).json
    scores = [row["score"] for row in told["candidates"]]
    assert scores == sorted(scores)
    assert [row["facts"]["ttft_seconds"] for row in told["candidates"]] == scores
    assert all(row["facts"]["samples"] == 1 and "lower" in row["meaning"] for row in told["candidates"])
    assert {row["why"] for row in told["candidates"]} == {"selector"}


async def test_explaining_changes_nothing(upstream):
    upstream.on("any", OK)
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    bodies: list[dict[str, Any]] = [
        ASK,
        {**ASK, "messages": turns},
        {**ASK, "stream": True},
        {**ASK, "model": "nobody's"},
    ]
    config = three(upstream, "latency")
    config["providers"]["one"]["max_concurrency"] = 1
    async with running(config, admin_key=ADMIN) as gateway:
        await gateway.post("/v1/chat/completions", {**ASK, "messages": turns})
        upstream.on("any", Answer([b"{}"], status=503))
        await gateway.post("/v1/chat/completions", {**ASK, "model": "direct/one/m"})
        traffic, seen, records = gateway.plexus.gateway.traffic, len(upstream.received), len(gateway.records)
        before = state(traffic)
        assert "one" in repr(before)
        for body in bodies * 3:
            told = await explain(gateway, body, key="me")
            assert told.status == 200
        assert state(traffic) == before
        assert (len(upstream.received), len(gateway.records)) == (seen, records)


def state(thing: Any) -> Any:
    """Everything that is kept below a thing of ours, as plain data; in maps the order as well, by which things are forgotten."""
    if isinstance(thing, dict):
        return [(repr(key), state(value)) for key, value in thing.items()]
    if isinstance(thing, list | tuple | deque):
        return [state(entry) for entry in thing]
    if isinstance(thing, msgspec.Struct):
        return {name: state(getattr(thing, name)) for name in thing.__struct_fields__}
    if type(thing).__module__.startswith("plexus."):
        return {name: state(value) for name, value in vars(thing).items()}
    return thing if isinstance(thing, int | float | str | bool | None) else type(thing).__name__


async def test_a_trial_is_left_for_a_real_request(upstream):
    upstream.on("any", Answer([b"{}"], status=503))
    config = three(upstream, "in_order", cooldown={"initial": "1ms"})
    async with running(config, admin_key=ADMIN) as gateway:
        await gateway.post("/v1/chat/completions", {**ASK, "model": "direct/one/m"})
        upstream.on("any", OK)
        await asyncio.sleep(0.01)  # longer than the cooldown, with its jitter
        assert [(await explain(gateway, ASK)).json["candidates"][0]["provider"] for _ in range(3)] == ["one"] * 3
        real = await gateway.post("/v1/chat/completions", ASK)
    assert real.header("x-plexus-provider") == "one"


async def test_what_is_left_out_is_named_with_its_reason(upstream):
    upstream.on("any", Answer([b"{}"], status=503))
    config = three(upstream, "in_order", keys={"few": {"secret": "sk-few", "excluded_providers": ["two"]}})
    async with running(config, admin_key=ADMIN) as gateway:
        await gateway.post("/v1/chat/completions", {**ASK, "model": "direct/one/m"})
        told = (await explain(gateway, ASK, key="few")).json
    assert [row["provider"] for row in told["candidates"]] == ["three"]
    cooling, forbidden = told["excluded"]
    assert (cooling["provider"], cooling["reason"]) == ("one", "cooling")
    assert "cools down for another" in cooling["said"]
    assert cooling["cooldown"]["failures"] == 1
    assert 100 < cooling["cooldown"]["seconds_left"] < 130
    assert (forbidden["provider"], forbidden["reason"]) == ("two", "not_allowed")
    assert forbidden["said"] == "the key 'few' may not use it"


async def test_what_would_be_refused_is_told_as_the_client_would_be_told(upstream):
    config = three(upstream, "in_order", keys={"none": {"secret": "sk-none", "allowed_models": ["other"]}})
    async with running(config, admin_key=ADMIN) as gateway:
        unknown = (await explain(gateway, {**ASK, "model": "nobody's"})).json
        forbidden = (await explain(gateway, ASK, key="none")).json
        impatient = (await explain(gateway, ASK, sent={"x-plexus-timeout": "soon"})).json
    assert (unknown["outcome"], unknown["refusal"]["status"]) == ("refused", 404)
    assert (forbidden["outcome"], forbidden["refusal"]["status"]) == ("refused", 403)
    assert [row["reason"] for row in forbidden["excluded"]] == ["not_allowed"] * 3
    assert (impatient["refusal"]["status"], impatient["refusal"]["param"]) == (400, "x-plexus-timeout")
    assert unknown["request"] is forbidden["request"] is impatient["request"] is None


@pytest.mark.parametrize(
    ("settings", "said"), [({"enabled": False}, "is disabled"), ({"expires_at": "2020-01-01T00:00:00Z"}, "has expired")]
)
async def test_a_key_that_opens_nothing_is_told_so(settings, said, upstream):
    config = three(upstream, "in_order", keys={"off": {"secret": "sk-off", **settings}})
    async with running(config, admin_key=ADMIN) as gateway:
        told = (await explain(gateway, ASK, key="off")).json
        real = await ask(gateway.url + "/v1/chat/completions", ASK, [("x-api-key", "sk-off")])
    assert (told["outcome"], told["refusal"]["status"], real.status) == ("refused", 401, 401)
    assert said in told["refusal"]["message"]
    assert told["request"] is None


async def test_a_full_quota_is_told_and_asking_reserves_nothing(upstream):
    upstream.on("any", OK)
    quota = {"type": "daily", "limit_type": "requests", "limit": 2}
    narrow = {**quota, "limit": 1, "allowed_providers": ["one"]}
    more = {
        "user_quotas": {"all": quota, "narrow": narrow},
        "keys": {"q": {"secret": "sk-q", "quotas": ["all", "narrow"]}},
    }
    async with running(three(upstream, "in_order", **more), admin_key=ADMIN) as gateway:
        quotas = gateway.plexus.gateway.quotas
        for left in (["one", "two", "three"], ["two", "three"]):
            for _ in range(3):
                told = (await explain(gateway, ASK, key="q")).json
                assert (told["outcome"], [row["provider"] for row in told["candidates"]]) == ("sent", left)
            assert {reading.held for reading in quotas.readings(quotas_of(gateway), "q")} == {0}
            real = await ask(gateway.url + "/v1/chat/completions", ASK, [("x-api-key", "sk-q")])
            assert real.header("x-plexus-provider") == left[0]
        assert [(row["provider"], row["reason"]) for row in told["excluded"]] == [("one", "quota")]
        told = (await explain(gateway, ASK, key="q")).json
        real = await ask(gateway.url + "/v1/chat/completions", ASK, [("x-api-key", "sk-q")])
    assert (told["outcome"], told["refusal"]["status"], real.status) == ("refused", 429, 429)
    assert told["refusal"]["message"] == message(real)
    assert told["request"] is None


def quotas_of(gateway: Running) -> Any:
    return gateway.plexus.gateway.snapshot.quotas["q"]


async def test_a_target_at_its_limit_is_waited_for(upstream):
    upstream.on("any", Answer([b"{}"], pause=30.0))
    providers = {"one": provider(upstream.base_url("chat"), "chat", ["m"], max_concurrency=1)}
    async with running({"providers": providers}, admin_key=ADMIN) as gateway:
        body = {**ASK, "model": "m"}
        asking = asyncio.create_task(gateway.post("/v1/chat/completions", body))
        while not upstream.received:  # noqa: ASYNC110 - the harness offers no event
            await asyncio.sleep(0.01)
        told = (await explain(gateway, body)).json
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert told["outcome"] == "waits"
    assert [(row["why"], row["provider"]) for row in told["candidates"]] == [("waits", "one")]
    assert told["request"]["provider"] == "one"
    assert told["excluded"] == []


async def test_the_session_of_a_conversation_is_told(upstream):
    upstream.on("any", OK)
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    async with running(three(upstream, "in_order"), admin_key=ADMIN) as gateway:
        cooldowns = gateway.plexus.gateway.traffic.cooldowns
        cooldowns.failed(Pass("one", "m", 0.0), 1e12, lambda: 0.0)
        await gateway.post("/v1/chat/completions", {**ASK, "messages": turns})
        cooldowns.clear()
        told = (await explain(gateway, {**ASK, "messages": turns}, key="me")).json
        other = (await explain(gateway, {**ASK, "messages": turns})).json
    assert told["session"] == {"continued": True, "served_by": {"provider": "two", "model": "m"}}
    assert (told["candidates"][0]["provider"], told["candidates"][0]["why"]) == ("two", "sticky")
    assert (other["candidates"][0]["provider"], other["session"]["served_by"]) == ("one", None)


async def test_the_cost_shown_is_the_cost_the_selector_went_by(upstream):
    upstream.on("any", OK)
    config = three(upstream, "cost")
    for name, price in (("one", 3), ("two", 1), ("three", 2)):
        pricing = {"source": "simple", "input": price, "output": price}
        config["providers"][name]["models"] = {"m": {"pricing": pricing}}
    async with running(config, admin_key=ADMIN) as gateway:
        told = (await explain(gateway, {**ASK, "max_tokens": 100})).json
        real = await gateway.post("/v1/chat/completions", {**ASK, "max_tokens": 100})
    assert [row["provider"] for row in told["candidates"]] == ["two", "three", "one"]
    costs = [Decimal(row["cost"]) for row in told["candidates"]]
    assert costs == sorted(costs)
    assert costs[0] > 0
    assert [Decimal(str(row["score"])) for row in told["candidates"]] == costs
    assert real.header("x-plexus-provider") == "two"


async def test_of_a_large_body_only_the_request_that_would_be_sent_is_worked_out(upstream):
    body = {**ASK, "messages": [{"role": "user", "content": "long " * 250_000}]}
    async with running(three(upstream, "in_order"), admin_key=ADMIN) as gateway:
        small, large = (await explain(gateway, ASK)).json, (await explain(gateway, body)).json
    assert [row["passthrough"] for row in small["candidates"]] == [True, True, True]
    assert [row["passthrough"] for row in large["candidates"]] == [True, None, None]
    assert large["request"]["body"]["messages"] == body["messages"]
    assert len({row["input_tokens"] for row in large["candidates"]}) == 1


async def test_an_unknown_price_is_null_and_a_known_one_exact_text(upstream):
    async with running(three(upstream, "in_order"), admin_key=ADMIN) as gateway:
        prices = {"one": Decimal("0.00001230"), "two": Decimal(0)}
        gateway.plexus.gateway.expected_cost = lambda _call: lambda provider, _model: prices.get(provider)
        told = (await explain(gateway, ASK)).json
    assert [row["cost"] for row in told["candidates"]] == ["0.00001230", "0", None]
    assert {row["input_tokens"] for row in told["candidates"]} == {5}


async def test_losses_and_what_cannot_be_carried_are_told_for_each_target(upstream, gateway):
    lossy = {**BODIES["chat"], "model": "messages", "logit_bias": {"1": 2}, "seed": 3}
    told = (await explain(gateway, lossy)).json
    assert {loss["field"] for loss in told["candidates"][0]["fidelity"]} >= {"sampling.logit_bias", "sampling.seed"}
    assert (told["candidates"][0]["passthrough"], told["candidates"][0]["protocol"]) == (False, "messages")
    strict = (await explain(gateway, lossy, sent={"x-plexus-strict": "true"})).json
    assert (strict["outcome"], strict["refusal"]["status"]) == ("refused", 400)
    assert strict["candidates"][0]["refusal"]["param"] == strict["refusal"]["param"]


async def test_no_credential_is_shown_wherever_it_stood(upstream, gateway):
    sent = {"authorization": "Bearer sk-clients-own", "x-api-key": "sk-clients-own", "x-my-token": "sk-clients-own"}
    for protocol in PROTOCOLS:
        body, path = named(json.dumps(BODIES[protocol]).encode(), protocol, protocol)
        told = await explain(gateway, body, path=path, sent=sent)
        assert told.json["outcome"] == "sent"
        assert told.json["request"]["headers"]["x-team"] == "[redacted]"
        for secret in (SECRET, OPERATOR, "sk-clients-own"):
            assert secret.encode() not in told.body


async def test_a_keys_holder_asks_as_itself_and_is_not_shown_where_providers_are(upstream):
    keys = {"few": {"secret": "sk-few", "excluded_providers": ["two"]}}
    async with running(three(upstream, "in_order", keys=keys), admin_key=ADMIN) as gateway:
        holder = [("authorization", "Bearer sk-few")]
        told = await explain(gateway, ASK, headers=holder)
        assert told.json["key"] == "few"
        assert [row["provider"] for row in told.json["excluded"]] == ["two"]
        assert (told.json["request"]["url"], told.json["request"]["headers"]) == (None, None)
        assert upstream.base_url("chat").encode() not in told.body
        foreign = await explain(gateway, ASK, headers=holder, key="me")
        nobody = await explain(gateway, ASK, headers=holder, key="nobody")
    assert (foreign.status, nobody.status) == (404, 404)
    assert foreign.body.replace(b"'me'", b"'nobody'") == nobody.body


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_bare_body_is_taken_for_the_protocol_of_its_shape(protocol, upstream, gateway):
    marked = {"messages": {**BODIES["messages"], "system": "s"}}.get(protocol, BODIES[protocol])
    name = f"models/{protocol}" if protocol == "gemini" else protocol
    told = await explain(gateway, {**marked, "model": name})
    assert (told.json["protocol"], told.json["model"]) == (protocol, protocol)
    assert told.json["request"]["url"].startswith(upstream.base_url(protocol))


async def test_a_question_that_is_none_is_refused_with_the_field(gateway):
    asked: list[tuple[Any, dict[str, Any], str | None]] = [
        ({"model": "chat"}, {}, "protocol"),
        ({"contents": []}, {}, "path"),
        ({**ASK, "model": 3}, {}, "model"),
        ({**ASK, "stream": "yes"}, {}, "stream"),
        (ASK, {"protocol": "smtp"}, "protocol"),
        (ASK, {"protocol": 1}, "protocol"),
        (ASK, {"protocol": "chat", "path": "/v1/messages"}, "protocol"),
        (ASK, {"path": "/v1/files"}, "path"),
        (ASK, {"keey": "me"}, "keey"),
        (ASK, {"key": "nobody"}, "key"),
        (ASK, {"sent": {"a": 1}}, "headers"),
        (ASK, {"sent": {"a": "ключ"}}, "headers"),
        (b"[]", {"protocol": "chat"}, "body"),
        (b"[]", {}, None),
        (b"{", {}, None),
    ]
    for body, described, param in asked:
        told = await explain(gateway, body, **described)
        assert told.status == (404 if param == "key" else 400), (body, described, told.body)
        assert told.json["error"]["param"] == param, told.body
