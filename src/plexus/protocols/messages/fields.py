"""Every field of a Messages request with a sample, for the table of what becomes of it towards other protocols.

https://platform.claude.com/docs/en/api/messages/create, https://platform.claude.com/docs/en/api/beta/messages/create
"""

from typing import Any

from plexus.protocols import Field
from plexus.protocols.messages.field_samples import (
    CALL,
    IMAGE,
    MARK,
    PDF,
    SCHEMA,
    TOOL,
    asked,
    block,
    blocks,
    calls,
    result,
    turns,
)

MINIMAL: dict[str, Any] = {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}

_DOCS = "https://platform.claude.com/docs/en/"
_API = _DOCS + "api/messages/create"
_BETA = _DOCS + "api/beta/messages/create"
_BUILD = _DOCS + "build-with-claude/"
_TOOLS = _DOCS + "agents-and-tools/tool-use/"
_CACHE = _BUILD + "prompt-caching"
_THINKING = _BUILD + "extended-thinking"
_CITATIONS = _BUILD + "citations"

_TOP = (
    Field("model", {"model": "other"}, _API, same="the gateway names the target's model"),
    Field("max_tokens", {"max_tokens": 100}, _API),
    Field("messages", {"messages": [{"role": "user", "content": "hello"}]}, _API),
    Field("system", {"system": "Be brief."}, _API),
    Field("system[].text", {"system": [block("Be brief."), block("Be kind.")]}, _API),
    Field("system[].cache_control", {"system": [{**block("Be brief."), **MARK}]}, _CACHE),
    Field("stop_sequences", {"stop_sequences": ["END"]}, _API),
    Field("stream", {"stream": True}, _API, same="a separate flag of the gateway says it"),
    Field("temperature", {"temperature": 0.5}, _API),
    Field("top_p", {"top_p": 0.9}, _API),
    Field("top_k", {"top_k": 5}, _API),
    Field("metadata.user_id", {"metadata": {"user_id": "u-1"}}, _API),
    Field("service_tier", {"service_tier": "standard_only"}, _API),
    Field("cache_control", {**MARK}, _CACHE),
    Field("container", {"container": "container_1"}, _API),
    Field("container.skills", {"container": {"skills": [{"type": "anthropic", "skill_id": "pdf"}]}}, _BETA),
    Field("context_management", {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}}, _BETA),
    Field("compaction", {"compaction": {"type": "enabled"}}, _BETA),
    Field("mcp_servers", {"mcp_servers": [{"type": "url", "name": "docs", "url": "https://mcp.test"}]}, _BETA),
    Field("inference_geo", {"inference_geo": "us"}, _API),
    Field("speed", {"speed": "fast"}, _API),
    Field("diagnostics", {"diagnostics": {"previous_message_id": "msg_1"}}, _API),
    Field("billing_policy", {"billing_policy": {"type": "default"}}, _BETA),
    Field("fallbacks", {"fallbacks": [{"model": "claude-sonnet-4-5"}]}, _BETA),
    Field("fallback_credit_token", {"fallback_credit_token": "t"}, _BETA),
    Field("thread", {"thread": {"id": "thread_1"}}, _BETA),
    Field("user_profile_id", {"user_profile_id": "uprof_1"}, _API),
    Field("workspace_id", {"workspace_id": "wrkspc_1"}, _API),
    Field("anthropic_version", {"anthropic_version": "bedrock-2023-05-31"}, _BUILD + "claude-in-amazon-bedrock"),
    Field("anthropic_beta", {"anthropic_beta": ["effort-2025-11-24"]}, _BUILD + "claude-in-amazon-bedrock"),
)
_THINK = (
    Field(
        "thinking.type enabled", {"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 4096}, _THINKING
    ),
    Field(
        "thinking.budget_tokens",
        {"thinking": {"type": "enabled", "budget_tokens": 9000}, "max_tokens": 20000},
        _THINKING,
    ),
    Field("thinking.type adaptive", {"thinking": {"type": "adaptive"}}, _BUILD + "adaptive-thinking"),
    Field(
        "thinking.type disabled",
        {"thinking": {"type": "disabled"}},
        _THINKING,
        same="not thinking is what most targets do unless asked",
    ),
    Field("thinking.type between_tools", {"thinking": {"type": "between_tools"}}, _BETA),
    Field("thinking.display", {"thinking": {"type": "adaptive", "display": "omitted"}}, _THINKING),
    Field("thinking.block_binding", {"thinking": {"type": "adaptive", "block_binding": {"type": "strict"}}}, _BETA),
    Field("output_config.effort", {"output_config": {"effort": "low"}}, _BUILD + "effort"),
    Field(
        "output_config.format",
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        _BUILD + "structured-outputs",
    ),
    Field("output_config.task_budget", {"output_config": {"task_budget": {"type": "tokens", "total": 9000}}}, _BETA),
    Field("output_format", {"output_format": {"type": "json_schema", "schema": SCHEMA}}, _BUILD + "structured-outputs"),
)
_TOOL_FIELDS = (
    Field("tools[].name", {"tools": [TOOL]}, _API),
    Field("tools[].description", {"tools": [{**TOOL, "description": "Look it up."}]}, _API),
    Field("tools[].input_schema", {"tools": [{**TOOL, "input_schema": SCHEMA}]}, _API),
    Field("tools[].type custom", {"tools": [{**TOOL, "type": "custom"}]}, _API, same="custom is what a tool is anyway"),
    Field("tools[].strict", {"tools": [{**TOOL, "input_schema": SCHEMA, "strict": True}]}, _TOOLS + "strict-tool-use"),
    Field("tools[].cache_control", {"tools": [{**TOOL, **MARK}]}, _CACHE),
    Field("tools[].defer_loading", {"tools": [{**TOOL, "defer_loading": True}]}, _TOOLS + "tool-search-tool"),
    Field("tools[].allowed_callers", {"tools": [{**TOOL, "allowed_callers": ["direct"]}]}, _API),
    Field("tools[].input_examples", {"tools": [{**TOOL, "input_examples": [{"q": "x"}]}]}, _API),
    Field("tools[].eager_input_streaming", {"tools": [{**TOOL, "eager_input_streaming": True}]}, _API),
    *(
        Field(f"tools[].type {kind}", {"tools": [{"type": kind, "name": name, **rest}]}, _TOOLS + page)
        for kind, name, rest, page in (
            ("web_search_20250305", "web_search", {}, "web-search-tool"),
            ("web_fetch_20250910", "web_fetch", {}, "web-fetch-tool"),
            ("code_execution_20250825", "code_execution", {}, "code-execution-tool"),
            ("bash_20250124", "bash", {}, "bash-tool"),
            ("text_editor_20250728", "str_replace_based_edit_tool", {}, "text-editor-tool"),
            ("memory_20250818", "memory", {}, "memory-tool"),
            ("computer_20250124", "computer", {"display_width_px": 800, "display_height_px": 600}, "computer-use-tool"),
            ("tool_search_tool_regex_20251119", "tool_search_tool_regex", {}, "tool-search-tool"),
            ("advisor_20260301", "advisor", {"model": "claude-opus-4-8"}, "advisor-tool"),
        )
    ),
    Field("tools[].type mcp_toolset", {"tools": [{"type": "mcp_toolset", "mcp_server_name": "docs"}]}, _BETA),
    Field(
        "tools[].user_location",
        {
            "tools": [
                {
                    "type": "web_search_20250305",
                    "name": "web_search",
                    "user_location": {"type": "approximate", "city": "Bonn"},
                }
            ]
        },
        _TOOLS + "web-search-tool",
    ),
    Field("tool_choice auto", {"tools": [TOOL], "tool_choice": {"type": "auto"}}, _API, same="auto is the default"),
    Field("tool_choice any", {"tools": [TOOL], "tool_choice": {"type": "any"}}, _API),
    Field("tool_choice tool", {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "look"}}, _API),
    Field("tool_choice none", {"tools": [TOOL], "tool_choice": {"type": "none"}}, _API),
    Field(
        "tool_choice.disable_parallel_tool_use",
        {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        _API,
    ),
)
_BLOCKS = (
    Field("messages[].role assistant", turns(("user", "hi"), ("assistant", "hello"), ("user", "go on")), _API),
    Field(
        "messages[].role system",
        turns(("user", "hi"), ("system", "Be kind."), ("assistant", "a"), ("user", "b")),
        _BETA,
    ),
    Field(
        "messages[].output_config",
        {
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "system", "content": "Be kind.", "output_config": {"effort": "low"}},
            ]
        },
        _BETA,
    ),
    Field("content[].text", blocks(block("one"), block("two")), _API),
    Field("content[].cache_control", blocks({**block("hi"), **MARK}), _CACHE),
    Field(
        "content[].cache_control.ttl",
        blocks({**block("hi"), "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        _CACHE,
    ),
    Field("image base64", blocks(IMAGE, block("hi")), _BUILD + "vision"),
    Field("image url", asked("image", {"type": "url", "url": "https://example.test/a.png"}), _BUILD + "vision"),
    Field("image file", asked("image", {"type": "file", "file_id": "file_1"}), _BUILD + "files"),
    Field("image transformations", blocks({**IMAGE, "transformations": {"too_large": "reject"}}), _API),
    Field("document base64", blocks(PDF, block("hi")), _BUILD + "pdf-support"),
    Field(
        "document url", asked("document", {"type": "url", "url": "https://example.test/a.pdf"}), _BUILD + "pdf-support"
    ),
    Field(
        "document text", asked("document", {"type": "text", "media_type": "text/plain", "data": "facts"}), _CITATIONS
    ),
    Field("document content", asked("document", {"type": "content", "content": [block("facts")]}), _CITATIONS),
    Field("document file", asked("document", {"type": "file", "file_id": "file_1"}), _BUILD + "files"),
    Field("document title", blocks({**PDF, "title": "Paper"}), _CITATIONS),
    Field("document context", blocks({**PDF, "context": "from the archive"}), _CITATIONS),
    Field("document citations", blocks({**PDF, "citations": {"enabled": True}}), _CITATIONS),
    Field("document cache_control", blocks({**PDF, **MARK}), _CACHE),
    Field(
        "search_result",
        blocks(
            {
                "type": "search_result",
                "source": "https://example.test",
                "title": "T",
                "content": [block("facts")],
            }
        ),
        _BUILD + "search-results",
    ),
    Field("container_upload", blocks(block("hi"), {"type": "container_upload", "file_id": "file_1"}), _API),
    Field("thinking block", calls({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, CALL), _THINKING),
    Field("redacted_thinking", calls({"type": "redacted_thinking", "data": "ZGF0YQ=="}, CALL), _THINKING),
    Field("tool_use", calls(CALL), _API),
    Field("tool_use cache_control", calls({**CALL, **MARK}), _CACHE),
    Field("tool_use caller", calls({**CALL, "caller": {"type": "direct"}}), _API),
    Field("tool_result text", result("sunny"), _API),
    Field("tool_result blocks", result([block("sunny"), block("warm")]), _API),
    Field("tool_result image", result([IMAGE]), _API),
    Field("tool_result document", result([PDF]), _API),
    Field("tool_result is_error", result("failed", is_error=True), _API),
    Field("tool_result cache_control", result("sunny", **MARK), _CACHE),
    Field(
        "tool_result tool_reference",
        result([{"type": "tool_reference", "tool_name": "look"}]),
        _TOOLS + "tool-search-tool",
    ),
    Field(
        "server_tool_use",
        calls(
            {
                "type": "server_tool_use",
                "id": "srvtoolu_1",
                "name": "web_search",
                "input": {"query": "x"},
            },
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
            CALL,
        ),
        _TOOLS + "web-search-tool",
    ),
    Field(
        "mcp_tool_use",
        calls(
            {
                "type": "mcp_tool_use",
                "id": "mcptoolu_1",
                "name": "find",
                "server_name": "docs",
                "input": {},
            },
            {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "content": [], "is_error": False},
            CALL,
        ),
        _BETA,
    ),
    Field(
        "compaction block",
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "compaction", "content": "so far"}]},
                {"role": "user", "content": "go on"},
            ]
        },
        _BETA,
    ),
    Field(
        "text citations",
        {
            "messages": [
                {"role": "user", "content": "hi"},
                {
                    "role": "assistant",
                    "content": [
                        {
                            **block("It is."),
                            "citations": [
                                {
                                    "type": "char_location",
                                    "cited_text": "is",
                                    "document_index": 0,
                                    "document_title": None,
                                    "start_char_index": 0,
                                    "end_char_index": 2,
                                }
                            ],
                        }
                    ],
                },
                {"role": "user", "content": "go on"},
            ]
        },
        _CITATIONS,
    ),
)

FIELDS: tuple[Field, ...] = (*_TOP, *_THINK, *_TOOL_FIELDS, *_BLOCKS)
