"""Reads the OpenAI Responses wire. Source: platform.openai.com/docs/api-reference/responses and .../responses-streaming."""

import json
from typing import Any

from tests.corpus.neutral import Asked, Call, Counts, Result, Said, Stop, ToolDef, digest, media, parsed, stream_objects

ENDINGS = {"response.completed", "response.incomplete", "response.failed", "response.done", "response.cancelled"}


def answer(body: str, *, streaming: bool) -> Said:
    """What a response object, or the stream that makes one, says."""
    whole = _collect(stream_objects(body)) if streaming else json.loads(body)
    said = Said(stop=_stop(whole), sealed_again=whole.get("sealed again") or {})
    for item in whole.get("output") or []:
        _said(item, said)
    said.usage = _usage(whole.get("usage"))
    error = whole.get("error")
    if error:
        said.error = str(error.get("message") or "error") if isinstance(error, dict) else str(error)
    return said.settle()


def _stop(whole: dict[str, Any]) -> Stop:
    match whole.get("status"):
        case "completed" | "complete" | None if whole:
            return "end"
        case "incomplete":
            reason = (whole.get("incomplete_details") or {}).get("reason")
            return "filter" if reason == "content_filter" else "length"
        case "failed" | "cancelled":
            return "error"
        case _:
            return ""


def _said(item: dict[str, Any], said: Said) -> None:
    match item.get("type"):
        case "message" if item.get("role", "assistant") == "assistant":
            for part in item.get("content") or []:
                _content(part, said)
        case "reasoning":
            parts = item.get("content") or item.get("summary") or []
            text = "".join(part.get("text") or "" for part in parts)
            if text:
                said.items.append(("thinking", text))
            if item.get("encrypted_content"):
                said.signatures.append(item["encrypted_content"])
        case "function_call":
            key, group = item.get("call_id") or "", item.get("namespace") or ""
            said.items.append(("call", Call(item.get("name", ""), parsed(item.get("arguments")), key, group)))
        case "custom_tool_call":
            key = item.get("call_id") or ""
            said.items.append(("call", Call(item.get("name", ""), item.get("input") or "", key)))
        case "image_generation_call" if item.get("result"):
            said.items.append(("media", digest(item["result"])))
        case kind:
            said.server.append(str(kind))


def _content(part: dict[str, Any], said: Said) -> None:
    match part.get("type"):
        case "output_text" | "text":
            if part.get("text"):
                said.items.append(("text", part["text"]))
            said.logprobs += len(part.get("logprobs") or [])
            said.citations |= {note["url"] for note in part.get("annotations") or [] if note.get("url")}
        case "refusal":
            said.refusal += part.get("refusal") or ""
        case kind:
            said.server.append(str(kind))


def _usage(usage: Any) -> Counts | None:
    if not isinstance(usage, dict) or not usage:
        return None
    read = usage.get("input_tokens_details") or {}
    wrote = usage.get("output_tokens_details") or {}
    counts = Counts(
        input=usage.get("input_tokens") or 0,
        output=usage.get("output_tokens") or 0,
        cache_read=read.get("cached_tokens") or 0,
        cache_write=read.get("cache_write_tokens") or 0,
        reasoning=wrote.get("reasoning_tokens") or 0,
    )
    counts.reasoning = min(counts.reasoning, counts.output)
    return counts


