"""Tools, namespaces and the tool choice, both ways."""

import pytest
from tests.unit.protocols.responses.kit import again, assistant, fields, foreign, lost, read, sent, target, user

from plexus.core import json
from plexus.core.raw_object import RawObject
from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.parts import CacheMark, ToolCall, ToolResult
from plexus.ir.target import Dialect, ModelProfile
from plexus.protocols.responses import PROTOCOL

FUNCTION = {
    "type": "function",
    "name": "f",
    "description": "Does it.",
    "parameters": {"type": "object"},
    "strict": True,
}
GROUP = {
    "type": "namespace",
    "name": "crm",
    "description": "Customers.",
    "tools": [
        {"type": "function", "name": "find", "parameters": {"type": "object"}},
        {"type": "custom", "name": "note"},
    ],
}
HOSTED = [
    {"type": "web_search", "external_web_access": True},
    {"type": "file_search", "vector_store_ids": ["vs"]},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "computer_use_preview", "display_width": 1},
    {"type": "image_generation"},
    {"type": "mcp", "server_label": "docs"},
    {"type": "local_shell"},
    {"type": "apply_patch"},
    {"type": "tool_search"},
    {"type": "hologram"},
]


def test_functions_and_custom_tools_are_read():
    function, custom = read(tools=[FUNCTION, {"type": "custom", "name": "c", "format": {"type": "text"}}]).tools
    assert (function.kind, function.name, function.schema, function.strict) == (
        "function",
        "f",
        {"type": "object"},
        True,
    )
    assert (custom.kind, custom.extras) == ("custom", {"format": {"type": "text"}})


def test_058_hosted_tools_have_a_kind_and_go_back_unchanged():
    request = read(tools=HOSTED)
    assert [tool.kind for tool in request.tools] == [
        "web_search", "file_search", "code_execution", "computer", "image_generation", "mcp", "bash", "server",
        "tool_search", "server",
    ]  # fmt: skip
    assert sent(request)["tools"] == HOSTED


def test_a_namespace_becomes_functions_of_long_names_and_is_put_back():
    request = read(tools=[FUNCTION, GROUP, {**FUNCTION, "name": "g"}])
    assert [tool.name for tool in request.tools] == ["f", "crm__find", "crm__note", "g"]
    assert sent(request)["tools"] == [FUNCTION, GROUP, {**FUNCTION, "name": "g"}]


def test_calls_of_a_namespace_are_mapped_there_and_back():
    item = {"type": "function_call", "call_id": "c", "name": "find", "namespace": "crm", "arguments": "{}"}
    request = read(tools=[GROUP], input=[item])
    called = request.messages[0].parts[0]
    assert isinstance(called, ToolCall)
    assert (called.name, called.extras) == ("crm__find", None)
    assert sent(request)["input"] == [item]


def test_a_namespace_the_request_does_not_define_goes_back_too():
    items = [
        {"type": "function_call", "call_id": "c", "name": "f", "namespace": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "d", "name": "x", "namespace": "gone", "arguments": "{}"},
    ]
    request = read(tools=[FUNCTION], input=items)
    assert [part.name for part in request.messages[0].parts if isinstance(part, ToolCall)] == ["f", "gone__x"]
    assert sent(request)["input"] == items


def test_every_tool_choice_goes_there_and_back():
    tools = [
        FUNCTION,
        {"type": "custom", "name": "c"},
        {"type": "web_search_preview"},
        {"type": "mcp", "server_label": "docs"},
    ]
    for choice in (
        "auto",
        "none",
        "required",
        {"type": "function", "name": "f"},
        {"type": "custom", "name": "c"},
        {"type": "web_search_preview"},
        {"type": "mcp", "server_label": "docs", "name": "x"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "mcp", "server_label": "docs"}]},
    ):
        assert again(tools=tools, tool_choice=choice)["tool_choice"] == choice


def test_functions_of_other_clients_are_not_strict_unless_they_said_so():
    request = foreign(user("hi"), tools=[Tool(name="f", schema={"type": "object"}), Tool(name="g", strict=True)])
    assert sent(request)["tools"] == [
        {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False},
        {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": True},
    ]


def test_205_type_words_of_gemini_become_small_and_nothing_else_changes():
    schema = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "enum": ["OBJECT"]},
            "a": {"type": "ARRAY", "items": {"type": "INTEGER"}},
        },
        "default": {"type": "OBJECT"},
    }
    raw = sent(foreign(user("hi"), tools=[Tool(name="f", schema=schema)]))["tools"][0]["parameters"]
    assert raw == {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["OBJECT"]},
            "a": {"type": "array", "items": {"type": "integer"}},
        },
        "default": {"type": "OBJECT"},
    }


def test_a_list_of_types_with_something_that_is_no_word_goes_out_as_it_is():
    schema = {"type": "object", "properties": {"a": {"type": ["STRING", {}, 5, "NULL"]}}}
    raw = sent(foreign(user("hi"), tools=[Tool(name="f", schema=schema)]))["tools"][0]["parameters"]
    assert raw["properties"]["a"]["type"] == ["string", {}, 5, "null"]


