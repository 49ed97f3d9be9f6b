"""The judge itself: what is recorded equals itself, and each kind of loss is seen and forgiven only when reported."""

import copy
from collections.abc import Callable

import pytest

from plexus.ir.drops import Drop
from tests.corpus.compare import answer_differences, bare, request_differences
from tests.corpus.neutral import Asked, Call, Counts, Result, Said, ToolDef, digest, frames, media
from tests.corpus.readers import READERS
from tests.corpus.recordings import golden_recordings, not_a_request, not_an_answer
from tests.corpus.schemas import same_schema

SAID = Said(
    items=[("thinking", "Hm"), ("text", "Look"), ("call", Call("f", {"a": 1}, "c1")), ("media", "bytes:1")],
    stop="tools",
    usage=Counts(10, 5, 2, 1, 3),
    citations={"https://example.test"},
    signatures=["c2ln"],
    server=["web_search_call"],
    others=[Said(items=[("text", "Other")], stop="end")],
)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
ASKED = Asked(
    system=["Be brief."],
    turns=[
        ("user", "text", "Look"),
        ("user", "image", "bytes:1"),
        ("assistant", "thinking", "Hm"),
        ("assistant", "call", Call("f", {"a": 1}, "c1")),
        ("user", "result", Result("c1", [("text", "7")], is_error=True)),
    ],
    tools=[ToolDef("f", "does f", SCHEMA)],
    server_tools=["web_search"],
    choice=("required", ()),
    parallel=False,
    max_tokens=5,
    stop=["."],
    sampling={"temperature": 0.5, "top_k": 3},
    output=("schema", SCHEMA),
    reasoning="on",
    effort="low",
    stream=True,
    opaque=["container_upload"],
)

Change = Callable[[Said], object]
ANSWER_LOSSES: list[tuple[str, Change]] = [
    ("text", lambda said: said.items.__setitem__(1, ("text", "Loo"))),
    ("text", lambda said: said.items.pop(1)),
    ("tool calls", lambda said: said.items.__setitem__(2, ("call", Call("f", {"a": 2}, "c1")))),
    ("tool calls", lambda said: said.items.pop(2)),
    ("tool call ids", lambda said: said.items.__setitem__(2, ("call", Call("f", {"a": 1}, "")))),
    ("order", lambda said: said.items.reverse()),
    ("stop", lambda said: setattr(said, "stop", "end")),
    ("usage", lambda said: setattr(said, "usage", None)),
    ("usage.input", lambda said: setattr(said.usage, "input", 8)),
    ("usage.reasoning", lambda said: setattr(said.usage, "reasoning", 0)),
    ("error", lambda said: setattr(said, "error", "broken")),
    ("citations invented", lambda said: said.citations.add("https://elsewhere.test")),
    ("parts unknown to the client", lambda said: said.server.append("x")),
]
REPORTED: list[tuple[str, Change]] = [
    ("thinking", lambda said: said.items.pop(0)),
    ("media", lambda said: said.items.pop()),
    ("citations", lambda said: said.citations.clear()),
    ("signatures", lambda said: said.signatures.clear()),
    ("server-side parts", lambda said: said.server.clear()),
    ("further choices", lambda said: said.others.clear()),
]
EVERYTHING = [Drop("dropped", "thinking media citation signature alternative")]


def heads(lines: list[str]) -> list[str]:
    return [line.partition(": ")[0] for line in lines]


@pytest.mark.parametrize(("cause", "change"), ANSWER_LOSSES)
def test_a_loss_in_an_answer_is_seen_whatever_was_reported(cause: str, change: Change) -> None:
    said = copy.deepcopy(SAID)
    change(said)
    assert cause in heads(answer_differences(SAID, said, "messages", EVERYTHING, source="responses"))


@pytest.mark.parametrize(("cause", "change"), REPORTED)
def test_what_a_protocol_cannot_say_is_forgiven_only_when_reported(cause: str, change: Change) -> None:
    said = copy.deepcopy(SAID)
    change(said)
    target = "chat" if cause == "thinking" else "messages"
    assert cause in heads(answer_differences(SAID, said, target, [], source="gemini"))
    assert answer_differences(SAID, said, target, EVERYTHING, source="gemini") == []