def _collect(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The final object; where its output is empty (stored elsewhere), the items that were streamed."""
    whole: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    error: Any = None
    for event in events:
        kind = event.get("type") or ""
        if kind in ENDINGS:
            whole = event.get("response") or {}
            break  # what follows belongs to another answer
        if kind == "response.output_item.done":
            items[event.get("output_index", len(items))] = event["item"]
        elif kind == "error":
            error = event.get("error") or event
    if whole and not whole.get("output"):
        whole = {**whole, "output": [items[number] for number in sorted(items)]}
    if not whole:
        whole = {"status": "cut", "output": [items[number] for number in sorted(items)]}
    if error:
        whole = {**whole, "error": error}
    streamed = {item.get("id"): item.get("encrypted_content") or "" for item in items.values()}
    final = {item.get("encrypted_content") or "": streamed.get(item.get("id"), "") for item in whole["output"]}
    return {**whole, "sealed again": final}


def request(body: dict[str, Any]) -> Asked:
    """What a responses request asks."""
    asked = Asked(stream=bool(body.get("stream")), parallel=body.get("parallel_tool_calls"))
    if body.get("instructions"):
        asked.system.append(body["instructions"])
    given = body.get("input")
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given or []:
        _item(item, asked)
    for key in ("previous_response_id", "conversation", "prompt"):
        if body.get(key):
            asked.opaque.append(key)
    _tools(body, asked)
    _settings(body, asked)
    return asked


def _item(item: dict[str, Any], asked: Asked) -> None:
    kind = item.get("type") or ("message" if "role" in item else "")
    match kind:
        case "message":
            _message(item, asked)
        case "function_call":
            key = item.get("call_id") or ""
            group = item.get("namespace") or ""
            asked.say("assistant", "call", Call(item.get("name", ""), parsed(item.get("arguments")), key, group))
        case "custom_tool_call":
            key = item.get("call_id") or ""
            asked.say("assistant", "call", Call(item.get("name", ""), item.get("input") or "", key))
        case "function_call_output" | "custom_tool_call_output":
            asked.say("user", "result", Result(item.get("call_id") or "", _parts(item.get("output"), asked)))
        case "reasoning":
            parts = item.get("content") or item.get("summary") or []
            asked.say("assistant", "thinking", "".join(part.get("text") or "" for part in parts))
            if item.get("encrypted_content"):
                asked.signatures.append(item["encrypted_content"])
        case other:
            asked.opaque.append(str(other))


def _message(item: dict[str, Any], asked: Asked) -> None:
    role = item.get("role")
    found = _parts(item.get("content"), asked)
    if role in {"system", "developer"}:
        asked.late_system = asked.late_system or bool(asked.turns)
        asked.system += [value for kind, value in found if kind == "text" and value]
        return
    for kind, value in found:
        asked.say("assistant" if role == "assistant" else "user", kind, value)


def _parts(content: Any, asked: Asked) -> list[tuple[str, Any]]:
    if isinstance(content, str):
        return [("text", content)] if content else []
    found: list[tuple[str, Any]] = []
    for part in content if isinstance(content, list) else []:
        match part.get("type"):
            case "input_text" | "output_text" | "text" | "summary_text":
                found += [("text", part["text"])] if part.get("text") else []
            case "refusal":
                found.append(("text", part.get("refusal") or ""))
            case "input_image":
                found.append(("image", _place(part, "image_url")))
            case "input_file":
                found.append(("document", _place(part, "file_url")))
            case "input_audio":
                audio = part.get("input_audio") or part
                found.append(("audio", media("data:x;base64," + (audio.get("data") or ""))))
            case kind:
                asked.opaque.append(str(kind))
    return found


def _place(part: dict[str, Any], link: str) -> str:
    if part.get("file_id"):
        return "file:" + part["file_id"]
    data = part.get("file_data")
    if data:
        return media(data if data.startswith("data:") else "data:x;base64," + data)
    return media(part.get(link) or "")


def _tools(body: dict[str, Any], asked: Asked) -> None:
    for tool in _flat(body.get("tools")):
        match tool.get("type"):
            case "function":
                asked.tools.append(
                    ToolDef(
                        tool.get("name", ""),
                        tool.get("description") or "",
                        tool.get("parameters"),
                        tool.get("strict"),
                        tool.get("group", ""),
                    )
                )
            case "custom":
                asked.tools.append(ToolDef(tool.get("name", ""), tool.get("description") or "", "free-form"))
            case kind:
                asked.server_tools.append(str(kind))
    choice = body.get("tool_choice")
    if isinstance(choice, str):
        asked.choice = ("" if choice == "auto" else choice, ())
    elif isinstance(choice, dict):
        asked.choice = _tool_choice(choice)


def _flat(tools: Any) -> list[dict[str, Any]]:
    """Tools with those of a namespace taken out of it."""
    found: list[dict[str, Any]] = []
    for tool in tools or []:
        if tool.get("type") == "namespace":
            found += [{**inner, "group": tool.get("name", "")} for inner in tool.get("tools") or []]
        else:
            found.append(tool)
    return found


def _tool_choice(choice: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    if choice.get("type") in {"function", "custom"}:
        return ("tool", (choice.get("name", ""),))
    if choice.get("type") == "allowed_tools":
        names = tuple(tool.get("name") or tool.get("type", "") for tool in choice.get("tools") or [])
        return ("allowed:" + str(choice.get("mode", "auto")), names)
    return ("server:" + str(choice.get("type")), ())


def _settings(body: dict[str, Any], asked: Asked) -> None:
    asked.max_tokens = body.get("max_output_tokens")
    asked.sampling = {key: body[key] for key in ("temperature", "top_p", "top_logprobs") if body.get(key) is not None}
    reasoning = body.get("reasoning") or {}
    asked.effort = reasoning.get("effort") or ""
    asked.reasoning = "" if not asked.effort else "off" if asked.effort == "none" else "on"
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_object":
        asked.output = ("json", None)
    elif form.get("type") == "json_schema":
        asked.output = ("schema", form.get("schema"))
