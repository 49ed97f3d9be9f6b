"""The keys that are checked and kept but that nothing acts on yet. A row goes when the work that needs it is done.

Whoever sets one is told: a quota that is not enforced must not look as if it were.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from plexus.settings.problems import Finding, Path

NOT_YET = frozenset(
    {
        "providers.<name>.display_name",
        "providers.<name>.estimate_tokens",
        "providers.<name>.allow_100_percent_utilization",
        "providers.<name>.quota_checker",
        "providers.<name>.raw_passthrough",
        "models.<name>.display_name",
        "models.<name>.type",
        "models.<name>.preferred_api",
        "models.<name>.extra_body",
        "models.<name>.vision_fallthrough",
        "models.<name>.enforce_limits",
        "models.<name>.context_window",
        "models.<name>.max_output",
        "keys.<name>.allow_raw_passthrough",
        "mcp_servers",
        "vision_fallthrough",
    }
)


def remarks(settings: BaseModel) -> list[Finding]:
    """One remark for each of these keys that is given a meaning in the settings, at the first place where it is."""
    said: dict[str, Finding] = {}
    for pattern, path in _given(settings, "", ()):
        if pattern not in said:
            said[pattern] = Finding(path, "is read but not acted on yet", about_key=True)
    return list(said.values())


def later(pattern: str) -> bool:
    """Whether the key of this pattern, or one it lies in, is among them."""
    steps = pattern.split(".")
    return any(".".join(steps[:length]).removesuffix("[]") in NOT_YET for length in range(1, len(steps) + 1))


def _given(part: BaseModel, pattern: str, path: Path) -> Iterator[tuple[str, Path]]:
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        here = f"{pattern}{name}"
        if name not in part.model_fields_set or value == field.get_default(call_default_factory=True):
            continue
        if here in NOT_YET:
            yield here, (*path, name)
        else:
            yield from _inside(value, here, (*path, name))


def _inside(value: Any, pattern: str, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, BaseModel):
        yield from _given(value, f"{pattern}.", path)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, BaseModel):
                yield from _given(inner, f"{pattern}.<name>.", (*path, name))
