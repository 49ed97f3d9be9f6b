"""The items of a responses request's input and their parts, with samples.

Source: https://developers.openai.com/api/docs/api-reference/responses/create; others beside their fields.
"""

from typing import Any

from plexus.protocols import Field

Wire = dict[str, Any]

_INPUT = "https://developers.openai.com/api/docs/api-reference/responses/create"
_CACHING = "https://developers.openai.com/api/docs/guides/prompt-caching"
_REASONING = "https://developers.openai.com/api/docs/guides/reasoning"
_OPENROUTER = "https://openrouter.ai/docs/guides/best-practices/prompt-caching"
_NO_LOSS = "an item's id means nothing to another protocol"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_PDF = "JVBERi0xLjQKJSVFT0YK"

_HI: Wire = {"role": "user", "content": "hi"}
_FUNCTION: Wire = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
_CALL: Wire = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
_RESULT: Wire = {"type": "function_call_output", "call_id": "call_1", "output": "done"}


def _said(*parts: Wire) -> Wire:
    """A request whose user message holds these parts."""
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}, *parts]}]}


def _turn(**fields: Any) -> Wire:
    """A conversation with an assistant message of these fields in the middle."""
    return {"input": [_HI, {"type": "message", "role": "assistant", "content": "hello", **fields}, _HI]}


def _output(**fields: Any) -> Wire:
    return _turn(content=[{"type": "output_text", "text": "hello", **fields}])


def _called(call: Wire | None = None, result: Wire | None = None) -> Wire:
    """A conversation with a call and its result, fields added to either."""
    return {"tools": [_FUNCTION], "input": [_HI, {**_CALL, **(call or {})}, {**_RESULT, **(result or {})}]}


def _between(*items: Wire) -> Wire:
    """A conversation with these items in the middle."""
    return {"input": [_HI, *items, {"role": "user", "content": "go on"}]}


_MESSAGES = (
    Field("input (items)", {"input": [_HI, {"role": "user", "content": "again"}]}, _INPUT),
    Field("input[].role (system)", {"input": [{"role": "system", "content": "Be brief."}, _HI]}, _INPUT),
    Field("input[].role (developer)", {"input": [{"role": "developer", "content": "Be brief."}, _HI]}, _INPUT),
    Field("input[].role (assistant)", _turn(), _INPUT),
    Field("input[].phase", _turn(phase="commentary"), _INPUT),
    Field("input[].id", {"input": [{"type": "message", **_HI, "id": "msg_1"}]}, _INPUT, _NO_LOSS),
    Field("input[].status", {"input": [{"type": "message", **_HI, "status": "incomplete"}]}, _INPUT),
    Field("input[].cache_control", {"input": [{**_HI, "cache_control": {"type": "ephemeral"}}]}, _OPENROUTER),
)

