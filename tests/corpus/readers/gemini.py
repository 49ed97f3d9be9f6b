"""Reads the Gemini generateContent wire. Source: ai.google.dev/api/generate-content and the google-genai types.

Both spellings of a name are read (`functionCall`, `function_call`): the wire is proto JSON, which accepts either.
"""

import itertools
import json
import re
from typing import Any

from tests.corpus.neutral import (
    Asked,
    Call,
    Counts,
    Result,
    Said,
    Stop,
    ToolDef,
    digest,
    document,
    media,
    stream_objects,
)

STOPS: dict[str, Stop] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "filter",
    "RECITATION": "filter",
    "LANGUAGE": "filter",
    "BLOCKLIST": "filter",
    "PROHIBITED_CONTENT": "filter",
    "SPII": "filter",
    "IMAGE_SAFETY": "filter",
    "IMAGE_PROHIBITED_CONTENT": "filter",
    "IMAGE_RECITATION": "filter",
    "MODEL_ARMOR": "filter",
    "MALFORMED_FUNCTION_CALL": "malformed",
    "UNEXPECTED_TOOL_CALL": "malformed",
    "TOO_MANY_TOOL_CALLS": "malformed",
    "MALFORMED_RESPONSE": "malformed",
    "MISSING_THOUGHT_SIGNATURE": "malformed",
    "": "",
}


def camel(value: Any) -> Any:
    """The same with every name of the wire in camelCase; what belongs to the client (arguments, schemas) is kept."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed = {}
    for key, inner in value.items():
        if inner is None:
            continue  # proto JSON: null is unset
        name = re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), key)
        renamed[name] = inner if name in _CLIENTS_OWN else camel(inner)
    return renamed


_CLIENTS_OWN = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}


def answer(body: str, *, streaming: bool) -> Said:
    """What a GenerateContentResponse, or the stream of several, says."""
    chunks = stream_objects(body) if streaming else [json.loads(body)]
    said: dict[int, Said] = {}
    calls: dict[int, list[Any]] = {}
    usage: dict[str, Any] = {}
    first = said.setdefault(0, Said())
    for chunk in map(camel, chunks):
        if chunk.get("error"):
            first.error = chunk["error"].get("message") or "error"
        told = {k: v for k, v in (chunk.get("usageMetadata") or {}).items() if v is not None}
        usage = told if "totalTokenCount" in told else {**usage, **told}
        if (chunk.get("promptFeedback") or {}).get("blockReason"):
            first.stop = "filter"
        for candidate in chunk.get("candidates") or []:
            number = candidate.get("index") or 0
            _candidate(candidate, said.setdefault(number, Said()), calls.setdefault(number, []))
    first.usage = _usage(usage)
    first.others = [said[number].settle() for number in sorted(said) if number]
    return first.settle()


def _candidate(candidate: dict[str, Any], said: Said, growing: list[Any]) -> None:
    for part in (candidate.get("content") or {}).get("parts") or []:
        _said(part, said, growing)
    reason = candidate.get("finishReason")
    if reason and reason != "FINISH_REASON_UNSPECIFIED":
        said.stop = STOPS.get(reason, "other")
    grounds = (candidate.get("groundingMetadata") or {}).get("groundingChunks")
    said.citations |= _links(candidate.get("citationMetadata")) | _links(grounds)


def _links(value: Any) -> set[str]:
    """Every address in citations or grounding chunks: `citations` and the older `citationSources`, web, maps, images."""
    if isinstance(value, list):
        return set().union(*map(_links, value))
    if not isinstance(value, dict):
        return set()
    own = {value[key] for key in ("uri", "sourceUri") if isinstance(value.get(key), str) and value[key]}
    return own.union(*map(_links, value.values()))


def _said(part: dict[str, Any], said: Said, growing: list[Any]) -> None:
    if part.get("thoughtSignature") and not {"toolCall", "toolResponse", "executableCode"} & set(part):
        said.signatures.append(part["thoughtSignature"])
    if "functionCall" in part:
        _call(part["functionCall"], said, growing)
    elif part.get("text"):
        said.items.append(("thinking" if part.get("thought") else "text", part["text"]))
    elif "inlineData" in part:
        said.items.append(("media", digest(part["inlineData"].get("data") or "")))
    elif set(part) - {"text", "thought", "thoughtSignature"}:
        said.server.append(next(iter(set(part) - {"thought", "thoughtSignature"})))


def _call(call: dict[str, Any], said: Said, growing: list[Any]) -> None:
    """A function call, whole or in pieces (`partialArgs`, `willContinue`)."""
    if not growing:
        held = Call(call.get("name", ""), dict(call.get("args") or {}), call.get("id") or "")
        said.items.append(("call", held))
        if call.get("willContinue"):
            growing.append(held)
    else:
        held = growing[0]
        held.arguments.update(call.get("args") or {})
        if not call.get("willContinue"):
            growing.clear()
    for piece in call.get("partialArgs") or []:
        _place(held.arguments, piece)


def _place(arguments: dict[str, Any], piece: dict[str, Any]) -> None:
    steps = [
        int(index) if index else name for name, index in re.findall(r"\.?([^.\[\]$]+)|\[(\d+)\]", piece["jsonPath"])
    ]
    here: Any = arguments
    for step, following in itertools.pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(here, list):
            while len(here) <= int(step):
                here.append(empty)
            here = here[int(step)]
        else:
            here = here.setdefault(step, empty)
    last = steps[-1]
    if isinstance(here, list):
        while len(here) <= int(last):
            here.append(None)
    if "stringValue" in piece:
        old = here[last] if isinstance(here, list) or last in here else ""
        here[last] = (old or "") + piece["stringValue"]
    else:
        here[last] = next((v for k, v in piece.items() if k in {"numberValue", "boolValue"}), None)


def _usage(usage: dict[str, Any]) -> Counts | None:
    if not any(key.endswith("Count") for key in usage):
        return None
    thoughts = usage.get("thoughtsTokenCount") or 0
    output = (usage.get("candidatesTokenCount") or 0) + thoughts
    read = (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0)
    if "promptTokenCount" not in usage:
        read = max(0, (usage.get("totalTokenCount") or 0) - output)
    return Counts(
        input=read,
        output=output,
        cache_read=usage.get("cachedContentTokenCount") or 0,
        reasoning=thoughts,
    )


def request(body: dict[str, Any]) -> Asked:
    """What a generateContent request asks."""
    body = camel(body)
    asked = Asked()
    system = body.get("systemInstruction")
    asked.system = [text for part in _list((_content(system)).get("parts")) if (text := part.get("text"))]
    for content in map(_content, _list(body.get("contents"))):
        role = "assistant" if content.get("role") == "model" else "user"
        for part in _list(content.get("parts")):
            _part(role, {"text": part} if isinstance(part, str) else part, asked)
    _tools(body, asked)
    _settings(body.get("generationConfig") or {}, asked)
    return asked


def _list(value: Any) -> list[Any]:
    """Proto JSON takes one message where a repeated one is expected; some SDKs send that."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _content(content: Any) -> dict[str, Any]:
    if isinstance(content, str):
        return {"parts": [{"text": content}]}
    return content or {}


