"""Encoders are total: whatever order events come in, nothing is raised and what is written is a valid stream (U49)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexus.ir.events import Event, ResponseEnd, StreamError
from tests.corpus import replay
from tests.grammar import violations
from tests.laws import generated
from tests.laws.test_round_trips import DEEP, PROTOCOLS, SETTINGS, writing


def written(protocol: str, events: list[Event]) -> bytes:
    encoder = replay.protocols()[protocol].stream_encoder(writing(protocol))
    return b"".join([encoder.encode(replay.deep(event)) for event in events])


def closed(events: list[Event]) -> list[Event]:
    """The same with an ending, which whoever drives an encoder always gives."""
    if any(isinstance(event, ResponseEnd | StreamError) for event in events):
        return events
    return [*events, ResponseEnd(stop_reason="end")]


def complaints(protocol: str, stream: bytes) -> list[str]:
    """Violations; usage may be missing where no event told it."""
    return [line for line in violations(protocol, stream) if not line.startswith("usage")]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(SETTINGS, max_examples=150)
@given(events=generated.any_events)
def test_u49_any_order_of_events_gives_a_valid_stream(protocol: str, events: list[Event]) -> None:
    assert complaints(protocol, written(protocol, closed(events))) == []


@pytest.mark.deep
@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(DEEP, max_examples=20_000)
@given(events=generated.any_events)
def test_u49_any_order_of_events_gives_a_valid_stream_at_length(protocol: str, events: list[Event]) -> None:
    assert complaints(protocol, written(protocol, closed(events))) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@SETTINGS
@given(events=generated.any_events, at=st.integers(0, 13))
def test_a_heartbeat_between_any_events_leaves_the_stream_valid(protocol: str, events: list[Event], at: int) -> None:
    encoder = replay.protocols()[protocol].stream_encoder(writing(protocol))
    stream = []
    for number, event in enumerate(closed(events)):
        stream.append(encoder.encode(replay.deep(event)))
        if number == at and not isinstance(event, ResponseEnd | StreamError):
            stream.append(encoder.heartbeat())
        if isinstance(event, ResponseEnd | StreamError):
            break
    assert complaints(protocol, b"".join(stream)) == []
