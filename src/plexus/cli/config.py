"""`plexus config …`: checks a configuration file, brings it into the database, and writes out what is configured."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from plexus import app
from plexus.settings.file_home import FileHome
from plexus.settings.problems import ConfigurationError

DEFAULT = Path("config/plexus.yaml")


def validate(path: Path) -> bool:
    """Tell whether the file is a good configuration: problems and remarks go to standard error, the verdict is returned."""
    home = FileHome(path, app.known())
    try:
        settings = home.load()
    except ConfigurationError as error:
        count = len(error.problems)
        print(f"{error}\n{path}: refused, {count} problem{'s' if count != 1 else ''}", file=sys.stderr)
        return False
    for notice in home.notices:
        print(f"{notice} [notice]", file=sys.stderr)
    print(f"{path}: ok: {len(settings.providers)} providers, {len(settings.models)} aliases, {len(settings.keys)} keys")
    return True


def file_in_use(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file a gateway started here would read; None when it would take the configuration from the database."""
    named = environ.get("PLEXUS_CONFIG_PATH", "").strip()
    path = Path(named) if named else DEFAULT
    return path if named or path.exists() else None
