"""S01, S02, G26: every route of the management API, every role, every place a credential may stand: who gets in, and who does not."""

import itertools
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from plexus.core import logging
from plexus.traces import store
from plexus.traces.trace import Body, Trace
from plexus.usage.row import UsageRow
from plexus.usage.store import write_rows
from plexus.web.management import api
from plexus.web.management.access import ADMIN
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.raw_client import RawClient, Response, ask, request

ADMIN_KEY = "sk-admin-access-4711"
ROUTES = [route for router in api.routers() for route in router.routes if isinstance(route, APIRoute)]
CALLS = [(method, route) for route in ROUTES for method in sorted(route.methods or ())]
NAMES = {
    "providers": "p/q:r",
    "aliases": "fast",
    "keys": "me",
    "quota": "me",
    "traces": "0123abcd",
    "user-quotas": "hourly",
    "mcp-servers": "docs",
    "settings": "cooldown",
    "usage": "a-request",
}
BODIES: dict[str, Any] = {
    "/explain": {"model": "fast", "messages": [{"role": "user", "content": "hi"}]},
    "/logging/level": {"level": "critical"},
    "/config/validate": b"providers: {}",
    "/debug": {"keys": ["me"]},
    "/usage/reprice": {"since": "0", "until": "1"},
}
QUERIES = {("DELETE", "/usage"): "before=0"}
ADDRESSES = itertools.count(1)


class Credential(NamedTuple):
    """What is sent, and what it is: admin, key, or nothing that opens anything."""

    name: str
    headers: list[tuple[str, str]]
    query: str
    role: str


def _carriers(name: str, secret: str, role: str) -> list[Credential]:
    """One secret in every place; two of them are read."""
    return [
        Credential(f"{name} in x-admin-key", [("x-admin-key", secret)], "", role),
        Credential(f"{name} as bearer", [("authorization", f"Bearer {secret}")], "", role),
        Credential(f"{name} as bearer in small letters", [("authorization", f"bearer  {secret}")], "", role),
        Credential(f"{name} bare", [("authorization", secret)], "", ""),
        Credential(f"{name} as basic", [("authorization", f"Basic {secret}")], "", ""),
        Credential(f"{name} in x-api-key", [("x-api-key", secret)], "", ""),
        Credential(f"{name} in x-goog-api-key", [("x-goog-api-key", secret)], "", ""),
        Credential(f"{name} in the query", [], f"key={secret}", ""),
        Credential(f"{name} in the query as a header is named", [], f"x-admin-key={secret}", ""),
        Credential(f"{name} in a cookie", [("cookie", f"x-admin-key={secret}")], "", ""),
    ]


CREDENTIALS = [
    *_carriers("admin", ADMIN_KEY, "admin"),
    *_carriers("key", KEY, "key"),
    *_carriers("stranger", "sk-of-nobody", ""),
    Credential("a key with a label", [("x-admin-key", f"{KEY}:label")], "", "key"),
    Credential("the admin key with a label", [("x-admin-key", f"{ADMIN_KEY}:label")], "", ""),
    Credential("a disabled key", [("x-admin-key", "sk-off")], "", ""),
    Credential("an expired key", [("x-admin-key", "sk-old")], "", ""),
    Credential("a key of another address", [("x-admin-key", "sk-far")], "", ""),
    Credential("nothing", [], "", ""),
    Credential("an empty one", [("x-admin-key", "")], "", ""),
    Credential("both", [("x-admin-key", ADMIN_KEY), ("authorization", f"Bearer {KEY}")], "", ""),
    Credential("both the other way", [("x-admin-key", KEY), ("authorization", f"Bearer {ADMIN_KEY}")], "", ""),
    Credential("two in one header", [("x-admin-key", ADMIN_KEY), ("x-admin-key", KEY)], "", ""),
    Credential("the same twice", [("x-admin-key", ADMIN_KEY), ("authorization", f"Bearer {ADMIN_KEY}")], "", "admin"),
    Credential("s05 letters outside ASCII", [("x-admin-key", "\xe4\xf6\xfc\xff" * 5)], "", ""),
    Credential("s04 a statement", [("x-admin-key", "' OR 1=1 --")], "", ""),
    Credential("s04 a long one", [("x-admin-key", "k" * 20_000)], "", ""),
]


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """One of the routes changes it for the process, and with it what later tests would hear."""
    before = logging.level()
    yield
    logging.set_level(before)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Running]:
    config = {
        "providers": {"p/q:r": provider("http://127.0.0.1:9/v1", "chat", ["m"])},
        "models": {"fast": {"targets": [{"provider": "p/q:r", "model": "m"}]}},
        "keys": {
            "me": {"secret": KEY, "quotas": ["hourly"]},
            "off": {"secret": "sk-off", "enabled": False},
            "old": {"secret": "sk-old", "expires_at": "2020-01-01T00:00:00Z"},
            "far": {"secret": "sk-far", "allowed_ips": ["203.0.113.9"]},
        },
        "user_quotas": {"hourly": {"type": "rolling", "duration": "1h", "limit_type": "requests", "limit": 9}},
        "mcp_servers": {"docs": {"url": "https://mcp.example.test/mcp"}},
        "network": {"trusted_proxies": ["127.0.0.0/8"]},
    }
    async with running(config, admin_key=ADMIN_KEY, books=tmp_path) as started:
        assert started.plexus.bookkeeping is not None
        now = int(time.time() * 1000)
        async with started.plexus.bookkeeping.database.writing() as connection:
            await write_rows(connection, [UsageRow(request_id="a-request", started_at=now, key="me", status="ok")])
        await keep_trace(started)
        yield started


