"""The demo's answers besides generated ones, in each protocol's own shape: its models, and a count of tokens."""

from typing import Any

from plexus.demo.models import MODELS

_GEMINI_METHODS = ["generateContent", "streamGenerateContent", "countTokens"]


def listed(protocol: str) -> dict[str, Any]:
    """The list of models."""
    match protocol:
        case "gemini":
            named = [{"name": f"models/{name}", "displayName": f"{name} (simulated)"} for name in MODELS]
            return {"models": [{**entry, "supportedGenerationMethods": _GEMINI_METHODS} for entry in named]}
        case "messages":
            created = "1970-01-01T00:00:00Z"
            entries = [{"type": "model", "id": name, "display_name": name, "created_at": created} for name in MODELS]
            return {"data": entries, "has_more": False, "first_id": entries[0]["id"], "last_id": entries[-1]["id"]}
        case _:
            owned = {"object": "model", "created": 0, "owned_by": "plexus-demo"}
            return {"object": "list", "data": [{"id": name, **owned} for name in MODELS]}


def counted(protocol: str, tokens: int) -> dict[str, Any]:
    """The answer to a counting call."""
    match protocol:
        case "gemini":
            return {"totalTokens": tokens}
        case "responses":
            return {"object": "response.input_tokens", "input_tokens": tokens}
        case _:
            return {"input_tokens": tokens}
