"""Every fault does to the wire what its name says, in every protocol."""

import asyncio
import gzip
import itertools
import json
import socket
import ssl
import subprocess
import sys
import time
import zlib
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection

import pytest
from tests.harness.certificates import Certificates
from tests.harness.fault_upstream import FAULTS, FaultUpstream, find
from tests.harness.faults import BODIES, TEXT, Case, encoding
from tests.harness.ports import blackhole, mute, refused
from tests.harness.raw_client import RawClient, Response, ask, request
from tests.harness.received import Received
from tests.harness.wire import Step

from plexus.core.sse import Decoder

PROTOCOLS = sorted(BODIES)


def target(protocol: str, model: str, *, stream: bool) -> tuple[str, dict]:
    if protocol == "gemini":
        return f"/v1beta/models/{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}", {}
    path = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}[protocol]
    return path, {"model": model, "stream": stream}


async def call(upstream: FaultUpstream, fault: str, protocol: str = "chat", *, stream: bool = True) -> Response:
    path, body = target(protocol, f"fault/{fault}", stream=stream)
    return await ask(upstream.root + path, body)


def texts(protocol: str, body: bytes) -> str:
    """The visible text of a stream, read by hand."""
    said = ""
    for frame in [*(decoder := Decoder()).feed(body), *decoder.end()]:
        if frame.data == b"[DONE]":
            continue
        data = json.loads(frame.data)
        match protocol:
            case "chat":
                said += "".join(choice["delta"].get("content") or "" for choice in data["choices"])
            case "messages":
                said += data.get("delta", {}).get("text", "")
            case "responses":
                said += data["delta"] if data["type"] == "response.output_text.delta" else ""
            case _:
                said += data["candidates"][0]["content"]["parts"][0]["text"]
    return said


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_writes_bytes_in_every_protocol(name, monkeypatch):
    monkeypatch.setattr(encoding, "BOMB", 1 << 20)
    encoding._bomb.cache_clear()
    found = find(name.replace("N", "429"))
    assert found is not None
    for protocol, stream in itertools.product(PROTOCOLS, (False, True)):
        path, body = target(protocol, f"fault/{name}", stream=stream)
        head = f"POST {path} HTTP/1.1\r\nauthorization: Bearer sk-1".encode()
        case = Case(Received(head, 0, 1, body=json.dumps(body).encode()), found[2])
        steps = list(itertools.islice(found[1](case), 60))
        assert steps
        assert all(isinstance(step, Step) and isinstance(step.data, bytes) for step in steps)
        assert any(step.data for step in steps) or steps[-1].action
    encoding._bomb.cache_clear()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_the_healthy_answer_says_the_same_unary_and_streamed(protocol):
    async with FaultUpstream() as upstream:
        whole, streamed = await call(upstream, "ok", protocol, stream=False), await call(upstream, "ok", protocol)
    assert whole.status == streamed.status == 200
    assert TEXT in json.dumps(whole.json)
    assert texts(protocol, streamed.body) == TEXT


@pytest.mark.parametrize(
    "fault",
    [
        "split-bytes",
        "split-at-77",
        "one-piece",
        "crlf",
        "cr",
        "mixed-line-ends",
        "crlf-split",
        "bom",
        "no-space",
        "noise",
        "multi-line-data",
        "names-after-data",
        "no-blank-at-end",
        "unchunked",
        "http10-close",
        "paced-1",
        "early-hints",
        "many-1xx",
        "continue-100",
    ],
)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_harmless_faults_of_the_stream_leave_the_text_as_it_is(fault, protocol):
    async with FaultUpstream() as upstream:
        answer = await call(upstream, fault, protocol)
    assert answer.complete
    assert texts(protocol, answer.body).startswith(TEXT)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("n", [1, 2, 5, 20])
async def test_a_reset_after_n_comes_after_exactly_n_events(protocol, n):
    async with FaultUpstream() as upstream:
        answer = await call(upstream, f"reset-after-{n}", protocol)
        ended = await call(upstream, f"fin-after-{n}", protocol)
        orderly = await call(upstream, f"cut-after-{n}", protocol)
    for cut in (answer, ended, orderly):
        assert len(Decoder().feed(cut.body)) == n
    assert (answer.complete, ended.complete, orderly.complete) == (False, False, True)


