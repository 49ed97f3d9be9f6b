"""Reasoning between tags at the start of the text, from upstreams without a field for it (46)."""

import itertools
from typing import Any

import pytest
from tests.unit.protocols.chat.wires import ORIGIN, call, calls, chunk, events, stream

from plexus.ir.events import Event
from plexus.ir.exchange import Reading
from plexus.ir.fold import fold
from plexus.ir.parts import Text, Thinking, ToolCall
from plexus.protocols.chat import PROTOCOL
from plexus.protocols.chat.think_tags import ThinkTags, without_tags

TAGGED = Reading(origin=ORIGIN, seed="seed", think_tags=True)

ANSWERS = {
    "<think>\nLet me see.\n</think>\n\nYes.": [("thinking", "Let me see."), ("text", "Yes.")],
    "\n <think>hm</think>Yes": [("thinking", "hm"), ("text", "Yes")],
    "<think>\n\n</think>\n\nYes": [("text", "Yes")],
    "<think></think>": [],
    "<think>a < b </ c</think>d": [("thinking", "a < b </ c"), ("text", "d")],
    "<think>one\n\ntwo </thin </think> <think>text</think>": [
        ("thinking", "one\n\ntwo </thin"),
        ("text", "<think>text</think>"),
    ],
    "<think>cut by the lim": [("thinking", "cut by the lim")],
    "<think>cut in the tag</thi": [("thinking", "cut in the tag</thi")],
    "<think>": [],
    "<thi": [("text", "<thi")],
    "<thinking>no such tag</thinking>": [("text", "<thinking>no such tag</thinking>")],
    "A <think>tag</think> is text": [("text", "A <think>tag</think> is text")],
    "Never opened</think>x": [("text", "Never opened</think>x")],
    " \n": [("text", " \n")],
    "": [],
    "Grüße, <think>": [("text", "Grüße, <think>")],
    "<think>größer 🙂</think>🙂": [("thinking", "größer 🙂"), ("text", "🙂")],
}


def joined(said: list[tuple[str, str]]) -> list[tuple[str, str]]:
    groups = itertools.groupby(said, key=lambda piece: piece[0])
    return [(kind, "".join(text for _, text in pieces)) for kind, pieces in groups]


def in_pieces(pieces: list[str]) -> list[tuple[str, str]]:
    tags = ThinkTags()
    said: list[tuple[str, str]] = []
    for piece in pieces:
        said += tags.feed(piece)
    return joined([*said, *tags.end()])


@pytest.mark.parametrize("answer", ANSWERS)
def test_046_tags_are_found_however_the_text_is_cut(answer: str) -> None:
    want = ANSWERS[answer]
    assert without_tags(answer) == want
    assert in_pieces(list(answer)) == want
    for first in range(len(answer) + 1):
        for second in range(first, len(answer) + 1):
            assert in_pieces([answer[:first], answer[first:second], answer[second:]]) == want, (first, second)


@pytest.mark.parametrize("blank", [900, 1100, 3000])
@pytest.mark.parametrize("before", ["", "<think>hm", "<think>"])
def test_046_much_white_space_is_not_held_back_and_reads_the_same_in_pieces(blank: int, before: str) -> None:
    answer = before + " " * blank + "</think>" + " " * blank + "x"
    assert in_pieces(list(answer)) == without_tags(answer)


@pytest.mark.parametrize("before", ["", "<think>hm"])
def test_046_no_more_than_a_thousand_blanks_are_held_back(before: str) -> None:
    tags = ThinkTags()
    told = "".join(text for piece in before + " " * 3000 for _, text in tags.feed(piece))
    assert len(told.removeprefix("hm")) >= 2000


def test_046_thoughts_are_told_as_they_come() -> None:
    tags = ThinkTags()
    assert tags.feed("<think>one ") == [("thinking", "one")]
    assert tags.feed("two") == [("thinking", " two")]


def told(found: list[Event]) -> list[Any]:
    return [(type(part), getattr(part, "text", "")) for part in fold(found).parts]


