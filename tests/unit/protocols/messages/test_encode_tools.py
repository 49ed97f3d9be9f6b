"""Tools, their schemas and the tool choice, as Anthropic takes them."""

import pytest
from tests.unit.protocols.messages.kit import ask, drops, render, target, through

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.target import Dialect

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
LOOK = Tool(name="look", schema=CLOSED)
FIND = Tool(name="find", schema=CLOSED)


def choice(mode, *names, tools=(LOOK, FIND), parallel=None, to=None):
    request = ask(tools=list(tools), tool_choice=ToolChoice(mode=mode, names=list(names)), parallel_tool_calls=parallel)
    return render(request, to or target())


def schema_of(schema):
    rendered = render(ask(tools=[Tool(name="t", schema=schema)]))
    return rendered.body["tools"][0]["input_schema"], drops(rendered)


@pytest.mark.parametrize(
    ("mode", "names", "sent"),
    [
        ("auto", [], {"type": "auto"}),
        ("required", [], {"type": "any"}),
        ("required", ["look"], {"type": "tool", "name": "look"}),
        ("tool", ["find"], {"type": "tool", "name": "find"}),
        ("none", [], {"type": "none"}),
    ],
)
def test_074_every_tool_choice_has_its_word(mode, names, sent) -> None:
    assert choice(mode, *names).body["tool_choice"] == sent


def test_074_the_parallel_switch_alone_implies_auto() -> None:
    for parallel in (True, False):
        body = render(ask(tools=[LOOK], parallel_tool_calls=parallel)).body
        assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": not parallel}


def test_074_the_parallel_switch_goes_beside_a_choice_but_not_beside_none() -> None:
    assert choice("required", parallel=False).body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert choice("none", parallel=False).body["tool_choice"] == {"type": "none"}


def test_074_a_choice_without_tools_is_removed_and_reported() -> None:
    rendered = choice("required", tools=())
    assert not {"tools", "tool_choice"} & rendered.body.keys()
    assert drops(rendered) == [("dropped", "tool_choice")]
    assert render(ask(parallel_tool_calls=True)).body.get("tool_choice") is None


def test_074_a_choice_of_a_tool_that_is_not_there_is_reported() -> None:
    rendered = choice("tool", "gone")
    assert rendered.body["tool_choice"] == {"type": "auto"}
    assert drops(rendered) == [("dropped", "tool_choice")]


def test_a_choice_among_several_tools_offers_only_those() -> None:
    rendered = choice("required", "look", "find", tools=(LOOK, FIND, Tool(name="third")))
    assert [tool["name"] for tool in rendered.body["tools"]] == ["look", "find"]
    assert rendered.body["tool_choice"] == {"type": "any"}
    assert drops(rendered) == [("approximated", "tools[2]")]


def test_a_model_that_refuses_to_be_forced_is_asked() -> None:
    rendered = choice("required", to=target(forced_tools=False))
    assert rendered.body["tool_choice"] == {"type": "auto"}
    assert drops(rendered) == [("approximated", "tool_choice")]


def test_088_defs_and_refs_stay_where_they_are() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    assert schema_of(schema) == (schema, [])


def test_205_nothing_below_the_root_of_a_tool_schema_changes() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 3}, "n": {"minimum": 1, "anyOf": [{}, {}]}},
    }
    assert schema_of(schema) == (schema, [])


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (None, {"type": "object", "properties": {}}),
        ({}, {"type": "object", "properties": {}}),
        ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
        ({"type": ["object", "null"], "properties": {}}, {"type": "object", "properties": {}}),
        (True, {"type": "object", "properties": {}}),
    ],
)
def test_an_input_schema_always_has_an_object_at_its_root(schema, sent) -> None:
    assert schema_of(schema)[0] == sent