async def test_a_reset_is_felt_as_one_and_an_end_as_an_end():
    async with FaultUpstream() as upstream:
        errors: list[bytes | str] = []
        for fault in ("reset-before-headers", "fin-before-headers"):
            async with await RawClient.connect(upstream.root) as client:
                path, body = target("chat", fault, stream=False)
                await client.send(request("POST", path, body))
                try:
                    errors.append(await asyncio.get_running_loop().sock_recv(client.socket, 10))
                except ConnectionResetError:
                    errors.append("reset")
    assert errors == ["reset", b""]


@pytest.mark.parametrize("fault", ["silent", "hang-after-headers", "hang-after-2", "half-close-after-2"])
async def test_hanging_faults_hang_until_the_client_leaves_and_note_when(fault):
    async with FaultUpstream() as upstream:
        client = await RawClient.connect(upstream.root)
        path, body = target("chat", fault, stream=True)
        await client.send(request("POST", path, body))
        received = (await upstream.wait_received(1))[0]
        if fault != "silent":
            await client.read_until(b"\r\n\r\n")
        left = time.monotonic()
        client.reset()
        await asyncio.wait_for(received.gone.wait(), 5)
    assert received.disconnected is not None
    assert 0 <= received.disconnected - left < 1
    assert received.disconnect == "reset"


async def test_dribbles_and_pings_follow_the_tempo():
    async with FaultUpstream(tempo=0.0001) as upstream:
        answer = await call(upstream, "dribble", stream=False)
        client = await RawClient.connect(upstream.root)
        await client.send(request("POST", "/v1/messages", {"model": "fault/pings-only", "stream": True}))
        pings = await client.read_until(b": ping\n\n\r\n8\r\n: ping\n\n")
        client.close()
    assert TEXT in answer.body.decode()
    assert b"data" not in pings


async def test_framing_lies_are_told():
    async with FaultUpstream() as upstream:
        no_last, short = await call(upstream, "no-last-chunk"), await call(upstream, "short-body", stream=False)
        assert (no_last.complete, short.complete) == (False, False)
        assert json.loads(short.body)
        async with await RawClient.connect(upstream.root) as client:
            path, body = target("chat", "second-response", stream=False)
            await client.send(request("POST", path, body))
            first, second = await client.read_response(), await client.read_response()
        assert TEXT in first.body.decode()
        assert b"belongs to nobody" in second.body


async def test_an_early_reply_comes_before_the_body_has():
    async with FaultUpstream() as upstream, await RawClient.connect(upstream.root) as client:
        body = b'{"model":"fault/early-reply-401","messages":["'
        await client.send(request("POST", "/v1/messages", body, [("content-length", "1000000")]))
        answer = await client.read_response()
    assert answer.status == 401
    assert not upstream.received[0].complete


async def test_statuses_by_number_and_ways_to_say_retry_after():
    async with FaultUpstream() as upstream:
        statuses = [(await call(upstream, f"status-{n}", "messages")).status for n in (418, 451, 499, 529, 600, 99)]
        future, past = await call(upstream, "retry-date-future"), await call(upstream, "retry-date-past")
        two, google = await call(upstream, "retry-two"), await call(upstream, "retry-body-google", "gemini")
    assert statuses == [418, 451, 499, 529, 600, 99]
    dates = [parsedate_to_datetime(answer.header("retry-after")).timestamp() for answer in (past, future)]
    assert dates[0] < time.time() < dates[1]
    assert [value for name, value in two.headers if name == "retry-after"] == ["30", "60"]
    assert google.json["error"]["details"][0]["retryDelay"] == "37s"


async def test_compressed_answers_decode_and_broken_ones_do_not():
    async with FaultUpstream() as upstream:
        good, corrupt, cut = [await call(upstream, f, stream=False) for f in ("gzip", "corrupt-gzip", "truncated-gzip")]
    assert good.header("content-encoding") == "gzip"
    assert TEXT in gzip.decompress(good.body).decode()
    for broken in (corrupt, cut):
        with pytest.raises((EOFError, OSError, zlib.error)):
            gzip.decompress(broken.body)


