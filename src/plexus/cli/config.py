"""`plexus config …`: looks at configuration files without serving them."""

import sys
from pathlib import Path

from plexus import app
from plexus.settings.file_home import FileHome
from plexus.settings.problems import ConfigurationError


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
