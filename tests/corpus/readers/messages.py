"""Reads the Anthropic messages wire. Source: platform.claude.com/docs/en/api/messages and .../messages-streaming."""

import json
from typing import Any

from tests.corpus.neutral import (
    Asked,
    Call,
    Counts,
    Result,
    Said,
    Stop,
    ToolDef,
    document,
    media,
    parsed,
    stream_objects,
)

STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "pause_turn": "pause",
    "refusal": "refusal",
    "": "",
}


def answer(body: str, *, streaming: bool) -> Said:
    """What a message, or the stream of one, says."""
    whole = _collect(stream_objects(body)) if streaming else json.loads(body)
    said = Said(stop=STOPS.get(whole.get("stop_reason") or "", "other"), stop_sequence=whole.get("stop_sequence") or "")
    for block in whole.get("content") or []:
        _said(block, said)
    said.usage = _usage(whole.get("usage"))
    if whole.get("error"):
        said.error = whole["error"].get("message") or "error"
    return said.settle()


def _said(block: dict[str, Any], said: Said) -> None:
    match block.get("type"):
        case "text":
            if block.get("text"):
                said.items.append(("text", block["text"]))
            said.citations |= {
                note.get("url") or note["source"]
                for note in block.get("citations") or []
                if note.get("url") or note.get("source")
            }
        case "thinking":
            if block.get("thinking"):
                said.items.append(("thinking", block["thinking"]))
            if block.get("signature"):
                said.signatures.append(block["signature"])
        case "redacted_thinking":
            said.signatures.append(block.get("data") or "")
        case "tool_use":
            said.items.append(("call", Call(block.get("name", ""), parsed(block.get("input")), block.get("id", ""))))
        case kind:
            said.server.append(str(kind))


