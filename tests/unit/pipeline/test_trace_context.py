"""The trace context of a client: read when it is valid, passed over when not."""

import pytest

from plexus.pipeline.telemetry.context import Context, context_in, passed_on, span_of, trace_of

TRACE, SPAN = b"4bf92f3577b34da6a3ce929d0e0e4736", b"00f067aa0ba902b7"


def test_a_valid_one_is_read_with_its_state():
    headers = [(b"traceparent", b"00-%b-%b-01" % (TRACE, SPAN)), (b"tracestate", b"a=1"), (b"tracestate", b"b=2")]
    assert context_in(headers) == Context(int(TRACE, 16), int(SPAN, 16), sampled=True, state="a=1,b=2")
    later = [(b"traceparent", b"01-%b-%b-00-more" % (TRACE, SPAN))]
    assert context_in(later) == Context(int(TRACE, 16), int(SPAN, 16), sampled=False, state="")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"00-%b-%b" % (TRACE, SPAN),
        b"ff-%b-%b-01" % (TRACE, SPAN),
        b"00-%b-%b-01-more" % (TRACE, SPAN),
        b"00-%b-%b-01" % (b"0" * 32, SPAN),
        b"00-%b-%b-01" % (TRACE, b"0" * 16),
        b"00-%b-%b-01" % (TRACE.upper(), SPAN),
        b"\xff" * 55,
    ],
)
def test_one_that_is_not_valid_is_none(value):
    assert context_in([(b"traceparent", value)]) is None


def test_two_are_none_and_an_unfit_state_is_left_away():
    one = (b"traceparent", b"00-%b-%b-01" % (TRACE, SPAN))
    assert context_in([one, one]) is None
    for state in (b"x" * 513, b"a=\xff", b"a=\nb"):
        found = context_in([one, (b"tracestate", state)])
        assert found is not None
        assert found.state == ""


def test_ids_come_from_the_request_and_differ_by_attempt():
    ids = {span_of("r", attempt) for attempt in range(4)} | {span_of("s", attempt) for attempt in range(4)}
    assert len(ids) == 8
    assert trace_of("r") != trace_of("s")
    assert passed_on([], "r", 2) == {"traceparent": f"00-{trace_of('r'):032x}-{span_of('r', 2):016x}-01"}
