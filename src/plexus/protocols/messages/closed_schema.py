"""The part of JSON Schema to which Anthropic binds output and strict tools, and how any schema is brought into it.

Objects must be closed; bounds on numbers, lengths and counts are a 400. What cannot be enforced is told in the description.
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

from typing import Any

_BOUNDS = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependentRequired",
        "not",
        "if",
        "then",
        "else",
    }
)
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})
_MAPS = frozenset({"properties", "$defs", "definitions"})
_LISTS = frozenset({"anyOf", "allOf", "prefixItems"})


def closed(schema: Any) -> Any:
    """The schema inside that part; the very same value where it lies inside already."""
    if not isinstance(schema, dict):
        return schema
    changed = {key: _inner(key, value) for key, value in schema.items()}
    told = {key: changed.pop(key) for key in list(changed) if _unbound(key, changed[key])}
    if "oneOf" in changed and "anyOf" not in changed:
        changed["anyOf"] = [closed(branch) for branch in _list(changed.pop("oneOf"))]
    if _is_object(changed) and changed.get("additionalProperties") is not False:
        changed["additionalProperties"] = False
    if told:
        words = ", ".join(f"{key}: {value}" for key, value in told.items())
        described = changed.get("description")
        changed["description"] = f"{described} ({words})" if described else f"({words})"
    return schema if changed == schema else changed


def _inner(key: str, value: Any) -> Any:
    if key in _MAPS and isinstance(value, dict):
        return {name: closed(inner) for name, inner in value.items()}
    if key in _LISTS and isinstance(value, list):
        return [closed(inner) for inner in value]
    return closed(value) if key == "items" else value


def _unbound(key: str, value: Any) -> bool:
    if key == "minItems":
        return value not in (0, 1)
    if key == "format":
        return not isinstance(value, str) or value not in _FORMATS
    return key in _BOUNDS


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
