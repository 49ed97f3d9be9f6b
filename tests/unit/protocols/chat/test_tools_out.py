"""Writing tools and the choice among them for chat targets."""

import pytest
from tests.unit.protocols.chat.wires import TOOL, asked, rendered, target

from plexus.ir.chat import ChatRequest, Message, Tool, ToolChoice
from plexus.ir.parts import CacheMark, Text
from plexus.ir.target import ModelProfile

LOOK = Tool(name="look", schema={"type": "object", "properties": {}})
RUN = Tool(
    name="run",
    kind="custom",
    description="d",
    extras={"format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
)


def sent(*tools, choice=None, there=None, protocol="responses", parallel=None):
    messages = [Message(role="user", parts=[Text(text="hi")])]
    request = ChatRequest(
        protocol=protocol,
        model="m",
        messages=messages,
        tools=list(tools),
        tool_choice=choice,
        parallel_tool_calls=parallel,
    )
    return rendered(request, there)


def losses(found):
    return [(drop.kind, drop.field) for drop in found.drops]


def test_205_schemas_are_sent_as_they_are():
    schema = {
        "$defs": {"a": {"type": "string"}},
        "properties": {"title": {"$ref": "#/$defs/a"}},
        "additionalProperties": False,
    }
    found = sent(Tool(name="f", description="d", schema=schema, strict=False))
    assert found.body["tools"] == [
        {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": False}}
    ]


def test_104_a_schemas_regular_expressions_reach_the_target_unchanged():
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=a)\\p{L}+$"}}}
    assert sent(Tool(name="f", schema=schema)).body["tools"][0]["function"]["parameters"] == schema


def test_a_custom_tool_is_sent_with_its_grammar_nested_as_chat_does():
    assert sent(RUN).body["tools"] == [
        {
            "type": "custom",
            "custom": {
                "name": "run",
                "description": "d",
                "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}},
            },
        }
    ]


def test_a_custom_tool_is_a_function_of_one_string_where_there_are_functions_only():
    found = sent(RUN, there=target(custom_tools=False))
    function = found.body["tools"][0]["function"]
    assert (function["name"], list(function["parameters"]["properties"])) == ("run", ["input"])
    assert losses(found) == [("dropped", "tools[0].format")]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice(mode="auto"), "auto"),
        (ToolChoice(mode="none"), "none"),
        (ToolChoice(mode="required"), "required"),
        (ToolChoice(mode="tool", names=["look"]), {"type": "function", "function": {"name": "look"}}),
        (ToolChoice(mode="tool", names=["run"]), {"type": "custom", "custom": {"name": "run"}}),
        (ToolChoice(mode="required", names=["look"]), {"type": "function", "function": {"name": "look"}}),
        (
            ToolChoice(mode="required", names=["look", "run"]),
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "look"}},
                        {"type": "custom", "custom": {"name": "run"}},
                    ],
                },
            },
        ),
    ],
)
def test_074_102_and_206_every_choice_has_its_spelling(choice, wire):
    assert sent(LOOK, RUN, choice=choice).body["tool_choice"] == wire


def test_074_a_choice_without_tools_is_removed():
    found = sent(choice=ToolChoice(mode="required"))
    assert "tool_choice" not in found.body
    assert losses(found) == [("dropped", "tool_choice")]
    assert sent(choice=ToolChoice(mode="auto")).drops == []


def test_a_model_that_refuses_to_be_forced_decides_itself_and_that_is_reported():
    found = sent(LOOK, choice=ToolChoice(mode="required"), there=target(ModelProfile(forced_tools=False)))
    assert (found.body["tool_choice"], losses(found)) == ("auto", [("approximated", "tool_choice")])


def test_the_switch_for_parallel_calls_goes_where_the_target_has_one():
    assert sent(LOOK, parallel=False).body["parallel_tool_calls"] is False
    found = sent(LOOK, parallel=False, there=target(parallel_tool_calls=False))
    assert "parallel_tool_calls" not in found.body
    assert losses(found) == [("dropped", "parallel_tool_calls")]
    assert "parallel_tool_calls" not in sent(parallel=False).body


def test_101_server_side_tools_are_reported_with_their_place_and_never_sent_malformed():
    search = Tool(
        name="web_search", kind="web_search", raw={"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    )
    found = sent(LOOK, search, protocol="messages", choice=ToolChoice(mode="tool", names=["web_search"]))
    assert [tool["function"]["name"] for tool in found.body["tools"]] == ["look"]
    assert "web_search_options" not in found.body
    assert losses(found) == [("dropped", "tools[1]"), ("dropped", "tool_choice")]


def test_a_search_goes_to_targets_that_offer_one():
    raw = {"type": "web_search_20250305", "user_location": {"type": "approximate", "city": "Utrecht", "country": "NL"}}
    found = sent(
        Tool(name="web_search", kind="web_search", raw=raw), there=target(server_tools=frozenset({"web_search"}))
    )
    assert found.body["web_search_options"] == {
        "user_location": {"type": "approximate", "approximate": {"city": "Utrecht", "country": "NL"}}
    }


def test_server_side_tools_of_a_chat_client_go_back_as_they_were():
    tool = {"type": "openrouter:web_search", "parameters": {"max_uses": 1}}
    assert rendered(asked(tools=[tool, TOOL])).body["tools"] == [tool, TOOL]


def test_legacy_functions_reach_the_target_as_tools():
    found = rendered(asked(functions=[{"name": "f", "parameters": {"type": "object"}}], function_call={"name": "f"}))
    assert found.body["tools"] == [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    assert found.body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert "functions" not in found.body


def test_077_a_cache_mark_on_a_tool_goes_where_it_is_understood():
    marked = Tool(name="look", schema={}, cache=CacheMark())
    assert sent(marked, there=target(cache_marks=True)).body["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert losses(sent(marked)) == [("dropped", "tools[0].cache")]
