"""Bodies of requests that are too large, too slow, bombs, or not what they should be (C10, C13-C22, C26, C28, C33)."""

import asyncio
import gzip
import json
import zlib

import pytest
import pytest_asyncio
import zstandard

from tests.faults.kit import AUTH, MINIMAL, PROTOCOLS, body_of, error_shape, model_at, path_of, providers
from tests.faults.samples import FULL, places, put
from tests.gateway.running import KEY, running
from tests.harness.raw_client import RawClient, Response, request

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
HEAD = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nauthorization: Bearer {KEY}\r\n".encode()
OK = json.dumps(body_of("chat", model_at("chat", "ok"))).encode()
LIMIT = 100_000
GZIP, DEFLATE = zlib.MAX_WBITS | 16, zlib.MAX_WBITS


@pytest.fixture(scope="module")
async def anyio_backend():
    return "asyncio"


async def say(url: str, raw: bytes, *, within: float = 5.0) -> Response:
    async with await RawClient.connect(url) as client:
        await client.send(raw)
        return await client.read_response(within)


def refused(answer: Response, status: int, protocol: str = "chat") -> bool:
    return answer.status == status and error_shape(protocol, answer.json)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def small(upstream):
    async with running({"providers": providers(upstream), "limits": {"body": LIMIT}}) as started:
        yield started


# C10


@pytest.mark.parametrize("keyed", [True, False])
async def test_c10_a_slow_body_is_408_and_without_a_key_not_even_waited_for(keyed, gateway, monkeypatch):
    monkeypatch.setattr("plexus.web.body.PATIENCE", 0.3)
    head = HEAD if keyed else HEAD.replace(KEY.encode(), b"sk-wrong")
    async with await RawClient.connect(gateway.url) as client:
        await client.send(head + b"content-length: 1000\r\n\r\n")
        dribble = asyncio.create_task(client.dribble(b" " * 900, pause=0.01))
        answer = await client.read_response(5)
        assert refused(answer, 408 if keyed else 401)
        await client.read_to_end(5)
        dribble.cancel()


async def test_c10_a_steady_body_may_take_its_time(gateway, monkeypatch):
    monkeypatch.setattr("plexus.web.body.PATIENCE", 0.2)
    body = OK + b" " * 8_000
    async with await RawClient.connect(gateway.url) as client:
        await client.send(HEAD + b"content-length: %d\r\n\r\n" % len(body))
        await client.dribble(body, size=500, pause=0.03)
        assert (await client.read_response()).status == 200


# C13, C28


LARGE = {
    "declared": HEAD + b"content-length: 1000000000\r\n\r\n",
    "declared and expecting": HEAD + b"content-length: 1000000000\r\nexpect: 100-continue\r\n\r\n",
    "declared and sent": HEAD + b"content-length: 3000000\r\n\r\n" + b" " * 3_000_000,
    "in chunks": HEAD + b"transfer-encoding: chunked\r\n\r\n" + (b"ffff\r\n" + b" " * 0xFFFF + b"\r\n") * 40,
    "a byte too large": HEAD + b"content-length: %d\r\n\r\n" % (LIMIT + 1) + b" " * (LIMIT + 1),
}