async def keep_trace(gateway: Running) -> None:
    """A trace of a request of the key."""
    body = b'{"model":"fast","messages":[{"role":"user","content":"hi"}]}'
    request = {"method": "POST", "path": "/v1/chat/completions", "headers": []}
    nothing: dict[str, Any] = {"attempts": [], "timeline": [], "fidelity": [], "usage": {}, "plan": None, "error": None}
    said = {"protocol": "chat", "stream": False, "array": False, "attribution": None}
    document = {**nothing, **said, "request": request, "answer": {"status": 502, "headers": []}}
    facts = {"key": "me", "alias": "fast", "provider": "", "model": "", "status": "error", "captured_by": "all"}
    bodies = {"request": Body(size=len(body), kept=body)}
    trace = Trace(request_id=NAMES["traces"], started_at=0, document=document, bodies=bodies, **facts)
    assert gateway.plexus.bookkeeping is not None
    async with gateway.plexus.bookkeeping.database.writing() as connection:
        await connection.run_sync(store.write, *store.packed(trace))


async def call(
    gateway: Running, method: str, path: str, credential: Credential, body: Any = b"", query: str = ""
) -> Response:
    """One request, from an address of its own, so that failures of others do not hold it up."""
    number = next(ADDRESSES)
    origin = ("x-forwarded-for", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    queries = [part for part in (credential.query, query) if part]
    url = gateway.url + path + ("?" + "&".join(queries) if queries else "")
    headers = [*credential.headers, origin]
    if path == f"{api.PREFIX}/events":
        return await opened(url, headers)
    return await ask(url, body, headers, method=method)


async def opened(url: str, headers: list[tuple[str, str]]) -> Response:
    """The answer of what does not end once it has begun: without its body then."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    async with await RawClient.connect(url) as client:
        await client.send(request("GET", target, b"", headers, host=parts.netloc))
        begun = (await client.read_until(b"\r\n")).startswith(b"HTTP/1.1 200")
        return await client.read_response(method="HEAD" if begun else "GET")


def path_of(route: APIRoute) -> str:
    resource = route.path.split("/")[1]
    name = NAMES.get(resource, "1" if "{number}" in route.path else "")
    return api.PREFIX + re.sub(r"\{\w+(:path)?\}", name, route.path)


def needs_home(method: str, path: str) -> bool:
    """Whether the answer is that the configuration of this gateway has no home, or that the request says nothing."""
    running = {"cooldowns", "performance", "logging", "usage", "debug", "traces"}
    changes = method in {"PUT", "DELETE"} and path.split("/")[1] not in running
    told = "revisions" in path or path in {"/audit", "/restore"} or path.endswith("/reveal")
    return changes or (method == "POST" and path.startswith("/keys")) or told


@pytest.mark.parametrize(("method", "route"), CALLS, ids=[f"{method} {route.path}" for method, route in CALLS])
async def test_s02_g26_each_route_opens_to_those_it_says_and_to_nobody_else(method, route, gateway):
    path, access, wrong = path_of(route), api.access_of(route), []
    denials = set()
    for credential in CREDENTIALS:
        query = QUERIES.get((method, route.path), "")
        answer = await call(gateway, method, path, credential, BODIES.get(route.path, b""), query)
        let_in = credential.role == "admin" or (credential.role == "key" and access == "key")
        inside = {400, 409} if needs_home(method, route.path) else {200}
        wanted = inside if let_in else {403} if credential.role else {401}
        if answer.status not in wanted:
            wrong.append(f"{credential.name}: {answer.status} for {wanted}: {answer.body[:200]!r}")
        if answer.status == 401:
            denials.add(answer.body)
        assert answer.header("cache-control") == "no-store"
    assert wrong == []
    assert len(denials) == 1


def test_s01_every_route_says_who_may_use_it():
    assert {api.access_of(route) for route in ROUTES} == {"admin", "key"}
    assert len(ROUTES) >= 18


def test_s01_a_route_that_does_not_say_it_is_not_built(monkeypatch):
    open_door = APIRouter()
    open_door.add_api_route("/open", lambda: None)
    monkeypatch.setattr(api, "find", lambda *_: {"open": open_door})
    with pytest.raises(LookupError, match="who may use it"):
        api.routers()
    closed = APIRouter(dependencies=[ADMIN])
    closed.add_api_route("/closed", lambda: None)
    monkeypatch.setattr(api, "find", lambda *_: {"closed": closed})
    assert api.routers() == [closed]


async def test_s01_what_is_not_there_is_hidden_from_strangers(gateway):
    nothing = Credential("nothing", [], "", "")
    admin = Credential("admin", [("x-admin-key", ADMIN_KEY)], "", "admin")
    for path in (
        "/v0/management/nothing",
        "/v0/management/config/",
        "/v0/management/CONFIG",
        "/v0/management/config;x",
    ):
        assert (await call(gateway, "GET", path, nothing)).status == 401, path
        assert (await call(gateway, "GET", path, admin)).status == 404, path
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await call(gateway, method, "/v0/management/providers", nothing)).status == 401
        refused = await call(gateway, method, "/v0/management/providers", admin)
        assert (refused.status, refused.header("allow")) == (405, "GET")
        assert refused.json["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/v0//management/config",
        "//v0/management/config",
        "/v0/management/../management/config",
        "/v0/management/%2e%2e/config",
        "/v0/%6danagement/config",
        "/v0/management%2fconfig",
        "/v0/management/config%00",
        "/V0/management/config",
    ],
)
async def test_s03_no_spelling_of_a_path_gets_around_the_door(path, gateway):
    nothing = Credential("nothing", [], "", "")
    answer = await call(gateway, "GET", path, nothing)
    assert answer.status in {400, 401, 404}
    assert b'"version"' not in answer.body


async def test_s03_an_escaped_letter_is_the_letter_for_the_admin_and_no_way_in_for_others(gateway):
    admin = Credential("admin", [("x-admin-key", ADMIN_KEY)], "", "admin")
    assert (await call(gateway, "GET", "/v0/management/%63onfig", admin)).status == 200
    holder = Credential("key", [("x-admin-key", KEY)], "", "key")
    assert (await call(gateway, "GET", "/v0/management/%63onfig", holder)).status == 403


async def guess(gateway: Running, secret: str, address: str) -> Response:
    headers = [("x-admin-key", secret), ("x-forwarded-for", address)]
    return await ask(gateway.url + "/v0/management/self", b"", headers, method="GET")


async def test_s07_an_address_that_guesses_is_held_up_and_the_admin_elsewhere_is_not(gateway):
    answers = [(await guess(gateway, f"sk-guess-{number}", "203.0.113.7")).status for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    held = await guess(gateway, ADMIN_KEY, "203.0.113.7")
    assert held.status == 429
    assert 1 <= int(held.header("retry-after")) <= 6
    assert held.json["error"]["type"] == "rate_limit_error"
    assert (await guess(gateway, ADMIN_KEY, "203.0.113.8")).status == 200


async def test_s07_who_sends_no_credential_or_the_right_one_is_never_held_up(gateway):
    for _ in range(30):
        assert (await guess(gateway, ADMIN_KEY, "203.0.113.9")).status == 200
        answer = await ask(gateway.url + "/v0/management/self", b"", [("x-forwarded-for", "203.0.113.9")], method="GET")
        assert answer.status == 401


async def test_without_an_admin_key_nobody_is_the_admin():
    async with running({}) as gateway:
        for credential in ("", "None", "admin", "[redacted]"):
            answer = await ask(gateway.url + "/v0/management/self", b"", [("x-admin-key", credential)], method="GET")
            assert answer.status == 401
        own = await gateway.get("/v0/management/self")
        assert own.json["role"] == "key"


@pytest.mark.parametrize("kind", ["keys", "user-quotas"])
async def test_s11_a_keys_holder_finds_its_own_and_nothing_else(kind):
    quota = {"type": "daily", "limit_type": "requests", "limit": 5}
    config = {
        "keys": {"me": {"secret": KEY, "quotas": ["mine"]}, "you": {"secret": "sk-you", "quotas": ["yours"]}},
        "user_quotas": {"mine": quota, "yours": quota},
    }
    own, foreign = {"keys": ("me", "you"), "user-quotas": ("mine", "yours")}[kind]
    async with running(config, admin_key=ADMIN_KEY) as gateway:
        listed = await gateway.get(f"/v0/management/{kind}")
        assert [row["name"] for row in listed.json["data"]] == [own]
        assert listed.json["total"] == 1
        assert (await gateway.get(f"/v0/management/{kind}/{own}")).json["name"] == own
        other, none = [await gateway.get(f"/v0/management/{kind}/{name}") for name in (foreign, "nobody")]
        assert (other.status, none.status) == (404, 404)
        assert other.body.replace(foreign.encode(), b"nobody") == none.body
        assert b"sk-" not in listed.body
        admins = await ask(gateway.url + f"/v0/management/{kind}", b"", [("x-admin-key", ADMIN_KEY)], method="GET")
        assert admins.json["total"] == 2
