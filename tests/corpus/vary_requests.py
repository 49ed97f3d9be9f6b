"""Recorded requests asked otherwise: as other clients write the same, or with more, fewer and odder things in them.

A variation changes a copy of the body in place and returns whether it did; the readers read the varied body anew.
"""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tests.corpus.recordings import Recording
from tests.corpus.variations import ODD_TEXT, reordered
from tests.corpus.vary_gemini import snake

Body = dict[str, Any]
Change = Callable[[Body, random.Random], object]
"""Returns False (or None) when there was nothing to change."""


def asked(recording: Recording, change: Change, seed: int = 0) -> Recording | None:
    """The recording with its request asked otherwise."""
    body = copy.deepcopy(recording.request)
    if not change(body, random.Random(f"{recording.id} {seed}")):
        return None
    return replace(recording, request_body=json.dumps(body))


def other_order(body: Body, _: random.Random) -> bool:
    """Fields the other way round."""
    turned = reordered(body)
    body.clear()
    body.update(turned)
    return True


def _nulls(*names: str) -> Change:
    def nulls(body: Body, _: random.Random) -> bool:
        for name in names:
            body.setdefault(name, None)
        return True

    return nulls


# -- chat ----------------------------------------------------------------------------------------------------------


def _messages(body: Body) -> list[Body]:
    return [message for message in body.get("messages") or [] if isinstance(message, dict)]


def texts_as_parts(body: Body, _: random.Random) -> bool:
    """Text as an array of parts (chat, messages)."""
    found = [message for message in _messages(body) if isinstance(message.get("content"), str) and message["content"]]
    found = [message for message in found if message.get("role") != "tool"]
    for message in found:
        half = len(message["content"]) // 2
        pieces = [message["content"][:half], message["content"][half:]]
        message["content"] = [{"type": "text", "text": piece} for piece in pieces if piece]
    return bool(found)


def parts_as_text(body: Body, _: random.Random) -> bool:
    """An array of one text as the text itself."""
    found = False
    for message in _messages(body):
        content = message.get("content")
        if (
            isinstance(content, list)
            and len(content) == 1
            and isinstance(content[0], dict)
            and set(content[0]) == {"type", "text"}
        ):
            message["content"] = content[0]["text"]
            found = True
    return found


def empty_parts(body: Body, _: random.Random) -> bool:
    """Empty texts beside the others (71)."""
    found = False
    for message in _messages(body):
        if isinstance(message.get("content"), list) and message.get("role") == "user":
            message["content"] = [{"type": "text", "text": ""}, *message["content"], {"type": "text", "text": ""}]
            found = True
    return found


def odd_words(body: Body, _: random.Random) -> bool:
    """Text that looks like a wire itself."""
    found = [
        message
        for message in _messages(body)
        if isinstance(message.get("content"), str) and message.get("role") == "user"
    ]
    for message in found:
        message["content"] += ODD_TEXT
    return bool(found)


def more_system(body: Body, _: random.Random) -> bool:
    """Instructions in several messages of both roles."""
    if not isinstance(body.get("messages"), list):
        return False
    body["messages"] = [{"role": "system", "content": "First."}, {"role": "developer", "content": [{"type": "text", "text": "Second."}]},
                        *body["messages"]]  # fmt: skip
    return True


def late_system(body: Body, _: random.Random) -> bool:
    """Instructions in the middle and at the end."""
    if len(_messages(body)) < 2 or any(
        "tool_calls" in message or message.get("role") == "tool" for message in _messages(body)
    ):
        return False
    body["messages"] = [*body["messages"][:1], {"role": "system", "content": "Now in verse."}, *body["messages"][1:]]
    return True


def chat_ids(body: Body, _: random.Random) -> bool:
    """Call ids as other vendors make them."""
    forms = ["functions.look:{}", "{}", "call_" + "0" * 90 + "{}", "toolu_é{}", "call|fc_{}"]
    new: dict[str, str] = {}
    for message in _messages(body):
        for call in message.get("tool_calls") or []:
            if call.get("id"):
                call["id"] = new.setdefault(call["id"], forms[len(new) % len(forms)].format(len(new)))
        if message.get("tool_call_id") in new:
            message["tool_call_id"] = new[message["tool_call_id"]]
    return bool(new)


