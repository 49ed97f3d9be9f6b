"""The body of a token count, made from that of a message: `/messages/count_tokens` refuses what only generation needs.

https://platform.claude.com/docs/en/api/messages/count_tokens
"""

from typing import Any

COUNT_PATH = "/messages/count_tokens"
"""Below the provider's base URL."""

_COUNTED = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "cache_control",
        "context_management",
        "mcp_servers",
        "speed",
    }
)


def counting_body(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of an encoded request that the count takes."""
    return {key: value for key, value in body.items() if key in _COUNTED}
