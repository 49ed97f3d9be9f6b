"""Variables set in a `.env` file."""

import re
from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,~=-]+")


def with_variables(text: str, variables: Mapping[str, str]) -> str:
    """The file with these variables: the line that sets one is replaced, others are added at the end."""
    lines = text.splitlines()
    for name, value in variables.items():
        written = f"{name}={_quoted(value)}"
        setting = re.compile(rf"\s*(?:export\s+)?{re.escape(name)}\s*=")
        places = [index for index, line in enumerate(lines) if setting.match(line)]
        if places:
            lines[places[0]] = written
            lines = [line for index, line in enumerate(lines) if index not in places[1:]]
        else:
            lines.append(written)
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else "'" + value.replace("'", "'\\''") + "'"
