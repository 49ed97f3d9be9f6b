"""Anthropic's own tools: which canonical kind a versioned type is, and the object that asks for a kind.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools
"""

from typing import Any

from plexus.ir.chat import Tool

_KINDS = (
    ("web_search_", "web_search"),
    ("web_fetch_", "web_fetch"),
    ("code_execution_", "code_execution"),
    ("computer_", "computer"),
    ("bash_", "bash"),
    ("text_editor_", "text_editor"),
    ("memory_", "memory"),
    ("tool_search_tool_", "tool_search"),
    ("mcp_toolset", "mcp"),
)
# The oldest version that needs no beta header: every model that has the tool takes it.
_OFFERED: dict[str, str] = {
    "web_search": "web_search_20250305",
    "web_fetch": "web_fetch_20250910",
    "code_execution": "code_execution_20250825",
}


def kind_of(wire_type: str) -> str:
    """The canonical kind of a tool by its versioned type, "server" for one nobody here knows."""
    return next((kind for prefix, kind in _KINDS if wire_type.startswith(prefix)), "server")


def offered(tool: Tool) -> dict[str, Any] | None:
    """Anthropic's tool of the same kind for one written in another protocol, or None when it has none."""
    version = _OFFERED.get(tool.kind)
    if version is None:
        return None
    wire: dict[str, Any] = {"type": version, "name": tool.kind}
    if tool.kind == "web_search":
        wire.update(_search_settings(tool.raw or {}))
    return wire


def _search_settings(raw: dict[str, Any]) -> dict[str, Any]:
    """What OpenAI's search tool says in the same words: where the user is, and the domains allowed."""
    settings: dict[str, Any] = {}
    place = raw.get("user_location")
    if isinstance(place, dict):
        place = {**place, **(place.get("approximate") if isinstance(place.get("approximate"), dict) else {})}  # type: ignore[dict-item]
        named = {key: place[key] for key in ("city", "region", "country", "timezone") if place.get(key)}
        if named:
            settings["user_location"] = {"type": "approximate", **named}
    filters = raw.get("filters")
    domains = filters.get("allowed_domains") if isinstance(filters, dict) else None
    if isinstance(domains, list) and domains:
        settings["allowed_domains"] = domains
    return settings
