"""Faults of the event stream's bytes: where it is cut, its line ends, its lines and its amount (U40-U46)."""

from collections.abc import Iterator

from tests.harness.faults import Case, Fault, healthy, pieces, stream, told
from tests.harness.wire import LAST_CHUNK, SSE_TYPE, Script, Step, chunk, dumps, head, stream_head

UNICODE = ("汉字", "🙂", "👩‍👩‍👧‍👦", "é", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\ufeff", "end")
"""Characters of two, three and four bytes, and those that some readers take for line ends."""


def _body(case: Case) -> bytes:
    return (
        b"".join(event.frame() for event in case.bodies.events(case.model, [*pieces(), *UNICODE])) + case.bodies.ending
    )


def split_bytes(case: Case) -> Iterator[Step]:
    """Every byte in a chunk and a write of its own."""
    yield Step(stream_head())
    for byte in _body(case):
        yield Step(chunk(bytes([byte])))
    yield Step(LAST_CHUNK)


def split_at(case: Case) -> Script:
    """Two writes, cut at byte N of the body."""
    body = _body(case)
    at = case.n % len(body)
    return [Step(stream_head() + chunk(body[:at])), Step(chunk(body[at:]) + LAST_CHUNK, 0.02)]


def one_piece(case: Case) -> Script:
    """Head and all events in a single write."""
    return [Step(stream_head() + chunk(_body(case)) + LAST_CHUNK)]


def line_ends(*ends: bytes) -> Fault:
    """Events ended by these line ends in turn."""

    def script(case: Case) -> Script:
        events = case.events()
        ending = case.bodies.ending.replace(b"\n", ends[-1])
        return stream([*(event.frame(ends[n % len(ends)]) for n, event in enumerate(events)), ending])

    return script


def crlf_split(case: Case) -> Script:
    """CR and LF of one line end in different chunks."""
    body = b"".join(event.frame(b"\r\n") for event in case.events()) + case.bodies.ending.replace(b"\n", b"\r\n")
    parts = body.split(b"\r\n")
    return stream([parts[0] + b"\r", *(b"\n" + part + b"\r" for part in parts[1:-1]), b"\n" + parts[-1]])


def no_space(case: Case) -> Script:
    """`data:{…}` without the space, and the event's name likewise."""
    return stream([frame.replace(b"data: ", b"data:").replace(b"event: ", b"event:") for frame in case.frames()])


def multi_line(case: Case) -> Script:
    """The JSON of each event over several data lines."""
    frames = [frame.replace(b'{"', b'{\ndata: "', 1) for frame in case.frames()]
    return stream(frames)


def noise(case: Case) -> Script:
    """Ids, retry, unknown fields, fields without colon, and comments in the middle of events."""
    before, after = b"id: 7\nretry: 3000\n: a comment\nunknown: x\nnocolon\n", b"\n: between\n\n\n"
    return stream([before + frame[:-1] + b": inside\n\n" + after if frame else b"" for frame in case.frames()])


def names_after_data(case: Case) -> Script:
    """The event's name behind its data."""
    frames = []
    for event in case.events():
        name = b"event: " + event.name.encode() + b"\n" if event.name else b""
        frames.append(b"data: " + dumps(event.data) + b"\n" + name + b"\n")
    return stream([*frames, case.bodies.ending])


def pings_between(case: Case) -> Script:
    """A comment and an Anthropic ping between all events."""
    ping = b': keep-alive\n\nevent: ping\ndata: {"type": "ping"}\n\n'
    return stream([ping + frame for frame in case.frames()])


def no_blank_at_end(case: Case) -> Script:
    """The last event without the blank line that closes it."""
    body = b"".join(case.frames())
    return stream([body[:-1]])


def unchunked(case: Case) -> Script:
    """A stream with neither length nor chunks; the connection's end is its end."""
    return [Step(head(200, [SSE_TYPE, ("connection", "close")])), Step(b"".join(case.frames()), 0, "close")]


def big_line(case: Case) -> Iterator[Step]:
    """One event whose text has N megabytes, written in pieces."""
    events = case.bodies.events(case.model, ["begin ", "\x00BIG\x00", " end"])
    before, _, after = b"".join(event.frame() for event in events).partition(b"\\u0000BIG\\u0000")
    yield Step(stream_head() + chunk(before))
    for _ in range(max(case.n, 1) * 16):
        yield Step(chunk(b"x" * 65536))
    yield Step(chunk(after.replace(b"\\u0000BIG\\u0000", b"(big)") + case.bodies.ending) + LAST_CHUNK)


def endless_line(case: Case) -> Iterator[Step]:
    """A line that never ends."""
    yield Step(stream_head() + chunk(b'data: {"choices":[{"delta":{"content":"'))
    while True:
        yield Step(chunk(b"x" * 65536))


def endless_head(_: Case) -> Iterator[Step]:
    """Response headers that never end."""
    yield Step(b"HTTP/1.1 200 OK\r\n")
    while True:
        yield Step(b"x-more: " + b"v" * 4096 + b"\r\n")


def endless_body(case: Case) -> Iterator[Step]:
    """A unary body that never ends."""
    yield Step(stream_head((("content-type", "application/json"),)) + chunk(b'{"id":"'))
    while True:
        yield Step(chunk(b"x" * 65536))


def many_events(case: Case) -> Iterator[Step]:
    """N events of one character (a million by name), a hundred to a write."""
    count = case.n or 1_000_000
    events = case.bodies.events(case.model, ["x"])
    at = next((n for n, event in enumerate(events) if '"x"' in dumps(event.data).decode()), case.bodies.opening)
    yield Step(stream_head() + chunk(b"".join(event.frame() for event in events[:at])))
    frame = events[at].frame()
    for done in range(0, count, 100):
        yield Step(chunk(frame * min(100, count - done)))
    yield Step(chunk(b"".join(event.frame() for event in events[at + 1 :]) + case.bodies.ending) + LAST_CHUNK)


def streamed(fault: Fault) -> Fault:
    """The fault for streams; unary requests get the healthy answer."""
    return lambda case: fault(case) if case.streaming else healthy(case)


FAULTS: dict[str, Fault] = {
    "endless-head": endless_head,
    "endless-body": endless_body,
    **{
        name: streamed(fault)
        for name, fault in {
            "split-bytes": split_bytes,
            "split-at-N": split_at,
            "one-piece": one_piece,
            "crlf": line_ends(b"\r\n"),
            "cr": line_ends(b"\r"),
            "mixed-line-ends": line_ends(b"\r\n", b"\r", b"\n"),
            "crlf-split": crlf_split,
            "bom": lambda case: stream([b"\xef\xbb\xbf", *case.frames()]),
            "unicode": lambda case: told(case, case.bodies.events(case.model, UNICODE)),
            "no-space": no_space,
            "multi-line-data": multi_line,
            "noise": noise,
            "names-after-data": names_after_data,
            "pings-between": pings_between,
            "no-blank-at-end": no_blank_at_end,
            "unchunked": unchunked,
            "line-1mb": big_line,
            "line-N-mb": big_line,
            "endless-line": endless_line,
            "million-events": many_events,
            "events-N": many_events,
        }.items()
    },
}