def chat_more_calls(body: Body, _: random.Random) -> bool:
    """Every call of the history twice, and both results."""
    out: list[Any] = []
    found = False
    for message in body.get("messages") or []:
        if isinstance(message, dict) and message.get("tool_calls"):
            twins = [
                {**copy.deepcopy(call), "id": call["id"] + "b"} for call in message["tool_calls"] if call.get("id")
            ]
            message["tool_calls"] += twins
            found = True
        out.append(message)
        if isinstance(message, dict) and message.get("role") == "tool" and message.get("tool_call_id"):
            out.append({**copy.deepcopy(message), "tool_call_id": message["tool_call_id"] + "b"})
    body["messages"] = out
    return found


def results_as_parts(body: Body, _: random.Random) -> bool:
    """Tool results as arrays of text."""
    found = [
        message
        for message in _messages(body)
        if message.get("role") == "tool" and isinstance(message.get("content"), str) and message["content"]
    ]
    for message in found:
        message["content"] = [{"type": "text", "text": message["content"]}]
    return bool(found)


def empty_results(body: Body, _: random.Random) -> bool:
    """Tool results that say nothing."""
    found = [message for message in _messages(body) if message.get("role") == "tool"]
    for message in found:
        message["content"] = ""
    return bool(found)


def empty_arguments(body: Body, _: random.Random) -> bool:
    """Calls of the history whose arguments are empty or no object (70)."""
    calls = [
        call
        for message in _messages(body)
        for call in message.get("tool_calls") or []
        if isinstance(call.get("function"), dict)
    ]
    for number, call in enumerate(calls):
        call["function"]["arguments"] = ["", "{}", " "][number % 3]
    return bool(calls)


def null_content(body: Body, _: random.Random) -> bool:
    """Calls beside `content: null`, empty text, or none at all."""
    found = [message for message in _messages(body) if message.get("tool_calls") and not message.get("content")]
    for number, message in enumerate(found):
        message.pop("content", None)
        if number % 3:
            message["content"] = [None, ""][number % 2]
    return bool(found)


def sampling(body: Body, source: random.Random) -> bool:
    """Every parameter of sampling there is."""
    body.update({"temperature": source.choice([0, 0.0, 0.7, 1]), "top_p": 0.9, "seed": 7, "presence_penalty": 0.5, "frequency_penalty": -0.5,
                 "stop": source.choice(["END", ["END", "STOP"], None]), "n": 1, "logprobs": True, "top_logprobs": 2})  # fmt: skip
    return True


def choices_of_tools(body: Body, source: random.Random) -> bool:
    """Each of the tool choices, and no parallel calls."""
    names = [tool["function"]["name"] for tool in body.get("tools") or [] if isinstance(tool.get("function"), dict)]
    if not names or len(names) < len(body["tools"]):
        return False
    named = {"type": "function", "function": {"name": names[0]}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    body["tool_choice"] = source.choice(["auto", "none", "required", named, allowed])
    body["parallel_tool_calls"] = source.choice([True, False])
    return True


def formats(body: Body, source: random.Random) -> bool:
    """JSON mode, a schema, text."""
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"], "description": "x"}, "b": {"$ref": "#/$defs/b"}},
              "required": ["a", "b"], "additionalProperties": False, "$defs": {"b": {"type": "array", "items": {"type": "integer"}}}}  # fmt: skip
    body["response_format"] = source.choice(
        [
            {"type": "text"},
            {"type": "json_object"},
            {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}},
            {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": schema}},
        ]
    )
    return True


def limits(body: Body, source: random.Random) -> bool:
    """The limit under either name, or both."""
    for name in ("max_tokens", "max_completion_tokens"):
        body.pop(name, None)
    body.update(
        source.choice(
            [{"max_tokens": 77}, {"max_completion_tokens": 77}, {"max_tokens": 77, "max_completion_tokens": 77}, {}]
        )
    )
    return True


def efforts(body: Body, source: random.Random) -> bool:
    """Each word of effort."""
    if "thinking" in body or "reasoning" in body:
        return False
    body["reasoning_effort"] = source.choice(["none", "minimal", "low", "medium", "high", "xhigh", None])
    return True


