"""Decoders are total: whatever an upstream sends, nothing is raised and the events are well-formed (U47, U48, U49, U50, U51)."""

import json
import random
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexus.core.sse import Frame
from plexus.ir.errors import InvalidAnswer
from plexus.ir.events import Event, ResponseEnd
from tests.corpus import replay
from tests.corpus.recordings import Recording
from tests.laws.generated import json_values
from tests.laws.streams import cut, golden_streams, protocol_of, wrong_events
from tests.laws.test_any_events import complaints, written
from tests.laws.test_round_trips import PROTOCOLS, SETTINGS, reading

STRANGE: list[Any] = [
    None,
    True,
    -1,
    0.5,
    2**63,
    10**400,
    "",
    "x",
    "\x00",
    [],
    {},
    [None],
    {"a": None},
    [[]],
    "😀",
    "\ufffd",
]
BROKEN = [
    b"",
    b"{",
    b"{}{}",
    b"[1,]",
    b"NaN",
    b'{"a":NaN}',
    b"\xff\xfe",
    b'"\\ud800"',
    b'{"a":"\\ud800"}',
    b"null",
    b"[DONE]",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += places(inner, (*path, number))
    return found


def broken(frame: Frame, source: random.Random) -> Frame:
    """The frame with one value replaced by something strange, taken out, or no JSON at all."""
    try:
        value = json.loads(frame.data)
    except ValueError:
        return Frame(frame.event, source.choice(BROKEN))
    where = places(value)
    if not where or source.random() < 0.1:
        return Frame(source.choice([frame.event, "", "x"]), source.choice(BROKEN))
    *steps, last = source.choice(where)
    here = value
    for step in steps:
        here = here[step]
    if isinstance(here, dict) and source.random() < 0.3:
        del here[last]
    else:
        here[last] = source.choice(STRANGE)
    return Frame(frame.event, json.dumps(value).encode())


def mangled(frames: list[Frame], source: random.Random) -> list[Frame]:
    """The stream with frames broken, doubled, dropped or swapped."""
    frames = list(frames)
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(frames))
        match source.randrange(5):
            case 0:
                frames.insert(at, frames[at])
            case 1 if len(frames) > 1:
                frames.pop(at)
            case 2:
                other = source.randrange(len(frames))
                frames[at], frames[other] = frames[other], frames[at]
            case _:
                frames[at] = broken(frames[at], source)
    return frames


def check(recording: Recording, frames: list[Frame]) -> None:
    events = replay.decode_stream(protocol_of(recording), replay.reading(recording), frames)
    assert wrong_events(events) == []
    for client in PROTOCOLS:
        stream = written(client, events)
        if client == recording.protocol:
            continue  # the product passes the bytes through; what is strange goes back as it came
        assert complaints(client, stream) == []


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """A number in a frame must not become a list of that length: half a gigabyte beyond what is there, no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) if Path("/proc/self/statm").exists() else 0
    )
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 512 * 1024 * 1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def run(seed: int, rounds: int) -> None:
    source = random.Random(seed)
    streams = [(recording, cut([recording.response_body.encode()])) for recording in golden_streams()]
    streams = [(recording, frames) for recording, frames in streams if len(frames) < 120]
    for number in range(rounds):
        recording, frames = source.choice(streams)
        changed = mangled(frames, source)
        try:
            check(recording, changed)
        except BaseException as error:
            error.add_note(f"{recording.id}, seed {seed}, round {number}")
            raise


def test_u47_u49_a_mangled_stream_raises_nothing_and_stays_well_formed() -> None:
    run(seed=7, rounds=400)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(20))
def test_u47_u49_a_mangled_stream_raises_nothing_at_length(seed: int) -> None:
    run(seed=100 + seed, rounds=5_000)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(SETTINGS, max_examples=200)
@given(
    frames=st.lists(st.tuples(st.sampled_from(["", "x", "message_start", "response.created"]), json_values), max_size=6)
)
def test_u48_any_json_at_all_is_survived(protocol: str, frames: list[tuple[str, Any]]) -> None:
    given_frames = [Frame(event, json.dumps(value).encode()) for event, value in frames]
    events = replay.decode_stream(replay.protocols()[protocol], reading(protocol), given_frames)
    assert wrong_events(events) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("data", BROKEN)
def test_u47_a_broken_event_is_survived(protocol: str, data: bytes) -> None:
    for recording in golden_streams():
        if recording.protocol == protocol:
            frames = cut([recording.response_body.encode()])
            check(recording, [frames[0], Frame("", data), *frames[1:]])


COUNTS: list[Any] = [None, "7", -5, 1.5, 2**63, 10**30, True, [], {}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("count", COUNTS, ids=repr)
def test_u51_strange_counts_are_never_negative_and_no_detail_exceeds_its_total(protocol: str, count: Any) -> None:
    for recording in golden_streams():
        if recording.protocol != protocol:
            continue
        frames = [recounted(frame, count) for frame in cut([recording.response_body.encode()])]
        events: list[Event] = replay.decode_stream(protocol_of(recording), replay.reading(recording), frames)
        for event in events:
            if isinstance(event, ResponseEnd) and event.usage is not None:
                usage = event.usage
                told = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning]
                assert all(value is None or (type(value) is int and value >= 0) for value in told), recording.id
                assert (usage.reasoning or 0) <= (usage.output or 0), recording.id
        for client in set(PROTOCOLS) - {protocol}:
            assert complaints(client, written(client, events)) == [], recording.id


def recounted(frame: Frame, count: Any) -> Frame:
    """The frame with every token count replaced."""
    try:
        value = json.loads(frame.data)
    except ValueError:
        return frame
    for path in places(value):
        here = value
        for step in path[:-1]:
            here = here[step]
        name = str(path[-1]).lower()
        if isinstance(here[path[-1]], int) and ("token" in name):
            here[path[-1]] = count
    return Frame(frame.event, json.dumps(value).encode())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(SETTINGS, max_examples=200)
@given(
    body=st.dictionaries(
        st.sampled_from(["id", "choices", "content", "output", "candidates", "usage", "type"]), json_values
    )
)
def test_043_any_object_with_status_200_is_an_answer_or_an_invalid_answer(protocol: str, body: dict[str, Any]) -> None:
    plug = replay.protocols()[protocol]
    try:
        plug.decode_response(body, reading(protocol))
    except InvalidAnswer:
        return
