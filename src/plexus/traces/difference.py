"""Two answers to one request held against each other by what they amount to, not word by word."""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from plexus.core.json import JSONError, loads
from plexus.ir.chat import ChatResponse
from plexus.ir.parts import Text, ToolCall


class Outcome(Struct, frozen=True, kw_only=True):
    """How one request ended. None where it is not known; times in milliseconds, cost in USD."""

    status: str
    """As in a usage row: ok, error, timeout …"""
    http_status: int
    provider: str
    model: str
    response: ChatResponse | None
    """None when there was no answer, or it was not kept whole."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: Decimal | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    error: str | None = None


def difference(first: Outcome, second: Outcome) -> dict[str, Any]:
    """For each aspect what either says, and whether they agree; numbers are given as the second minus the first."""
    calls = _calls(first), _calls(second)
    names = [None if of is None else [call.name for call in of] for of in calls]
    return {
        "status": _pair(first.status, second.status),
        "finish_reason": _pair(*[of.response.stop_reason if of.response else None for of in (first, second)]),
        "text_length": _change(_length(first), _length(second)),
        "tool_calls": {**_pair(*names), "arguments_same": _same_arguments(*calls)},
        "input_tokens": _change(first.input_tokens, second.input_tokens),
        "output_tokens": _change(first.output_tokens, second.output_tokens),
        "cost": _change(first.cost, second.cost),
        "ttft_ms": _change(first.ttft_ms, second.ttft_ms),
        "duration_ms": _change(first.duration_ms, second.duration_ms),
    }


def _pair(first: Any, second: Any) -> dict[str, Any]:
    return {"first": first, "second": second, "same": first == second}


def _change(first: Any, second: Any) -> dict[str, Any]:
    change = second - first if first is not None and second is not None else None
    return {name: _plain(value) for name, value in {"first": first, "second": second, "change": change}.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return round(value, 3) if isinstance(value, float) else value


def _length(outcome: Outcome) -> int | None:
    if outcome.response is None:
        return None
    return sum(len(part.text) for part in outcome.response.parts if isinstance(part, Text))


def _calls(outcome: Outcome) -> list[ToolCall] | None:
    if outcome.response is None:
        return None
    return [part for part in outcome.response.parts if isinstance(part, ToolCall)]


def _same_arguments(first: list[ToolCall] | None, second: list[ToolCall] | None) -> bool | None:
    """Whether the calls are of the same tools with equal arguments, however those are written."""
    if first is None or second is None:
        return None
    return [(call.name, _value(call)) for call in first] == [(call.name, _value(call)) for call in second]


def _value(call: ToolCall) -> Any:
    try:
        return loads(call.arguments)
    except JSONError:
        return call.arguments