REQUEST_LOSSES: list[tuple[str, Callable[[Asked], object]]] = [
    ("system", lambda asked: asked.system.clear()),
    ("turns", lambda asked: asked.turns.pop(0)),
    ("media", lambda asked: asked.turns.pop(1)),
    ("thinking in history", lambda asked: asked.turns.pop(2)),
    (
        "turns",
        lambda asked: asked.turns.__setitem__(4, ("user", "result", Result("c1", [("text", '"7"')], is_error=True))),
    ),
    ("failed tool results", lambda asked: setattr(asked.turns[4][2], "is_error", False)),
    ("calls and results do not pair", lambda asked: setattr(asked.turns[4][2], "call_id", "c2")),
    ("tools", lambda asked: asked.tools.clear()),
    ("tools invented", lambda asked: asked.tools.append(ToolDef("g"))),
    ("tool description", lambda asked: setattr(asked.tools[0], "description", "")),
    ("tool schema", lambda asked: setattr(asked.tools[0], "schema", {"type": "object"})),
    ("server-side tools", lambda asked: asked.server_tools.clear()),
    ("tool choice", lambda asked: setattr(asked, "choice", ("", ()))),
    ("parallel calls", lambda asked: setattr(asked, "parallel", None)),
    ("max tokens", lambda asked: setattr(asked, "max_tokens", 6)),
    ("stop sequences", lambda asked: asked.stop.clear()),
    ("temperature", lambda asked: asked.sampling.pop("temperature")),
    ("top_k", lambda asked: asked.sampling.pop("top_k")),
    ("seed invented", lambda asked: asked.sampling.update(seed=1)),
    ("output format", lambda asked: setattr(asked, "output", ("", None))),
    ("output schema", lambda asked: setattr(asked, "output", ("schema", {"type": "array"}))),
    ("reasoning", lambda asked: setattr(asked, "reasoning", "off")),
    ("effort", lambda asked: setattr(asked, "effort", "high")),
    ("stream", lambda asked: setattr(asked, "stream", False)),
    ("opaque parts", lambda asked: asked.opaque.clear()),
    ("parts unknown to the target", lambda asked: asked.opaque.append("x")),
]


@pytest.mark.parametrize(("cause", "change"), REQUEST_LOSSES)
def test_a_silent_loss_in_a_request_is_seen(cause: str, change: Callable[[Asked], object]) -> None:
    asked = copy.deepcopy(ASKED)
    change(asked)
    assert cause in heads(request_differences(ASKED, asked, "chat", [], source="messages"))


def test_what_was_recorded_says_the_same_as_itself() -> None:
    for recording in golden_recordings():
        read = READERS[recording.protocol]
        if not not_an_answer(recording):
            said = read.answer(recording.response_body, streaming=recording.streaming)
            assert answer_differences(said, said, recording.protocol, [], source=recording.protocol) == []
        if not not_a_request(recording):
            asked = read.request(recording.request)
            assert request_differences(asked, asked, recording.protocol, [], source=recording.protocol) == []


def test_schemas_of_two_dialects_may_demand_the_same() -> None:
    gemini = {"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "nullable": True}}, "required": ["a"]}
    plain = {
        "$schema": "x",
        "type": "object",
        "properties": {"a": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
        "required": ["a"],
        "$defs": {"n": {"type": "integer"}},
    }
    assert same_schema(plain, gemini, gemini=True) == ""
    assert "title" in same_schema(
        {"type": "object", "properties": {"title": {"type": "string"}}}, {"type": "object"}, gemini=True
    )
    assert same_schema(plain, {**gemini, "required": []}, gemini=True)
    assert "additionalProperties" in same_schema({**SCHEMA, "additionalProperties": False}, SCHEMA, gemini=False)


def test_media_is_known_by_its_bytes_and_plain_text_by_its_words() -> None:
    assert media("data:image/png;base64,AAAA") == digest("AAAA") == media("data:image/png;base64,AAAA==")
    assert media("data:text/plain;base64,aGk=") == "text:hi"
    assert media("https://example.test/a.png") == "url:https://example.test/a.png"


def test_frames_follow_the_grammar_of_server_sent_events() -> None:
    assert frames("\ufeffevent: a\r\ndata:1\rdata: 2\n\n: note\n\ndata: 3") == [("a", "1\n2"), ("", "3")]


def test_a_wrapped_signature_is_known_by_its_value() -> None:
    assert bare("plexusv1WyJnZW1pbmkiLCJwIiwibSIsImMybG4iXQ==") == bare("c2ln")
    assert bare("plexusv1!!!").startswith("unreadable")


def test_unfinished_arguments_may_be_closed_if_that_is_reported() -> None:
    cut, closed, other = Said(stop="length"), Said(stop="length"), Said(stop="length")
    cut.items.append(("call", Call("f", '{"city":"San Fr', "c1")))
    closed.items.append(("call", Call("f", {"city": "San Fr"}, "c1")))
    other.items.append(("call", Call("f", {"city": "Oslo"}, "c1")))
    reported = [Drop("repaired", "parts[0].arguments")]
    assert answer_differences(cut, closed, "messages", reported) == []
    assert answer_differences(cut, closed, "messages", []) != []
    assert answer_differences(cut, other, "messages", reported) != []
