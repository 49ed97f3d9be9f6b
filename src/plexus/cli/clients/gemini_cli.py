"""Gemini CLI: variables, or its own `.env` file and the choice of the API key as the way to log in."""

from plexus.cli.clients import Client, ConfigFile, Gateway
from plexus.cli.edits.env_file import with_variables
from plexus.cli.edits.json_file import merged


def _variables(gateway: Gateway) -> dict[str, str]:
    variables = {"GOOGLE_GEMINI_BASE_URL": gateway.url, "GEMINI_API_KEY": gateway.key}
    return variables | ({"GEMINI_MODEL": gateway.model} if gateway.model else {})


CLIENT = Client(
    name="gemini-cli",
    title="Gemini CLI",
    source="https://github.com/google-gemini/gemini-cli/blob/main/docs/reference/configuration.md",
    variables=_variables,
    files=(
        ConfigFile(
            path=lambda place: place.home / ".gemini" / ".env",
            edit=lambda text, gateway: with_variables(text, _variables(gateway)),
        ),
        ConfigFile(
            path=lambda place: place.home / ".gemini" / "settings.json",
            edit=lambda text, _: merged(text, {"security": {"auth": {"selectedType": "gemini-api-key"}}}),
        ),
    ),
    example=lambda _: "gemini -p 'Say hello'",
    needs_model=False,
    remark="Gemini CLI takes plain http only for a gateway on this machine; elsewhere put https before it.",
)
