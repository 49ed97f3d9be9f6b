"""Same protocol on both sides: the provider's bytes reach the client, and the client's bytes the provider (statement 210)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plexus.core.json import loads
from plexus.core.raw_object import RawObject
from tests.corpus.recordings import Recording, not_a_request, not_an_answer, select
from tests.gateway.running import Running, running
from tests.harness.raw_client import Response
from tests.harness.recorded_upstream import Answer, RecordedUpstream, cut

PROTOCOLS = ["chat", "responses", "messages", "gemini"]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "responses": {"input": "hi"},
    "messages": {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]},
    "gemini": {"contents": [{"parts": [{"text": "hi"}]}]},
}
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def path_of(protocol: str, *, stream: bool, array: bool = False) -> str:
    if protocol != "gemini":
        return PATHS[protocol]
    action = "streamGenerateContent" if stream else "generateContent"
    return f"/v1beta/models/gemini:{action}" + ("?alt=sse" if stream and not array else "")


VENDORS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "gemini"}


def config(upstream: RecordedUpstream) -> dict[str, Any]:
    """One provider for each protocol, in the dialect of the protocol's own vendor."""
    return {
        "providers": {
            protocol: {
                "type": vendor,
                "api_base_url": {protocol: upstream.base_url(protocol)},
                "disable_cooldown": True,
                "api_key": "sk-upstream-secret",
                "models": ["real"],
            }
            for protocol, vendor in VENDORS.items()
        },
        "models": {protocol: {"targets": [{"provider": protocol, "model": "real"}]} for protocol in VENDORS},
    }


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    async with running(config(upstream)) as started:
        yield started


def differences(recording: Recording, response: Response) -> str:
    body = recording.response_body.encode()
    if recording.protocol == "gemini" and b"finishReason" not in body and b"blockReason" not in body:
        return "" if response.status == 502 else f"{recording.id}: no answer at all was taken for one"
    if response.status != 200:
        return f"{recording.id}: {response.status} {response.body[:300]!r}"
    if response.body != body:
        return f"{recording.id}: {len(response.body)} bytes for {len(body)}"
    return ""


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_210_every_recorded_answer_reaches_a_client_of_its_protocol_byte_for_byte(protocol, upstream, gateway):
    wrong = []
    recordings = [r for r in select(protocol=protocol) if not not_an_answer(r)]
    for recording in recordings:
        body = recording.response_body.encode()
        streaming = recording.streaming
        pieces = cut(body, 700) if streaming else [body]
        upstream.add(Answer(pieces, stream=streaming))
        ask = {**BODIES[protocol], "model": protocol, **({"stream": True} if streaming else {})}
        if protocol == "chat" and streaming:
            ask["stream_options"] = {"include_usage": True}
        array = streaming and body.lstrip()[:1] == b"["
        response = await gateway.post(path_of(protocol, stream=streaming, array=array), ask)
        if difference := differences(recording, response):
            wrong.append(difference)
    assert not wrong, "\n".join(wrong)
    assert len(recordings) > 5


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_210_every_recorded_request_reaches_a_target_of_its_protocol_byte_for_byte(protocol, upstream, gateway):
    wrong = []
    recordings = [r for r in select(protocol=protocol) if not not_a_request(r)]
    for recording in recordings:
        sent = (recording.request_body or "").encode()
        raw = RawObject(sent)
        if protocol != "gemini":
            sent = raw.replaced({"model": b'"%b"' % protocol.encode()})
        stream = recording.streaming if protocol == "gemini" else bytes(raw.values.get("stream", b"")) == b"true"
        upstream.add(Answer([b'{"error":{"message":"enough"}}'], status=400))
        await gateway.post(path_of(protocol, stream=stream), sent)
        arrived = upstream.received[-1].body
        name = b'"models/real"' if protocol == "gemini" else b'"real"'
        wanted = RawObject(sent).replaced({"model": name}) if "model" in RawObject(sent).values else sent
        if protocol == "chat" and stream and not (loads(sent).get("stream_options") or {}).get("include_usage"):
            continue  # asked for on the client's behalf: the next test
        if arrived != wanted:
            wrong.append(f"{recording.id}: {arrived[:200]!r}")
    assert not wrong, "\n".join(wrong)
    assert len(recordings) > 5


async def test_098_usage_is_asked_for_and_hidden_from_who_did_not_ask(upstream, gateway):
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "real"}
    shown = b"".join(
        b"data: " + json.dumps({**chunk, "choices": [choice]}).encode() + b"\n\n"
        for choice in (
            {"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": "stop"},
        )
    )
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
    hidden = b"data: " + json.dumps({**chunk, "choices": [], "usage": usage}).encode() + b"\n\n"
    for size in (1, 7, 10_000):
        upstream.add(Answer(cut(shown + hidden + b"data: [DONE]\n\n", size), stream=True))
        response = await gateway.post("/v1/chat/completions", {**BODIES["chat"], "model": "chat", "stream": True})
        assert response.body == shown + b"data: [DONE]\n\n"
        assert loads(upstream.received[-1].body)["stream_options"] == {"include_usage": True}
        assert gateway.records[-1].usage is not None
        assert (gateway.records[-1].usage.input, gateway.records[-1].usage.output) == (3, 1)
