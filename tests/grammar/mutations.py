"""Ways to break a correct stream: for each rule of each grammar at least one change that only that rule forbids."""

from collections.abc import Callable
from typing import Any

from tests.grammar.samples import Stream

Change = Callable[[Stream], Any]


def drop(index: int) -> Change:
    return lambda stream: stream.pop(index)


def repeat(index: int) -> Change:
    return lambda stream: stream.insert(index, stream[index])


def swap(one: int, other: int) -> Change:
    def change(stream: Stream) -> None:
        stream[one], stream[other] = stream[other], stream[one]

    return change


def add(index: int, event: str, value: Any) -> Change:
    return lambda stream: stream.insert(index if index >= 0 else len(stream), (event, value))


def put(index: int, path: str, value: Any) -> Change:
    """Set what lies at a dotted path of frame `index`; numbers are list positions; `...` removes it."""

    def change(stream: Stream) -> None:
        here = stream[index][1]
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in steps:
            here = here[step]
        if value is ...:
            del here[last]
        else:
            here[last] = value

    return change


def rename(index: int, event: str) -> Change:
    def change(stream: Stream) -> None:
        stream[index] = (event, stream[index][1])

    return change


def cut(count: int) -> Change:
    def change(stream: Stream) -> None:
        del stream[count:]

    return change


_SERIAL = ("responses", "sequence_number rises by one from 0")

