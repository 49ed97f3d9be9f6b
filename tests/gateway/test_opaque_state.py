"""Thinking signatures and other opaque state come back intact to their maker, and to nobody else (083, 084, 107, ADR 2)."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.gateway.running import Running, running
from tests.harness.recorded_upstream import Answer, RecordedUpstream

SIGNATURE = base64.b64encode(b"signed by the maker, and by nobody else \xff\xfe").decode()
ARGUMENTS = {"city": "Paris"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}

ANSWERS: dict[str, dict[str, Any]] = {
    "messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "real",
        "content": [
            {"type": "thinking", "thinking": "Let me look.", "signature": SIGNATURE},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": ARGUMENTS},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 9},
    },
    "responses": {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "real",
        "output": [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "Let me look."}],
                "encrypted_content": SIGNATURE,
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "weather",
                "arguments": json.dumps(ARGUMENTS),
                "status": "completed",
            },
        ],
        "usage": {"input_tokens": 3, "output_tokens": 9, "total_tokens": 12},
    },
    "gemini": {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Let me look.", "thought": True},
                        {"functionCall": {"name": "weather", "args": ARGUMENTS}, "thoughtSignature": SIGNATURE},
                    ],
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 9, "totalTokenCount": 12},
        "modelVersion": "real",
    },
}
VENDORS = {"messages": "anthropic", "responses": "openai", "gemini": "gemini", "chat": "openai"}
CLIENTS = ["chat", "messages", "responses", "gemini"]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def first_turn(client: str, model: str) -> tuple[str, dict[str, Any]]:
    said, about = "weather in Paris?", "says the weather"
    tool: dict[str, Any]
    if client == "chat":
        tool = {"type": "function", "function": {"name": "weather", "description": about, "parameters": SCHEMA}}
        return "/v1/chat/completions", {
            "model": model,
            "messages": [{"role": "user", "content": said}],
            "tools": [tool],
            "reasoning_effort": "low",
        }
    if client == "messages":
        tool = {"name": "weather", "description": about, "input_schema": SCHEMA}
        return "/v1/messages", {
            "model": model,
            "max_tokens": 4000,
            "thinking": {"type": "enabled", "budget_tokens": 2000},
            "messages": [{"role": "user", "content": said}],
            "tools": [tool],
        }
    if client == "responses":
        tool = {"type": "function", "name": "weather", "description": about, "parameters": SCHEMA, "strict": False}
        body: dict[str, Any] = {
            "model": model,
            "input": [{"role": "user", "content": said}],
            "tools": [tool],
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "reasoning": {"effort": "low", "summary": "auto"},
        }
        return "/v1/responses", body
    tool = {"name": "weather", "description": about, "parametersJsonSchema": SCHEMA}
    return f"/v1beta/models/{model}:generateContent", {
        "contents": [{"role": "user", "parts": [{"text": said}]}],
        "tools": [{"functionDeclarations": [tool]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }


def second_turn(client: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What a client sends next: its vendor's own way of giving the answer back, with the tool's result."""
    if client == "chat":
        message = answer["choices"][0]["message"]
        # Chat clients keep the fields OpenAI knows and drop all others.
        calls = [{key: call[key] for key in ("id", "type", "function")} for call in message["tool_calls"]]
        result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "sunny"}
        turn = {"role": "assistant", "content": message["content"], "tool_calls": calls}
        return {**body, "messages": [*body["messages"], turn, result]}
    if client == "messages":
        call = next(block for block in answer["content"] if block["type"] == "tool_use")
        result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"}]}
        return {**body, "messages": [*body["messages"], {"role": "assistant", "content": answer["content"]}, result]}
    if client == "responses":
        call = next(item for item in answer["output"] if item["type"] == "function_call")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "sunny"}
        return {**body, "input": [*body["input"], *answer["output"], result]}
    content = answer["candidates"][0]["content"]
    reply = {"functionResponse": {"name": "weather", "response": {"output": "sunny"}}}
    return {**body, "contents": [*body["contents"], content, {"role": "user", "parts": [reply]}]}


