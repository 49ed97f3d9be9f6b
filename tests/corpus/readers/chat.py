"""Reads the OpenAI chat-completions wire. Source: platform.openai.com/docs/api-reference/chat, and other vendors' docs
for `reasoning_content`, `reasoning` and the older `function_call`."""

import json
from typing import Any

from tests.corpus.neutral import Asked, Call, Counts, Result, Said, Stop, ToolDef, media, parsed, stream_objects

STOPS: dict[str, Stop] = {
    "stop": "end",
    "eos": "end",
    "end_turn": "end",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "filter",
    "error": "error",
    "": "",
}


def answer(body: str, *, streaming: bool) -> Said:
    """What a chat completion, or the stream of one, says."""
    whole = _collect(stream_objects(body)) if streaming else json.loads(body)
    choices = sorted(whole.get("choices") or [], key=lambda choice: choice.get("index") or 0)
    said = [_choice(choice) for choice in choices] or [Said()]
    first = said[0]
    first.others = said[1:]
    first.usage = _usage(whole.get("usage"))
    first.citations |= {url for url in whole.get("citations") or [] if isinstance(url, str)}
    error = whole.get("error")
    if error:
        first.error = str(error.get("message") if isinstance(error, dict) else error)
    return first


def _choice(choice: dict[str, Any]) -> Said:
    message = choice.get("message") or choice.get("delta") or {}
    said = Said(stop=STOPS.get(choice.get("finish_reason") or "", "other"))
    thinking = message.get("reasoning_content") or message.get("reasoning") or _details(message)
    if thinking:
        said.items.append(("thinking", thinking))
    _content(message.get("content"), said)
    said.refusal = message.get("refusal") or ""
    for call in message.get("tool_calls") or []:
        _call(call, said)
    legacy = message.get("function_call")
    if legacy and legacy.get("name"):
        said.items.append(("call", Call(legacy.get("name", ""), parsed(legacy.get("arguments")))))
    if (message.get("audio") or {}).get("data"):
        said.items.append(("media", media("data:x;base64," + (message["audio"].get("data") or ""))))
    for image in message.get("images") or []:  # OpenRouter's place for them
        said.items.append(("media", media(image["image_url"].get("url") or "")))
    for note in message.get("annotations") or []:
        if note.get("type") == "url_citation":
            said.citations.add(note["url_citation"].get("url", ""))
    logprobs = choice.get("logprobs")
    if isinstance(logprobs, dict):
        said.logprobs = len(logprobs.get("content") or [])
    return said.settle()


def _details(message: dict[str, Any]) -> str:
    """OpenRouter's `reasoning_details`, where they are all there is."""
    details = message.get("reasoning_details") or []
    return "".join(detail.get("text") or detail.get("summary") or "" for detail in details if isinstance(detail, dict))


def _content(content: Any, said: Said) -> None:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    elif isinstance(content, dict):
        content = [{"type": "text", "text": json.dumps(content, separators=(",", ":"))}]
    for part in content or []:
        match part.get("type"):
            case "text" if part.get("text"):
                said.items.append(("text", part["text"]))
            case "thinking":
                inner = part.get("thinking")
                text = inner if isinstance(inner, str) else "".join(p.get("text", "") for p in inner or [])
                said.items.append(("thinking", text))
            case "refusal":
                said.refusal += part.get("refusal") or ""
            case "text":
                pass
            case kind:
                said.server.append(str(kind))


def _call(call: dict[str, Any], said: Said) -> None:
    if call.get("type") == "custom" or "custom" in call:
        custom = call["custom"]
        said.items.append(("call", Call(custom.get("name", ""), custom.get("input", ""), call.get("id") or "")))
        return
    function = call.get("function") or {}
    said.items.append(
        ("call", Call(function.get("name") or "", parsed(function.get("arguments")), call.get("id") or ""))
    )


def _usage(usage: Any) -> Counts | None:
    if not isinstance(usage, dict) or not usage:
        return None
    read = usage.get("prompt_tokens_details") or {}
    wrote = usage.get("completion_tokens_details") or {}
    counts = Counts(
        input=usage.get("prompt_tokens") or 0,
        output=usage.get("completion_tokens") or 0,
        cache_read=read.get("cached_tokens") or usage.get("prompt_cache_hit_tokens") or 0,
        cache_write=read.get("cache_write_tokens") or 0,
        reasoning=wrote.get("reasoning_tokens") or 0,
    )
    # xAI and Google count reasoning beside the completion: only their total holds it.
    beside = (usage.get("total_tokens") or 0) - counts.input - counts.output
    if beside > 0:
        counts.output += beside
        counts.reasoning = max(counts.reasoning, beside)
    counts.reasoning = min(counts.reasoning, counts.output)
    counts.cache_read = min(counts.cache_read, counts.input)
    return counts