MUTATIONS: list[tuple[str, str, Change]] = [
    ("chat", "json", add(1, "", "{")),
    ("chat", "no event names", rename(0, "chunk")),
    ("chat", "[DONE]", drop(7)),
    ("chat", "[DONE] is last", add(-1, "", "x")),
    ("chat", "type", put(1, "object", "chat.completion")),
    ("chat", "id given", put(1, "id", "")),
    ("chat", "id constant", put(1, "id", "other")),
    ("chat", "model constant", put(1, "model", "other")),
    ("chat", "created constant", put(1, "created", 2)),
    ("chat", "choices", put(1, "choices", None)),
    ("chat", "choices", put(1, "choices", [])),
    ("chat", "a delta in every choice", put(1, "choices.0.delta", ...)),
    ("chat", "role first", put(0, "choices.0.delta", {"content": ""})),
    ("chat", "role once", put(1, "choices.0.delta.role", "assistant")),
    ("chat", "one finish", drop(5)),
    ("chat", "one finish", put(1, "choices.0.finish_reason", "tool_calls")),
    ("chat", "nothing after the finish", swap(4, 5)),
    ("chat", "finish of tool calls", put(5, "choices.0.finish_reason", "stop")),
    ("chat", "tool call index", put(4, "choices.0.delta.tool_calls.0.index", 3)),
    ("chat", "tool call opening", put(2, "choices.0.delta.tool_calls.0.type", ...)),
    ("chat", "tool call opening", put(2, "choices.0.delta.tool_calls.0.id", ...)),
    ("chat", "tool call ids differ", put(4, "choices.0.delta.tool_calls.0.id", "call_1")),
    ("chat", "id once", put(3, "choices.0.delta.tool_calls.0.id", "call_1")),
    ("chat", "name once", put(3, "choices.0.delta.tool_calls.0.function.name", "f")),
    ("chat", "text is a string", put(1, "choices.0.delta.reasoning_content", {"text": "x"})),
    ("chat", "usage once", drop(6)),
    ("chat", "usage once", repeat(6)),
    ("chat", "usage after the finish", swap(5, 6)),
    (
        "chat",
        "usage in its own chunk",
        put(5, "usage", {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}),
    ),
    ("chat", "total is the sum", put(6, "usage.total_tokens", 9)),
    ("chat", "details within totals", put(6, "usage.completion_tokens_details", {"reasoning_tokens": 99})),
    ("chat", "an error ends the stream", add(1, "", {"error": {"message": "x"}})),
    ("chat", "error shape", add(-1, "", {"error": "x"})),
    ("messages", "json", add(1, "x", "{")),
    ("messages", "event name", rename(0, "start")),
    ("messages", "one message_start, first", drop(0)),
    ("messages", "one message_start, first", repeat(0)),
    ("messages", "message type", put(0, "message.usage", ...)),
    ("messages", "empty at the start", put(0, "message.content", [{"type": "text", "text": "x"}])),
    ("messages", "no stop reason at the start", put(0, "message.stop_reason", "end_turn")),
    ("messages", "id and model given", put(0, "message.id", "")),
    ("messages", "blocks between start and end", swap(9, 13)),
    ("messages", "one open block", drop(5)),
    ("messages", "contiguous indexes", put(6, "index", 7)),
    ("messages", "tool use opening", put(9, "content_block.input", {"a": 1})),
    ("messages", "tool use opening", put(9, "content_block.name", "")),
    ("messages", "deltas inside their block", put(7, "index", 0)),
    ("messages", "delta of the block's kind", put(7, "delta", {"type": "thinking_delta", "thinking": "x"})),
    ("messages", "signature last", swap(3, 4)),
    ("messages", "input is a JSON object", drop(11)),
    ("messages", "each block closed once", repeat(8)),
    ("messages", "each block closed once", drop(12)),
    ("messages", "one message_delta", repeat(13)),
    ("messages", "stop reason given", put(13, "delta.stop_reason", None)),
    ("messages", "stop reason of tool use", put(13, "delta.stop_reason", "end_turn")),
    ("messages", "usage at the end", put(13, "usage", ...)),
    ("messages", "type", put(7, "delta", {"type": "text_delta"})),
    ("messages", "message_delta before message_stop", drop(13)),
    ("messages", "message_stop", drop(14)),
    ("messages", "nothing after the end", add(-1, "ping", {"type": "ping"})),
    ("messages", "unknown event", add(2, "content_part", {"type": "content_part"})),
    ("messages", "error shape", add(-1, "error", {"type": "error", "error": {"type": "x", "message": "m"}})),
    ("responses", "json", add(1, "x", "{")),
    ("responses", "event name", rename(1, "")),
    (*_SERIAL, put(5, "sequence_number", 4)),
    (*_SERIAL, put(0, "sequence_number", 1)),
    ("responses", "response.created first, once", drop(0)),
    ("responses", "response id constant", put(18, "response.id", "resp_2")),
    ("responses", "response type", put(18, "response.tools", ...)),
    ("responses", "empty at the start", put(14, "item.arguments", "{")),
    ("responses", "in_progress before the output", swap(1, 9)),
    ("responses", "output_index is the position", put(8, "output_index", 2)),
    ("responses", "one open item", drop(7)),
    ("responses", "item ids differ", put(8, "item.id", "rs_1")),
    ("responses", "events of an added item", put(10, "output_index", 5)),
    ("responses", "item_id constant", put(10, "item_id", "msg_2")),
    ("responses", "parts are opened before and closed after their text", drop(9)),
    ("responses", "contiguous content_index", put(9, "content_index", 1)),
    ("responses", "contiguous summary_index", put(3, "summary_index", 1)),
    ("responses", "delta of the part's kind", put(9, "part", {"type": "refusal", "refusal": ""})),
    ("responses", "done equals its deltas", put(11, "text", "Loo")),
    ("responses", "done equals its deltas", put(16, "arguments", "{}")),
    ("responses", "done equals its deltas", put(13, "item.content.0.text", "Loo")),
    ("responses", "nothing after the text is done", swap(10, 11)),
    ("responses", "arguments are done before the item", drop(16)),
    ("responses", "nothing after the arguments are done", swap(15, 16)),
    ("responses", "call opening", put(14, "item.call_id", "")),
    ("responses", "call constant", put(17, "item.call_id", "call_2")),
    ("responses", "nothing after the item is done", repeat(13)),
    ("responses", "each part is done", drop(12)),
    ("responses", "each item is done", drop(17)),
    ("responses", "final output is what was streamed", put(18, "response.output", [])),
    ("responses", "status of the ending", put(18, "response.status", "incomplete")),
    ("responses", "usage at the end", put(18, "response.usage", None)),
    ("responses", "total is the sum", put(18, "response.usage.total_tokens", 9)),
    ("responses", "details within totals", put(18, "response.usage.input_tokens_details.cached_tokens", 9)),
    ("responses", "an ending", drop(18)),
    ("responses", "nothing after the end", repeat(18)),
    ("responses", "unknown event", add(2, "response.x", {"type": "response.x", "sequence_number": 2})),
    ("responses", "type", put(10, "logprobs", ...)),
    ("responses", "error shape", add(-1, "error", {"type": "error", "sequence_number": 19})),
    ("gemini", "json", add(1, "", "{")),
    ("gemini", "no event names", rename(0, "chunk")),
    ("gemini", "type", put(0, "candidates.0.finish_reasons", "x")),
    ("gemini", "responseId constant", put(1, "responseId", "r2")),
    ("gemini", "modelVersion constant", put(1, "modelVersion", "n")),
    ("gemini", "one finish", put(2, "candidates.0.finishReason", ...)),
    ("gemini", "one finish", put(1, "candidates.0.finishReason", "STOP")),
    ("gemini", "nothing after the finish", put(1, "candidates.0.finishReason", "STOP")),
    ("gemini", "role model", put(1, "candidates.0.content.role", "assistant")),
    ("gemini", "one kind of data a part", put(1, "candidates.0.content.parts.0.functionCall", {"name": "f"})),
    ("gemini", "function call opening", put(2, "candidates.0.content.parts.0.functionCall.name", ...)),
    ("gemini", "args is an object", put(2, "candidates.0.content.parts.0.functionCall.args", "{}")),
    ("gemini", "usage at the end", put(2, "usageMetadata", ...)),
    ("gemini", "total is the sum", put(2, "usageMetadata.totalTokenCount", 9)),
    ("gemini", "details", put(2, "usageMetadata.cachedContentTokenCount", 9)),
    ("gemini", "candidates", cut(0)),
    ("gemini", "chunks", cut(0)),
    ("gemini", "error shape", add(-1, "", {"error": {"message": "x"}})),
    ("gemini", "an error ends the stream", add(1, "", {"error": {"code": 500, "message": "x", "status": "INTERNAL"}})),
]
