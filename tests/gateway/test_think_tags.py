"""Reasoning in the text of open models, through the whole gateway: a thought for other protocols, untouched bytes for chat (46)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.gateway.running import Running, running
from tests.harness.recorded_upstream import Answer, RecordedUpstream, cut

SAID = "<think>\nLet me see.\n</think>\n\nYes."
STREAM = [("content-type", "text/event-stream")]
JSON = [("content-type", "application/json")]
HI: dict[str, Any] = {"max_tokens": 50, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    def provider(kind: str) -> dict[str, Any]:
        base = {"chat": upstream.base_url("chat")}
        return {"type": kind, "api_base_url": base, "api_key": "sk-upstream-secret", "models": ["m"]}

    names = ("openai-compatible", "groq", "ollama", "together", "openai")
    models = {name: {"targets": [{"provider": name, "model": "m"}]} for name in names}
    async with running({"providers": {name: provider(name) for name in names}, "models": models}) as started:
        yield started


def whole() -> bytes:
    message = {"role": "assistant", "content": SAID}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()


def stream() -> bytes:
    choices: list[dict[str, Any]] = [{"index": 0, "delta": {"content": letter}} for letter in SAID]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    chunks = [
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [c]} for c in choices
    ]
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"


@pytest.mark.parametrize("kind", ["openai-compatible", "groq", "ollama", "together"])
async def test_046_a_client_of_another_protocol_gets_a_thought_and_a_text(
    kind: str, upstream: RecordedUpstream, gateway: Running
) -> None:
    upstream.add(Answer([whole()], headers=JSON))
    answer = await gateway.post("/v1/messages", {**HI, "model": kind})
    assert [(b["type"], b.get("thinking") or b.get("text")) for b in answer.json["content"]] == [
        ("thinking", "Let me see."),
        ("text", "Yes."),
    ]
    upstream.add(Answer(cut(stream(), 11), headers=STREAM, stream=True))
    told = (await gateway.post("/v1/messages", {**HI, "model": kind, "stream": True})).body.decode()
    deltas = [
        json.loads(line[6:])["delta"]
        for line in told.splitlines()
        if line.startswith('data: {"type":"content_bl') and '"delta"' in line
    ]
    assert "".join(delta.get("thinking", "") for delta in deltas) == "Let me see."
    assert "".join(delta.get("text", "") for delta in deltas) == "Yes."


async def test_046_openai_itself_never_means_its_tags(upstream: RecordedUpstream, gateway: Running) -> None:
    upstream.add(Answer([whole()], headers=JSON))
    answer = await gateway.post("/v1/messages", {**HI, "model": "openai"})
    assert [block.get("text") for block in answer.json["content"]] == [SAID]


@pytest.mark.parametrize("extra", [{}, {"messages": [{"role": "developer", "content": "x"}, *HI["messages"]]}])
async def test_046_a_chat_client_reads_the_text_as_the_model_wrote_it(
    extra: dict[str, Any], upstream: RecordedUpstream, gateway: Running
) -> None:
    """Also when the request had to be rewritten for the target: what was asked does not change how answers look."""
    upstream.add(Answer([whole()], headers=JSON))
    answer = await gateway.post("/v1/chat/completions", {**HI, **extra, "model": "openai-compatible"})
    assert answer.json["choices"][0]["message"]["content"] == SAID
    upstream.add(Answer(cut(stream(), 11), headers=STREAM, stream=True))
    told = await gateway.post("/v1/chat/completions", {**HI, **extra, "model": "openai-compatible", "stream": True})
    frames = [json.loads(line[6:]) for line in told.body.decode().splitlines() if line.startswith("data: {")]
    assert "".join(f["choices"][0]["delta"].get("content") or "" for f in frames if f["choices"]) == SAID
