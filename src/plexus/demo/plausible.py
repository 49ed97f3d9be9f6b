"""A plausible value for a JSON Schema: what is required, by enum, default, type and name. No validator, no randomness."""

import re
from typing import Any

_DEPTH = 12
_FORMATS = {
    "date": "2026-01-15",
    "time": "12:00:00Z",
    "date-time": "2026-01-15T12:00:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}
_BY_NAME = (
    (re.compile(r"city|location|place|town"), ("Paris", "Tokyo")),
    (re.compile(r"country"), ("France", "Japan")),
    (re.compile(r"file|path"), ("README.md", "pyproject.toml")),
    (re.compile(r"dir|folder"), (".", "src")),
    (re.compile(r"command|cmd|shell"), ("echo hello", "echo again")),
    (re.compile(r"url|link"), ("https://example.com/", "https://example.org/")),
    (re.compile(r"pattern|glob"), ("*.md", "*.py")),
    (re.compile(r"zone"), ("Europe/Paris", "Asia/Tokyo")),
    (re.compile(r"unit"), ("celsius", "celsius")),
    (re.compile(r"expression|formula"), ("2 + 2", "3 * 4")),
    (re.compile(r"email"), ("ada@example.com", "alan@example.com")),
)
_ABOUT_TEXT = re.compile(r"query|prompt|text|input|question|message|content|answer|search|summary|description")


class Wish:
    """What values shall be like: the text they are about, and which of several calls they are for (from 0)."""

    def __init__(self, root: Any, text: str = "", nth: int = 0) -> None:
        """`root` is the schema that `$ref` refers into."""
        self.root = root if isinstance(root, dict) else {}
        self.text = text
        self.nth = nth


def plausible(schema: Any, text: str = "", nth: int = 0) -> Any:
    """A value that fits the schema as far as its common keywords say; the text fills free strings."""
    return _value(schema, "", Wish(schema, text, nth), 0)


def _value(schema: Any, name: str, wish: Wish, depth: int) -> Any:
    schema = _resolved(schema, wish, depth)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    for word in ("enum", "examples"):
        choices = schema.get(word)
        if isinstance(choices, list) and choices:
            return choices[wish.nth % len(choices)]
    match _kind(schema):
        case "object":
            return _object(schema, wish, depth)
        case "array":
            return _array(schema, name, wish, depth)
        case "integer" | "number":
            return _number(schema, wish)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _string(schema, name, wish)


def _resolved(schema: Any, wish: Wish, depth: int) -> dict[str, Any]:
    """The schema with references followed, the first alternative taken and `allOf` merged."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _resolved(_at(wish.root, reference), wish, depth + 1)
    for word in ("anyOf", "oneOf"):
        choices = schema.get(word)
        if isinstance(choices, list) and choices:
            rest = {key: value for key, value in schema.items() if key != word}
            return {**rest, **_resolved(choices[0], wish, depth + 1)}
    merged = schema
    for part in schema.get("allOf") or []:
        fitted = _resolved(part, wish, depth + 1)
        properties = {**(merged.get("properties") or {}), **(fitted.get("properties") or {})}
        required = [*(merged.get("required") or []), *(fitted.get("required") or [])]
        merged = {**merged, **fitted, **({"properties": properties, "required": required} if properties else {})}
    return merged


def _at(root: Any, reference: str) -> Any:
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((word for word in kind if word != "null"), "null")
    if isinstance(kind, str):
        return kind.lower()  # Gemini writes types in capitals
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _object(schema: dict[str, Any], wish: Wish, depth: int) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or depth > _DEPTH:
        return {}
    required = schema.get("required")
    names = [name for name in required if name in properties] if isinstance(required, list) else list(properties)
    return {name: _value(properties[name], name, wish, depth + 1) for name in names}


def _array(schema: dict[str, Any], name: str, wish: Wish, depth: int) -> list[Any]:
    if depth > _DEPTH or schema.get("maxItems") == 0:
        return []
    least = schema.get("minItems")
    count = least if isinstance(least, int) and least > 0 else 1
    return [_value(schema.get("items"), name, wish, depth + 1)] * min(count, 100)


def _number(schema: dict[str, Any], wish: Wish) -> int | float:
    step = schema.get("multipleOf") or 1
    value: int | float = step * (2 + wish.nth)
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if isinstance(low, int | float) and value < low:
        value = low
    if isinstance(above, int | float) and value <= above:
        value = above + step
    if isinstance(high, int | float) and value > high:
        value = high
    if isinstance(below, int | float) and value >= below:
        value = below - step
    return int(value) if _kind(schema) == "integer" else value


def _string(schema: dict[str, Any], name: str, wish: Wish) -> str:
    known = _FORMATS.get(str(schema.get("format")))
    if known is not None:
        return known
    value = _named(name.lower(), wish)
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(least, int):
        value = value.ljust(least, ".")
    return value[:most] if isinstance(most, int) else value


def _named(name: str, wish: Wish) -> str:
    for pattern, values in _BY_NAME:
        if pattern.search(name):
            return values[wish.nth % len(values)]
    if wish.text and (not name or _ABOUT_TEXT.search(name)):
        return wish.text
    return name or "something"
