"""A tool's input schema as Anthropic takes it: an object at the root, nothing else changed.

The API answers 400 to a root without `type: object`, and to `anyOf`, `oneOf` or `allOf` at the root:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use
"""

from typing import Any

from plexus.protocols.messages.draft import Draft

_UNIONS = ("anyOf", "oneOf", "allOf")


def object_schema(schema: Any, path: str, draft: Draft) -> dict[str, Any]:
    """The schema with an object at its root. `$defs`, `$ref` and everything below the root stay as they are."""
    if schema is None or schema == {}:
        return {"type": "object", "properties": {}}
    if not isinstance(schema, dict):
        draft.lose("repaired", path, "not a schema of an object")
        return {"type": "object", "properties": {}}
    if any(key in schema for key in _UNIONS) and not draft.native:
        draft.lose("approximated", path, "alternatives at the root are told as one object")
        schema = _merged(schema)
    rooted: dict[str, Any] = schema
    if rooted.get("type") == "object":
        return rooted
    if "type" in rooted:
        draft.lose("repaired", path, "the root must be an object")
    return {"type": "object", **{key: value for key, value in rooted.items() if key != "type"}}


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """One object with the properties of all branches; required is what every alternative (or any `allOf` part) requires."""
    merged = {key: value for key, value in schema.items() if key not in _UNIONS}
    properties = dict(_dict(merged.get("properties")))
    required = set(_list(merged.get("required")))
    for union in _UNIONS:
        branches = [_dict(branch) for branch in _list(schema.get(union))]
        for branch in branches:
            properties.update({k: v for k, v in _dict(branch.get("properties")).items() if k not in properties})
        needs = [set(_list(branch.get("required"))) for branch in branches]
        if needs:
            required |= set.union(*needs) if union == "allOf" else set.intersection(*needs)
    merged["properties"] = properties
    if required:
        merged["required"] = [name for name in properties if name in required]
    return merged


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