@pytest.fixture
async def upstream() -> AsyncIterator[RecordedUpstream]:
    async with RecordedUpstream() as server:
        yield server


@pytest.fixture
async def gateway(upstream: RecordedUpstream) -> AsyncIterator[Running]:
    models = {"messages": "claude-sonnet-4-5", "responses": "gpt-5", "gemini": "gemini-2.5-pro", "chat": "gpt-5"}
    config = {
        "providers": {
            name: {
                "type": vendor,
                "api_base_url": {name: upstream.base_url(name)},
                "disable_cooldown": True,
                "api_key": "sk-upstream",
                "models": [models[name]],
            }
            for name, vendor in VENDORS.items()
        },
        "models": {
            **{name: {"targets": [{"provider": name, "model": model}]} for name, model in models.items()},
        },
    }
    async with running(config) as started:
        yield started


async def ask(
    gateway: Running, upstream: RecordedUpstream, path: str, body: dict[str, Any], maker: str
) -> dict[str, Any]:
    upstream.add(Answer([json.dumps(ANSWERS[maker]).encode()]))
    response = await gateway.post(path, body)
    assert response.status == 200, response.body
    return dict(response.json)


@pytest.mark.parametrize("maker", list(ANSWERS))
@pytest.mark.parametrize("client", CLIENTS)
async def test_083_107_opaque_state_returns_to_its_maker_unchanged(client, maker, upstream, gateway):
    path, body = first_turn(client, maker)
    answer = await ask(gateway, upstream, path, body, maker)
    upstream.add(Answer([json.dumps(ANSWERS[maker]).encode()]))
    response = await gateway.post(path, second_turn(client, body, answer))
    assert response.status == 200, response.body
    sent = json.loads(upstream.received[-1].body)
    assert SIGNATURE in slots(maker, sent), sent
    assert "stripped" not in response.header("x-plexus-fidelity")


def slots(protocol: str, body: dict[str, Any]) -> list[str]:
    """Every opaque value in its place in a request of this protocol."""
    if protocol == "messages":
        turns = [turn["content"] for turn in body["messages"] if turn["role"] == "assistant"]
        # Signed thinking comes first in its turn.
        return [turn[0].get("signature", "") for turn in turns]
    if protocol == "responses":
        return [item.get("encrypted_content", "") for item in body["input"] if item.get("type") == "reasoning"]
    parts = [part for content in body["contents"] for part in content["parts"]]
    return [part.get("thoughtSignature", "") for part in parts if "functionCall" in part]


@pytest.mark.parametrize("maker", list(ANSWERS))
@pytest.mark.parametrize("client", CLIENTS)
async def test_083_opaque_state_is_never_sent_to_another(client, maker, upstream, gateway):
    path, body = first_turn(client, maker)
    answer = await ask(gateway, upstream, path, body, maker)
    following = second_turn(client, body, answer)
    carried = any(mark in json.dumps(following) for mark in ("plexusv1", SIGNATURE))
    for other, theirs in ANSWERS.items():
        if other == maker:
            continue
        target = path.replace(maker, other) if client == "gemini" else path
        response_body = {**following, **({} if client == "gemini" else {"model": other})}
        upstream.add(Answer([json.dumps(theirs).encode()]))
        response = await gateway.post(target, response_body)
        assert response.status == 200, response.body
        sent = upstream.received[-1].body.decode()
        assert SIGNATURE not in sent
        assert "plexusv1" not in sent
        if carried:  # else it never left this side: it is kept here for the client, by tool-call id
            assert "stripped=" in response.header("x-plexus-fidelity")


async def test_strict_clients_are_refused_rather_than_losing_state(upstream, gateway):
    path, body = first_turn("messages", "messages")
    answer = await ask(gateway, upstream, path, body, "messages")
    before = len(upstream.received)
    following = {**second_turn("messages", body, answer), "model": "gemini"}
    response = await gateway.post(path, following, [("x-plexus-strict", "true")])
    assert response.status == 400
    assert len(upstream.received) == before
    assert response.json["error"]["type"] == "invalid_request_error"
