"""Faults inside events and bodies: bad JSON, bad text, disorder, odd tool ids, odd usage, leaks (U47-U51, U53, U55, U57)."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from tests.harness.bodies import Call, Event
from tests.harness.faults import TEXT, Case, Fault, answered, pieces, stream, told
from tests.harness.wire import Script, dumps, sse

WEATHER = Call("call_fu1", "get_weather", '{"city":"Paris","days":2}')
TIME = Call("call_fu2", "get_time", '{"zone":"Europe/Paris"}')
Edit = Callable[[list[Event]], list[Event]]


def inserted(*frames: bytes) -> Fault:
    """The healthy stream with these bytes in its middle; unary requests get them instead of JSON."""

    def script(case: Case) -> Script:
        if not case.streaming:
            return answered(frames[0].removeprefix(b"data: ").strip())
        told_frames = case.frames()
        at = case.bodies.opening + 3
        return stream([*told_frames[:at], *frames, *told_frames[at:]])

    return script


def rewritten(old: bytes, new: bytes) -> Fault:
    """The healthy answer with bytes of its body replaced; "hello" stands once in the text."""

    def script(case: Case) -> Script:
        if not case.streaming:
            return answered(dumps(case.unary()).replace(old, new))
        return stream([frame.replace(old, new) for frame in case.frames()])

    return script


def disordered(edit: Edit) -> Fault:
    """The healthy stream with its events edited; unary answers stay healthy."""
    return lambda case: told(case, edit(case.events())) if case.streaming else answered(case.unary())


def calling(calls: Sequence[Call]) -> Fault:
    """A healthy answer with these tool calls."""

    def script(case: Case) -> Script:
        if case.streaming:
            return told(case, case.bodies.call_events(case.model, calls))
        return answered(case.bodies.unary_calls(case.model, calls))

    return script


def disordered_calls(edit: Edit) -> Fault:
    """A stream with two tool calls and its events edited."""

    def script(case: Case) -> Script:
        if not case.streaming:
            return calling([WEATHER, TIME])(case)
        return told(case, edit(case.bodies.call_events(case.model, [WEATHER, TIME])))

    return script


def edited_usage(edit: Callable[[dict[str, Any]], Any]) -> Fault:
    """The healthy answer with every usage object in it replaced by what `edit` makes of it."""

    def walk(value: Any, names: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [walk(item, names) for item in value]
        if not isinstance(value, dict):
            return value
        changed = {k: edit(v) if k in names and isinstance(v, dict) else walk(v, names) for k, v in value.items()}
        return {key: item for key, item in changed.items() if item != "\0gone"}

    def script(case: Case) -> Script:
        names = case.bodies.usage_names
        if not case.streaming:
            return answered(walk(case.unary(), names))
        return told(case, [Event(event.name, walk(event.data, names)) for event in case.events()])

    return script


def each_number(value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Usage with every number replaced by this value."""
    return lambda usage: {key: value if isinstance(old, int) else old for key, old in usage.items()}


def set_keys(value: Any, names: frozenset[str], new: Any) -> Any:
    """A copy in which these keys have this value, at any depth."""
    if isinstance(value, list):
        return [set_keys(item, names, new) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: new if key in names else set_keys(item, names, new) for key, item in value.items()}


def _gap(events: list[Event]) -> list[Event]:
    return [Event(event.name, set_keys(event.data, frozenset({"index", "output_index"}), 5)) for event in events]


def _twice(events: list[Event]) -> list[Event]:
    return [*events[:-1], *copy.deepcopy(events[-3:])]


def key_echo(case: Case) -> Script:
    """The answer repeats the credential it was sent."""
    text = f"Your key is {case.received.credential}."
    return (
        told(case, case.bodies.events(case.model, [text]))
        if case.streaming
        else answered(case.bodies.unary(case.model, text))
    )


def key_in_error(case: Case) -> Script:
    """A 401 whose message repeats the credential."""
    return answered(case.bodies.error(401, f"Incorrect API key provided: {case.received.credential}."), 401)


def after_done(case: Case) -> Script:
    """More events after the ending, and a second ending."""
    late = case.bodies.events(case.model, ["LATE"])
    return stream([*case.frames(), *(event.frame() for event in late), case.bodies.ending, case.bodies.ending])


