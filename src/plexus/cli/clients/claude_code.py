"""Claude Code: variables, or the `env` block of its user settings, which win over the shell."""

from plexus.cli.clients import Client, ConfigFile, Gateway
from plexus.cli.edits.json_file import merged


def _variables(gateway: Gateway) -> dict[str, str]:
    variables = {"ANTHROPIC_BASE_URL": gateway.url, "ANTHROPIC_AUTH_TOKEN": gateway.key}
    if gateway.model:
        # the background tasks ask for the small model of the family: without this they ask for one by Anthropic's name
        variables |= {"ANTHROPIC_MODEL": gateway.model, "ANTHROPIC_DEFAULT_HAIKU_MODEL": gateway.model}
    return variables


def _settings(text: str, gateway: Gateway) -> str:
    # a second credential beside the token would be sent too, and two different ones are refused
    return merged(text, {"env": _variables(gateway)}, without=(("env", "ANTHROPIC_API_KEY"),))


CLIENT = Client(
    name="claude-code",
    title="Claude Code",
    source="https://code.claude.com/docs/en/llm-gateway",
    variables=_variables,
    files=(
        ConfigFile(path=lambda place: place.folder("CLAUDE_CONFIG_DIR", ".claude") / "settings.json", edit=_settings),
    ),
    example=lambda _: "claude -p 'Say hello'",
    needs_model=False,
    remark="Unset ANTHROPIC_API_KEY in your shell: Claude Code would send it beside the token.",
)
