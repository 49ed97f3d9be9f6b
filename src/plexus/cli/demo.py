"""What `plexus serve --demo` serves: the simulated provider under its own names, with one well-known key."""

from plexus.settings.schema import Settings

KEY = "sk-plexus-demo"
ADDRESSES = frozenset({"127.0.0.1", "localhost", "::1"})
MODELS = ("demo/chat", "demo/echo", "demo/tools", "demo/thinking", "demo/slow", "demo/flaky", "demo/limits")


def demo_settings() -> Settings:
    """The configuration of the demo."""
    return Settings.model_validate(
        {
            "providers": {"demo": {"type": "demo", "models": list(MODELS), "disable_cooldown": True}},
            "keys": {"demo": {"secret": KEY}},
        }
    )
