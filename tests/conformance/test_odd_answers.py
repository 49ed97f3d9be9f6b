"""Answers the demo never gives (cached input, refusals, filters), as each upstream says them and as each package reads them.

The upstream answers whole; a streaming client gets the same told as a stream.
"""

from typing import Any

import pytest

from tests.conformance.conftest import UPSTREAMS
from tests.conformance.sdks import KEY, Sdks
from tests.harness.background import Background
from tests.harness.gateway import Gateway
from tests.harness.recorded_upstream import Answer, RecordedUpstream
from tests.harness.wire import dumps

SAID = "I will not say that."


def chat(message: dict[str, Any], finish: str, **usage: Any) -> dict[str, Any]:
    told = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, **usage}
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, "logprobs": None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": told,
    }


def messages(text: str, stop: str, **usage: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 10, **usage},
    }


def responses(part: dict[str, Any], *, filtered: bool = False, **usage: Any) -> dict[str, Any]:
    status = "incomplete" if filtered else "completed"
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": status, "content": [part]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "incomplete_details": {"reason": "content_filter"} if filtered else None,
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, **usage},
    }


def gemini(text: str, finish: str, **usage: Any) -> dict[str, Any]:
    told = {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110, **usage}
    content = {"role": "model", "parts": [{"text": text}]}
    return {"candidates": [{"content": content, "finishReason": finish, "index": 0}], "usageMetadata": told}


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


ANSWERS: dict[str, dict[str, dict[str, Any]]] = {
    "cached": {
        "chat": chat(
            {"content": "hi"},
            "stop",
            prompt_tokens_details={"cached_tokens": 60},
            completion_tokens_details={"reasoning_tokens": 4},
        ),
        "messages": messages(
            "hi",
            "end_turn",
            input_tokens=40,
            cache_read_input_tokens=60,
            cache_creation_input_tokens=0,
            output_tokens_details={"thinking_tokens": 4},
        ),
        "responses": responses(
            text_part("hi"),
            input_tokens_details={"cached_tokens": 60},
            output_tokens_details={"reasoning_tokens": 4},
        ),
        "gemini": gemini("hi", "STOP", cachedContentTokenCount=60, candidatesTokenCount=6, thoughtsTokenCount=4),
    },
    "refusal": {
        "chat": chat({"content": None, "refusal": SAID}, "stop"),
        "messages": messages(SAID, "refusal"),
        "responses": responses({"type": "refusal", "refusal": SAID}),
        "gemini": gemini(SAID, "PROHIBITED_CONTENT"),
    },
    "filtered": {
        "chat": chat({"content": SAID}, "content_filter"),
        "messages": messages(SAID, "refusal"),
        "responses": responses(text_part(SAID), filtered=True),
        "gemini": gemini(SAID, "SAFETY"),
    },
}


@pytest.fixture(scope="module")
def clients():
    async def start():
        server = RecordedUpstream()
        for name, told in ANSWERS.items():
            for protocol, body in told.items():
                server.on(f"{name}-{protocol}", Answer([dumps(body)]))
        return await server.start()

    with Background() as background:
        server = background.run(start())
        providers = {
            protocol: {
                "api_base_url": {protocol: server.base_url(protocol)},
                "disable_cooldown": True,
                "api_key": "k",
                "models": [f"{name}-{protocol}" for name in ANSWERS],
            }
            for protocol in UPSTREAMS
        }
        with (
            Gateway({"providers": providers, "keys": {"me": {"secret": KEY}}}) as gateway,
            Sdks(gateway.base_url) as sdks,
        ):
            yield sdks
        background.run(server.stop())


def by_chat(sdks: Any, model: str, *, streaming: bool) -> Any:
    options: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    if not streaming:
        return sdks.openai.chat.completions.create(**options)
    chunks = list(sdks.openai.chat.completions.create(stream=True, stream_options={"include_usage": True}, **options))
    last = chunks[-1]
    last.choices = [choice for chunk in chunks for choice in chunk.choices if choice.finish_reason]
    last.choices[0].message = type("Message", (), {})()
    for name in ("content", "refusal"):
        pieces = [getattr(choice.delta, name) or "" for chunk in chunks for choice in chunk.choices]
        setattr(last.choices[0].message, name, "".join(pieces))
    return last


def by_responses(sdks: Any, model: str, *, streaming: bool) -> Any:
    if not streaming:
        return sdks.openai.responses.create(model=model, input="hi")
    return list(sdks.openai.responses.create(model=model, input="hi", stream=True))[-1].response


def by_anthropic(sdks: Any, model: str, *, streaming: bool) -> Any:
    options: dict[str, Any] = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    if not streaming:
        return sdks.anthropic.messages.create(**options)
    with sdks.anthropic.messages.stream(**options) as stream:
        return stream.get_final_message()


def by_google(sdks: Any, model: str, *, streaming: bool) -> Any:
    if not streaming:
        return sdks.google.models.generate_content(model=model, contents="hi")
    return list(sdks.google.models.generate_content_stream(model=model, contents="hi"))[-1]


@pytest.fixture(params=[False, True], ids=["whole", "stream"])
def streaming(request):
    return request.param


def test_cached_and_reasoning_tokens_are_told_in_each_protocols_own_arithmetic(clients, upstream, streaming):
    model = f"cached-{upstream}"
    usage = by_chat(clients, model, streaming=streaming).usage
    assert (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens) == (100, 60)
    assert (usage.completion_tokens, usage.completion_tokens_details.reasoning_tokens) == (10, 4)
    usage = by_responses(clients, model, streaming=streaming).usage
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens) == (100, 60)
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (10, 4)
    usage = by_anthropic(clients, model, streaming=streaming).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (40, 60, 10)
    usage = by_google(clients, model, streaming=streaming).usage_metadata
    assert (usage.prompt_token_count, usage.cached_content_token_count) == (100, 60)
    assert (usage.candidates_token_count, usage.thoughts_token_count, usage.total_token_count) == (6, 4, 110)


@pytest.mark.parametrize("kind", ["refusal", "filtered"])
def test_a_refusal_or_a_filter_never_looks_like_an_ordinary_answer(clients, upstream, kind, streaming):
    model = f"{kind}-{upstream}"
    choice = by_chat(clients, model, streaming=streaming).choices[0]
    assert choice.message.refusal == SAID or choice.finish_reason == "content_filter"
    assert SAID in {choice.message.content, choice.message.refusal}
    answer = by_responses(clients, model, streaming=streaming)
    part = answer.output[0].content[0]
    assert part.type == "refusal" or answer.incomplete_details.reason == "content_filter"
    assert SAID in {getattr(part, "refusal", None), getattr(part, "text", None)}
    said = by_anthropic(clients, model, streaming=streaming)
    # a model of OpenAI's that declines does so in a part of its own; the other two wires have text for that
    own_words = kind == "refusal" and upstream in {"chat", "responses"}
    assert said.stop_reason == ("end_turn" if own_words else "refusal")
    assert said.content[0].text == SAID
    candidate = by_google(clients, model, streaming=streaming).candidates[0]
    assert candidate.finish_reason.value in ({"STOP"} if own_words else {"SAFETY", "PROHIBITED_CONTENT"})
