"""What pydantic found wrong, said so that the writer of the file can act on it."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from plexus.settings.outline import WRITTEN_FORMS, fields_below
from plexus.settings.problems import Finding, Path

_PRICING_SOURCES = {"simple", "tiered", "per_request", "openrouter"}
_SAYINGS: dict[str, tuple[str, str]] = {
    "string_type": ("must be text", "write it in quotes"),
    "bool_parsing": ("must be true or false", ""),
    "bool_type": ("must be true or false", ""),
    "int_parsing": ("must be a whole number", ""),
    "int_type": ("must be a whole number", ""),
    "int_from_float": ("must be a whole number", ""),
    "float_parsing": ("must be a number", ""),
    "float_type": ("must be a number", ""),
    "decimal_parsing": ("must be a number", ""),
    "decimal_type": ("must be a number", ""),
    "tuple_type": ("must be a list", "write it like [a, b]"),
    "mapping_type": ("must be a map", "write it like {name: …}"),
    "dict_type": ("must be a map", "write it like {name: …}"),
    "model_type": ("must be a map of settings", "write it like {key: value}"),
    "model_attributes_type": ("must be a map of settings", "write it like {key: value}"),
    "too_short": ("is empty", "put at least one into it"),
}


def close(word: str, known: Mapping[str, Any] | set[str] | frozenset[str] | list[str]) -> str:
    """`did you mean "x"?`, or nothing when no known word is like it."""
    found = get_close_matches(word, [*known], n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""


def findings(error: ValidationError, top: type[BaseModel]) -> list[Finding]:
    """One finding for each thing wrong; values are never quoted, since they may be secrets."""
    entries = error.errors(include_url=False, include_input=False)
    # a list whose entries are all wrong is called too short as well
    inside = {entry["loc"][:length] for entry in entries for length in range(len(entry["loc"]))}
    return [_finding(entry, top) for entry in entries if entry["type"] != "too_short" or entry["loc"] not in inside]


def _finding(entry: Any, top: type[BaseModel]) -> Finding:
    path = _path(entry["loc"])
    kind, context = entry["type"], entry.get("ctx", {})
    if kind in _SAYINGS:
        message, fix = _SAYINGS[kind]
        return Finding(path, message, fix)
    tell: Callable[[Path, str, Mapping[str, Any], type[BaseModel]], Finding] = _TELLERS.get(kind, _other)
    return tell(path, entry["msg"], context, top)


def _unknown(path: Path, _said: str, _context: Mapping[str, Any], top: type[BaseModel]) -> Finding:
    fields = {*fields_below(top, path[:-1])}
    written = {form.rpartition(".")[2] for form, means in WRITTEN_FORMS.items() if means in fields}
    if path[-1] in written:
        said = f"{path[-1]!r} stands beside target_groups, where it belongs inside"
        return Finding(path, said, "keep either targets and selector, or target_groups", about_key=True)
    fix = close(str(path[-1]), fields | written) or f"known here: {', '.join(sorted(fields | written))}"
    return Finding(path, f"unknown key {str(path[-1])!r}", fix, about_key=True)


def _missing(path: Path, _said: str, _context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    if path[-1] == "target_groups":
        return Finding(path[:-1], "has no targets", "add targets: [{provider: …, model: …}]", about_key=True)
    return Finding(path, "is missing", f"add {path[-1]}: …", about_key=True)


def _wrong(path: Path, said: str, context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    return Finding((*path, *context.get("at", ())), said, context.get("fix", ""))


def _choice(path: Path, _said: str, context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    return Finding(path, "is not one of the words allowed", f"use {context.get('expected', '')}")


def _source(path: Path, _said: str, _context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    return Finding((*path, "source"), "unknown source of prices", "use simple, tiered, per_request or openrouter")


def _date(path: Path, _said: str, _context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    return Finding(path, "must be a time", "write it like 2027-01-31T00:00:00Z")


def _other(path: Path, said: str, _context: Mapping[str, Any], _top: type[BaseModel]) -> Finding:
    plain = said.removeprefix("Input should be ")
    return Finding(path, f"must be {plain}" if plain != said else said)


_TELLERS: dict[str, Callable[[Path, str, Mapping[str, Any], type[BaseModel]], Finding]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "wrong": _wrong,
    "literal_error": _choice,
    "union_tag_invalid": _source,
    "datetime_from_date_parsing": _date,
    "datetime_parsing": _date,
    "datetime_type": _date,
}


def _path(location: tuple[str | int, ...]) -> Path:
    """Pydantic's location without the steps that are its own: the chosen kind of pricing, and the mark of a map's key."""
    steps: list[str | int] = []
    for step in location:
        own = steps and steps[-1] == "pricing" and step in _PRICING_SOURCES
        if step != "[key]" and not own:
            steps.append(step)
    return tuple(steps)
