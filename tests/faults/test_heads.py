"""Heads of requests that are late, too large, ambiguous or meant for somebody else (C09, C12, C23-C27, C31, C36, C37)."""

import asyncio
import json
import time

import pytest
import pytest_asyncio

from plexus.web.head_rules import HeadRules
from tests.faults.kit import AUTH, PROTOCOLS, body_of, cut_late, error_shape, model_at, path_of
from tests.gateway.running import KEY, running
from tests.harness.raw_client import RawClient, Response, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
CHAT = b'{"model":"direct/chat/fault/ok","messages":[]}'
KEYED = POST + b"authorization: Bearer " + KEY.encode() + b"\r\n"


async def say(url: str, raw: bytes, *, within: float = 5.0) -> Response:
    async with await RawClient.connect(url) as client:
        await client.send(raw)
        return await client.read_response(within, method="GET")


async def closed(client: RawClient, within: float = 5.0) -> bool:
    await client.read_to_end(within)
    return client.eof


async def responses_to(url: str, raw: bytes, within: float = 5.0) -> bytes:
    """Everything the gateway says until it closes."""
    async with await RawClient.connect(url) as client:
        await client.send(raw)
        return await client.read_to_end(within)


SMUGGLED = {
    "length and chunks": POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "two equal lengths": POST + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "length with sign": POST + b"content-length: +5\r\n\r\nhello",
    "negative length": POST + b"content-length: -5\r\n\r\nhello",
    "length with underscore": POST + b"content-length: 1_0\r\n\r\nhellohello",
    "empty length": POST + b"content-length:\r\n\r\n",
    "length list": POST + b"content-length: 5, 5\r\n\r\nhello",
    "length in hexadecimal": POST + b"content-length: 0x5\r\n\r\nhello",
    "length beyond all numbers": POST + b"content-length: " + b"9" * 4500 + b"\r\n\r\n",
    "unknown coding": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": POST + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding before chunked": POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding twice": POST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding in quotes": POST + b'transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "coding with a vertical tab": POST + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size 0x3": KEYED + b"transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "chunk size +3": KEYED + b"transfer-encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
    "chunk size -3": KEYED + b"transfer-encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
    "empty chunk size": KEYED + b"transfer-encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
    "chunk size of 17 digits": KEYED + b"transfer-encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n",
    "wrong chunk end": KEYED + b"transfer-encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
    "chunk lines with LF only": KEYED + b"transfer-encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "LF only": b"GET /health HTTP/1.1\nHost: x\n\n",
    "LF in the head": b"GET /health HTTP/1.1\r\nHost: x\nx-a: b\r\n\r\n",
    "folded header": OK + b"x-a: b\r\n folded\r\n\r\n",
    "NUL in a value": OK + b"x-a: b\0c\r\n\r\n",
    "CR in a value": OK + b"x-a: b\rc\r\n\r\n",
    "control character in a value": OK + b"x-a: b\x01c\r\n\r\n",
    "blank before the colon": OK + b"x-a : b\r\n\r\n",
    "blank before the name": b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n",
    "no name": OK + b": b\r\n\r\n",
    "no colon": OK + b"x-a\r\n\r\n",
    "name with a bracket": OK + b"x(a: b\r\n\r\n",
    "name beyond ASCII": OK + b"x-\xc3\xa4: b\r\n\r\n",
    "no version": b"GET /health\r\nHost: x\r\n\r\n",
    "version 0.9": b"GET /health HTTP/0.9\r\nHost: x\r\n\r\n",
    "version 2.0": b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n",
    "version 1.2": b"GET /health HTTP/1.2\r\nHost: x\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "method in lower case": b"get /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "unknown method": b"FETCH /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": b"GET /health HTTP/1.1\r\n\r\n",
    "two Hosts": OK + b"Host: y\r\n\r\n",
    "the same Host twice": OK + b"Host: x\r\n\r\n",
    "Host with a path": b"GET /health HTTP/1.1\r\nHost: x/admin\r\n\r\n",
    "Host with a user": b"GET /health HTTP/1.1\r\nHost: a@x\r\n\r\n",
    "Host with a blank": b"GET /health HTTP/1.1\r\nHost: x y\r\n\r\n",
    "absolute form of another host": b"GET http://y/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute form with a user": b"GET http://a@x/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute form of another scheme": b"GET ftp://x/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority form": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /health#x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no slash": b"GET health HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
async def test_c23_what_two_readers_could_read_differently_is_refused_and_the_connection_closed(case, gateway):
    said = await responses_to(gateway.url, SMUGGLED[case])
    assert said.startswith(b"HTTP/1.1 400 "), said
    assert said.count(b"HTTP/1.1 ") == 1


async def test_c23_chunk_extensions_are_ignored_and_trailers_mean_nothing(gateway):
    length = b"%x" % len(CHAT)
    body = length + b';a="b"\r\n' + CHAT + b"\r\n0;last\r\nauthorization: Bearer wrong\r\nx-plexus-strict: true\r\n\r\n"
    answer = await say(gateway.url, KEYED + b"transfer-encoding: chunked\r\n\r\n" + body)
    assert answer.status == 200


async def test_c23_a_trailer_is_no_credential(gateway):
    body = b"0\r\nauthorization: Bearer " + KEY.encode() + b"\r\n\r\n"
    answer = await say(gateway.url, POST + b"transfer-encoding: chunked\r\n\r\n" + body)
    assert answer.status == 401


@pytest.mark.parametrize("flood", [b"1;" + b"x" * 100_000 + b"\r\na\r\n", b"0\r\n" + b"x-t: v\r\n" * 20_000])
async def test_c23_framing_without_a_body_is_bounded(flood, gateway):
    said = await responses_to(gateway.url, KEYED + b"transfer-encoding: chunked\r\n\r\n" + flood * 3)
    assert said[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 431"}


async def test_c24_the_absolute_form_of_this_host_is_served(gateway):
    answer = await say(gateway.url, b"GET http://X:80/health HTTP/1.1\r\nHost: x:80\r\n\r\n")
    assert answer.status == 200


async def test_c24_http_1_0_needs_no_host(gateway):
    answer = await say(gateway.url, b"GET /health HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.header("connection")) == (200, "close")


AMBIGUOUS = [
    "//health", "/v1//models", "/v1/models//x", "/a/../health", "/v1/models/..", "/./health", "/v1/models/.",
    "/%2e%2e/health", "/v1/models/%2e%2e", "/v1/models/%2E.", "/v1/models/.%2e/x", "/v1/models/a%2F..%2Fb",
    "/v1/models/a%2f%2e%2e%2fb", "/v1/models/a%2F%2Fb", "/v1/%5c..%5cmodels", "/v1\\models", "/v1/models/%00", "/v1/models/a%00b",
    "/%2Fhealth", "/v1/responses/%2e%2e", "/v1/responses/..%2Fmodels", "/v1beta/models/..:generateContent/..",
]  # fmt: skip


@pytest.mark.parametrize("path", AMBIGUOUS)
async def test_c24_a_path_that_could_be_two_is_refused_before_the_key_is_looked_at(path, gateway):
    answer = await say(gateway.url, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.status == 400
    keyed = await gateway.get(path)
    assert keyed.status == 400


ELSEWHERE = ["/v1%2Fmodels", "/%76%31/models", "/v1/model%73", "/V1/MODELS", "/v1/models;x=1", "/v1/chat/completions/",
             "/%252e%252e/health", "/v1/%252e%252e/models", "/health%20", "/health%0d%0a", "/%c0%ae%c0%ae/health", "/admin",
             "/v1%2Fmodels%2Fx", "/v1beta%2Fmodels%2Fx:generateContent"]  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_c24_an_escape_or_another_spelling_is_another_path(path, gateway):
    assert (await gateway.get(path)).status == 404


async def test_c24_a_slash_in_an_id_is_data_escaped_or_not(gateway):
    for name in ("direct/chat/fault/ok", "direct%2Fchat%2Ffault%2Fok", "direct%2fchat/fault%2Fok"):
        answer = await gateway.post(f"/v1beta/models/{name}:generateContent", body_of("gemini", name))
        assert answer.status == 200, name
    missing = await gateway.get("/v1/responses/a%2Fcancel")
    assert missing.status == 404
    assert "a/cancel" in missing.json["error"]["message"]


async def test_c24_a_name_is_decoded_once(gateway):
    answer = await gateway.get("/v1/models/a%252e%252e%252Fb")
    assert (answer.status, "a%2e%2e%2Fb" in answer.json["error"]["message"]) == (404, True)


@pytest.mark.parametrize("length", [9_000, 40_000, 100_000])
async def test_c24_a_long_url_is_refused(length, gateway):
    answer = await say(gateway.url, b"GET /v1/models/" + b"a" * length + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == (431 if length > 65_536 else 414)


@pytest.mark.parametrize("piece", ["/models/", ":a", "/projects/a", "%2F", ":Content", "/models/a:count"])
async def test_191_no_path_keeps_the_router_busy(piece, gateway):
    path = "/v1beta/models/" + piece * (8000 // len(piece))
    for place in (path, "/" + (piece * (8000 // len(piece))).removeprefix("/"), path + ":countToken"):
        taken = []
        for _ in range(3):  # the quickest counts: the others may hold a collection of garbage
            started = time.process_time()
            await say(gateway.url, f"GET {place} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            taken.append(time.process_time() - started)
        assert min(taken) < 0.05


LARGE = {
    "one large value": OK + b"x-a: " + b"v" * 200_000 + b"\r\n\r\n",
    "one large name": OK + b"x-" + b"n" * 200_000 + b": v\r\n\r\n",
    "a value without end": OK + b"x-a: " + b"v" * 1_000_000,
    "a path without end": b"GET /" + b"v" * 1_000_000,
    "101 headers": OK + b"".join(b"x-%d: v\r\n" % n for n in range(100)) + b"\r\n",
    "5,000 headers": OK + b"".join(b"x-%d: v\r\n" % n for n in range(5_000)) + b"\r\n",
    "a cookie of a megabyte": OK + b"cookie: a=" + b"c" * 1_000_000 + b"\r\n\r\n",
    "64 KiB in all": OK + b"".join(b"x-%d: " % n + b"v" * 2_000 + b"\r\n" for n in range(40)) + b"\r\n",
}


@pytest.mark.parametrize("case", LARGE)
async def test_c25_a_head_beyond_its_limits_is_431(case, gateway):
    said = await responses_to(gateway.url, LARGE[case])
    assert said.startswith(b"HTTP/1.1 431 "), said[:200]


async def test_c25_a_head_within_its_limits_is_served(gateway):
    head = OK + b"".join(b"x-%d: " % n + b"v" * 600 + b"\r\n" for n in range(99)) + b"\r\n"
    assert (await say(gateway.url, head)).status == 200


async def test_c25_a_head_that_comes_in_pieces_is_counted_whole(upstream):
    head = OK + b"".join(b"x-%d: " % n + b"v" * 300 + b"\r\n" for n in range(8)) + b"\r\n"
    async with running({"limits": {"head": "2KiB"}}) as small, await RawClient.connect(small.url) as client:
        for at in range(0, len(head), 1000):
            await client.send(head[at : at + 1000])
            await asyncio.sleep(0.05)
        assert (await client.read_response()).status == 431


async def test_c25_the_limits_are_those_of_the_configuration(upstream):
    async with running({"limits": {"head": "2KiB", "headers": 10}}) as small:
        assert (await say(small.url, OK + b"x-a: " + b"v" * 3000 + b"\r\n\r\n")).status == 431
        assert (await say(small.url, OK + b"a: b\r\n" * 10 + b"\r\n")).status == 431
        assert (await say(small.url, OK + b"a: b\r\n" * 9 + b"\r\n")).status == 200


@pytest.fixture
def short_head(monkeypatch):
    monkeypatch.setattr(HeadRules, "head_time", 0.3)


DRIBBLED = {
    "line": (b"", b"GET /" + b"E" * 500),
    "headers": (b"", OK + b"x-a: " + b"E" * 500),
    "blank": (b"", b"\r\n" * 500),
    "next": (OK + b"\r\n", b"GET /" + b"E" * 500),
}


@pytest.mark.parametrize("case", DRIBBLED)
async def test_c09_a_dribbled_head_is_cut_in_time(case, gateway, short_head):
    before, dribbled = DRIBBLED[case]
    async with await RawClient.connect(gateway.url) as client:
        if before:
            await client.send(before)
            await client.read_response(method="GET")
        started = time.monotonic()
        endless = asyncio.create_task(client.dribble(dribbled, pause=0.02))
        said = await client.read_to_end(5)
        endless.cancel()
        assert time.monotonic() - started < 1.0
        assert said.startswith(b"HTTP/1.1 408 ") or case == "blank"


async def test_c09_a_dribbler_does_not_slow_others(gateway, short_head):
    async def dribbler():
        async with await RawClient.connect(gateway.url) as client:
            await client.dribble(OK + b"x-a: " + b"v" * 100, pause=0.02)
            return await closed(client)

    dribblers = [asyncio.create_task(dribbler()) for _ in range(100)]
    answers = [await gateway.get("/health") for _ in range(20)]
    assert {answer.status for answer in answers} == {200}
    assert all(await asyncio.gather(*dribblers))


async def test_c12_a_silent_connection_is_closed_in_time(gateway, short_head):
    async with await RawClient.connect(gateway.url) as client:
        started = time.monotonic()
        assert await client.read_to_end(5) == b""
        assert time.monotonic() - started < 1.0


@pytest.mark.deep
async def test_c09_c12_the_real_time_is_ten_seconds(gateway):
    late = await asyncio.gather(*(cut_late(gateway.url, raw) for raw in (OK, b"", b"\r\n" * 20) for _ in range(300)))
    assert -1 < min(late) <= max(late) < 1


async def test_c23_c27_requests_sent_ahead_are_answered_in_order(gateway):
    get = b"GET /v1/models/%b HTTP/1.1\r\nHost: x\r\nx-api-key: " + KEY.encode() + b"\r\n\r\n"
    async with await RawClient.connect(gateway.url) as client:
        await client.send(b"".join(get % b"m%d" % n for n in range(20)))
        for n in range(20):
            answer = await client.read_response(method="GET")
            assert f"'m{n}'" in answer.json["error"]["message"]


async def test_c27_garbage_behind_a_request_does_not_touch_its_answer(gateway):
    body = json.dumps(body_of("chat", model_at("chat", "paced-3"), stream=True)).encode()
    raw = KEYED + b"content-length: %d\r\n\r\n" % len(body) + body
    async with await RawClient.connect(gateway.url) as client:
        await client.send(raw + b"\x00\x01garbage\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        answer = await client.read_response()
        assert (answer.status, answer.complete) == (200, True)
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert b"HTTP/1.1" not in answer.body
        assert await closed(client)
        assert client.buffer == b""


async def test_c27_nothing_is_served_behind_a_close(gateway):
    raw = OK + b"connection: close\r\n\r\n" + OK + b"\r\n"
    assert (await responses_to(gateway.url, raw)).count(b"HTTP/1.1 200") == 1


async def test_c27_a_client_that_sent_ahead_and_left_is_noticed(gateway, upstream):
    body = json.dumps(body_of("chat", model_at("chat", "silent"))).encode()
    raw = KEYED + b"content-length: %d\r\n\r\n" % len(body) + body
    before = len(upstream.received)
    async with await RawClient.connect(gateway.url) as client:
        await client.send(raw + raw)
        (*_, seen) = await upstream.wait_received(before + 1)
    await asyncio.wait_for(seen.gone.wait(), 1)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "PUT", "PATCH", "DELETE", "GET", "SEARCH"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_c31_other_methods_are_405_with_those_allowed(method, protocol, gateway):
    raw = request(
        method, path_of(protocol, "m"), b"", [("x-http-method-override", "POST"), ("x-method-override", "POST")]
    )
    async with await RawClient.connect(gateway.url) as client:
        await client.send(raw)
        answer = await client.read_response(method=method)
    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert method == "HEAD" or error_shape(protocol, answer.json)
    assert "TRACE" not in answer.body.decode()


async def test_c31_an_override_does_not_turn_a_post_into_anything(gateway):
    override = [("x-http-method-override", "DELETE"), ("x-http-method", "GET")]
    answer = await gateway.post(PATHS_CHAT, body_of("chat", model_at("chat", "ok")), override)
    assert answer.status == 200


PATHS_CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0", "foo"])
async def test_c37_an_upgrade_is_never_a_tunnel(upgrade, gateway):
    raw = (
        OK
        + b"connection: Upgrade, HTTP2-Settings\r\nhttp2-settings: AAMAAABk\r\nupgrade: "
        + upgrade.encode()
        + b"\r\n\r\n"
    )
    said = await responses_to(gateway.url, raw + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + OK + b"\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 101" not in said
    assert said.count(b"HTTP/1.1 200") == 1


async def test_c37_an_offer_of_http_2_is_overlooked_and_the_connection_goes_on(gateway):
    """Java's HttpClient offers it with every request it sends in the clear, bodies included."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEA\r\nUpgrade: h2c\r\n"
    async with await RawClient.connect(gateway.url) as client:
        for _ in range(3):
            await client.send(KEYED + offer + b"content-length: %d\r\n\r\n" % len(CHAT))
            await client.send(CHAT)
            assert (await client.read_response()).status == 200


async def test_c37_an_upgrade_with_a_body_that_cannot_be_overlooked_is_refused(gateway):
    raw = KEYED + b"connection: upgrade\r\nupgrade: foo\r\ncontent-length: %d\r\n\r\n" % len(CHAT) + CHAT
    assert (await say(gateway.url, raw)).status == 400


async def test_c37_a_websocket_handshake_on_responses_is_426(gateway):
    raw = b"GET /v1/responses HTTP/1.1\r\nHost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert (await say(gateway.url, raw)).status == 426


SHAPES = {
    "/v1/messages/batches": "messages", "/v1/messages/nothing/here": "messages", "/v1/responses/a/b/c": "responses",
    "/v1beta/files": "gemini", "/v1beta/models/x:fly": "gemini", "/v1/audio/unknown": "chat", "/nothing": "chat",
    "/v1/messages/..": "messages", "/v1beta//models": "gemini",
}  # fmt: skip


@pytest.mark.parametrize("path", SHAPES)
async def test_unknown_paths_are_answered_in_the_shape_the_path_suggests(path, gateway):
    answer = await gateway.get(path)
    assert answer.status in {400, 404, 405}
    assert error_shape(SHAPES[path], answer.json), answer.body


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_without_a_key_nobody_learns_which_models_exist(protocol, gateway):
    answers = []
    for model in ("fault/ok", "direct/chat/fault/ok", "no-such-model"):
        raw = request("POST", path_of(protocol, model), body_of(protocol, model), [("x-api-key", "sk-wrong")])
        answer = await say(gateway.url, raw)
        answers.append((answer.status, answer.body))
    assert {status for status, _ in answers} == {401}
    assert len(set(answers)) == 1
    assert error_shape(protocol, json.loads(answers[0][1]))


FORGED = ["10.0.0.9", "10.0.0.9, 10.0.0.9", "::1", "fe80::1%eth0", "not an address", "", ",,,", "10.0.0.9:1234", "[::1]:80",
          ", ".join(["10.0.0.9"] * 100), "\u00e4", "10.0.0.9;x", "unknown", "_hidden", "010.0.0.9", "0x0a000009"]  # fmt: skip


@pytest.mark.parametrize("said", FORGED)
async def test_c36_190_a_forwarded_address_means_nothing_from_who_is_no_proxy(said, bound_gateway):
    answer = await bound_gateway.get("/v1/models", [("x-forwarded-for", said), ("x-real-ip", "10.0.0.9")])
    assert answer.status == 403


BOUND = {"keys": {"me": {"secret": KEY, "allowed_ips": ["10.0.0.0/8"]}}}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def bound_gateway():
    async with running(BOUND) as started:
        yield started


async def test_c36_190_behind_a_trusted_proxy_the_address_it_saw_counts():
    async with running({**BOUND, "network": {"trusted_proxies": ["127.0.0.1/32", "192.0.2.0/24"]}}) as behind:
        wanted = {
            "10.0.0.9": 200, "203.0.113.1, 10.0.0.9": 200, "10.0.0.9, 203.0.113.1": 403, "10.0.0.9, 192.0.2.7": 200,
            "10.0.0.9, garbage": 403, ", ".join(["10.0.0.9"] + ["192.0.2.7"] * 100): 403, "10.0.0.9:4711": 200, "": 403,
        }  # fmt: skip
        for said, status in wanted.items():
            assert (await behind.get("/v1/models", [("x-forwarded-for", said)])).status == status, said
        two = [("x-forwarded-for", "10.0.0.9"), ("x-forwarded-for", "203.0.113.5")]
        assert (await behind.get("/v1/models", two)).status == 403


async def test_189_answers_to_a_key_are_not_to_be_stored(gateway):
    for answer in (
        await gateway.get("/v1/models"),
        await gateway.post(PATHS_CHAT, {}),
        await gateway.get("/nothing", AUTH),
    ):
        assert answer.header("cache-control") == "no-store"
        assert "authorization" in answer.header("vary")