def created(at: int) -> Fault:
    """The healthy answer with this time of creation."""

    def script(case: Case) -> Script:
        names = frozenset({"created", "created_at"})
        if not case.streaming:
            return answered(set_keys(case.unary(), names, at))
        return told(case, [Event(event.name, set_keys(event.data, names, at)) for event in case.events()])

    return script


LATIN = b"hello"
FAULTS: dict[str, Fault] = {
    "event-invalid-json": inserted(b"data: {not json}\n\n"),
    "event-half-json": inserted(b'data: {"choices":[{"delta":{"con\n\n'),
    "event-concatenated": inserted(b"data: {}{}\n\n"),
    "event-nan": inserted(b'data: {"a":NaN}\n\n'),
    "event-trailing-comma": inserted(b'data: {"a":1,}\n\n'),
    "event-null": inserted(b"data: null\n\n"),
    "event-array": inserted(b"data: []\n\n"),
    "event-number": inserted(b"data: 5\n\n"),
    "event-empty": inserted(b"data: \n\n"),
    "event-empty-object": inserted(b"data: {}\n\n"),
    "event-unknown": inserted(sse(dumps({"type": "something_new", "value": 1}), "something_new")),
    "event-deep": inserted(b"data: " + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n\n"),
    "event-wrong-types": inserted(sse(b'{"type":7,"choices":5,"candidates":"x","delta":[],"response":1,"usage":"y"}')),
    "text-invalid-utf8": rewritten(LATIN, b"he\xff\xfello"),
    "text-lone-surrogate": rewritten(LATIN, rb"he\ud800llo"),
    "text-split-pair": rewritten(LATIN, rb"\ud83d\ude42"),
    "text-nul": rewritten(LATIN, rb"he\u0000llo"),
    "order-no-start": disordered(lambda events: events[1:]),
    "order-two-starts": disordered(lambda events: [events[0], *events]),
    "order-no-stop": disordered(lambda events: events[:-1]),
    "order-reversed": disordered(lambda events: events[::-1]),
    "order-content-first": disordered(lambda events: [events[2], events[0], events[1], *events[3:]]),
    "order-index-gap": disordered(_gap),
    "order-end-twice": disordered(_twice),
    "order-calls-reversed": disordered_calls(lambda events: [events[0], *events[1:-2][::-1], *events[-2:]]),
    "order-calls-index-same": disordered_calls(_gap),
    "order-calls-no-start": disordered_calls(lambda events: [events[0], *events[2:]]),
    "tool-one": calling([WEATHER]),
    "tool-two": calling([WEATHER, TIME]),
    "tool-same-ids": calling([WEATHER, TIME._replace(id=WEATHER.id)]),
    "tool-empty-ids": calling([WEATHER._replace(id=""), TIME._replace(id="")]),
    "tool-space-ids": calling([WEATHER._replace(id="call 1/ä"), TIME._replace(id="call 2/ä")]),
    "tool-long-ids": calling([WEATHER._replace(id="c" * 500), TIME._replace(id="d" * 500)]),
    "tool-no-arguments": calling([WEATHER._replace(arguments="{}")]),
    "tool-unknown-name": calling([WEATHER._replace(name="no such tool!")]),
    "usage-missing": edited_usage(lambda _: "\0gone"),
    "usage-null": edited_usage(lambda _: None),
    "usage-empty": edited_usage(lambda _: {}),
    "usage-string-object": edited_usage(lambda _: "many"),
    "usage-negative": edited_usage(each_number(-5)),
    "usage-strings": edited_usage(each_number("12")),
    "usage-floats": edited_usage(each_number(12.5)),
    "usage-nulls": edited_usage(each_number(None)),
    "usage-huge": edited_usage(each_number(2**63)),
    "data-after-done": after_done,
    "key-echo": key_echo,
    "key-in-error": key_in_error,
    "created-1970": created(0),
    "created-2100": created(4_102_444_800),
    "long-stream": lambda case: told(case, case.bodies.events(case.model, pieces(2000))),
    "no-text": lambda case: answered(case.bodies.unary(case.model, "")),
    "text-only": lambda case: answered(case.bodies.unary(case.model, TEXT)),
}
