"""Every field of a responses request, with a sample of each, for the table of what becomes of it elsewhere.

Source: https://developers.openai.com/api/docs/api-reference/responses/create; others beside their fields. Items and parts
of the input are in `fields_input`, tools in `fields_tools`.
"""

from typing import Any

from plexus.protocols import Field
from plexus.protocols.responses.fields_input import INPUT_FIELDS
from plexus.protocols.responses.fields_tools import TOOL_FIELDS

Wire = dict[str, Any]

MINIMAL: Wire = {"model": "m", "input": "hi"}

_CREATE = "https://developers.openai.com/api/docs/api-reference/responses/create"
_REASONING = "https://developers.openai.com/api/docs/guides/reasoning"
_CACHING = "https://developers.openai.com/api/docs/guides/prompt-caching"
_STATE = "https://developers.openai.com/api/docs/guides/conversation-state"
_OUTPUT = "https://developers.openai.com/api/docs/guides/structured-outputs"
_CODEX = "https://github.com/openai/codex"
_DEFAULT = "the default said aloud"
_KEPT = "state at the provider: in pass-through only, elsewhere refused by name"


_TOOL: Wire = {"tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}]}


def _format(**fields: Any) -> Wire:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    return {"text": {"format": {"type": "json_schema", "name": "out", "schema": schema, **fields}}}


_TOP = (
    Field("instructions", {"instructions": "Be brief."}, _CREATE),
    Field("stream", {"stream": True}, _CREATE, "the stream flag is the call's, not the body's"),
    Field("stream_options.include_obfuscation", {"stream_options": {"include_obfuscation": False}}, _CREATE),
    Field("max_output_tokens", {"max_output_tokens": 100}, _CREATE),
    Field("max_tool_calls", {"max_tool_calls": 3}, _CREATE),
    Field("metadata", {"metadata": {"team": "research"}}, _CREATE),
    Field("parallel_tool_calls", {**_TOOL, "parallel_tool_calls": False}, _CREATE),
    Field("temperature", {"temperature": 0.5}, _CREATE),
    Field("top_p", {"top_p": 0.5}, _CREATE),
    Field("top_logprobs", {"top_logprobs": 2, "include": ["message.output_text.logprobs"]}, _CREATE),
    Field("include (log probabilities)", {"include": ["message.output_text.logprobs"]}, _CREATE),
    Field(
        "include (encrypted reasoning)",
        {"include": ["reasoning.encrypted_content"]},
        _REASONING,
        "the state of the reasoning is always returned",
    ),
    Field("include (other)", {"include": ["web_search_call.action.sources"]}, _CREATE),
    Field("truncation", {"truncation": "auto"}, _CREATE),
    Field("user", {"user": "u1"}, _CREATE),
    Field("safety_identifier", {"safety_identifier": "s1"}, _CREATE),
    Field("service_tier", {"service_tier": "flex"}, _CREATE),
    Field("moderation", {"moderation": {"model": "omni-moderation-latest"}}, _CREATE),
    Field("access_programs.cyber", {"access_programs": {"cyber": "standard"}}, _CREATE),
    Field("image.context_compression", {"image": {"context_compression": "auto"}}, _CREATE),
    Field("context_management", {"context_management": [{"type": "compaction", "compact_threshold": 1000}]}, _CREATE),
    Field("client_metadata", {"client_metadata": {"session_id": "s"}}, _CODEX),
)

_CACHE = (
    Field("prompt_cache_key", {"prompt_cache_key": "k"}, _CACHING),
    Field("prompt_cache_retention", {"prompt_cache_retention": "24h"}, _CACHING),
    Field("prompt_cache_options.mode", {"prompt_cache_options": {"mode": "explicit"}}, _CACHING),
    Field("prompt_cache_options.ttl", {"prompt_cache_options": {"ttl": "30m"}}, _CACHING),
    Field("prompt_cache_options.prewarm", {"prompt_cache_options": {"prewarm": True}}, _CACHING),
    Field(
        "prompt_cache_options.comparison_response_id",
        {"prompt_cache_options": {"comparison_response_id": "resp_1"}},
        _CACHING,
    ),
)

_KEPT_FIELDS = (
    Field("store", {"store": True}, _STATE),
    Field("previous_response_id", {"previous_response_id": "resp_1"}, _STATE, _KEPT),
    Field("conversation", {"conversation": "conv_1"}, _STATE, _KEPT),
    Field("background", {"background": True}, _STATE, _KEPT),
    Field("prompt", {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}}, _CREATE, _KEPT),
)

_REASONING_FIELDS = (
    Field("reasoning.effort", {"reasoning": {"effort": "high"}}, _REASONING),
    Field("reasoning.effort (none)", {"reasoning": {"effort": "none"}}, _REASONING),
    Field("reasoning.summary", {"reasoning": {"effort": "high", "summary": "detailed"}}, _REASONING),
    Field("reasoning.generate_summary", {"reasoning": {"effort": "high", "generate_summary": "detailed"}}, _REASONING),
    Field("reasoning.context", {"reasoning": {"context": "all_turns"}}, _REASONING),
    Field("reasoning.mode", {"reasoning": {"mode": "pro"}}, _REASONING),
)

_TEXT_FIELDS = (
    Field("text.format.type (text)", {"text": {"format": {"type": "text"}}}, _OUTPUT, _DEFAULT),
    Field("text.format.type (json_object)", {"text": {"format": {"type": "json_object"}}}, _OUTPUT),
    Field("text.format.schema", _format(), _OUTPUT),
    Field("text.format.name", _format(name="weather"), _OUTPUT),
    Field("text.format.description", _format(description="An answer."), _OUTPUT),
    Field("text.format.strict", _format(strict=True), _OUTPUT, "a schema is binding elsewhere without a word"),
    Field("text.verbosity", {"text": {"verbosity": "low"}}, _CREATE),
)

FIELDS: tuple[Field, ...] = (
    *_TOP,
    *_CACHE,
    *_KEPT_FIELDS,
    *_REASONING_FIELDS,
    *_TEXT_FIELDS,
    *TOOL_FIELDS,
    *INPUT_FIELDS,
)
