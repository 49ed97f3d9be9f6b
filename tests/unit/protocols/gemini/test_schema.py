import pytest

from plexus.protocols.gemini.schema import read_schema, wire_of, write_schema


@pytest.mark.parametrize(
    ("wire", "schema"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        ({"type": "STRING", "format": "enum", "enum": ["a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "STRING", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "INTEGER", "format": "int64", "minimum": 1}, {"type": "integer", "format": "int64", "minimum": 1}),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"any_of": [{"type": "NUMBER"}]}, {"anyOf": [{"type": "number"}]}),
        (
            {"type": "ARRAY", "items": {"type": "BOOLEAN"}, "minItems": "1"},
            {"type": "array", "items": {"type": "boolean"}, "minItems": 1},
        ),
        ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
        (
            {"type": "STRING", "example": "x", "title": "T", "default": "d"},
            {"type": "string", "examples": ["x"], "title": "T", "default": "d"},
        ),
        ({"ref": "#/defs/A"}, {"$ref": "#/defs/A"}),
        ({"type": "OBJECT", "propertyOrdering": ["b", "a"]}, {"type": "object", "propertyOrdering": ["b", "a"]}),
    ],
)
def test_111_geminis_dialect_is_read_as_json_schema(wire, schema):
    assert read_schema(wire) == schema


NAMES = ("title", "type", "nullable", "format", "$schema", "any_of", "properties", "items", "default", "$ref", "enum")


def test_118_a_property_that_is_called_like_a_keyword_is_never_touched():
    wire = {"type": "OBJECT", "properties": {name: {"type": "STRING"} for name in NAMES}, "required": list(NAMES)}
    expected = {"type": "object", "properties": {name: {"type": "string"} for name in NAMES}, "required": list(NAMES)}
    assert read_schema(wire) == expected
    assert write_schema(expected) == expected


def test_118_defs_schema_and_title_survive_the_way_in():
    schema = {"$schema": "s", "title": "T", "$defs": {"A": {"title": "A", "type": "string"}}, "type": "object"}
    assert read_schema(schema) == schema


def test_205_only_what_gemini_refuses_changes_on_the_way_out():
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "title": "T",
        "properties": {
            "a": {"type": ["string", "null"], "minLength": 1, "const": "x"},
            "b": {"type": "array", "items": {"$schema": "s", "type": "object", "additionalProperties": False}},
            "c": {"enum": [1, 2]},
        },
        "additionalProperties": False,
        "default": {"$schema": "data"},
    }
    assert write_schema(schema) == {
        "type": "object",
        "title": "T",
        "properties": {
            "a": {"type": ["string", "null"], "minLength": 1, "const": "x"},
            "b": {"type": "array", "items": {"type": "object", "additionalProperties": False}},
            "c": {"enum": [1, 2]},
        },
        "additionalProperties": False,
        "default": {"$schema": "data"},
    }


def test_111_a_reference_stands_alone_and_points_below_defs():
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/A", "description": "d"}, "b": {"$ref": "#/definitions/A"}},
        "definitions": {"A": {"type": "string"}},
    }
    assert write_schema(schema) == {
        "type": "object",
        "properties": {
            "a": {"description": "d", "anyOf": [{"$ref": "#/$defs/A"}]},
            "b": {"$ref": "#/$defs/A"},
        },
        "$defs": {"A": {"type": "string"}},
    }


def test_111_an_empty_object_stays_one():
    assert write_schema({"type": "object", "properties": {}}) == {"type": "object", "properties": {}}
    assert read_schema({"type": "OBJECT"}) == {"type": "object"}


def test_a_schema_read_and_left_alone_goes_back_as_it_was_written():
    wire = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": False}}}
    schema = read_schema(wire)
    assert wire_of(schema) == wire
    schema["properties"]["b"] = {"type": "string"}
    assert wire_of(schema) is None
    assert wire_of({"type": "object"}) is None


def test_schemas_nested_without_end_are_not_followed_without_end():
    deep: dict = {"type": "STRING"}
    for _ in range(5000):
        deep = {"type": "ARRAY", "items": deep}
    assert read_schema(deep)["type"] == "array"
    assert write_schema(deep)["type"] == "ARRAY"


@pytest.mark.parametrize("odd", [None, True, "x", [1]])
def test_what_is_no_object_is_left_alone(odd):
    assert read_schema(odd) == odd
    assert write_schema(odd) == odd
