"""Every field of the request, with a sample of each, for the table of what becomes of it elsewhere.

Source: https://platform.openai.com/docs/api-reference/chat/create; others beside their fields.
"""

from typing import Any

from plexus.protocols import Field

Wire = dict[str, Any]

_OPENAI = "https://platform.openai.com/docs/api-reference/chat/create"
_OPENROUTER = "https://openrouter.ai/docs/api/reference/parameters"
_REASONING = "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens"
_CACHING = "https://openrouter.ai/docs/guides/best-practices/prompt-caching"
_GOOGLE = "https://ai.google.dev/gemini-api/docs/thought-signatures"
_DEEPSEEK = "https://api-docs.deepseek.com/guides/thinking_mode"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_PDF = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"
_DEFAULT = "the default said aloud"

MINIMAL: Wire = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

_HI: Wire = {"role": "user", "content": "hi"}
_FUNCTION: Wire = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
_CUSTOM: Wire = {"type": "custom", "custom": {"name": "c"}}
_CALL: Wire = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_RESULT: Wire = {"role": "tool", "tool_call_id": "call_1", "content": "done"}


def _said(*parts: Wire) -> Wire:
    """A request whose user message holds these parts."""
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, *parts]}]}


def _turn(**fields: Any) -> Wire:
    """A conversation with an assistant message of these fields in the middle."""
    return {"messages": [_HI, {"role": "assistant", "content": "hello", **fields}, _HI]}


def _called(call: Wire | None = None, result: Wire | None = None) -> Wire:
    """A conversation with a call and its result, fields added to either."""
    turn = {"role": "assistant", "content": None, "tool_calls": [{**_CALL, **(call or {})}]}
    return {"tools": [_FUNCTION], "messages": [_HI, turn, {**_RESULT, **(result or {})}]}


def _function(**fields: Any) -> Wire:
    return {"tools": [{"type": "function", "function": {**_FUNCTION["function"], **fields}}]}


def _schema(**fields: Any) -> Wire:
    schema = {"name": "out", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}, **fields}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _image(**fields: Any) -> Wire:
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PIXEL}", **fields}}


_MESSAGES = (
    Field("model", {"model": "n"}, _OPENAI, "the target's own model name is sent"),
    Field("messages[].role=system", {"messages": [{"role": "system", "content": "s"}, _HI]}, _OPENAI),
    Field("messages[].role=developer", {"messages": [{"role": "developer", "content": "d"}, _HI]}, _OPENAI),
    Field("messages[].content", {"messages": [{"role": "user", "content": "ho"}]}, _OPENAI),
    Field("messages[].name", {"messages": [{"role": "user", "content": "hi", "name": "ann"}]}, _OPENAI),
    Field("messages[].role=assistant", _turn(), _OPENAI),
    Field("messages[].refusal", {"messages": [_HI, {"role": "assistant", "refusal": "no"}, _HI]}, _OPENAI),
    Field("messages[].audio.id", _turn(audio={"id": "audio_1"}), _OPENAI),
    Field("messages[].reasoning_content", _turn(reasoning_content="I think"), _DEEPSEEK),
    Field("messages[].reasoning", _turn(reasoning="I think"), _REASONING),
    Field(
        "messages[].reasoning_details",
        _turn(reasoning_details=[{"type": "reasoning.text", "text": "I think", "signature": "c2ln"}]),
        _REASONING,
    ),
    Field(
        "messages[].thinking_blocks",
        _turn(thinking_blocks=[{"type": "thinking", "thinking": "I think", "signature": "c2ln"}]),
        "https://docs.litellm.ai/docs/reasoning_content",
    ),
    Field("messages[].extra_content", _turn(extra_content={"google": {"thought_signature": "c2ln"}}), _GOOGLE),
    Field("messages[].tool_calls", _called(), _OPENAI),
    Field("messages[].tool_calls[].id", _called({"id": "call_2"}, {"tool_call_id": "call_2"}), _OPENAI),
    Field(
        "messages[].tool_calls[].function.arguments",
        _called({"function": {"name": "f", "arguments": '{"a": 1}'}}),
        _OPENAI,
    ),
    Field(
        "messages[].tool_calls[].custom",
        {
            "tools": [_CUSTOM],
            "messages": [
                _HI,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "call_1", "type": "custom", "custom": {"name": "c", "input": "x"}}],
                },
                _RESULT,
            ],
        },
        _OPENAI,
    ),
    Field(
        "messages[].tool_calls[].extra_content",
        _called({"extra_content": {"google": {"thought_signature": "c2ln"}}}),
        _GOOGLE,
    ),
    Field("messages[].role=tool", _called(None, {"content": "42"}), _OPENAI),
    Field("messages[].cache_control", _called(None, {"cache_control": {"type": "ephemeral"}}), _CACHING),
    Field(
        "messages[].function_call",
        {"messages": [_HI, {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}]},
        _OPENAI,
    ),
    Field(
        "messages[].role=function",
        {
            "messages": [
                _HI,
                {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "function", "name": "f", "content": "done"},
            ]
        },
        _OPENAI,
    ),
)