def _collect(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """The completion a stream of chunks amounts to: deltas appended by choice, tool calls by their index."""
    whole: dict[str, Any] = {"choices": []}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        whole.update({key: chunk[key] for key in ("usage", "error", "citations") if chunk.get(key)})
        for choice in chunk.get("choices") or []:
            number = choice.get("index") or 0
            if number not in choices:
                choices[number] = {"index": number, "message": {"content": "", "tool_calls": []}, "finish_reason": None}
            kept = choices[number]
            kept["finish_reason"] = choice.get("finish_reason") or kept["finish_reason"]
            if isinstance(choice.get("logprobs"), dict):
                old = kept.setdefault("logprobs", {"content": []})
                old["content"] = old["content"] + (choice["logprobs"].get("content") or [])
            delta = choice.get("delta")
            _grow(kept["message"], delta if delta is not None else choice.get("message") or {})
    whole["choices"] = list(choices.values())
    return whole


def _grow(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for key in ("reasoning_content", "reasoning", "refusal"):
        if isinstance(delta.get(key), str):
            message[key] = (message.get(key) or "") + delta[key]
    content = delta.get("content")
    if isinstance(content, str) and isinstance(message["content"], str):
        message["content"] += content
    elif content:
        before = message["content"]
        old = [{"type": "text", "text": before}] if isinstance(before, str) else before
        new = [{"type": "text", "text": content}] if isinstance(content, str) else content
        message["content"] = old + new
    for key in ("annotations", "images", "reasoning_details"):
        if delta.get(key):
            message[key] = [*message.get(key, []), *delta[key]]
    if delta.get("audio"):
        audio = message.setdefault("audio", {"data": ""})
        audio["data"] += delta["audio"].get("data") or ""
    for fragment in delta.get("tool_calls") or []:
        _grow_call(message["tool_calls"], fragment)
    legacy = delta.get("function_call")
    if legacy:
        old = message.setdefault("function_call", {"name": "", "arguments": ""})
        old["name"] = old["name"] or legacy.get("name") or ""
        old["arguments"] += legacy.get("arguments") or ""


def _grow_call(calls: list[dict[str, Any]], fragment: dict[str, Any]) -> None:
    function = fragment.get("function") or fragment.get("custom") or {}
    index = fragment.get("index")
    known = [call for call in calls if index is not None and call["index"] == index]
    if known and fragment.get("id") and function.get("name") and known[-1]["id"] != fragment["id"]:
        known = []  # Google's endpoint numbers every call 0
    if not known and index is None and not fragment.get("id") and not function.get("name") and calls:
        known = calls[-1:]
    if not known:
        new = {"index": index, "id": fragment.get("id") or "", "function": {"name": "", "arguments": ""}}
        calls.append(new)
        known = [new]
        if "custom" in fragment:
            new["type"], new["custom"] = "custom", {"name": "", "input": ""}
    call = known[-1]
    if "custom" in call:
        call["custom"]["name"] = call["custom"]["name"] or function.get("name") or ""
        call["custom"]["input"] += function.get("input") or ""
        return
    call["function"]["name"] = call["function"]["name"] or function.get("name") or ""
    call["function"]["arguments"] += _text_of(function.get("arguments"))


def _text_of(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""


def request(body: dict[str, Any]) -> Asked:
    """What a chat-completions request asks."""
    asked = Asked(stream=bool(body.get("stream")), parallel=body.get("parallel_tool_calls"))
    last_call = ""
    for message in body.get("messages") or []:
        role = message.get("role")
        if role in {"system", "developer"}:
            asked.late_system = asked.late_system or bool(asked.turns)
            asked.system += [text for text in _texts(message.get("content")) if text]
        elif role in {"tool", "function"}:
            content: list[tuple[str, Any]] = _parts(message.get("content"), asked)
            key = message.get("tool_call_id") or last_call
            asked.say("user", "result", Result(key, content, message.get("name") or ""))
        else:
            last_call = _turn(message, "assistant" if role == "assistant" else "user", asked) or last_call
    _tools(body, asked)
    _settings(body, asked)
    return asked


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part if isinstance(part, str) else part.get("text") or "" for part in content or []]


def _turn(message: dict[str, Any], role: str, asked: Asked) -> str:
    thinking = message.get("reasoning_content") or message.get("reasoning")
    if role == "assistant" and isinstance(thinking, str):
        asked.say(role, "thinking", thinking)
    for kind, value in _parts(message.get("content"), asked):
        asked.say(role, kind, value)
    if message.get("refusal"):
        asked.say(role, "text", message["refusal"])
    last = ""
    for call in message.get("tool_calls") or []:
        held = Said()
        _call(call, held)
        asked.say(role, "call", held.calls[0])
    legacy = message.get("function_call")
    if legacy:
        last = "function:" + legacy.get("name", "")
        asked.say(role, "call", Call(legacy.get("name", ""), parsed(legacy.get("arguments")), last))
    if isinstance(message.get("audio"), dict):
        asked.opaque.append("audio reference")
    return last


def _parts(content: Any, asked: Asked) -> list[tuple[str, Any]]:
    if isinstance(content, str):
        return [("text", content)] if content else []
    found: list[tuple[str, Any]] = []
    for part in content or []:
        if isinstance(part, str):
            found.append(("text", part))
            continue
        match part.get("type"):
            case "text":
                found += [("text", part["text"])] if part.get("text") else []
            case "refusal":
                found.append(("text", part.get("refusal") or ""))
            case "image_url" | "video_url":
                link = part[part["type"]]
                found.append((part["type"][:5], media(link if isinstance(link, str) else link.get("url", ""))))
            case "input_audio":
                found.append(("audio", media("data:x;base64," + part["input_audio"].get("data", ""))))
            case "file":
                found.append(("document", _file(part.get("file") or {})))
            case "thinking":
                inner = part.get("thinking") or []
                text = inner if isinstance(inner, str) else "".join(p.get("text", "") for p in inner)
                found.append(("thinking", text))
            case kind:
                asked.opaque.append(str(kind))
    return found


def _file(file: dict[str, Any]) -> str:
    if file.get("file_id"):
        return "file:" + file["file_id"]
    data = file.get("file_data") or ""
    return media(data if data.startswith(("data:", "http")) else "data:x;base64," + data)


def _tools(body: dict[str, Any], asked: Asked) -> None:
    for tool in body.get("tools") or []:
        kind = tool.get("type", "function")
        if kind == "function" and isinstance(tool.get("function"), dict):
            asked.tools.append(_definition(tool["function"]))
        elif kind == "custom":
            custom = tool.get("custom") or {}
            asked.tools.append(ToolDef(custom.get("name", ""), custom.get("description") or "", "free-form"))
        elif "name" in tool and "parameters" in tool:
            asked.tools.append(_definition(tool))
        else:
            asked.server_tools.append(kind)
    asked.tools += [_definition(function) for function in body.get("functions") or []]
    if isinstance(body.get("web_search_options"), dict):
        asked.server_tools.append("web_search")
    asked.choice = _tool_choice(body.get("tool_choice") or body.get("function_call"))


def _definition(function: dict[str, Any]) -> ToolDef:
    return ToolDef(
        function.get("name", ""), function.get("description") or "", function.get("parameters"), function.get("strict")
    )


def _tool_choice(choice: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(choice, str):
        return ("" if choice == "auto" else "required" if choice == "any" else choice, ())
    if not isinstance(choice, dict):
        return ("", ())
    if choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools") or choice
        names = tuple((tool.get("function") or tool).get("name", "") for tool in allowed.get("tools") or [])
        return ("allowed:" + str(allowed.get("mode", "auto")), names)
    named = choice.get("function") or choice.get("custom") or choice
    return ("tool", (named.get("name", ""),))


def _settings(body: dict[str, Any], asked: Asked) -> None:
    limit = body.get("max_completion_tokens")
    asked.max_tokens = body.get("max_tokens") if limit is None else limit
    stop = body.get("stop")
    asked.stop = [stop] if isinstance(stop, str) else list(stop or [])
    keys = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty", "n", "top_logprobs")
    asked.sampling = {key: body[key] for key in keys if body.get(key) is not None}
    effort = body.get("reasoning_effort") or (body.get("reasoning") or {}).get("effort") or ""
    asked.effort = effort
    asked.reasoning = "" if not effort else "off" if effort == "none" else "on"
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and not effort:
        asked.reasoning = "off" if thinking.get("type") == "disabled" else "on"
    form = body.get("response_format") or {}
    if form.get("type") == "json_object":
        asked.output = ("json", None)
    elif form.get("type") == "json_schema":
        inner = form.get("json_schema") or {}
        asked.output = ("schema", inner["schema"]) if inner.get("schema") else ("json", None)
