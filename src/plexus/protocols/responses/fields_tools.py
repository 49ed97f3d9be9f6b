"""The fields of tools and of the tool choice in a responses request, with samples.

Source: https://developers.openai.com/api/docs/api-reference/responses/create; others beside their fields.
"""

from typing import Any

from plexus.protocols import Field

Wire = dict[str, Any]

_TOOLS = "https://developers.openai.com/api/docs/guides/tools"
_FUNCTIONS = "https://developers.openai.com/api/docs/guides/function-calling"
_SEARCH = "https://developers.openai.com/api/docs/guides/tools-tool-search"
_WEB = "https://developers.openai.com/api/docs/guides/tools-web-search"
_CACHE = "https://openrouter.ai/docs/guides/best-practices/prompt-caching"
_DEFAULT = "the default said aloud"

_FUNCTION: Wire = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}


def _function(**fields: Any) -> Wire:
    return {"tools": [{**_FUNCTION, **fields}]}


def _custom(**fields: Any) -> Wire:
    return {"tools": [{"type": "custom", "name": "c", **fields}]}


def _hosted(kind: str, **fields: Any) -> Wire:
    return {"tools": [{"type": kind, **fields}]}


def _choice(choice: Any) -> Wire:
    return {"tools": [_FUNCTION, {**_FUNCTION, "name": "g"}], "tool_choice": choice}


TOOL_FIELDS: tuple[Field, ...] = (
    Field("tools[] function", _function(), _FUNCTIONS),
    Field("tools[].description", _function(description="Does it."), _FUNCTIONS),
    Field(
        "tools[].parameters",
        _function(parameters={"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        _FUNCTIONS,
    ),
    Field("tools[].strict", _function(strict=True), _FUNCTIONS),
    Field("tools[].defer_loading", _function(defer_loading=True), _SEARCH),
    Field("tools[].allowed_callers", _function(allowed_callers=["programmatic"]), _FUNCTIONS),
    Field("tools[].output_schema", _function(output_schema={"type": "object"}), _FUNCTIONS),
    Field("tools[].async", _function(**{"async": True}), _FUNCTIONS),
    Field("tools[].cache_control", _function(cache_control={"type": "ephemeral"}), _CACHE),
    Field("tools[] custom", _custom(), _FUNCTIONS),
    Field("tools[] custom description", _custom(description="Does it."), _FUNCTIONS),
    Field(
        "tools[] custom format (grammar)",
        _custom(format={"type": "grammar", "syntax": "lark", "definition": "start: /a/"}),
        _FUNCTIONS,
    ),
    Field("tools[] custom format (text)", _custom(format={"type": "text"}), _FUNCTIONS),
    Field(
        "tools[] namespace",
        {"tools": [{"type": "namespace", "name": "crm", "description": "Customers.", "tools": [_FUNCTION]}]},
        _FUNCTIONS,
    ),
    Field("tools[] web_search", _hosted("web_search"), _WEB),
    Field("tools[] web_search filters", _hosted("web_search", filters={"allowed_domains": ["a.test"]}), _WEB),
    Field(
        "tools[] web_search user_location",
        _hosted("web_search", user_location={"type": "approximate", "country": "DE"}),
        _WEB,
    ),
    Field("tools[] web_search search_context_size", _hosted("web_search", search_context_size="low"), _WEB),
    Field("tools[] web_search external_web_access", _hosted("web_search", external_web_access=True), _WEB),
    Field("tools[] web_search_preview", _hosted("web_search_preview"), _WEB),
    Field("tools[] file_search", _hosted("file_search", vector_store_ids=["vs_1"]), _TOOLS),
    Field("tools[] code_interpreter", _hosted("code_interpreter", container={"type": "auto"}), _TOOLS),
    Field("tools[] computer", _hosted("computer"), _TOOLS),
    Field(
        "tools[] computer_use_preview",
        _hosted("computer_use_preview", display_width=800, display_height=600, environment="browser"),
        _TOOLS,
    ),
    Field("tools[] image_generation", _hosted("image_generation", size="1024x1024"), _TOOLS),
    Field("tools[] mcp", _hosted("mcp", server_label="docs", server_url="https://mcp.example.test"), _TOOLS),
    Field("tools[] local_shell", _hosted("local_shell"), _TOOLS),
    Field("tools[] shell", _hosted("shell"), _TOOLS),
    Field("tools[] apply_patch", _hosted("apply_patch"), _TOOLS),
    Field("tools[] tool_search", _hosted("tool_search"), _SEARCH),
    Field("tools[] programmatic_tool_calling", _hosted("programmatic_tool_calling"), _TOOLS),
    Field("tool_choice (auto)", _choice("auto"), _FUNCTIONS, _DEFAULT),
    Field("tool_choice (none)", _choice("none"), _FUNCTIONS),
    Field("tool_choice (required)", _choice("required"), _FUNCTIONS),
    Field("tool_choice (function)", _choice({"type": "function", "name": "f"}), _FUNCTIONS),
    Field(
        "tool_choice (custom)",
        {"tools": [{"type": "custom", "name": "c"}], "tool_choice": {"type": "custom", "name": "c"}},
        _FUNCTIONS,
    ),
    Field(
        "tool_choice (allowed_tools)",
        _choice({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}),
        _FUNCTIONS,
    ),
    Field(
        "tool_choice (hosted tool)",
        {"tools": [{"type": "web_search_preview"}], "tool_choice": {"type": "web_search_preview"}},
        _FUNCTIONS,
    ),
)