def odd_schemas(body: Body, _: random.Random) -> bool:
    """Tools whose schemas use much of JSON Schema, or none of it."""
    schemas: list[Any] = [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {
            "type": "object",
            "properties": {"title": {"type": "string", "title": "T"}, "default": {"type": "integer", "default": 3}},
            "$schema": "x",
        },
        {
            "type": "object",
            "properties": {
                "a": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "b": {"enum": ["x", "y"]},
                "c": {"const": 1},
            },
        },
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"type": "object", "properties": {"b": {"type": "number"}}}},
        },
        {
            "type": "object",
            "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}},
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "x": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "minItems": 1}
            },
        },
    ]
    body["tools"] = [
        {"type": "function", "function": {"name": f"f{n}", "description": "", "parameters": schema}}
        for n, schema in enumerate(schemas)
    ]
    body["tools"].append({"type": "function", "function": {"name": "bare"}})
    body.pop("tool_choice", None)
    body.pop("web_search_options", None)
    body.pop("functions", None)
    body.pop("function_call", None)
    return not any(message.get("tool_calls") or message.get("function_call") for message in _messages(body))


CHAT: dict[str, Change] = {
    "other_order": other_order,
    "nulls": _nulls(
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stop",
        "seed",
        "n",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "response_format",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "user",
        "metadata",
        "store",
        "stream_options",
        "reasoning_effort",
        "service_tier",
        "presence_penalty",
        "frequency_penalty",
        "functions",
        "function_call",
        "modalities",
        "audio",
        "prediction",
        "verbosity",
        "web_search_options",
    ),
    **{
        change.__name__: change
        for change in (
            texts_as_parts,
            parts_as_text,
            empty_parts,
            odd_words,
            more_system,
            late_system,
            chat_ids,
            chat_more_calls,
            results_as_parts,
            empty_results,
            empty_arguments,
            null_content,
            sampling,
            choices_of_tools,
            formats,
            limits,
            efforts,
            odd_schemas,
        )
    },
}


# -- messages ------------------------------------------------------------------------------------------------------


def system_as_blocks(body: Body, _: random.Random) -> bool:
    """The instructions as several blocks, one of them marked for the cache."""
    said = body.get("system")
    text = said if isinstance(said, str) and said else "Be brief."
    if isinstance(said, list):
        return False
    body["system"] = [
        {"type": "text", "text": text},
        {"type": "text", "text": " And kind.", "cache_control": {"type": "ephemeral"}},
    ]
    return True


def cache_everywhere(body: Body, _: random.Random) -> bool:
    """Cache marks on the last block of every turn, `null` on the others (79)."""
    found = False
    for message in _messages(body):
        for number, block in enumerate(message["content"] if isinstance(message.get("content"), list) else []):
            if isinstance(block, dict) and block.get("type") in {"text", "tool_result", "tool_use", "image"}:
                last = number == len(message["content"]) - 1
                block["cache_control"] = {"type": "ephemeral", "ttl": "1h"} if last else None
                found = True
    return found


def messages_ids(body: Body, _: random.Random) -> bool:
    """Call ids as other vendors make them."""
    forms = ["call_{}", "functions.look:{}", "toolu_" + "0" * 90 + "{}", "{}"]
    new: dict[str, str] = {}
    blocks = [
        b
        for m in _messages(body)
        for b in (m["content"] if isinstance(m.get("content"), list) else [])
        if isinstance(b, dict)
    ]
    for block in blocks:
        if block.get("type") == "tool_use":
            block["id"] = new.setdefault(block["id"], forms[len(new) % len(forms)].format(len(new)))
        elif block.get("type") == "tool_result":
            block["tool_use_id"] = new.get(block.get("tool_use_id", ""), block.get("tool_use_id"))
    return bool(new)


def _results(body: Body) -> list[Body]:
    return [b for m in _messages(body) for b in (m["content"] if isinstance(m.get("content"), list) else [])
            if isinstance(b, dict) and b.get("type") == "tool_result"]  # fmt: skip


def messages_results(body: Body, source: random.Random) -> bool:
    """Results as text, blocks, nothing, with an image, failed."""
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    forms: list[Any] = [
        "7",
        [{"type": "text", "text": "7"}],
        [],
        None,
        "",
        [{"type": "text", "text": "see"}, image],
        '{"a": [1, {"b": null}]}',
        "[1, 2]",
    ]
    found = _results(body)
    for block in found:
        block["content"] = source.choice(forms)
        block["is_error"] = source.choice([True, False])
    return bool(found)


def results_after_text(body: Body, _: random.Random) -> bool:
    """Text before the results of a turn (69)."""
    found = False
    for message in _messages(body):
        content = message.get("content")
        if (
            isinstance(content, list)
            and content
            and isinstance(content[0], dict)
            and content[0].get("type") == "tool_result"
        ):
            message["content"] = [*content, {"type": "text", "text": "Go on."}]
            found = True
    return found


