"""Reading tools and the choice among them."""

import pytest
from tests.unit.protocols.chat.wires import TOOL, asked

from plexus.ir.chat import Tool, ToolChoice
from plexus.ir.parts import CacheMark


def test_205_a_function_keeps_its_schema_as_written():
    schema = {
        "$defs": {"a": {"type": "string"}},
        "properties": {"title": {"$ref": "#/$defs/a"}},
        "additionalProperties": False,
    }
    wire = {"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": True}}
    assert asked(tools=[wire]).tools == [Tool(name="f", description="d", schema=schema, strict=True)]


def test_a_custom_tool_keeps_its_grammar():
    form = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    wire = {"type": "custom", "custom": {"name": "run", "description": "d", "format": form}}
    assert asked(tools=[wire]).tools == [Tool(name="run", kind="custom", description="d", extras={"format": form})]


def test_077_a_cache_mark_on_a_tool_survives():
    assert asked(tools=[{**TOOL, "cache_control": {"type": "ephemeral"}}]).tools[0].cache == CacheMark()


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("openrouter:web_search", "web_search"),
        ("browser_search", "web_search"),
        ("code_interpreter", "code_execution"),
        ("mcp", "mcp"),
        ("openrouter:advisor", "server"),
    ],
)
def test_199_server_side_tools_have_a_canonical_kind_and_keep_their_object(word, kind):
    wire = {"type": word, "parameters": {"max_uses": 1}}
    assert asked(tools=[wire]).tools == [Tool(name=word, kind=kind, raw=wire)]


def test_web_search_options_are_a_server_side_tool():
    assert asked(web_search_options={"search_context_size": "low"}).tools == [
        Tool(name="web_search", kind="web_search", raw={"search_context_size": "low"})
    ]


def test_legacy_functions_are_tools():
    (tool,) = asked(functions=[{"name": "f", "description": "d", "parameters": {"type": "object"}}]).tools
    assert (tool.name, tool.kind, tool.description, tool.schema) == ("f", "function", "d", {"type": "object"})


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ("any", ToolChoice(mode="required")),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="tool", names=["f"])),
        ({"type": "custom", "custom": {"name": "c"}}, ToolChoice(mode="tool", names=["c"])),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "c"}},
                    ],
                },
            },
            ToolChoice(mode="required", names=["f", "c"]),
        ),
        (None, None),
    ],
)
def test_206_every_tool_choice_is_read(said, choice):
    assert asked(tools=[TOOL], tool_choice=said).tool_choice == choice


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("none", ToolChoice(mode="none")),
        ("auto", ToolChoice(mode="auto")),
        ({"name": "f"}, ToolChoice(mode="tool", names=["f"])),
    ],
)
def test_the_legacy_choice_is_read(said, choice):
    assert asked(functions=[{"name": "f"}], function_call=said).tool_choice == choice


def test_206_the_switch_for_parallel_calls_is_read():
    assert asked(tools=[TOOL], parallel_tool_calls=False).parallel_tool_calls is False
    assert asked(tools=[TOOL]).parallel_tool_calls is None