_PARTS = (
    Field("messages[].content[].text", _said({"type": "text", "text": "more"}), _OPENAI),
    Field("messages[].content[].image_url.url", _said(_image()), _OPENAI),
    Field(
        "messages[].content[].image_url.url (web)",
        _said({"type": "image_url", "image_url": {"url": "https://example.test/a.png"}}),
        _OPENAI,
    ),
    Field("messages[].content[].image_url.detail", _said(_image(detail="low")), _OPENAI),
    Field(
        "messages[].content[].input_audio",
        _said({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}),
        _OPENAI,
    ),
    Field(
        "messages[].content[].file.file_data",
        _said({"type": "file", "file": {"file_data": _PDF, "filename": "a.pdf"}}),
        _OPENAI,
    ),
    Field(
        "messages[].content[].file.filename",
        _said({"type": "file", "file": {"file_data": _PDF, "filename": "b.pdf"}}),
        _OPENAI,
    ),
    Field("messages[].content[].file.file_id", _said({"type": "file", "file": {"file_id": "file-1"}}), _OPENAI),
    Field(
        "messages[].content[].video_url",
        _said({"type": "video_url", "video_url": {"url": "https://example.test/a.mp4"}}),
        "https://openrouter.ai/docs/guides/overview/multimodal/videos",
    ),
    Field(
        "messages[].content[].refusal",
        {"messages": [_HI, {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, _HI]},
        _OPENAI,
    ),
    Field(
        "messages[].content[].cache_control",
        _said({"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        _CACHING,
    ),
    Field(
        "messages[].content[].prompt_cache_breakpoint",
        _said({"type": "text", "text": "long", "prompt_cache_breakpoint": {"mode": "explicit"}}),
        _OPENAI,
    ),
)

_TOOLS = (
    Field("tools[].function.name", _function(), _OPENAI),
    Field("tools[].function.description", _function(description="does f"), _OPENAI),
    Field(
        "tools[].function.parameters",
        _function(parameters={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        _OPENAI,
    ),
    Field("tools[].function.strict", _function(strict=True), _OPENAI),
    Field("tools[].custom", {"tools": [_CUSTOM]}, _OPENAI),
    Field(
        "tools[].custom.description",
        {"tools": [{"type": "custom", "custom": {"name": "c", "description": "d"}}]},
        _OPENAI,
    ),
    Field(
        "tools[].custom.format",
        {
            "tools": [
                {
                    "type": "custom",
                    "custom": {
                        "name": "c",
                        "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
                    },
                }
            ]
        },
        _OPENAI,
    ),
    Field("tools[].cache_control", {"tools": [{**_FUNCTION, "cache_control": {"type": "ephemeral"}}]}, _CACHING),
    Field(
        "tools[].type (server tools)",
        {"tools": [{"type": "openrouter:web_search", "parameters": {"max_uses": 1}}]},
        "https://openrouter.ai/docs/guides/features/server-tools",
    ),
    Field("tool_choice=auto", {"tools": [_FUNCTION], "tool_choice": "auto"}, _OPENAI, _DEFAULT),
    Field("tool_choice=none", {"tools": [_FUNCTION], "tool_choice": "none"}, _OPENAI),
    Field("tool_choice=required", {"tools": [_FUNCTION], "tool_choice": "required"}, _OPENAI),
    Field(
        "tool_choice.function",
        {"tools": [_FUNCTION], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        _OPENAI,
    ),
    Field(
        "tool_choice.custom",
        {"tools": [_CUSTOM], "tool_choice": {"type": "custom", "custom": {"name": "c"}}},
        _OPENAI,
    ),
    Field(
        "tool_choice.allowed_tools",
        {
            "tools": [_FUNCTION, _CUSTOM],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
        },
        _OPENAI,
    ),
    Field("parallel_tool_calls", {"tools": [_FUNCTION], "parallel_tool_calls": False}, _OPENAI),
    Field("functions", {"functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}]}, _OPENAI),
    Field("function_call", {"functions": [{"name": "f"}], "function_call": {"name": "f"}}, _OPENAI),
    Field("web_search_options", {"web_search_options": {}}, _OPENAI),
    Field("web_search_options.search_context_size", {"web_search_options": {"search_context_size": "low"}}, _OPENAI),
    Field(
        "web_search_options.user_location",
        {"web_search_options": {"user_location": {"type": "approximate", "approximate": {"country": "NL"}}}},
        _OPENAI,
    ),
)

_SETTINGS = (
    Field("temperature", {"temperature": 0.5}, _OPENAI),
    Field("top_p", {"top_p": 0.5}, _OPENAI),
    Field("top_k", {"top_k": 20}, _OPENROUTER),
    Field("presence_penalty", {"presence_penalty": 0.5}, _OPENAI),
    Field("frequency_penalty", {"frequency_penalty": 0.5}, _OPENAI),
    Field("seed", {"seed": 7}, _OPENAI),
    Field("n", {"n": 2}, _OPENAI),
    Field("logprobs", {"logprobs": True}, _OPENAI),
    Field("top_logprobs", {"logprobs": True, "top_logprobs": 3}, _OPENAI),
    Field("logit_bias", {"logit_bias": {"50256": -100}}, _OPENAI),
    Field("max_tokens", {"max_tokens": 100}, _OPENAI),
    Field("max_completion_tokens", {"max_completion_tokens": 100}, _OPENAI),
    Field("stop (string)", {"stop": "END"}, _OPENAI),
    Field("stop (list)", {"stop": ["END", "FIN"]}, _OPENAI),
    Field("reasoning_effort", {"reasoning_effort": "high"}, _OPENAI),
    Field("reasoning_effort=none", {"reasoning_effort": "none"}, _OPENAI),
    Field("reasoning.effort", {"reasoning": {"effort": "high"}}, _REASONING),
    Field("reasoning.max_tokens", {"reasoning": {"max_tokens": 2000}}, _REASONING),
    Field("reasoning.enabled", {"reasoning": {"enabled": True}}, _REASONING),
    Field("reasoning.exclude", {"reasoning": {"effort": "low", "exclude": True}}, _REASONING),
    Field("thinking.type", {"thinking": {"type": "enabled"}}, _DEEPSEEK),
    Field(
        "thinking.budget_tokens",
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        "https://docs.litellm.ai/docs/reasoning_content",
    ),
    Field("verbosity", {"verbosity": "low"}, _OPENAI),
    Field("response_format.type=text", {"response_format": {"type": "text"}}, _OPENAI, _DEFAULT),
    Field("response_format.type=json_object", {"response_format": {"type": "json_object"}}, _OPENAI),
    Field("response_format.json_schema.schema", _schema(), _OPENAI),
    Field("response_format.json_schema.name", _schema(name="other"), _OPENAI),
    Field("response_format.json_schema.description", _schema(description="what it is"), _OPENAI),
    Field(
        "response_format.json_schema.strict",
        _schema(strict=True),
        _OPENAI,
        "targets without the switch always bind the answer to its schema",
    ),
    Field("modalities", {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}, _OPENAI),
    Field("audio", {"audio": {"voice": "alloy", "format": "wav"}}, _OPENAI),
    Field("prediction", {"prediction": {"type": "content", "content": "hi"}}, _OPENAI),
)

_SERVICE = (
    Field("stream", {"stream": True}, _OPENAI),
    Field(
        "stream_options.include_usage",
        {"stream": True, "stream_options": {"include_usage": True}},
        _OPENAI,
        "usage is asked for in every stream and hidden from clients that did not ask",
    ),
    Field(
        "stream_options.include_obfuscation",
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        _OPENAI,
    ),
    Field("service_tier", {"service_tier": "flex"}, _OPENAI),
    Field("user", {"user": "ann"}, _OPENAI),
    Field("safety_identifier", {"safety_identifier": "ann"}, _OPENAI),
    Field("metadata", {"metadata": {"team": "a"}}, _OPENAI),
    Field("store", {"store": True}, _OPENAI),
    Field("prompt_cache_key", {"prompt_cache_key": "k"}, _OPENAI),
    Field("prompt_cache_retention", {"prompt_cache_retention": "24h"}, _OPENAI),
    Field("prompt_cache_options", {"prompt_cache_options": {"mode": "explicit", "ttl": "30m"}}, _OPENAI),
    Field("moderation", {"moderation": {"model": "omni-moderation-latest"}}, _OPENAI),
)

FIELDS: tuple[Field, ...] = (*_MESSAGES, *_PARTS, *_TOOLS, *_SETTINGS, *_SERVICE)
