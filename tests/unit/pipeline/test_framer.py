"""The framing of an upstream's answer is told by its first byte that is no blank."""

import pytest

from plexus.core.sse import OversizeEvent
from plexus.pipeline.frames import Framer, PlainAnswer


def test_blanks_before_the_first_event_are_waited_through():
    framer = Framer(1000)
    for _ in range(50):
        assert framer.feed(b"\r\n") == []
    assert [frame.data for frame in framer.feed(b"data: 1\n\n")] == [b"1"]


def test_blanks_before_a_plain_answer_belong_to_it():
    framer = Framer(1000)
    framer.feed(b"\n\n ")
    with pytest.raises(PlainAnswer) as answer:
        framer.feed(b'{"a":1}')
    assert answer.value.start == b'\n\n {"a":1}'


def test_u45_blanks_without_end_are_given_up():
    framer = Framer(1000)
    with pytest.raises(OversizeEvent):
        for _ in range(20):
            framer.feed(b" " * 100_000)