def _part(role: str, part: dict[str, Any], asked: Asked) -> None:
    if part.get("thoughtSignature"):
        asked.signatures.append(part["thoughtSignature"])
    if "functionCall" in part:
        call = part["functionCall"]
        asked.say(role, "call", Call(call.get("name", ""), call.get("args") or {}, call.get("id") or ""))
    elif "functionResponse" in part:
        asked.say("user", "result", _result(part["functionResponse"]))
    elif pair := _media(part):
        asked.say(role, *pair)
    elif "text" in part:
        asked.say(role, "thinking" if part.get("thought") else "text", part["text"])
    elif unknown := set(part) - {"thought", "thoughtSignature"}:
        asked.opaque.append(next(iter(unknown)))


def _media(part: dict[str, Any]) -> tuple[str, str] | None:
    if "inlineData" in part:
        held = part["inlineData"]
        mime = held.get("mimeType", "")
        return (_kind(mime), document(mime, held.get("data") or ""))
    if "fileData" in part:
        held = part["fileData"]
        return (_kind(held.get("mimeType", "")), media(held.get("fileUri") or ""))
    return None


def _kind(mime: str) -> str:
    group = mime.partition("/")[0]
    if not group:
        return "media"
    return group if group in {"image", "audio", "video"} else "document"


def _result(response: dict[str, Any]) -> Result:
    """The docs: "output" holds the output and "error" the failure; an object with neither is the output itself."""
    value = response.get("response")
    name = response.get("name") or ""
    key = response.get("id") or ""
    extra = [pair for pair in (_media(part) for part in response.get("parts") or []) if pair]
    failed = isinstance(value, dict) and "error" in value and not ({"output", "result"} & set(value))
    return Result(key, [("json", value), *extra] if value is not None else extra, name, failed)


def _tools(body: dict[str, Any], asked: Asked) -> None:
    for tool in _list(body.get("tools")):
        for key, value in tool.items():
            if key != "functionDeclarations":
                asked.server_tools.append(key)
                continue
            for function in _list(value):
                schema = function.get("parametersJsonSchema") or function.get("parameters")
                asked.tools.append(ToolDef(function.get("name", ""), function.get("description") or "", schema))
    config = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    names = tuple(config.get("allowedFunctionNames") or ())
    mode = {"AUTO": "", "NONE": "none", "ANY": "required", "VALIDATED": ""}.get(config.get("mode") or "", "")
    asked.choice = ("tool", names) if mode == "required" and len(names) == 1 else (mode, names)
    if mode == "required" and len(names) > 1:
        asked.choice = ("allowed:required", names)
    elif mode == "" and names:
        asked.choice = ("allowed:auto", names)


def _settings(config: dict[str, Any], asked: Asked) -> None:
    asked.max_tokens = config.get("maxOutputTokens")
    asked.stop = list(config.get("stopSequences") or [])
    names = {
        "temperature": "temperature",
        "topP": "top_p",
        "topK": "top_k",
        "seed": "seed",
        "presencePenalty": "presence_penalty",
        "frequencyPenalty": "frequency_penalty",
        "candidateCount": "n",
        "logprobs": "top_logprobs",
    }
    asked.sampling = {ours: config[key] for key, ours in names.items() if config.get(key) is not None}
    thinking = config.get("thinkingConfig") or {}
    asked.budget = thinking.get("thinkingBudget")
    asked.effort = (thinking.get("thinkingLevel") or "").lower()
    if asked.budget is not None:
        asked.reasoning = "off" if asked.budget == 0 else "on"
    elif thinking:
        asked.reasoning = "on" if asked.effort else ""
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema:
        asked.output = ("schema", schema)
    elif config.get("responseMimeType") == "application/json":
        asked.output = ("json", None)
