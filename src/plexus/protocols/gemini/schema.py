"""Gemini's OpenAPI-style Schema read as JSON Schema, and JSON Schema made acceptable to Gemini. Property names are data.

Towards Gemini every schema goes into the JSON Schema fields (`parametersJsonSchema`, `responseJsonSchema`): plain Schema has no
`$ref` beside siblings, no `additionalProperties`, no number enums, and refuses keywords it does not know, while these fields
ignore them. Source: https://ai.google.dev/api/caching#Schema and https://ai.google.dev/api/generate-content#GenerationConfig
"""

from collections.abc import Callable
from typing import Any

from plexus.protocols.gemini.protojson import camel

_ONE = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_MANY = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_SPELLED = {"ref": "$ref", "defs": "$defs"}
MAX_DEPTH = 200
"""Schemas nested deeper are left as they are: no model reads them, and no walk shall run out of stack."""


class Translated(dict[str, Any]):
    """A JSON Schema that was written in Gemini's own dialect; `wire` is what the client wrote, to be sent back unchanged."""

    wire: Any = None


def read_schema(schema: Any) -> Any:
    """The JSON Schema that says what a Gemini Schema says. What is not an object comes back as it is."""
    if not isinstance(schema, dict):
        return schema
    read = Translated(_read(schema, 0))
    read.wire = schema
    return read


def wire_of(schema: Any) -> Any:
    """The client's own Schema when this one was read from it and not changed since, else None."""
    if isinstance(schema, Translated) and isinstance(schema.wire, dict) and _read(schema.wire, 0) == schema:
        return schema.wire
    return None


def write_schema(schema: Any) -> Any:
    """The JSON Schema for Gemini: the same, without `$schema`, every `$ref` alone in its node and below `$defs`."""
    return _write(schema, 0) if isinstance(schema, dict) else schema


def _below(node: dict[str, Any], visit: Callable[[Any, int], Any], depth: int) -> dict[str, Any]:
    """The node with every sub-schema visited. Values of `properties` are schemas, its keys are names."""
    seen: dict[str, Any] = {}
    for key, value in node.items():
        if key in _ONE:
            seen[key] = visit(value, depth + 1)
        elif key in _MANY and isinstance(value, list):
            seen[key] = [visit(item, depth + 1) for item in value]
        elif key in _NAMED and isinstance(value, dict):
            seen[key] = {name: visit(item, depth + 1) for name, item in value.items()}
        else:
            seen[key] = value
    return seen


def _read(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return schema
    node: dict[str, Any] = {}
    for key, value in schema.items():
        name = camel(key) if "_" in key else key
        node[_SPELLED.get(name, name)] = value
    node = _below(node, _read, depth)
    kind = node.get("type")
    if isinstance(kind, str):
        node["type"] = kind.lower()
        if kind == "TYPE_UNSPECIFIED":
            del node["type"]
    for key in _COUNTS & node.keys():
        node[key] = _whole(node[key])
    if node.get("format") == "enum":
        del node["format"]
    nullable = node.pop("nullable", None)
    if "example" in node:
        node["examples"] = [node.pop("example")]
    return _with_null(node) if nullable is True else node


def _whole(value: Any) -> Any:
    # int64 fields are written as strings in proto JSON.
    return int(value) if isinstance(value, str) and value.lstrip("-").isdigit() else value


def _with_null(node: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
    kind = node.get("type")
    if isinstance(kind, str) and kind != "null":
        node["type"] = [kind, "null"]
    elif isinstance(node.get("anyOf"), list) and {"type": "null"} not in node["anyOf"]:
        node["anyOf"] = [*node["anyOf"], {"type": "null"}]
    elif "$ref" in node:
        return {"anyOf": [{"$ref": node.pop("$ref")}, {"type": "null"}], **node}
    return node


def _write(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return schema
    node = _below(schema, _write, depth)
    node.pop("$schema", None)
    if "definitions" in node and "$defs" not in node:
        node["$defs"] = node.pop("definitions")
    ref = node.get("$ref")
    if not isinstance(ref, str):
        return node
    ref = "#/$defs/" + ref.removeprefix("#/definitions/") if ref.startswith("#/definitions/") else ref
    node["$ref"] = ref
    if all(key.startswith("$") for key in node):
        return node
    # Gemini refuses siblings of `$ref`; an anyOf of one says the same.
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**beside, "anyOf": [{"$ref": ref}]} if "anyOf" not in beside else {**beside, "allOf": [{"$ref": ref}]}
