"""opencode: a provider of its own in the user's configuration."""

from pathlib import Path

from plexus.cli.clients import Client, ConfigFile, Gateway, Place
from plexus.cli.edits.json_file import merged


def _path(place: Place) -> Path:
    return place.folder("XDG_CONFIG_HOME", ".config") / "opencode" / "opencode.json"


def _config(text: str, gateway: Gateway) -> str:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Plexus",
        "options": {"baseURL": gateway.v1, "apiKey": gateway.key},
        "models": {gateway.model: {"name": gateway.model}},
    }
    changes = {"provider": {"plexus": provider}, "model": f"plexus/{gateway.model}"}
    return merged(text, changes if text.strip() else {"$schema": "https://opencode.ai/config.json", **changes})


CLIENT = Client(
    name="opencode",
    title="opencode",
    source="https://opencode.ai/docs/providers/",
    variables=lambda _: {},
    files=(ConfigFile(path=_path, edit=_config),),
    example=lambda gateway: f"opencode run --model plexus/{gateway.model} 'Say hello'",
)
