"""Qwen Code: the variables of OpenAI clients, or its own `.env` file and OpenAI as the way to log in."""

from plexus.cli.clients import Client, ConfigFile, Gateway
from plexus.cli.edits.env_file import with_variables
from plexus.cli.edits.json_file import merged


def _variables(gateway: Gateway) -> dict[str, str]:
    return {"OPENAI_BASE_URL": gateway.v1, "OPENAI_API_KEY": gateway.key, "OPENAI_MODEL": gateway.model}


CLIENT = Client(
    name="qwen-code",
    title="Qwen Code",
    source="https://qwenlm.github.io/qwen-code-docs/en/cli/authentication",
    variables=_variables,
    files=(
        ConfigFile(
            path=lambda place: place.home / ".qwen" / ".env",
            edit=lambda text, gateway: with_variables(text, _variables(gateway)),
        ),
        ConfigFile(
            path=lambda place: place.home / ".qwen" / "settings.json",
            edit=lambda text, _: merged(text, {"security": {"auth": {"selectedType": "openai"}}}),
        ),
    ),
    example=lambda _: "qwen -p 'Say hello'",
)
