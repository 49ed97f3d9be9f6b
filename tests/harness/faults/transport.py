"""Faults of the connection: silence, hanging, dribbling, resets and early ends (U03-U10, U16, U35, U39)."""

from collections.abc import Iterator

from tests.harness.faults import Case, Fault, answered, healthy
from tests.harness.wire import LAST_CHUNK, SSE_TYPE, Script, Step, chunk, head, stream_head

SOON = 0.02
"""Time for the bytes before a reset to arrive: a reset may overtake them."""


def silent(_: Case) -> Script:
    """Accepts the request and never sends a byte."""
    return [Step(action="hang")]


def hang_after_headers(case: Case) -> Script:
    """Sends the head, then nothing."""
    return [Step(case.headed()[0], 0, "hang")]


def _cut(case: Case, last: Step) -> Iterator[Step]:
    start, parts = case.headed(max(case.n + 2, 7))
    yield Step(start)
    for part in parts[: min(case.n, len(parts) - 1)]:
        yield Step(part)
    yield last


def hang_after(case: Case) -> Script:
    """Sends N events (or slices of a unary body), then nothing."""
    return _cut(case, Step(action="hang"))


def reset_after(case: Case) -> Script:
    """Sends N events (or slices), then RST."""
    return _cut(case, Step(b"", SOON, "reset"))


def fin_after(case: Case) -> Script:
    """Sends N events (or slices), then closes the connection."""
    return _cut(case, Step(action="close"))


def half_close_after(case: Case) -> Script:
    """Sends N events (or slices), ends its sending side and keeps the connection."""
    yield from _cut(case, Step(action="half-close"))
    yield Step(action="hang")


def cut_after(case: Case) -> Script:
    """Sends N events, then ends the body in good order: only the protocol's own ending is missing."""
    if not case.streaming:
        return fin_after(case)
    return _cut(case, Step(LAST_CHUNK))


def before_headers(case: Case) -> Script:
    """RST instead of an answer."""
    return [Step(b"", SOON, "reset")]


def dribble(case: Case) -> Iterator[Step]:
    """One byte each second, head included."""
    start, parts = case.headed()
    for byte in start + b"".join(parts) + LAST_CHUNK:
        yield Step(bytes([byte]), 1.0)


def dribble_body(case: Case) -> Iterator[Step]:
    """The head at once, then one byte of body each second."""
    start, parts = case.headed()
    yield Step(start)
    for part in parts:
        for byte in part:
            yield Step(bytes([byte]), 1.0)


def pings_only(_: Case) -> Iterator[Step]:
    """Comment lines only, one each second, for ever."""
    yield Step(stream_head())
    while True:
        yield Step(chunk(b": ping\n\n"), 1.0)


def pings_after(case: Case) -> Iterator[Step]:
    """N events, then comment lines for ever; a unary answer hangs after N slices."""
    yield from _cut(case, Step(action="" if case.streaming else "hang"))
    while True:
        yield Step(chunk(b": ping\n\n"), 1.0)


def late(case: Case) -> Iterator[Step]:
    """The healthy answer, N seconds late."""
    yield Step(b"", float(case.n))
    yield from healthy(case)


def paced(case: Case) -> Iterator[Step]:
    """The healthy answer, with N milliseconds before each of its writes."""
    for step in healthy(case):
        yield step._replace(delay=case.n / 1000)


def http10_close(case: Case) -> Script:
    """HTTP/1.0, no length: the end of the connection is the end of the body."""
    kind = SSE_TYPE if case.streaming else ("content-type", "application/json")
    return [Step(head(200, [kind], "1.0")), *(Step(part) for part in case.parts()), Step(action="close")]


def stale_after(case: Case) -> Script:
    """Answers N requests on a connection; at the next one it closes without a word, as a stale keep-alive does."""
    return [Step(action="close")] if case.received.nth > case.n else healthy(case)


def close_after_answer(case: Case) -> Iterator[Step]:
    """A healthy answer that promises keep-alive, then the connection is closed."""
    yield from healthy(case)
    yield Step(action="close")


def reset_after_answer(case: Case) -> Iterator[Step]:
    """A healthy answer, then RST."""
    yield from healthy(case)
    yield Step(b"", SOON, "reset")


def flap(case: Case) -> Script:
    """Every Nth request for this model fails with 500."""
    fails = case.received.nth_of_model % max(case.n, 1) == 0
    return answered(case.bodies.error(500, "Flapping."), 500) if fails else healthy(case)


def fail_first(case: Case) -> Script:
    """The first N requests for this model fail with 500."""
    fails = case.received.nth_of_model <= case.n
    return answered(case.bodies.error(500, "Not yet."), 500) if fails else healthy(case)


FAULTS: dict[str, Fault] = {
    "ok": healthy,
    "silent": silent,
    "hang-after-headers": hang_after_headers,
    "hang-after-N": hang_after,
    "reset-before-headers": before_headers,
    "reset-after-N": reset_after,
    "fin-before-headers": lambda _: [Step(action="close")],
    "fin-mid-head": lambda case: [Step(case.headed()[0][:20], 0, "close")],
    "fin-after-N": fin_after,
    "half-close-after-N": half_close_after,
    "cut-after-N": cut_after,
    "dribble": dribble,
    "dribble-body": dribble_body,
    "pings-only": pings_only,
    "pings-after-N": pings_after,
    "late-N": late,
    "paced-N": paced,
    "http10-close": http10_close,
    "stale-after-N": stale_after,
    "close-after-answer": close_after_answer,
    "reset-after-answer": reset_after_answer,
    "flap-N": flap,
    "fail-first-N": fail_first,
}