@pytest.mark.parametrize("case", LARGE)
async def test_c13_c28_a_body_over_the_limit_is_413_before_it_is_taken_in_and_the_connection_ends(case, small):
    async with await RawClient.connect(small.url) as client:
        await client.send(LARGE[case])
        first = await client.read_until(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 413 ")  # not 100 Continue first
        answer = await client.read_response()
        assert refused(answer, 413)
        assert answer.header("connection") == "close"
        assert await client.read_to_end() == b""


async def test_c13_a_body_of_just_the_limit_is_taken(small):
    body = OK + b" " * (LIMIT - len(OK))
    assert (await say(small.url, HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)).status == 200


async def test_c13_a_client_that_declares_too_little_does_not_smuggle(gateway):
    behind = b"GET /health HTTP/1.1\r\nHost: x\r\nconnection: close\r\n\r\n"
    raw = HEAD + b"content-length: %d\r\n\r\n" % (len(OK) - 10) + OK + behind
    async with await RawClient.connect(gateway.url) as client:
        await client.send(raw)
        said = await client.read_to_end()
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'{"status":"ok"}' not in said


async def test_c13_a_client_that_declares_too_much_and_closes_costs_nothing(gateway):
    before = len(gateway.records)
    async with await RawClient.connect(gateway.url) as client:
        await client.send(HEAD + b"content-length: 1000\r\n\r\n" + OK)
    assert (await gateway.get("/health")).status == 200
    assert len(gateway.records) == before


async def test_c28_who_expects_100_gets_it_when_the_body_is_welcome(gateway):
    async with await RawClient.connect(gateway.url) as client:
        await client.send(HEAD + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(OK))
        assert await client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(OK)
        assert (await client.read_response()).status == 200


async def test_c28_who_expects_100_without_a_key_is_told_401(gateway):
    head = HEAD.replace(KEY.encode(), b"sk-wrong")
    async with await RawClient.connect(gateway.url) as client:
        await client.send(head + b"expect: 100-continue\r\ncontent-length: 10\r\n\r\n")
        assert (await client.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")


# C14, 133


def deflated(body: bytes, window: int) -> bytes:
    engine = zlib.compressobj(wbits=window)
    return engine.compress(body) + engine.flush()


ENCODED = {
    "gzip": gzip.compress,
    "x-gzip": lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:]),
    "deflate": lambda body: deflated(body, DEFLATE),
    "DEFLATE": lambda body: deflated(body, -DEFLATE),
    "zstd": zstandard.compress,
    "identity": lambda body: body,
}


async def encoded(url: str, coding: str, body: bytes) -> Response:
    head = HEAD + b"content-encoding: " + coding.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(body)
    return await say(url, head + body)


@pytest.mark.parametrize("coding", ENCODED)
async def test_c14_133_a_compressed_body_is_decoded_and_goes_on_plain(coding, gateway, upstream):
    answer = await encoded(gateway.url, coding, ENCODED[coding](OK))
    assert answer.status == 200
    assert upstream.received[-1].json["messages"] == MINIMAL["chat"]["messages"]
    assert "content-encoding" not in dict(upstream.received[-1].headers)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_c14_133_the_limit_holds_after_decoding(coding, small):
    assert refused(await encoded(small.url, coding, ENCODED[coding](OK + b" \n" * LIMIT)), 413)


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, gzip", "gzip;q=1", "x" * 500, "aws-chunked"])
async def test_c14_other_encodings_are_415(coding, gateway):
    assert refused(await encoded(gateway.url, coding, gzip.compress(OK)), 415)


