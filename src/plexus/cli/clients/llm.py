"""llm: a model in its list of extra models, and the key in its key file."""

from pathlib import Path

from plexus.cli.clients import Client, ConfigFile, Gateway, Place
from plexus.cli.edits.json_file import merged
from plexus.cli.edits.yaml_file import with_entry

_FOLDER = "io.datasette.llm"


def _folder(place: Place) -> Path:
    if "LLM_USER_PATH" in place.environ:
        return Path(place.environ["LLM_USER_PATH"])
    if place.platform == "darwin":
        return place.home / "Library" / "Application Support" / _FOLDER
    if place.platform == "win32":
        return place.folder("APPDATA", "AppData/Roaming") / _FOLDER
    return place.folder("XDG_CONFIG_HOME", ".config") / _FOLDER


def _models(text: str, gateway: Gateway) -> str:
    entry = {
        "model_id": f"plexus/{gateway.model}",
        "model_name": gateway.model,
        "api_base": gateway.v1,
        "api_key_name": "plexus",
    }
    return with_entry(text, entry, by="model_id")


CLIENT = Client(
    name="llm",
    title="llm",
    source="https://llm.datasette.io/en/stable/other-models.html",
    variables=lambda _: {},
    files=(
        ConfigFile(path=lambda place: _folder(place) / "extra-openai-models.yaml", edit=_models),
        ConfigFile(
            path=lambda place: _folder(place) / "keys.json",
            edit=lambda text, gateway: merged(text, {"plexus": gateway.key}),
        ),
    ),
    example=lambda gateway: f"llm -m plexus/{gateway.model} 'Say hello'",
)