def _usage(usage: Any) -> Counts | None:
    if not isinstance(usage, dict) or not usage:
        return None
    read, wrote = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    return Counts(
        input=(usage.get("input_tokens") or 0) + read + wrote,
        output=usage.get("output_tokens") or 0,
        cache_read=read,
        cache_write=wrote,
        reasoning=(usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0,
    )


def _collect(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The message a stream amounts to. Later counters replace earlier ones."""
    whole: dict[str, Any] = {"content": [], "usage": {}}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        match event.get("type"):
            case "message_start" if whole["usage"]:
                break  # a second message inside the first: that one was cut (44)
            case "message_start":
                whole["usage"] = _known(event["message"].get("usage"))
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"], "json": ""}
            case "content_block_delta":
                _grow(blocks.get(event["index"], {}), event["delta"])
            case "message_delta":
                whole.update({key: value for key, value in event["delta"].items() if value is not None})
                whole["usage"].update(_known(event.get("usage")))
            case "message_stop":
                break  # what follows belongs to another answer (44)
            case "error":
                whole["error"] = event.get("error") or {"message": "error"}
    for number in sorted(blocks):
        block = blocks[number]
        if block["json"]:
            block["input"] = parsed(block["json"])
        whole["content"].append(block)
    return whole


def _known(usage: Any) -> dict[str, Any]:
    return {key: value for key, value in (usage or {}).items() if value is not None}


def _grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta.get("type"):
        case "text_delta":
            block["text"] = (block.get("text") or "") + delta["text"]
        case "thinking_delta":
            block["thinking"] = (block.get("thinking") or "") + delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["json"] += delta["partial_json"]
        case "citations_delta":
            block["citations"] = [*(block.get("citations") or []), delta["citation"]]


def request(body: dict[str, Any]) -> Asked:
    """What a messages request asks."""
    asked = Asked(stream=bool(body.get("stream")))
    _system(body.get("system"), asked)
    for message in body.get("messages") or []:
        if message.get("role") == "system":
            asked.late_system = asked.late_system or bool(asked.turns)
            _system(message.get("content"), asked)
            continue
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            _block(message.get("role", "user"), block, asked)
    _tools(body, asked)
    _settings(body, asked)
    return asked


def _system(content: Any, asked: Asked) -> None:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for block in blocks:
        if block.get("type") == "text":
            asked.system += [block["text"]] if block.get("text") else []
        else:
            asked.opaque.append(str(block.get("type")))


def _block(role: str, block: dict[str, Any], asked: Asked) -> None:
    match block.get("type"):
        case "tool_use":
            asked.say(role, "call", Call(block.get("name", ""), block.get("input") or {}, block.get("id", "")))
        case "tool_result":
            content = block.get("content")
            inner = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
            found = [pair for pair in (_content(part, asked) for part in inner) if pair]
            failed = bool(block.get("is_error"))
            asked.say(role, "result", Result(block.get("tool_use_id", ""), found, is_error=failed))
        case "thinking":
            asked.say(role, "thinking", block.get("thinking") or "")
            asked.signatures.append(block.get("signature") or "")
        case "redacted_thinking":
            asked.signatures.append(block.get("data") or "")
        case _:
            pair = _content(block, asked)
            if pair:
                asked.say(role, *pair)


def _content(block: dict[str, Any], asked: Asked) -> tuple[str, Any] | None:
    match block.get("type"):
        case "text":
            return ("text", block["text"]) if block.get("text") else None
        case "image" | "document" as kind:
            asked.titles += [block["title"]] if block.get("title") else []
            return (kind, _source(block.get("source") or {}))
        case "search_result":
            asked.titles += [block["title"]] if block.get("title") else []
            return ("document", _words(block.get("content")))
        case kind:
            asked.opaque.append(str(kind))
            return None


def _words(content: Any) -> str:
    """The words of a document that is made of blocks, as the plain text they are to everybody else."""
    blocks = [{"text": content}] if isinstance(content, str) else content or []
    return "text:" + "\n\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str))


def _source(source: dict[str, Any]) -> str:
    match source.get("type"):
        case "base64":
            return document(source.get("media_type") or "", source.get("data") or "")
        case "url":
            return media(source.get("url") or "")
        case "file":
            return "file:" + (source.get("file_id") or "")
        case "text":
            return "text:" + (source.get("data") or "")
        case "content":
            return _words(source.get("content"))
        case kind:
            return f"{kind}:" + json.dumps(source.get("content"), sort_keys=True)


def _tools(body: dict[str, Any], asked: Asked) -> None:
    for tool in body.get("tools") or []:
        if tool.get("type") in {None, "custom"}:
            asked.tools.append(
                ToolDef(
                    tool.get("name", ""), tool.get("description") or "", tool.get("input_schema"), tool.get("strict")
                )
            )
        else:
            asked.server_tools.append(tool["type"])
    asked.server_tools += ["mcp"] * len(body.get("mcp_servers") or [])
    choice = body.get("tool_choice") or {}
    mode = choice.get("type", "")
    asked.choice = ({"any": "required", "auto": ""}.get(mode, mode), (choice["name"],) if "name" in choice else ())
    if choice.get("disable_parallel_tool_use") is not None:
        asked.parallel = not choice["disable_parallel_tool_use"]


def _settings(body: dict[str, Any], asked: Asked) -> None:
    asked.max_tokens = body.get("max_tokens")
    asked.stop = list(body.get("stop_sequences") or [])
    asked.sampling = {key: body[key] for key in ("temperature", "top_p", "top_k") if body.get(key) is not None}
    thinking = body.get("thinking") or {}
    mode = thinking.get("type", "")
    asked.reasoning = {"": "", "disabled": "off"}.get(mode, "on")
    asked.budget = thinking.get("budget_tokens")
    config = body.get("output_config") or {}
    asked.effort = config.get("effort") or ""
    form = config.get("format") or body.get("output_format") or {}
    if form.get("type") == "json_schema":
        asked.output = ("schema", form.get("schema"))
