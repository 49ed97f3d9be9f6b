"""The `${NAME}` and `${NAME:-default}` of a configuration: kept readable by YAML, and filled in from the environment.

`$${` stands for `${` itself. What a reference expands to is a value and never read as YAML again.
"""

import re
from collections.abc import Mapping

_ANY = re.compile(r"(\$?)\$\{([^{}\n]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_YAML = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^{}\n\"']*)?\}")
# YAML reads some of the letters of a reference as its own inside [] and {}. Each is masked by a letter of a private plane.
_MARKS = "{}[],:#"
_MASKS = "".join(chr(0x10FF00 + index) for index in range(len(_MARKS)))
_MASK = str.maketrans(_MARKS, _MASKS)
_UNMASK = str.maketrans(_MASKS, _MARKS)


class BadReference(Exception):  # noqa: N818 - said of one scalar, collected by whoever reads the file
    """A reference cannot be filled in; `message` says why and `fix` what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def masked(text: str) -> str | None:
    """The text of a YAML file with its references made harmless, letter for letter; None when it holds the masks itself."""
    if any(mask in text for mask in _MASKS):
        return None
    return _IN_YAML.sub(lambda match: match[0].translate(_MASK), text) if "${" in text else text


def unmasked(scalar: str) -> str:
    """A scalar of a masked text as it was written."""
    return scalar.translate(_UNMASK)


def expanded(scalar: str, environ: Mapping[str, str]) -> str:
    """The scalar with every reference filled in.

    Raises:
        BadReference: when a name is unset and has no default, is set but empty, or is no name.
    """
    if "${" not in scalar:
        return scalar
    pieces: list[str] = []
    place = 0
    for match in _ANY.finditer(scalar):
        pieces.append(scalar[place : match.start()])
        pieces.append(match[0][1:] if match[1] else _value(match[2], bool(match[3]), environ))
        place = match.end()
    return "".join([*pieces, scalar[place:]])


def names_in(scalar: str) -> list[str]:
    """The environment variables a scalar refers to, in their order."""
    references = (match[2].partition(":-")[0] for match in _ANY.finditer(scalar) if not match[1])
    return [name for name in references if _NAME.fullmatch(name)]


def _value(reference: str, closed: bool, environ: Mapping[str, str]) -> str:
    name, has_default, default = reference.partition(":-")
    if not closed or not _NAME.fullmatch(name):
        raise BadReference(
            "'${' does not begin a reference such as ${NAME}", "close it, or write $${ where ${ itself is meant"
        )
    value = environ.get(name, "")
    if value:
        return value
    if has_default:
        return default
    state = "is set but empty" if name in environ else "is not set"
    raise BadReference(f"the environment variable {name} {state}", f"set it, or write ${{{name}:-default}}")
