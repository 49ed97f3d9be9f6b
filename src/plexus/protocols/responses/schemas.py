"""JSON Schemas of other dialects in the spelling OpenAI accepts: only the type words change, and only in schema positions."""

from typing import Any

_WORDS = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_SCHEMA_MAPS = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMAS = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


def lowered(schema: Any) -> Any:
    """The schema with `OBJECT`, `STRING` … written small, as Gemini clients spell them large. The argument is not changed."""
    if not isinstance(schema, dict):
        return schema
    out = dict(schema)
    kind = out.get("type")
    if isinstance(kind, str) and kind in _WORDS:
        out["type"] = kind.lower()
    elif isinstance(kind, list):
        out["type"] = [word.lower() if isinstance(word, str) and word in _WORDS else word for word in kind]
    for key in _SCHEMAS:
        if isinstance(out.get(key), dict):
            out[key] = lowered(out[key])
    for key in _SCHEMA_LISTS:
        if isinstance(out.get(key), list):
            out[key] = [lowered(entry) for entry in out[key]]
    for key in _SCHEMA_MAPS:
        if isinstance(out.get(key), dict):
            out[key] = {name: lowered(entry) for name, entry in out[key].items()}
    return out
