"""Cuts a stream into frames, strictly: only what the documents show may be on the wire. Shared by the four validators."""

import json
import typing
import warnings
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError


class Frame(NamedTuple):
    """One event with its name and data as sent, and the JSON value (None when it is none)."""

    event: str
    data: str
    value: Any


class Complaints:
    """Collects violations."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, rule: str, detail: Any = "") -> None:
        """Note a violation of `rule`."""
        self.lines.append(f"{rule}: {str(detail)[:200]}")

    def expect(self, holds: object, rule: str, detail: Any = "") -> None:
        """Note a violation unless `holds`."""
        if not holds:
            self.say(rule, detail)

    def typed(self, adapter: TypeAdapter[Any] | None, value: Any, rule: str = "type") -> None:
        """Note where the vendor's SDK type refuses the value; no type at all is a kind of event nobody knows."""
        if adapter is None:
            self.say("unknown event", value.get("type"))
            return
        try:
            with warnings.catch_warnings(record=True) as noted:  # google-genai warns of an unknown enum value
                warnings.simplefilter("always")
                adapter.validate_python(value)
            for warning in noted:
                self.say(rule, warning.message)
        except ValidationError as error:
            for one in error.errors()[:4]:
                place = ".".join(str(step) for step in one["loc"])
                if place.endswith("error.code") and isinstance(one["input"], str):
                    continue  # OpenAI sends more codes than its types list
                self.say(rule, f"{place} {one['msg']}")


def by_type(union: Any) -> dict[str, TypeAdapter[Any]]:
    """The members of a discriminated union by the value of their `type`, so that what is wrong is named exactly."""
    members = typing.get_args(typing.get_args(union)[0])
    found: dict[str, TypeAdapter[Any]] = {}
    for member in members:
        for name in typing.get_args(member.model_fields["type"].annotation):
            found[name] = TypeAdapter(member)
    return found


def frames(stream: bytes, complain: Complaints) -> list[Frame]:
    """The frames of a stream. Bytes that are no UTF-8, lines of unknown fields and an unclosed last event are noted."""
    try:
        text = stream.decode()
    except UnicodeDecodeError as error:
        complain.say("utf-8", error)
        text = stream.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and not text.endswith("\n\n"):
        complain.say("closed", "the last event has no blank line after it")
    found = []
    for block in text.split("\n\n"):
        event, data = "", []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                event = value
            elif name == "data":
                data.append(value)
            elif line and name:
                complain.say("field", line[:60])
        if data:
            joined = "\n".join(data)
            found.append(Frame(event, joined, _json(joined)))
        elif event:
            complain.say("data", f"event {event} has no data")
    return found


def _json(data: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
