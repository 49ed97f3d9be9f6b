"""aider: variables, or its YAML file in the home folder. The prefix `openai/` is its own and is not sent."""

from plexus.cli.clients import Client, ConfigFile, Gateway
from plexus.cli.edits.yaml_file import with_keys


def _config(text: str, gateway: Gateway) -> str:
    keys = {"openai-api-base": gateway.v1, "openai-api-key": gateway.key, "model": f"openai/{gateway.model}"}
    return with_keys(text, keys)


CLIENT = Client(
    name="aider",
    title="aider",
    source="https://aider.chat/docs/llms/openai-compat.html",
    variables=lambda gateway: {"OPENAI_API_BASE": gateway.v1, "OPENAI_API_KEY": gateway.key},
    files=(ConfigFile(path=lambda place: place.home / ".aider.conf.yml", edit=_config),),
    example=lambda gateway: f"aider --model openai/{gateway.model} --message 'Say hello'",
)
