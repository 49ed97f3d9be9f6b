"""What an answer says beside its parts: endings of candidates, times, and the fields kept for a client of Gemini's own."""

from datetime import UTC, datetime
from typing import Any

from plexus.ir.chat import StopReason
from plexus.protocols.gemini.citations import merged_grounds, merged_quotes
from plexus.protocols.gemini.protojson import Wire, fields_of
from plexus.protocols.gemini.stops import finish_name, read_stop, write_stop

_ANSWER = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId", "createTime"})
_CANDIDATE = frozenset({"content", "index", "finishReason", "logprobsResult"})
OWN_EXTRAS = frozenset({"candidates", "promptFeedback", "modelStatus", "turnToken"})
"""Extras that only an answer of Gemini's has: where a stream was folded, the answer's protocol is not told."""


class Ending:
    """How one candidate ended so far, and its fields without a canonical place."""

    __slots__ = ("called", "extras", "nameless", "reason")

    def __init__(self) -> None:
        """Not ended."""
        self.reason = ""
        self.called = False
        self.nameless = False
        """Whether there was a call of nobody knows which function."""
        self.extras: Wire = {}

    def kept(self) -> Wire:
        """The candidate's extras, with its finish reason when the canonical stop reason does not say it."""
        stop = read_stop_of(self)
        if self.reason and write_stop(stop) != self.reason:
            return {**self.extras, "finishReason": self.reason}
        return self.extras


def read_stop_of(ending: Ending) -> StopReason | None:
    """The stop reason of a candidate, "tool_use" when calls were made and it ended well."""
    stop = read_stop(ending.reason, called=ending.called)
    return "malformed_tool_call" if ending.nameless and stop in {None, "end", "tool_use"} else stop


def rest_of_candidate(candidate: Wire, ending: Ending) -> None:
    """Take in what a chunk says of its candidate beside the content; the last word stands."""
    reason = finish_name(candidate.get("finishReason"))
    if reason:
        ending.reason = reason
    for key in candidate.keys() - _CANDIDATE:
        old, new = ending.extras.get(key), candidate[key]
        ending.extras[key] = _merged(key, old, new) if isinstance(old, dict) and isinstance(new, dict) else new


def _merged(key: str, old: Wire, new: Wire) -> Wire:
    """The later object over the earlier; sources are collected."""
    if key == "citationMetadata":
        return merged_quotes(old, new)
    return merged_grounds(old, new) if key == "groundingMetadata" else {**old, **new}


def rest_of_answer(body: Wire) -> Wire:
    """The answer's top-level fields without a canonical place."""
    wire = fields_of(body)
    return {key: wire[key] for key in wire.keys() - _ANSWER}


def is_blocked(extras: Wire) -> bool:
    """Whether the prompt was blocked, so that there is no answer: an empty `promptFeedback` says nothing."""
    feedback = extras.get("promptFeedback")
    return isinstance(feedback, dict) and bool(fields_of(feedback).get("blockReason"))


def created_of(value: Any) -> int:
    """Seconds since the epoch of an RFC 3339 time; 0 when there is none."""
    if not isinstance(value, str):
        return 0
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return 0


def time_of(created: int) -> str:
    """The RFC 3339 time of seconds since the epoch."""
    return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