def test_alternatives_at_the_root_become_one_object() -> None:
    schema = {
        "type": "object",
        "anyOf": [
            {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a", "b"]},
            {"properties": {"a": {"type": "integer"}, "c": {}}, "required": ["a", "c"]},
        ],
    }
    sent, lost = schema_of(schema)
    assert sent == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {}},
        "required": ["a"],
    }
    assert lost == [("approximated", "tools[0].schema")]


def test_strict_goes_along_where_the_target_can_bind_calls_to_the_schema() -> None:
    strict = [
        Tool(name="bound", schema=CLOSED, strict=True),
        Tool(
            name="open", schema={"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}, strict=True
        ),
        Tool(name="loose", schema=CLOSED, strict=False),
    ]
    rendered = render(ask(tools=strict))
    assert [tool.get("strict") for tool in rendered.body["tools"]] == [True, None, None]
    assert rendered.body["tools"][1]["input_schema"] == strict[1].schema
    assert drops(rendered) == [("dropped", "tools[1].strict")]
    unbound = render(ask(tools=strict[:1]), target(dialect=Dialect(json_schema=False)))
    assert drops(unbound) == [("dropped", "tools[0].strict")]


def test_a_free_form_tool_becomes_a_function_with_one_string() -> None:
    rendered = render(ask(tools=[Tool(name="patch", kind="custom", description="Apply.")]))
    (tool,) = rendered.body["tools"]
    assert tool["input_schema"]["properties"]["input"]["type"] == "string"
    assert tool["input_schema"]["required"] == ["input"]
    assert drops(rendered) == [("approximated", "tools[0]")]


def test_two_tools_of_one_name_are_one() -> None:
    rendered = render(ask(tools=[LOOK, LOOK]))
    assert len(rendered.body["tools"]) == 1
    assert drops(rendered) == [("repaired", "tools[1]")]


def test_101_server_tools_of_other_protocols_have_their_equivalent_or_are_reported() -> None:
    search = Tool(
        name="web_search",
        kind="web_search",
        raw={
            "type": "web_search",
            "search_context_size": "low",
            "user_location": {"type": "approximate", "city": "Bonn", "country": "DE"},
            "filters": {"allowed_domains": ["example.test"]},
        },
    )
    files = Tool(name="file_search", kind="file_search", raw={"type": "file_search"})
    able = target(dialect=Dialect(server_tools=frozenset({"web_search"})))
    rendered = render(ask(tools=[search, files], protocol="responses"), able)
    assert rendered.body["tools"] == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "user_location": {"type": "approximate", "city": "Bonn", "country": "DE"},
            "allowed_domains": ["example.test"],
        }
    ]
    assert drops(rendered) == [("dropped", "tools[0].search_context_size"), ("dropped", "tools[1]")]
    assert drops(render(ask(tools=[search], protocol="responses"))) == [("dropped", "tools[0]")]


def test_101_this_protocols_own_server_tools_go_back_as_they_are() -> None:
    tools = [
        {"type": "web_search_20260318", "name": "web_search", "max_uses": 2},
        {"type": "mcp_toolset", "mcp_server_name": "docs"},
        {"type": "of_tomorrow", "name": "x", "cache_control": {"type": "ephemeral"}},
    ]
    assert through(tools=tools)["tools"] == tools


def test_fields_of_tools_that_only_this_protocol_has_go_back_and_are_reported_elsewhere() -> None:
    tool = {"name": "t", "input_schema": CLOSED, "defer_loading": True, "input_examples": [{"a": "b"}], "strict": False}
    assert through(tools=[tool])["tools"] == [tool]
    assert drops(render(ask(tools=[Tool(name="t", schema=CLOSED, extras={"x": 1})]))) == [("dropped", "tools[0].x")]


def test_206_a_choice_of_one_tool_among_several_leaves_the_others_offered() -> None:
    rendered = choice("required", "look")
    assert [tool["name"] for tool in rendered.body["tools"]] == ["look", "find"]
    assert drops(rendered) == []
