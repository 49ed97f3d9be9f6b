"""When an answer counts as begun, and when a whole one as empty."""

import pytest

from plexus.ir.chat import Alternative, ChatResponse
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart, SignatureDelta, TextDelta
from plexus.ir.parts import Media, Origin, Signature, Text, Thinking, ToolCall
from plexus.pipeline.sending import _commits, _shows_nothing


@pytest.mark.parametrize(
    "event",
    [
        PartStart(0, Thinking(text="")),
        PartStart(0, ToolCall(id="1", name="f", arguments="")),
        PartStart(0, Text(text="whole")),
        PartStart(0, Media(kind="image", data="AA==", mime="image/png")),
        TextDelta(0, "a"),
        SignatureDelta(0, Signature("s", Origin("messages"))),
        ResponseEnd(stop_reason="end"),
    ],
)
def test_142_the_opening_of_a_thought_or_a_call_begins_the_answer_without_a_first_token(event):
    assert _commits(event)


@pytest.mark.parametrize("event", [ResponseStart(id="a"), PartStart(0, Text(text="")), TextDelta(0, ""), PartEnd(0)])
def test_148_bookkeeping_and_the_opening_of_a_text_do_not(event):
    assert not _commits(event)


@pytest.mark.parametrize("part", [Thinking(text="long"), Text(text="")])
def test_u24_thoughts_alone_and_empty_texts_show_nothing(part):
    assert _shows_nothing(part)
    assert not _shows_nothing(Text(text="a"))
    assert not _shows_nothing(ToolCall(id="1", name="f", arguments="{}"))
    assert ChatResponse(parts=[part], alternatives=[Alternative(parts=[])]).alternatives