def split_turns(body: Body, _: random.Random) -> bool:
    """Every block of the user's in a message of its own."""
    out: list[Any] = []
    found = False
    for message in body.get("messages") or []:
        content = message.get("content")
        if message.get("role") == "user" and isinstance(content, list) and len(content) > 1:
            out += [{**message, "content": [block]} for block in content]
            found = True
        else:
            out.append(message)
    body["messages"] = out
    return found


def thinking_modes(body: Body, source: random.Random) -> bool:
    """Each way to ask for thinking."""
    body.pop("output_config", None)
    body["max_tokens"] = 9000
    for name in ("temperature", "top_p", "top_k"):
        body.pop(name, None)
    body["thinking"] = source.choice(
        [{"type": "enabled", "budget_tokens": 4096}, {"type": "disabled"}, {"type": "adaptive"}]
    )
    if body["thinking"]["type"] == "adaptive":
        body["output_config"] = {"effort": source.choice(["low", "medium", "high", "max"])}
    return True


def messages_sampling(body: Body, source: random.Random) -> bool:
    """Every parameter of sampling there is."""
    body.update(
        {
            "temperature": source.choice([0, 0.5, 1.0]),
            "top_k": 40,
            "stop_sequences": source.choice([[], ["END"], ["END", "STOP"]]),
        }
    )
    return True


def messages_choices(body: Body, source: random.Random) -> bool:
    """Each of the tool choices."""
    tools = body.get("tools") or []
    if not tools or any(tool.get("type") not in {None, "custom"} for tool in tools):
        return False
    body["tool_choice"] = source.choice(
        [{"type": "auto"}, {"type": "any"}, {"type": "none"}, {"type": "tool", "name": tools[0]["name"]},
         {"type": "auto", "disable_parallel_tool_use": True}, {"type": "any", "disable_parallel_tool_use": False}]
    )  # fmt: skip
    return True


def documents(body: Body, _: random.Random) -> bool:
    """Documents of every kind, with and without titles."""
    body["messages"] = [*body.get("messages", []), {"role": "user", "content": [
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, "title": "A"},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
        {"type": "document", "source": {"type": "url", "url": "https://example.test/a.pdf"}},
        {"type": "image", "source": {"type": "url", "url": "https://example.test/a.png"}},
        {"type": "text", "text": "Read."},
    ]}]  # fmt: skip
    return not _messages(body)[:-1] or _messages(body)[-2].get("role") != "assistant" or not any(
        isinstance(b, dict) and b.get("type") == "tool_use" for b in (_messages(body)[-2]["content"] if isinstance(_messages(body)[-2].get("content"), list) else [])
    )  # fmt: skip


MESSAGES: dict[str, Change] = {
    "other_order": other_order,
    "nulls": _nulls(
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "system",
        "tools",
        "tool_choice",
        "metadata",
        "thinking",
        "service_tier",
        "container",
        "mcp_servers",
        "output_config",
        "context_management",
    ),
    **{
        change.__name__: change
        for change in (
            texts_as_parts,
            parts_as_text,
            empty_parts,
            odd_words,
            system_as_blocks,
            cache_everywhere,
            messages_ids,
            messages_results,
            results_after_text,
            split_turns,
            thinking_modes,
            messages_sampling,
            messages_choices,
            documents,
        )
    },
}


# -- responses -----------------------------------------------------------------------------------------------------


def _input(body: Body) -> list[Body]:
    given = body.get("input")
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def input_as_items(body: Body, _: random.Random) -> bool:
    """A plain text as an item."""
    if not isinstance(body.get("input"), str):
        return False
    body["input"] = [{"role": "user", "content": [{"type": "input_text", "text": body["input"]}]}]
    return True


def items_without_types(body: Body, _: random.Random) -> bool:
    """Messages without type and id, and texts as plain strings (57)."""
    found = [item for item in _input(body) if item.get("type", "message") == "message" and "role" in item]
    for item in found:
        item.pop("type", None)
        item.pop("id", None)
        item.pop("status", None)
        content = item.get("content")
        if isinstance(content, list) and len(content) == 1 and content[0].get("type") in {"input_text", "output_text"}:
            item["content"] = content[0]["text"]
    return bool(found)


def items_without_ids(body: Body, _: random.Random) -> bool:
    """Items without ids and status."""
    found = [
        item
        for item in _input(body)
        if "id" in item and item.get("type") in {"message", "function_call", "function_call_output"}
    ]
    for item in found:
        item.pop("id")
        item.pop("status", None)
    return bool(found)


