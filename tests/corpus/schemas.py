"""Whether two JSON Schemas, written in different dialects (JSON Schema, Gemini's OpenAPI subset), demand the same."""

from typing import Any

NOTES = {
    "$schema",
    "$id",
    "$comment",
    "title",
    "default",
    "example",
    "examples",
    "propertyOrdering",
    "property_ordering",
}
"""Keywords that tell about a schema but demand nothing."""
GEMINI_LACKS = {"additionalProperties", "unevaluatedProperties", "patternProperties", "strict"}
NAMED = {"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"}
NUMBERS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minimum", "maximum"}


def same_schema(want: Any, got: Any, *, gemini: bool) -> str:
    """The first place where the two demand something else, or ""."""
    if isinstance(want, dict) and isinstance(got, dict) and want == got:
        return ""
    one, other = (normal(_empty(schema), _empty(schema), 0, gemini=gemini) for schema in (want, got))
    return _first_difference(one, other, "")


def _empty(schema: Any) -> Any:
    return schema if isinstance(schema, dict) and schema else {"type": "object", "properties": {}}


def normal(schema: Any, root: Any, depth: int, *, gemini: bool) -> Any:
    """The schema with lower-case types, references inlined, nullable as a null type and notes left out."""
    if isinstance(schema, list):
        return [normal(item, root, depth, gemini=gemini) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and depth < 6:
        target = _resolve(schema["$ref"], root)
        if target is not None:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return normal({**target, **rest}, root, depth + 1, gemini=gemini)
    out: dict[str, Any] = {}
    for key, value in schema.items():
        if key in NOTES or key in {"$defs", "definitions"} or (gemini and key in GEMINI_LACKS):
            continue
        if key in NAMED and isinstance(value, dict):
            out[key] = {name: normal(inner, root, depth, gemini=gemini) for name, inner in value.items()}
        else:
            out[key] = _keyword(key, value, root, depth, gemini=gemini)
    return _settle(out)


def _keyword(key: str, value: Any, root: Any, depth: int, *, gemini: bool) -> Any:
    match key:
        case "type":
            return sorted(t.lower() for t in value) if isinstance(value, list) else str(value).lower()
        case "enum" | "required":
            return sorted(value, key=str) if isinstance(value, list) else value
        case "const" | "description":
            return value
        case _ if key in NUMBERS:
            return float(value)
        case _:
            return normal(value, root, depth, gemini=gemini)


def _settle(out: dict[str, Any]) -> dict[str, Any]:
    for union in ("anyOf", "any_of"):
        options = out.get(union)
        if isinstance(options, list):
            out.pop(union)
            plain = [option for option in options if option not in ({"type": "null"}, {"nullable": True})]
            if len(plain) < len(options):
                out["nullable"] = True
            if len(plain) == 1 and isinstance(plain[0], dict):
                out = {**plain[0], **out}
            else:
                out["anyOf"] = plain
    kind = out.get("type")
    if isinstance(kind, list):
        rest = [name for name in kind if name != "null"]
        if len(rest) < len(kind):
            out["nullable"] = True
        out["type"] = rest[0] if len(rest) == 1 else rest
    if "const" in out:
        out["enum"] = [out.pop("const")]
    for key in ("properties", "required", "nullable", "enum", "format"):
        if key in out and out[key] in ({}, [], False, None, ""):
            out.pop(key)
    if "enum" in out and isinstance(out["enum"], list):
        out["enum"] = [value for value in out["enum"] if value is not None]
    if out.get("properties") or "required" in out:
        out.setdefault("type", "object")
    if "enum" in out and all(isinstance(value, str) for value in out["enum"]):
        out.setdefault("type", "string")
    return out


def _resolve(ref: Any, root: Any) -> dict[str, Any] | None:
    here = root
    for step in str(ref).removeprefix("#").strip("/").split("/"):
        if step:
            here = here.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(here, dict) else None
    return here if isinstance(here, dict) and ref != "#" else None


def _first_difference(want: Any, got: Any, path: str) -> str:
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted({*want, *got}, key=str):
            if key not in got:
                return f"{path}.{key} is missing ({str(want[key])[:80]})"
            if key not in want:
                return f"{path}.{key} was added ({str(got[key])[:80]})"
            if inner := _first_difference(want[key], got[key], f"{path}.{key}"):
                return inner
        return ""
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for number, (one, other) in enumerate(zip(want, got, strict=True)):
            if inner := _first_difference(one, other, f"{path}[{number}]"):
                return inner
        return ""
    return "" if want == got else f"{path}: {str(want)[:80]} became {str(got)[:80]}"