@pytest.mark.parametrize("answer", ANSWERS)
def test_046_a_stream_and_a_whole_answer_say_the_same(answer: str) -> None:
    kinds = {"thinking": Thinking, "text": Text}
    want = [(kinds[kind], text) for kind, text in ANSWERS[answer]]
    message = {"role": "assistant", "content": answer}
    body = {"choices": [{"message": message, "finish_reason": "stop"}]}
    assert [(type(part), getattr(part, "text", "")) for part in PROTOCOL.decode_response(body, TAGGED).parts] == want
    chunks = [chunk({"content": letter}) for letter in answer]
    assert told(events(stream(chunk({"role": "assistant"}), *chunks, chunk(finish="stop")), TAGGED)) == want


def test_046_text_held_back_comes_before_the_call_that_follows_it() -> None:
    frames = stream(
        chunk({"content": "<thi"}), chunk(calls(call("{}", "look", index=0, id="c"))), chunk(finish="tool_calls")
    )
    text, made = fold(events(frames, TAGGED)).parts
    assert isinstance(text, Text)
    assert text.text == "<thi"
    assert isinstance(made, ToolCall)


def test_046_a_call_ends_a_thought_that_was_never_closed() -> None:
    frames = stream(
        chunk({"content": "<think>hm "}), chunk(calls(call("{}", "look", index=0, id="c"))), chunk(finish="tool_calls")
    )
    thought, made = fold(events(frames, TAGGED)).parts
    assert thought == Thinking(text="hm")
    assert isinstance(made, ToolCall)


def test_046_an_upstream_with_a_field_for_reasoning_has_no_tags_in_its_text() -> None:
    frames = stream(chunk({"reasoning_content": "hm"}), chunk({"content": "<think>a</think>b"}), chunk(finish="stop"))
    assert fold(events(frames, TAGGED)).parts == [Thinking(text="hm"), Text(text="<think>a</think>b")]
    message = {"content": "<think>a</think>b", "reasoning_content": "hm"}
    body = {"choices": [{"message": message, "finish_reason": "stop"}]}
    assert PROTOCOL.decode_response(body, TAGGED).parts == [Thinking(text="hm"), Text(text="<think>a</think>b")]


def test_046_each_choice_has_tags_of_its_own() -> None:
    frames = stream(
        chunk({"content": "<think>a"}),
        chunk({"content": "b"}, index=1),
        chunk({"content": "</think>c"}),
        chunk(finish="stop"),
        chunk(finish="stop", index=1),
    )
    response = fold(events(frames, TAGGED))
    assert response.parts == [Thinking(text="a"), Text(text="c")]
    assert response.alternatives[0].parts == [Text(text="b")]


def test_046_probabilities_of_the_text_stay_with_the_text() -> None:
    words = ["<think>", "hm", "</think>", "\n\n", "Yes", "!"]
    tokens: list[dict[str, Any]] = [{"token": word, "logprob": -1, "bytes": None, "top_logprobs": []} for word in words]
    frames = [chunk({"content": word}) for word in words]
    for frame, token in zip(frames, tokens, strict=True):
        frame["choices"][0]["logprobs"] = {"content": [token]}
    choice = {"message": {"content": "".join(words)}, "logprobs": {"content": tokens}, "finish_reason": "stop"}
    for response in (
        fold(events(stream(*frames, chunk(finish="stop")), TAGGED)),
        PROTOCOL.decode_response({"choices": [choice]}, TAGGED),
    ):
        text = response.parts[1]
        assert isinstance(text, Text)
        assert [entry.token for entry in text.logprobs] == ["Yes", "!"]


def test_046_elsewhere_tags_are_text() -> None:
    frames = stream(chunk({"content": "<th"}), chunk({"content": "ink>hm</think>a"}), chunk(finish="stop"))
    assert fold(events(frames)).parts == [Text(text="<think>hm</think>a")]
    body = {"choices": [{"message": {"content": "<think>hm</think>a"}, "finish_reason": "stop"}]}
    assert PROTOCOL.decode_response(body, Reading(origin=ORIGIN, seed="seed")).parts == [
        Text(text="<think>hm</think>a")
    ]
