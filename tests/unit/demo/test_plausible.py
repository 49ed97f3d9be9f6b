"""Values made from JSON Schemas fit what their common keywords say."""

import pytest

from plexus.demo.plausible import plausible


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "integer", "exclusiveMinimum": 7}, 8),
        ({"type": "integer", "maximum": 1}, 1),
        ({"type": "number", "exclusiveMaximum": 1}, 0),
        ({"type": "integer", "multipleOf": 5}, 10),
        ({"type": "INTEGER"}, 2),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "boolean"]}, True),
        ({"enum": ["a", "b"]}, "a"),
        ({"const": 5, "enum": [6]}, 5),
        ({"type": "string", "default": "d"}, "d"),
        ({"type": "string", "examples": ["e"]}, "e"),
        ({"type": "string", "format": "date"}, "2026-01-15"),
        ({"type": "string", "maxLength": 2}, "as"),
        ({"type": "string", "minLength": 7}, "asked.."),
        ({"type": "array", "items": {"type": "integer"}}, [2]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 3}, [2, 2, 2]),
        ({"type": "array", "maxItems": 0}, []),
        ({"type": "object"}, {}),
        ({"properties": {"a": {"type": "integer"}, "b": {}}}, {"a": 2, "b": "b"}),
        ({"properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]}, {"a": 2}),
        ({"properties": {"a": {}}, "required": []}, {}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 2),
        ({"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}]}, {"a": 2}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, True),
        (
            {"properties": {"city": {"type": "string"}, "query": {"type": "string"}}},
            {"city": "Paris", "query": "asked"},
        ),
        (None, "asked"),
        (True, "asked"),
        ("no schema", "asked"),
    ],
)
def test_a_value_fits_its_schema(schema, value):
    assert plausible(schema, "asked") == value


def test_a_second_call_gets_other_values_where_there_are_some():
    schema = {"properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}, "n": {"type": "integer"}}}
    assert plausible(schema, "", 0) == {"city": "Paris", "unit": "c", "n": 2}
    assert plausible(schema, "", 1) == {"city": "Tokyo", "unit": "f", "n": 3}


def test_schemas_that_refer_to_themselves_come_to_an_end():
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}, "required": ["child"]}
    assert 1 < str(plausible(tree)).count("child") < 20
    assert plausible({"$ref": "#"}, "x") == "x"
    assert plausible({"allOf": [{"$ref": "#"}]}, "x") == "x"
    assert plausible({"$ref": "#/nowhere"}, "x") == "x"