def responses_ids(body: Body, _: random.Random) -> bool:
    """Call ids as other vendors make them."""
    forms = ["functions.look:{}", "{}", "call_" + "0" * 90 + "{}", "toolu_é{}"]
    new: dict[str, str] = {}
    for item in _input(body):
        if item.get("type") in {"function_call", "custom_tool_call"}:
            item["call_id"] = new.setdefault(item["call_id"], forms[len(new) % len(forms)].format(len(new)))
        elif item.get("call_id") in new:
            item["call_id"] = new[item["call_id"]]
    return bool(new)


def outputs(body: Body, source: random.Random) -> bool:
    """Results as text, parts, nothing, with an image."""
    forms: list[Any] = ["7", "", [{"type": "input_text", "text": "7"}], '{"a": [1, {"b": null}]}', [{"type": "input_text", "text": "see"},
                        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}]]  # fmt: skip
    found = [item for item in _input(body) if item.get("type") == "function_call_output"]
    for item in found:
        item["output"] = source.choice(forms)
    return bool(found)


def more_roles(body: Body, _: random.Random) -> bool:
    """Instructions in every place there is."""
    if isinstance(body.get("input"), str):
        body["input"] = [{"role": "user", "content": body["input"]}]
    body["instructions"] = "Zeroth."
    body["input"] = [{"role": "system", "content": "First."}, {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Second."}]},
                     *(body.get("input") or [])]  # fmt: skip
    return True


def responses_choices(body: Body, source: random.Random) -> bool:
    """Each of the tool choices."""
    names = [tool["name"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
    if not names or len(names) < len(body["tools"]):
        return False
    named = {"type": "function", "name": names[0]}
    body["tool_choice"] = source.choice(
        ["auto", "none", "required", named, {"type": "allowed_tools", "mode": "auto", "tools": [named]}]
    )
    body["parallel_tool_calls"] = source.choice([True, False])
    return True


def responses_formats(body: Body, source: random.Random) -> bool:
    """JSON mode, a schema, text."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    body["text"] = {
        "format": source.choice(
            [{"type": "text"}, {"type": "json_object"}, {"type": "json_schema", "name": "n", "schema": schema}]
        )
    }
    return True


def reasonings(body: Body, source: random.Random) -> bool:
    """Each word of effort, with and without a summary."""
    body["reasoning"] = source.choice(
        [
            {"effort": "low"},
            {"effort": "high", "summary": "auto"},
            {"effort": "none"},
            {"effort": None, "summary": None},
            {},
        ]
    )
    body.update({"max_output_tokens": 500, "store": False, "include": ["reasoning.encrypted_content"]})
    return True


def files(body: Body, _: random.Random) -> bool:
    """Images and files of every kind."""
    if isinstance(body.get("input"), str):
        body["input"] = [{"role": "user", "content": body["input"]}]
    if not body.get("input") or any(item.get("type", "message") != "message" for item in _input(body)[-1:]):
        return False
    body["input"] = [*body["input"], {"role": "user", "content": [
        {"type": "input_image", "image_url": "https://example.test/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        {"type": "input_file", "file_url": "https://example.test/a.pdf"},
        {"type": "input_text", "text": "Read."},
    ]}]  # fmt: skip
    return True


RESPONSES: dict[str, Change] = {
    "other_order": other_order,
    "nulls": _nulls(
        "instructions",
        "temperature",
        "top_p",
        "max_output_tokens",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
        "reasoning",
        "metadata",
        "store",
        "include",
        "user",
        "service_tier",
        "truncation",
        "previous_response_id",
        "conversation",
        "prompt",
        "background",
        "max_tool_calls",
        "top_logprobs",
        "safety_identifier",
        "prompt_cache_key",
        "stream_options",
    ),
    **{
        change.__name__: change
        for change in (
            input_as_items,
            items_without_types,
            items_without_ids,
            responses_ids,
            outputs,
            more_roles,
            responses_choices,
            responses_formats,
            reasonings,
            files,
        )
    },
}


# -- gemini --------------------------------------------------------------------------------------------------------


def _contents(body: Body) -> list[Body]:
    given = body.get("contents")
    return [content for content in given if isinstance(content, dict)] if isinstance(given, list) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def in_snake_case(body: Body, _: random.Random) -> bool:
    """The names of the protobuf (113)."""
    own = ("responseSchema", "responseJsonSchema", "response_schema", "response_json_schema")
    if any(name in json.dumps(body) for name in (*own, "parameters", "labels")):
        return False
    turned = snake(body)
    body.clear()
    body.update(turned)
    return True


def one_content(body: Body, _: random.Random) -> bool:
    """One message where several may stand: contents, parts, tools."""
    if len(_contents(body)) != 1:
        return False
    content = _contents(body)[0]
    if isinstance(content.get("parts"), list) and len(content["parts"]) == 1:
        content["parts"] = content["parts"][0]
    body["contents"] = content
    return True


def no_roles(body: Body, _: random.Random) -> bool:
    """A user's turn without its role."""
    found = [content for content in _contents(body) if content.get("role") == "user"]
    for content in found:
        del content["role"]
    return bool(found)


def plain_system(body: Body, _: random.Random) -> bool:
    """Instructions with a role, in several parts."""
    body["systemInstruction"] = {"role": "system", "parts": [{"text": "First."}, {"text": "Second."}]}
    return body.pop("system_instruction", None) is None


def gemini_sampling(body: Body, source: random.Random) -> bool:
    """Every parameter of sampling there is."""
    config = body.setdefault("generationConfig", {})
    if not isinstance(config, dict) or "generation_config" in body:
        return False
    config.update({"temperature": source.choice([0, 0.5, 1.5]), "topP": 0.9, "topK": 40, "seed": 7, "presencePenalty": 0.5, "frequencyPenalty": 0.5,
                   "stopSequences": source.choice([[], ["END"]]), "maxOutputTokens": 500, "candidateCount": 1})  # fmt: skip
    return True


def thinking_configs(body: Body, source: random.Random) -> bool:
    """Each way to ask for thinking."""
    config = body.setdefault("generationConfig", {})
    if not isinstance(config, dict) or "generation_config" in body:
        return False
    config["thinkingConfig"] = source.choice([{"thinkingBudget": 0}, {"thinkingBudget": 2048, "includeThoughts": True}, {"thinkingLevel": "low"},
                                              {"thinkingLevel": "HIGH"}, {"thinkingBudget": -1}, {"includeThoughts": True}])  # fmt: skip
    config.pop("maxOutputTokens", None)
    return True


def gemini_choices(body: Body, source: random.Random) -> bool:
    """Each mode of calling."""
    tools = _listed(body.get("tools"))
    names = [f["name"] for tool in tools for f in (tool.get("functionDeclarations") or [])]
    if not names or any(set(tool) != {"functionDeclarations"} for tool in tools) or "tool_config" in body:
        return False
    body["toolConfig"] = {"functionCallingConfig": source.choice([{"mode": "AUTO"}, {"mode": "NONE"}, {"mode": "ANY"}, {"mode": "VALIDATED"},
                          {"mode": "ANY", "allowedFunctionNames": names[:1]}])}  # fmt: skip
    return True


def gemini_results(body: Body, source: random.Random) -> bool:
    """Results as output, result, error, or the object itself."""
    found = [part["functionResponse"] for content in _contents(body) for part in _listed(content.get("parts"))
             if isinstance(part, dict) and isinstance(part.get("functionResponse"), dict)]  # fmt: skip
    for response in found:
        response["response"] = source.choice(
            [{"output": "7"}, {"result": {"a": [1]}}, {"error": "no"}, {"a": 1, "b": None}, {}, {"output": {"x": "y"}}]
        )
    return bool(found)


def inline_media(body: Body, _: random.Random) -> bool:
    """Images, sound, documents and addresses."""
    if (
        not _contents(body)
        or _contents(body)[-1].get("role") == "model"
        or '"text": ""' in json.dumps(_contents(body)[0])
    ):
        return False
    body["contents"] = [*body["contents"], {"role": "user", "parts": [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}, {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}, {"inlineData": {"mimeType": "text/plain", "data": "cGxhaW4="}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.test/a.png"}}, {"text": "Look."}]}]  # fmt: skip
    return True


GEMINI: dict[str, Change] = {
    "other_order": other_order,
    "nulls": _nulls("systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent", "labels"),
    **{
        change.__name__: change
        for change in (
            in_snake_case, one_content, no_roles, plain_system, gemini_sampling, thinking_configs, gemini_choices, gemini_results, inline_media,
        )
    },
}  # fmt: skip

REQUESTS: dict[str, dict[str, Change]] = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES, "gemini": GEMINI}
