"""What the tests ask for through every package: one tool, one schema, one long text."""

from typing import Any

from pydantic import BaseModel

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where"}},
    "required": ["city"],
    "additionalProperties": False,
}
ONE_CALL = "What is the weather?"
TWO_CALLS = "What is the weather in both places?"
SUNNY = "sunny, 21 degrees"
LONG = " ".join(f"word{n}" for n in range(60))
"""Sixty tokens for the demo, which counts words."""


class City(BaseModel):
    """A structured answer."""

    city: str
    population: int


def token_count(texts: list[str]) -> int:
    """The tokens the demo counts for these texts."""
    return sum(len(text.split()) for text in texts)