BROKEN = {
    "cut": lambda body: body[:-4],
    "corrupt": lambda body: body[:20] + bytes(byte ^ 0x55 for byte in body[20:40]) + body[40:],
    "plain": lambda _: OK,
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_c14_a_body_that_is_not_in_its_encoding_is_400(coding, broken, gateway):
    assert refused(await encoded(gateway.url, coding, BROKEN[broken](ENCODED[coding](OK))), 400)


# C15, C17-C19


def with_content(content: bytes) -> bytes:
    return b'{"model":"%b","messages":[{"role":"user","content":%b}]}' % (model_at("chat", "ok").encode(), content)


def with_field(field: bytes) -> bytes:
    return b'{"model":"%b",%b,"messages":[]}' % (model_at("chat", "ok").encode(), field)


INVALID = {
    "empty": b"", "blank": b"  \n", "null": b"null", "array": b"[]", "number": b"1", "string": b'"x"', "cut": OK[:-1], "two": OK + OK,
    "trailing comma": OK[:-1] + b",}", "comment": OK[:-1] + b"/**/}", "single quotes": b"{'model':'x'}", "form": b"model=x&stream=1",
    "NaN": with_field(b'"temperature":NaN'), "Infinity": with_field(b'"temperature":-Infinity'), "plus": with_field(b'"n":+1'),
    "hexadecimal": with_field(b'"n":0x10'), "leading zero": with_field(b'"n":01'), "bare point": with_field(b'"temperature":.5'),
    "model twice": OK[:-1] + b',"model":"x"}', "messages twice": OK[:-1] + b',"messages":[]}',
    "model twice by escape": OK[:-1] + b',"m\\u006fdel":"x"}',
    "invalid UTF-8": with_content(b'"a\xff"'), "overlong UTF-8": with_content(b'"\xc0\xaf"'), "surrogate in UTF-8": with_content(b'"\xed\xa0\x80"'),
    "UTF-16": OK.decode().encode("utf-16"), "UTF-32": OK.decode().encode("utf-32-le"), "BOM": b"\xef\xbb\xbf" + OK,
    "control character in a string": with_content(b'"a\x01b"'), "NUL outside": OK + b"\0",
    "depth 257": with_content(b"[" * 255 + b"]" * 255), "depth 100,000": with_content(b"[" * 100_000 + b"]" * 100_000),
    "depth 1,000,000 without end": b'{"a":' * 1_000_000, "objects 100,000 deep": with_content(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "no model": b'{"messages":[]}', "model is null": b'{"model":null,"messages":[]}', "model is a number": b'{"model":5,"messages":[]}',
    "empty model": b'{"model":"","messages":[]}', "long model": b'{"model":"%b"}' % (b"m" * 5000), "model with CR": b'{"model":"a\\r\\nb"}',
    "model with NUL": b'{"model":"a\\u0000b"}', "model with a direction": '{"model":"a\u202eb"}'.encode(),
    "model of zero width": '{"model":"a\u200bb"}'.encode(), "model with a lone surrogate": b'{"model":"a\\ud800b"}',
    "101,000 fields": b"{" + b",".join(b'"a%d":1' % n for n in range(101_000)) + b"}",
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
async def test_c15_c17_c18_c19_what_is_no_proper_json_object_is_400(case, gateway):
    answer = await gateway.post(CHAT, INVALID[case])
    assert refused(answer, 400), answer.body[:300]
    assert len(answer.body) < 2000


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("case", ["1e999", "5,000 digits", "lone surrogate", "2^70", "-0", "1e400 in a string"])
async def test_c17_c19_odd_numbers_and_surrogates_never_fail_the_gateway(case, client, gateway, upstream):
    field = {
        "1e999": b'"temperature":1e999', "5,000 digits": b'"temperature":' + b"9" * 5000, "lone surrogate": b'"user":"a\\ud800b"',
        "2^70": b'"seed":1180591620717411303424', "-0": b'"temperature":-0', "1e400 in a string": b'"user":"1e400"',
    }[case]  # fmt: skip
    for target in PROTOCOLS:
        name = model_at(target, "ok")
        body = json.dumps(body_of(client, name)).encode()[:-1]
        if client == "gemini":
            field = b'"generationConfig":{' + field + b"}" if b"user" not in field else b'"labels":{' + field + b"}"
        answer = await gateway.post(path_of(client, name), body + b"," + field + b"}")
        assert answer.status in {200, 400}, (target, answer.body)
        if answer.status == 200 and target != client:
            json.loads(upstream.received[-1].body, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "text", ["a\x00b", "\u202e\u200b\ufeff", "\U0001f468\u200d\U0001f469", "\u2028\u2029\x85\x0b", "\\", '"']
)
@pytest.mark.parametrize("target", PROTOCOLS)
async def test_c19_text_of_any_kind_arrives_as_it_is(text, target, gateway, upstream):
    name = model_at(target, "ok")
    answer = await gateway.post(CHAT, {"model": name, "messages": [{"role": "user", "content": text}]})
    assert answer.status == 200
    assert json.dumps(text)[1:-1] in json.dumps(upstream.received[-1].json)


# C20


async def wrong_types(client: str, upstream_protocol: str, place, odd, gateway) -> str:
    name = model_at(upstream_protocol, "ok")
    answer = await gateway.post(path_of(client, name), {**body_of(client, name), **put(FULL[client], place, odd)})
    if answer.status == 200:
        return ""
    if answer.status != 400 or not error_shape(client, answer.json):
        return f"{client}->{upstream_protocol} {place} = {odd!r}: {answer.status} {answer.body[:200]!r}"
    return (
        ""
        if place[0] in answer.json["error"]["message"]
        else f"{client} {place} = {odd!r}: no path in {answer.body[:200]!r}"
    )


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_c20_a_wrong_type_anywhere_is_400_with_its_path_or_harmless(client, gateway):
    odds = [None, True, -1, 10**9, 1.5, "", "5", [], [1], {}, {"type": 7}]
    wrong = []
    for place in places(FULL[client]):
        for n, odd in enumerate(odds):
            target = PROTOCOLS[(n + len(place)) % 4]
            wrong.append(await wrong_types(client, target, place, odd, gateway))
    assert not any(wrong), "\n".join(filter(None, wrong))


@pytest.mark.parametrize("stream", ["yes", 1, 0, "true", [], {}])
async def test_c20_stream_is_true_or_false(stream, gateway):
    for client in ("chat", "messages", "responses"):
        answer = await gateway.post(path_of(client, "m"), {**body_of(client, model_at("chat", "ok")), "stream": stream})
        assert refused(answer, 400, client)
        assert "stream" in answer.json["error"]["message"]


# C21


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_c21_an_unknown_field_passes_to_its_own_protocol_and_is_reported_elsewhere(protocol, gateway, upstream):
    for target in PROTOCOLS:
        name = model_at(target, "ok")
        answer = await gateway.post(path_of(protocol, name), body_of(protocol, name, x_new_thing={"a": [1.0]}))
        assert answer.status == 200, answer.body
        arrived = upstream.received[-1].json
        if target == protocol:
            assert arrived["x_new_thing"] == {"a": [1.0]}
        else:
            assert "x_new_thing" not in arrived
            assert "dropped=" in answer.header("x-plexus-fidelity")


# C26


@pytest.mark.parametrize("poison", ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\x00b", "\u560a\u560dx-evil: 1", "\u2028x"])
async def test_c26_no_field_becomes_a_header(poison, gateway, upstream):
    body = body_of("chat", model_at("messages", "ok"), user=poison, metadata={"k": poison}, safety_identifier=poison)
    answer = await gateway.post(CHAT, body)
    assert answer.status == 200
    for headers in (answer.headers, upstream.received[-1].headers):
        assert "x-evil" not in dict(headers)
    quoted = await gateway.post(CHAT, body_of("chat", poison))
    assert "x-evil" not in dict(quoted.headers)


async def test_c26_134_what_the_client_says_to_the_gateway_stays_here(gateway, upstream):
    said = [
        ("connection", "x-hop"), ("x-hop", "1"), ("keep-alive", "timeout=5"), ("te", "trailers"), ("proxy-authorization", "Basic eA=="),
        ("cookie", "session=1"), ("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=10.0.0.1"), ("via", "1.1 x"), ("x-plexus-strict", "false"),
        ("x-admin-key", "k"), ("anthropic-beta", "one"), ("x-custom", "kept"),
    ]  # fmt: skip
    assert (await gateway.post(CHAT, body_of("chat", model_at("chat", "ok")), said)).status == 200
    arrived = dict(upstream.received[-1].headers)
    assert arrived["x-custom"] == "kept"
    dropped = {name for name, _ in said} - {"x-custom", "anthropic-beta", "connection"}
    assert not dropped & arrived.keys()


# C33


@pytest.mark.parametrize("name", ["x-request-id", "x-client-request-id"])
async def test_c33_a_request_id_of_the_client_is_a_label_and_no_more(name, gateway):
    body = body_of("chat", model_at("chat", "ok"))
    first = await gateway.post(CHAT, body, [(name, "mine-1")])
    second = await gateway.post(CHAT, body, [(name, "mine-1")])
    assert first.header("x-client-request-id") == second.header("x-client-request-id") == "mine-1"
    ids = {answer.header("x-plexus-request-id") for answer in (first, second)}
    assert len(ids) == 2
    assert "mine-1" not in ids


@pytest.mark.parametrize("label", ["", " ", "x" * 256, "x" * 50_000, "a\tb", "\u00e4", "a\x7fb"])
async def test_c33_a_request_id_that_is_no_label_is_overlooked(label, gateway):
    raw = request("POST", CHAT, body_of("chat", model_at("chat", "ok")), [*AUTH, ("x-request-id", label)])
    answer = await say(gateway.url, raw)
    assert answer.status in {200, 400}
    assert answer.header("x-client-request-id") == ""


async def test_c33_errors_and_streams_carry_the_label_too(gateway):
    streamed = await gateway.post(
        CHAT, body_of("chat", model_at("chat", "ok"), stream=True), [("x-request-id", "mine")]
    )
    failed = await gateway.post(CHAT, body_of("chat", "nobody"), [("x-request-id", "mine")])
    assert streamed.header("x-client-request-id") == failed.header("x-client-request-id") == "mine"
