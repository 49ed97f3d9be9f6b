"""Codex: a provider in its TOML file, speaking the Responses protocol, with the key in a variable."""

from plexus.cli.clients import Client, ConfigFile, Gateway
from plexus.cli.edits.toml_file import with_values


def _config(text: str, gateway: Gateway) -> str:
    provider = {"name": "Plexus", "base_url": gateway.v1, "env_key": "PLEXUS_API_KEY", "wire_api": "responses"}
    top = {"model": gateway.model, "model_provider": "plexus"}
    return with_values(text, top, ("model_providers", "plexus"), provider)


CLIENT = Client(
    name="codex",
    title="Codex",
    source="https://developers.openai.com/codex/config-sample",
    variables=lambda gateway: {"PLEXUS_API_KEY": gateway.key},
    files=(ConfigFile(path=lambda place: place.folder("CODEX_HOME", ".codex") / "config.toml", edit=_config),),
    variables_beside_files=True,
    example=lambda _: "codex exec 'Say hello'",
)
