"""Secrets planted in every place, many faults, and then a search: in no log, error, answer header or body (U55, 136, 188)."""

import base64
import json
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.faults.kit import PROTOCOLS, UPSTREAM_KEY, body_of, error_shape, model_at, path_of, providers
from tests.harness.gateway import ADMIN_KEY, Gateway
from tests.harness.raw_client import ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT_KEY = "sk-client-canary-77c1e0aa3b"
OTHER_KEY = "sk-other-canary-1b2c3d4e5f"
HEADER = "hdr-canary-9a8b7c6d5e4f"
IN_URL = "url-canary-0f1e2d3c4b5a"
TEXT = "the client's own words, word-canary-5d5d5d"
FAULTY = [
    "ok", "status-6", "html-502", "html-secret", "plain-500", "key-in-error", "html-200", "json-invalid", "json-cut", "error-in-200",
    "first-event-error", "error-after-6", "reset-before-headers", "reset-after-6", "fin-after-6", "cut-after-6", "corrupt-gzip", "bomb-gzip",
    "redirect", "header-flood", "set-cookie", "hop-by-hop", "transfer-encoding-odd", "header-nul", "header-latin1", "event-invalid-json",
    "event-wrong-types", "text-invalid-utf8", "order-no-start", "finish-error", "limited-key", "quota-400", "retry-seconds", "type-html",
    "fin-mid-head", "broken-chunk", "short-body", "many-1xx", "both-framings", "encoding-unknown", "line-1mb", "no-such-fault",
]  # fmt: skip


def spellings(secret: str) -> set[str]:
    """The secret as it could be written somewhere."""
    return {
        secret,
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("="),
        secret.encode().hex(),
        repr(secret)[1:-1],
    }


SECRETS = {
    spelling
    for secret in (CLIENT_KEY, OTHER_KEY, UPSTREAM_KEY, HEADER, IN_URL, ADMIN_KEY)
    for spelling in spellings(secret)
}


def leaks(text: str) -> set[str]:
    return {secret for secret in SECRETS if secret in text}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def served(upstream):
    config = {
        "providers": {
            **providers(upstream, headers={"x-team-secret": HEADER}),
            "closed": {
                "api_base_url": {"chat": f"http://127.0.0.1:1/{IN_URL}/v1"},
                "disable_cooldown": True,
                "api_key": UPSTREAM_KEY,
                "models": ["m"],
            },
            "named": {
                "api_base_url": {"chat": f"http://no-such-host.invalid/{IN_URL}"},
                "disable_cooldown": True,
                "api_key": UPSTREAM_KEY,
                "models": ["m"],
            },
        },
        "keys": {"me": {"secret": CLIENT_KEY}, "other": {"secret": OTHER_KEY}},
    }
    async with Gateway(config, env={"LOG_LEVEL": "debug", "LOG_FORMAT": "json"}) as started:
        yield started


async def test_u55_136_188_no_secret_is_told_by_any_fault_in_any_protocol(served, upstream):
    told = []
    for fault in FAULTY:
        for n, client in enumerate(PROTOCOLS):
            for target in {client, PROTOCOLS[(n + 1 + len(fault)) % 4]}:
                for stream in (False, True):
                    name = model_at(target, fault)
                    url = served.base_url + path_of(client, name, stream=stream)
                    body = json.loads(
                        json.dumps(body_of(client, name, stream=stream)).replace('"hi"', json.dumps(TEXT))
                    )
                    answer = await ask(url, body, [("authorization", f"Bearer {CLIENT_KEY}")])
                    shown = f"{answer.headers} {answer.body.decode('utf-8', 'replace')}"
                    told += [(fault, client, target, stream, secret) for secret in leaks(shown)]
                    assert answer.status == 200 or error_shape(client, answer.json), (fault, answer.body[:300])
                    assert "Traceback" not in shown
                    assert "/site-packages/" not in shown
    assert not told
    assert {seen.credential for seen in upstream.received} == {UPSTREAM_KEY}
    assert all(dict(seen.headers)["x-team-secret"] == HEADER for seen in upstream.received)


CARRIERS = [
    [("authorization", f"Bearer {CLIENT_KEY}")], [("authorization", CLIENT_KEY)], [("x-api-key", CLIENT_KEY)], [("x-goog-api-key", CLIENT_KEY)],
    [("api-key", CLIENT_KEY)], [("authorization", f"Bearer {CLIENT_KEY}:team-a")], [("authorization", f"Basic {CLIENT_KEY}")],
    [("authorization", f"Bearer {CLIENT_KEY}"), ("x-api-key", OTHER_KEY)], [("authorization", f"Bearer {CLIENT_KEY}x")], [("cookie", f"a={CLIENT_KEY}")],
]  # fmt: skip


@pytest.mark.parametrize("query", ["", f"?key={CLIENT_KEY}", f"?key={OTHER_KEY}&x=1"])
@pytest.mark.parametrize("carrier", range(len(CARRIERS)))
async def test_u55_however_a_key_is_presented_it_goes_nowhere(carrier, query, served, upstream):
    before = len(upstream.received)
    for path in (
        "/v1/chat/completions",
        "/v1beta/models/direct%2Fchat%2Ffault%2Fok:generateContent",
        "/v1/models",
        "/nothing/here",
    ):
        body = body_of("chat", model_at("chat", "ok")) if "chat" in path else body_of("gemini", "")
        answer = await ask(served.base_url + path + query, body, CARRIERS[carrier])
        assert not leaks(f"{answer.headers} {answer.body.decode()}")
    for seen in upstream.received[before:]:
        assert CLIENT_KEY not in f"{seen.target} {seen.headers} {seen.body!r}"
        assert OTHER_KEY not in f"{seen.target} {seen.headers} {seen.body!r}"


@pytest.mark.parametrize("provider", ["closed", "named"])
async def test_u55_where_a_provider_is_stays_in_the_configuration(provider, served):
    answer = await ask(
        served.base_url + "/v1/chat/completions", body_of("chat", f"direct/{provider}/m"), [("x-api-key", CLIENT_KEY)]
    )
    assert answer.status == 502
    assert not leaks(answer.body.decode())
    assert "127.0.0.1" not in answer.body.decode()
    assert "invalid/" not in answer.body.decode()


async def test_u55_188_after_all_that_no_log_holds_a_secret_or_a_word_of_the_client(served):
    """Runs last in this file: the log is that of all the tests above, at level debug."""
    assert served.output.count("request_id") > 300
    assert not leaks(served.output)
    assert "word-canary" not in served.output
    assert "Traceback" not in served.output


async def test_u55_what_the_model_says_is_not_altered(served):
    """A model may repeat the credential it was called with; the answer to who owns the conversation stays as it is."""
    answer = await ask(
        served.base_url + "/v1/chat/completions",
        body_of("chat", model_at("chat", "key-echo")),
        [("x-api-key", CLIENT_KEY)],
    )
    assert UPSTREAM_KEY in answer.json["choices"][0]["message"]["content"]
    assert not leaks(served.output)