def test_208_names_the_target_refuses_are_changed_everywhere_and_can_be_mapped_back():
    name = "mcp.server/search things " + "x" * 60
    request = foreign(
        user("hi"),
        assistant(ToolCall(id="c", name=name, arguments="{}")),
        user(ToolResult(call_id="c", parts=[])),
        tools=[Tool(name=name)],
        tool_choice=ToolChoice(mode="tool", names=[name]),
    )
    body = sent(request)
    changed = body["tools"][0]["name"]
    assert len(changed) <= 64
    assert changed.replace("_", "").replace("-", "").isalnum()
    assert body["tool_choice"]["name"] == changed
    assert body["input"][1]["name"] == changed


def test_101_a_hosted_tool_is_asked_for_where_it_is_offered_and_reported_elsewhere():
    tools = [Tool(name="web_search", kind="web_search", raw={"type": "web_search_20250305", "max_uses": 2})]
    request = foreign(user("hi"), tools=tools, tool_choice=ToolChoice(mode="tool", names=["web_search"]))
    offered = target(dialect=Dialect(server_tools=frozenset({"web_search"})))
    assert sent(request, offered)["tools"] == [{"type": "web_search"}]
    assert sent(request, offered)["tool_choice"] == {"type": "web_search"}
    assert ("dropped", "tools[0].max_uses") in fields(lost(request, offered))
    plain = sent(request)
    assert "tools" not in plain
    assert "tool_choice" not in plain
    assert {"tools[0]", "tool_choice"} <= {field for _, field in fields(lost(request))}


def test_a_choice_among_some_tools_becomes_allowed_tools():
    request = foreign(
        user("hi"), tools=[Tool(name="f"), Tool(name="g")], tool_choice=ToolChoice(mode="required", names=["f"])
    )
    assert sent(request)["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}],
    }


def test_a_grammar_of_chat_completions_is_flattened():
    form = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}
    request = foreign(user("hi"), tools=[Tool(name="c", kind="custom", extras={"format": form})])
    assert sent(request)["tools"][0]["format"] == {"type": "grammar", "syntax": "lark", "definition": "start: /a/"}


def test_cache_marks_on_tools_are_reported():
    request = foreign(user("hi"), tools=[Tool(name="f", cache=CacheMark())])
    assert ("dropped", "tools[0].cache") in fields(lost(request))


PLAIN = target(dialect=Dialect(custom_tools=False))
WAYWARD = target(ModelProfile(forced_tools=False))
PATCH = {"type": "custom", "name": "patch", "description": "Edits.", "format": {"type": "text"}}


def test_free_form_tools_are_functions_where_the_target_knows_no_others():
    history = [
        {"type": "custom_tool_call", "call_id": "c", "name": "patch", "input": "a"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"},
    ]
    request = read(tools=[PATCH, FUNCTION], input=history, tool_choice={"type": "custom", "name": "patch"})
    body = sent(request, PLAIN)
    assert [tool["type"] for tool in body["tools"]] == ["function", "function"]
    assert body["tools"][0]["parameters"]["required"] == ["input"]
    assert "format" not in body["tools"][0]
    assert body["tool_choice"] == {"type": "function", "name": "patch"}
    called, told = body["input"]
    assert (called["type"], called["arguments"]) == ("function_call", '{"input":"a"}')
    assert told == {"type": "function_call_output", "call_id": "c", "output": "ok"}
    assert fields(lost(request, PLAIN)) == [("approximated", "tools[0]")]
    assert [tool.kind for tool in request.tools] == ["custom", "function"]


def test_free_form_tools_of_other_clients_are_functions_where_the_target_knows_no_others():
    request = foreign(
        user("hi"),
        assistant(ToolCall(id="c", name="p", arguments="x", custom=True)),
        user(ToolResult(call_id="c", parts=[], custom=True)),
        tools=[Tool(name="p", kind="custom")],
    )
    body = sent(request, PLAIN)
    assert body["tools"][0]["type"] == "function"
    assert [item["type"] for item in body["input"][1:]] == ["function_call", "function_call_output"]


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "name": "f"},
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
    ],
)
def test_a_forced_choice_is_left_to_the_model_that_refuses_to_be_forced(choice):
    request = read(tools=[FUNCTION], tool_choice=choice)
    assert sent(request, WAYWARD)["tool_choice"] == "auto"
    assert fields(lost(request, WAYWARD)) == [("approximated", "tool_choice")]
    other = foreign(user("hi"), tools=[Tool(name="f", schema={"type": "object"})], tool_choice=request.tool_choice)
    assert sent(other, WAYWARD)["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("to", "body", "taken"),
    [
        (PLAIN, {"tools": [PATCH]}, False),
        (PLAIN, {"input": [{"type": "custom_tool_call", "call_id": "c", "name": "p", "input": "a"}]}, False),
        (PLAIN, {"tools": [FUNCTION]}, True),
        (target(), {"tools": [PATCH]}, True),
        (WAYWARD, {"tool_choice": "required"}, False),
        (WAYWARD, {"tool_choice": {"type": "function", "name": "f"}}, False),
        (WAYWARD, {"tool_choice": "auto"}, True),
        (target(), {"tool_choice": "required"}, True),
    ],
)
def test_a_body_passes_as_it_is_only_where_its_tools_are_taken(to, body, taken):
    assert PROTOCOL.fits(RawObject(json.dumps({"model": "m", **body})), to) is taken