@pytest.mark.parametrize("name", sorted(encoding.CODECS))
def test_a_bomb_is_small_and_grows(name, monkeypatch):
    monkeypatch.setattr(encoding, "BOMB", 8 << 20)
    encoding._bomb.cache_clear()
    body = encoding._bomb(name)
    encoding._bomb.cache_clear()
    assert len(body) < 20_000
    if name == "gzip":
        assert len(gzip.decompress(body)) == 8 << 20


async def test_state_over_requests_is_kept_per_model_and_per_connection():
    async with FaultUpstream() as upstream:
        flaps = [(await call(upstream, "flap-2", stream=False)).status for _ in range(4)]
        later = [(await call(upstream, "fail-first-2", stream=False)).status for _ in range(3)]
        async with await RawClient.connect(upstream.root) as client:
            path, body = target("chat", "stale-after-1", stream=False)
            await client.send(request("POST", path, body))
            assert (await client.read_response()).status == 200
            await client.send(request("POST", path, body))
            assert await client.read_to_end() == b""
    assert (flaps, later) == ([200, 500, 200, 500], [500, 500, 200])


async def test_keys_are_echoed_and_headers_sent_where_asked():
    async with FaultUpstream() as upstream:
        path, body = target("messages", "key-echo", stream=False)
        echo = await ask(upstream.root + path, body, [("x-api-key", "sk-canary")])
        flood, hops = (
            await call(upstream, "header-flood", stream=False),
            await call(upstream, "hop-by-hop", stream=False),
        )
    assert b"sk-canary" in echo.body
    assert len(flood.headers) > 10_000
    assert hops.header("x-secret") == "named-in-connection"


async def test_an_unknown_fault_is_a_404_and_models_are_listed():
    async with FaultUpstream() as upstream:
        assert (await call(upstream, "no-such-thing")).status == 404
        listed = await ask(upstream.base_url() + "/models", method="GET")
    assert {"id": "fault/silent"} in listed.json["data"]


async def test_tls_faults_are_refused_by_a_client_that_checks():
    made = Certificates()
    outcomes = {}
    for kind in ("good", "expired", "wrong-host", "self-signed"):
        async with FaultUpstream(tls=made.server(kind)) as upstream:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", upstream.port, ssl=made.client())
                writer.close()
                await writer.wait_closed()
                outcomes[kind] = "accepted"
            except ssl.SSLCertVerificationError:
                outcomes[kind] = "refused"
    assert outcomes == {"good": "accepted", "expired": "refused", "wrong-host": "refused", "self-signed": "refused"}


async def test_addresses_fail_before_http_as_named():
    with refused() as url, pytest.raises(ConnectionRefusedError):
        await RawClient.connect(url)
    with blackhole() as url, pytest.raises(TimeoutError):
        await RawClient.connect(url, within=0.2)
    with mute() as url:
        async with await RawClient.connect(url) as client:
            await client.send(b"GET / HTTP/1.1\r\n\r\n")
            with pytest.raises(TimeoutError):
                await client.read_some(within=0.1)


def test_it_runs_as_a_process_and_tells_what_it_received():
    command = [sys.executable, "-m", "tests.harness.fault_upstream", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            host, _, port = process.stdout.readline().strip().removeprefix("http://").partition(":")
            connection = HTTPConnection(host, int(port), timeout=5)
            path, body = target("chat", "fault/status-418", stream=False)
            connection.request("POST", path, json.dumps(body))
            first = connection.getresponse()
            first.read()
            connection.request("GET", "/__received")
            told = json.load(connection.getresponse())
            connection.close()
        finally:
            process.terminate()
        assert process.wait(5) == 0
    assert first.status == 418
    assert [(row["path"], row["model"]) for row in told] == [("/v1/chat/completions", "fault/status-418")]


async def test_a_slow_reader_holds_the_writer_back():
    async with FaultUpstream() as upstream:
        client = await RawClient.connect(upstream.root, receive_buffer=4096)
        await client.send(request("POST", "/v1/messages", {"model": "fault/line-64-mb", "stream": True}))
        await client.read_until(b"\r\n\r\n")
        received = (await upstream.wait_received(1))[0]
        assert received.answered is None
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        await asyncio.wait_for(received.gone.wait(), 5)
