"""Calls of tools are calls a client can run: they have a name, an id of their own, and arguments their wire can hold."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.core.json import dumps
from plexus.core.sse import Decoder, Frame
from plexus.ir.chat import ChatResponse
from plexus.ir.fold import fold
from plexus.ir.parts import ToolCall
from plexus.ir.unfold import unfold
from tests.corpus import replay
from tests.grammar import violations
from tests.laws.test_round_trips import PROTOCOLS, SETTINGS, reading, writing

Call = tuple[str, Any]
"""Id and name; a name of None is left out."""


def _named(name: Any, **rest: Any) -> dict[str, Any]:
    return rest if name is None else {"name": name, **rest}


def _chat(*calls: Call) -> tuple[dict[str, Any], list[Any]]:
    entries = [
        {"index": n, "id": i, "type": "function", "function": _named(name, arguments='{"a":1}')}
        for n, (i, name) in enumerate(calls)
    ]
    choice = {"index": 0, "finish_reason": "tool_calls"}
    whole = {"id": "c", "choices": [{**choice, "message": {"role": "assistant", "tool_calls": entries}}]}
    return whole, [{"id": "c", "choices": [{**choice, "delta": {"tool_calls": entries}}]}]


def _messages(*calls: Call) -> tuple[dict[str, Any], list[Any]]:
    blocks = [{"type": "tool_use", "id": i, **_named(name, input={"a": 1})} for i, name in calls]
    message = {"id": "m", "type": "message", "role": "assistant", "stop_reason": "tool_use"}
    stream: list[Any] = [{"type": "message_start", "message": {**message, "content": []}}]
    for n, block in enumerate(blocks):
        delta = {"type": "input_json_delta", "partial_json": '{"a":1}'}
        stream += [
            {"type": "content_block_start", "index": n, "content_block": {**block, "input": {}}},
            {"type": "content_block_delta", "index": n, "delta": delta},
            {"type": "content_block_stop", "index": n},
        ]
    stream += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]
    return {**message, "content": blocks}, stream


def _responses(*calls: Call) -> tuple[dict[str, Any], list[Any]]:
    items = [
        {"type": "function_call", "id": f"fc_{n}", "call_id": i, **_named(name, arguments='{"a":1}')}
        for n, (i, name) in enumerate(calls)
    ]
    whole = {"id": "r", "status": "completed", "output": items}
    stream: list[Any] = [{"type": "response.created", "response": {"id": "r"}}]
    for n, item in enumerate(items):
        stream.append({"type": "response.output_item.added", "output_index": n, "item": {**item, "arguments": ""}})
        stream.append({"type": "response.output_item.done", "output_index": n, "item": item})
    return whole, [*stream, {"type": "response.completed", "response": whole}]


def _gemini(*calls: Call) -> tuple[dict[str, Any], list[Any]]:
    parts = [{"functionCall": {"id": i, **_named(name, args={"a": 1})}} for i, name in calls]
    whole = {"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": 0}]}
    return whole, [whole]


WIRES = {"chat": _chat, "messages": _messages, "responses": _responses, "gemini": _gemini}


def answers(protocol: str, *calls: Call) -> list[ChatResponse]:
    """The answer of these calls, read whole and as a stream."""
    whole, stream = WIRES[protocol](*calls)
    plug = replay.protocols()[protocol]
    frames = [Frame(event.get("type", ""), json.dumps(event).encode()) for event in stream]
    frames += [Frame("", b"[DONE]")] if protocol == "chat" else []
    return [
        plug.decode_response(whole, reading(protocol)),
        fold(replay.decode_stream(plug, reading(protocol), frames)),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["", None, 5, True, []], ids=repr)
def test_a_call_of_nobody_knows_which_tool_is_no_call_and_the_answer_says_so(protocol: str, name: Any) -> None:
    for answer in answers(protocol, ("a", name)):
        assert answer.parts == []
        assert answer.stop_reason == "malformed_tool_call"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_calls_with_one_id_get_an_id_each(protocol: str) -> None:
    for answer in answers(protocol, ("a", "f"), ("a", "g"), ("b", "h")):
        ids = [part.id for part in answer.parts if isinstance(part, ToolCall)]
        assert len(set(ids)) == 3
        assert (ids[0], ids[2]) == ("a", "b")
        assert answer.stop_reason == "tool_use"


BROKEN = st.lists(
    st.sampled_from(['{"a"', ":", "1", '"b', '"', ",", "}", "{}", "[", "]", "oh", '\\"', "\n", " "]), max_size=8
).map("".join)


def whole_input(protocol: str, answer: ChatResponse) -> Any:
    body = json.loads(dumps(replay.protocols()[protocol].encode_response(answer, writing(protocol))[0]))
    if protocol == "messages":
        return body["content"][0]["input"]
    return body["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]


@pytest.mark.parametrize("protocol", ["messages", "gemini"])
@SETTINGS
@given(arguments=BROKEN)
def test_arguments_on_a_wire_of_objects_are_an_object_the_same_whole_and_streamed(
    protocol: str, arguments: str
) -> None:
    answer = ChatResponse(parts=[ToolCall(id="a", name="f", arguments=arguments)], stop_reason="tool_use")
    encoder = replay.protocols()[protocol].stream_encoder(writing(protocol))
    stream = b"".join([encoder.encode(event) for event in unfold(replay.deep(answer))])
    assert [line for line in violations(protocol, stream) if not line.startswith("usage")] == []
    decoder = Decoder()
    frames = decoder.feed(stream) + decoder.end()
    streamed = fold(replay.decode_stream(replay.protocols()[protocol], reading(protocol), frames)).parts[0]
    assert isinstance(streamed, ToolCall)
    assert json.loads(streamed.arguments) == whole_input(protocol, answer)