_PARTS = (
    Field("input[].content[] input_text", _said(), _INPUT, "the same as a string"),
    Field(
        "input[].content[].prompt_cache_breakpoint",
        _said({"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}),
        _CACHING,
    ),
    Field(
        "input[].content[].cache_control",
        _said({"type": "input_text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}),
        _OPENROUTER,
    ),
    Field(
        "input[].content[].image_url (data)",
        _said({"type": "input_image", "image_url": f"data:image/png;base64,{_PIXEL}", "detail": "auto"}),
        _INPUT,
    ),
    Field(
        "input[].content[].image_url (http)",
        _said({"type": "input_image", "image_url": "https://a.test/a.png", "detail": "auto"}),
        _INPUT,
    ),
    Field(
        "input[].content[].detail",
        _said({"type": "input_image", "image_url": f"data:image/png;base64,{_PIXEL}", "detail": "low"}),
        _INPUT,
    ),
    Field(
        "input[].content[].file_id (image)",
        _said({"type": "input_image", "file_id": "file_1", "detail": "auto"}),
        _INPUT,
    ),
    Field(
        "input[].content[].file_data",
        _said({"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{_PDF}"}),
        _INPUT,
    ),
    Field("input[].content[].file_url", _said({"type": "input_file", "file_url": "https://a.test/a.pdf"}), _INPUT),
    Field("input[].content[].file_id", _said({"type": "input_file", "file_id": "file_1"}), _INPUT),
    Field(
        "input[].content[].filename",
        _said({"type": "input_file", "filename": "b.pdf", "file_data": f"data:application/pdf;base64,{_PDF}"}),
        _INPUT,
    ),
    Field(
        "input[].content[] input_audio",
        _said({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}),
        _INPUT,
    ),
    Field("input[].content[] of an unknown type", _said({"type": "input_hologram", "data": "x"}), _INPUT),
    Field("input[].content[] refusal", _turn(content=[{"type": "refusal", "refusal": "No."}]), _INPUT),
    Field(
        "input[].content[].annotations",
        _output(
            annotations=[
                {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 5}
            ]
        ),
        _INPUT,
    ),
    Field(
        "input[].content[].logprobs",
        _output(logprobs=[{"token": "hello", "logprob": -0.1, "bytes": [104], "top_logprobs": []}]),
        _INPUT,
        "what the model once computed is not said to it again",
    ),
)  # fmt: skip - a table reads better in rows

_CALLS = (
    Field("input[] function_call", _called(), _INPUT),
    Field("input[] function_call id", _called({"id": "fc_1"}), _INPUT, _NO_LOSS),
    Field("input[] function_call arguments", _called({"arguments": '{"a": 1}'}), _INPUT),
    Field("input[] function_call status", _called({"status": "incomplete"}), _INPUT),
    Field("input[] function_call namespace", _called({"namespace": "crm"}), _INPUT),
    Field("input[] function_call_output (text)", _called(None, {"output": "sunny"}), _INPUT),
    Field(
        "input[] function_call_output (image)",
        _called(None, {"output": [{"type": "input_image", "image_url": f"data:image/png;base64,{_PIXEL}"}]}),
        _INPUT,
    ),
    Field(
        "input[] function_call_output (file)",
        _called(None, {"output": [{"type": "input_file", "file_url": "https://a.test/a.pdf"}]}),
        _INPUT,
    ),
    Field("input[] function_call_output status", _called(None, {"status": "incomplete"}), _INPUT),
    Field(
        "input[] custom_tool_call",
        {
            "tools": [{"type": "custom", "name": "c"}],
            "input": [
                _HI,
                {"type": "custom_tool_call", "call_id": "call_1", "name": "c", "input": "text"},
                {"type": "custom_tool_call_output", "call_id": "call_1", "output": "done"},
            ],
        },
        _INPUT,
    ),
)  # fmt: skip - a table reads better in rows

_ITEMS = (
    Field(
        "input[] reasoning (summary)",
        _between({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Thinking."}]}),
        _REASONING,
    ),
    Field(
        "input[] reasoning (encrypted)",
        _between({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}),
        _REASONING,
    ),
    Field(
        "input[] reasoning (content)",
        _between(
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}
        ),
        _REASONING,
    ),
    Field("input[] item_reference", _between({"type": "item_reference", "id": "msg_1"}), _INPUT),
    *(
        Field(f"input[] {kind}", _between({"type": kind, "id": "x_1", **fields}), _INPUT)
        for kind, fields in (
            ("web_search_call", {"status": "completed", "action": {"type": "search", "query": "a"}}),
            ("file_search_call", {"status": "completed", "queries": ["a"]}),
            ("code_interpreter_call", {"status": "completed", "code": "1", "container_id": "c", "outputs": []}),
            ("image_generation_call", {"status": "completed", "result": _PIXEL}),
            (
                "computer_call",
                {"status": "completed", "call_id": "c", "action": {"type": "screenshot"}, "pending_safety_checks": []},
            ),
            (
                "computer_call_output",
                {"call_id": "c", "output": {"type": "computer_screenshot", "image_url": "https://a.test/a.png"}},
            ),
            ("mcp_call", {"name": "f", "arguments": "{}", "server_label": "docs", "output": "done"}),
            ("mcp_list_tools", {"server_label": "docs", "tools": []}),
            ("mcp_approval_request", {"name": "f", "arguments": "{}", "server_label": "docs"}),
            ("mcp_approval_response", {"approval_request_id": "x", "approve": True}),
            (
                "local_shell_call",
                {"call_id": "c", "status": "completed", "action": {"type": "exec", "command": ["ls"], "env": {}}},
            ),
            ("local_shell_call_output", {"output": "done"}),
            ("shell_call", {"call_id": "c", "action": {"commands": ["ls"]}}),
            ("shell_call_output", {"call_id": "c", "output": []}),
            (
                "apply_patch_call",
                {"call_id": "c", "status": "completed", "operation": {"type": "delete_file", "path": "a"}},
            ),
            ("apply_patch_call_output", {"call_id": "c", "status": "completed", "output": "done"}),
            ("tool_search_call", {"arguments": {"queries": ["a"]}, "execution": "client", "call_id": "c"}),
            ("tool_search_output", {"tools": [], "execution": "client", "call_id": "c"}),
            ("additional_tools", {"role": "developer", "tools": [_FUNCTION]}),
            ("configuration_update", {"reasoning": {"effort": "high"}}),
            ("compaction", {"encrypted_content": "gAAAA"}),
            ("compaction_trigger", {}),
            ("program", {"call_id": "c", "code": "1", "fingerprint": "f"}),
            ("program_output", {"call_id": "c", "result": "1", "status": "completed"}),
        )
    ),
)  # fmt: skip - a table reads better in rows

INPUT_FIELDS: tuple[Field, ...] = (*_MESSAGES, *_PARTS, *_CALLS, *_ITEMS)
