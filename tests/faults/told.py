"""What a client is told by a stream, read plainly from its bytes, without the product's own decoders."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """Text, tool calls (id, name, arguments) and endings: "normal", "error", both (a contradiction), or none (cut)."""

    text: str = ""
    calls: list[list[str]] = field(default_factory=list)
    endings: set[str] = field(default_factory=set)

    @property
    def normal(self) -> bool:
        """Whether it looks like an answer that is complete."""
        return self.endings == {"normal"}


def told(protocol: str, stream: bytes) -> Told:
    """The stream's content. Every event must be JSON (or chat's `[DONE]`)."""
    seen = Told()
    for value in _values(stream):
        if value is None:
            continue
        if value.get("error") or value.get("type") in {"error", "response.failed"}:
            seen.endings.add("error")
        else:
            _READERS[protocol](value, seen)
    return seen


def whole(protocol: str, body: bytes) -> Told:
    """The same of a unary answer."""
    value = json.loads(body)
    seen = Told(endings={"normal"})
    if protocol == "chat":
        message = value["choices"][0]["message"]
        seen.text = message.get("content") or ""
        calls = message.get("tool_calls") or []
        seen.calls = [[c["id"], c["function"]["name"], c["function"]["arguments"]] for c in calls]
    elif protocol == "messages":
        seen.text = "".join(block.get("text", "") for block in value["content"])
        uses = [block for block in value["content"] if block["type"] == "tool_use"]
        seen.calls = [[block["id"], block["name"], json.dumps(block["input"])] for block in uses]
    elif protocol == "responses":
        _responses({"type": "response.completed", "response": value}, seen, whole=True)
    else:
        _gemini(value, seen)
    return seen


def _values(stream: bytes) -> Iterator[Any]:
    text = stream.decode("utf-8-sig")
    for frame in text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        data = "\n".join(line[5:].removeprefix(" ") for line in frame.split("\n") if line.startswith("data:"))
        if data == "[DONE]":
            yield {"done": True}
        elif data:
            yield json.loads(data)


def _chat(value: Any, seen: Told) -> None:
    if value.get("done"):
        return
    for choice in value.get("choices", []):
        delta = choice.get("delta") or {}
        seen.text += delta.get("content") or ""
        for call in delta.get("tool_calls") or []:
            while len(seen.calls) <= call["index"]:
                seen.calls.append(["", "", ""])
            made, function = seen.calls[call["index"]], call.get("function") or {}
            made[0] += call.get("id") or ""
            made[1] += function.get("name") or ""
            made[2] += function.get("arguments") or ""
        if choice.get("finish_reason"):
            seen.endings.add("normal")


def _messages(value: Any, seen: Told) -> None:
    kind = value.get("type")
    if kind == "content_block_start" and value["content_block"]["type"] == "tool_use":
        seen.calls.append([value["content_block"]["id"], value["content_block"]["name"], ""])
    elif kind == "content_block_delta":
        seen.text += value["delta"].get("text", "")
        if value["delta"]["type"] == "input_json_delta":
            seen.calls[-1][2] += value["delta"]["partial_json"]
    elif kind == "message_stop":
        seen.endings.add("normal")


def _responses(value: Any, seen: Told, *, whole: bool = False) -> None:
    kind = value.get("type")
    if kind == "response.output_text.delta":
        seen.text += value["delta"]
    elif kind in {"response.completed", "response.incomplete"}:
        seen.endings.add("normal")
        for item in value["response"]["output"]:
            if item["type"] == "function_call":
                seen.calls.append([item["call_id"], item["name"], item["arguments"]])
            elif item["type"] == "message" and whole:
                seen.text += "".join(part.get("text", "") for part in item["content"])


def _gemini(value: Any, seen: Told) -> None:
    for candidate in value.get("candidates", []):
        for part in (candidate.get("content") or {}).get("parts") or []:
            seen.text += part.get("text", "")
            if call := part.get("functionCall"):
                seen.calls.append([call.get("id", ""), call["name"], json.dumps(call.get("args") or {})])
        if candidate.get("finishReason"):
            seen.endings.add("normal")


_READERS = {"chat": _chat, "messages": _messages, "responses": _responses, "gemini": _gemini}
