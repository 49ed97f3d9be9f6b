"""The parts the demo models are made of: words, signatures, lengths, the choice of tools, addresses."""

import json

import pytest

from plexus.demo.calls import call_at
from plexus.demo.finish import finish
from plexus.demo.models import MODELS
from plexus.demo.reply import Reply, Turn
from plexus.demo.seal import check_signatures, seal
from plexus.demo.telling import paced
from plexus.demo.tools import use_tools
from plexus.demo.words import MEDIA_TOKENS, input_tokens, last_user_text, quoted, words
from plexus.ir.chat import ChatRequest, Message, OutputFormat, Sampling, Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.ir.events import ResponseEnd, ResponseStart
from plexus.ir.fold import fold
from plexus.ir.parts import Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult


def request(*messages: Message, **options) -> ChatRequest:
    return ChatRequest(protocol="messages", model="m", messages=list(messages), **options)


def user(*parts) -> Message:
    return Message(role="user", parts=[Text(text=part) if isinstance(part, str) else part for part in parts])


def called(asked: str, tools: list[Tool], **options) -> list[tuple[str, str]]:
    reply = use_tools(Turn(request(user(asked), tools=tools, **options), 1, "seed"))
    return [(part.name, part.arguments) for part in reply.parts if isinstance(part, ToolCall)]


@pytest.mark.parametrize("text", ["", " ", "a", " a  b\n", "\n\n", "汉字 🙂\tx "])
def test_words_joined_are_the_text(text):
    assert "".join(words(text)) == text


def test_quotes_are_on_one_line_and_short():
    assert quoted("a\n  b") == "“a b”"
    assert len(quoted("x" * 500)) == 202


def test_the_last_user_text_passes_over_tool_results_and_names_media():
    said = request(user("first"), user(Media(kind="image", data="x")), user(ToolResult(call_id="1", parts=[])))
    assert last_user_text(said) == "[image]"
    assert last_user_text(request()) == ""


def test_every_kind_of_part_counts():
    parts = [
        Text(text="one two"),
        Thinking(text="three"),
        ToolCall(id="1", name="t", arguments='{"a": 1}'),
        ToolResult(call_id="1", parts=[Text(text="four")]),
        Media(kind="image"),
        Opaque(kind="x", raw={}, origin=Origin("messages")),
    ]
    assert input_tokens(request(user(*parts))) == 1 + 2 + 1 + 3 + 2 + MEDIA_TOKENS + 1
    tools = [Tool(name="t", description="does it", schema={"type": "object"})]
    assert input_tokens(request(user("one"), tools=tools)) == 2 + 4


@pytest.mark.parametrize(
    ("part", "fine"),
    [
        (Thinking(text="so", signature=Signature(seal("so"), Origin("messages"))), True),
        (Thinking(text="so"), True),
        (Thinking(signature=Signature(seal("so"), Origin("messages"))), True),
        (Text(text="x", signature=Signature(seal("so"), Origin("gemini"))), True),
        (Thinking(text="other", signature=Signature(seal("so"), Origin("messages"))), False),
        (Thinking(text="so", signature=Signature(seal("so")[:-4] + "AAA=", Origin("messages"))), False),
        (ToolCall(id="1", name="t", signature=Signature("YWJj", Origin("gemini"))), False),
        (Thinking(text="so", signature=Signature("not base64!", Origin("messages"))), False),
    ],
)
def test_signatures_that_were_altered_are_refused_naming_the_part(part, fine):
    asked = request(user("hi"), Message(role="assistant", parts=[part]))
    if fine:
        check_signatures(asked)
        return
    with pytest.raises(InvalidRequest, match="signature") as caught:
        check_signatures(asked)
    assert caught.value.field == "messages.1.content.0"


def test_a_thought_that_came_back_in_pieces_is_recognised():
    pieces = [Thinking(text="one "), Thinking(text="two", signature=Signature(seal("one two"), Origin("gemini")))]
    check_signatures(request(Message(role="assistant", parts=[*pieces])))


def test_tools_are_chosen_as_the_client_says():
    tools = [Tool(name="alpha"), Tool(name="beta"), Tool(name="search", kind="web_search")]
    assert [name for name, _ in called("go", tools)] == ["alpha"]
    assert [name for name, _ in called("use beta", tools)] == ["beta"]
    assert called("go", tools, tool_choice=ToolChoice(mode="none")) == []
    assert [n for n, _ in called("go", tools, tool_choice=ToolChoice(mode="tool", names=["beta"]))] == ["beta"]
    assert [n for n, _ in called("both", tools)] == ["alpha", "beta"]
    assert [n for n, _ in called("both", tools, parallel_tool_calls=False)] == ["alpha"]
    assert called("go", tools[2:]) == []


def test_two_calls_of_the_only_tool_differ_and_have_ids_of_their_own():
    tool = Tool(name="w", schema={"properties": {"city": {"type": "string"}}})
    parts = use_tools(Turn(request(user("two cities"), tools=[tool]), 1, "seed")).parts
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Paris"}, {"city": "Tokyo"}]
    assert len({call.id for call in calls}) == 2


def test_a_custom_tool_gets_free_text():
    assert called("run it", [Tool(name="shell", kind="custom")]) == [("shell", "run it")]


def test_failed_results_are_told_as_such():
    result = ToolResult(call_id="1", name="w", parts=[Text(text="no such city")], is_error=True)
    reply = use_tools(Turn(request(user(result)), 1, "s"))
    assert reply.parts == [Text(text="The tool w failed with “no such city”.")]


def test_a_demanded_call_is_made_by_the_chat_model_too():
    asked = request(user("go"), tools=[Tool(name="a")], tool_choice=ToolChoice(mode="required"))
    assert isinstance(MODELS["chat"](Turn(asked, 1, "s")).parts[0], ToolCall)
    answered = request(
        user("go"), user(ToolResult(call_id="1", parts=[])), tools=[Tool(name="a")], tool_choice=asked.tool_choice
    )
    assert isinstance(MODELS["chat"](Turn(answered, 1, "s")).parts[0], Text)


def test_the_chat_model_names_media_and_tool_results():
    asked = request(user("look", Media(kind="image"), Media(kind="image"), ToolResult(call_id="1", parts=[])))
    part = MODELS["chat"](Turn(asked, 1, "s")).parts[0]
    assert isinstance(part, Text)
    assert "2 image" in part.text
    assert "1 tool result." in part.text


def test_a_thought_cut_by_the_length_has_no_signature_and_nothing_follows_it():
    reply = Reply([Thinking(text="a b c", signature=Signature("s", Origin("messages"))), Text(text="d")])
    response = finish(reply, request(user("x"), max_tokens=2))
    assert response.parts == [Thinking(text="a b")]
    assert (response.stop_reason, response.usage and response.usage.reasoning) == ("max_tokens", 2)


def test_a_tool_call_that_does_not_fit_is_left_out():
    reply = Reply([Text(text="a"), ToolCall(id="1", name="t", arguments="{}")])
    response = finish(reply, request(user("x"), max_tokens=2))
    assert (response.parts, response.stop_reason) == ([Text(text="a")], "max_tokens")
    whole = finish(reply, request(user("x"), max_tokens=3))
    assert (len(whole.parts), whole.stop_reason) == (2, "tool_use")


def test_the_earliest_stop_sequence_wins():
    response = finish(Reply([Text(text="one two three")]), request(user("x"), stop=["three", "two", ""]))
    assert (response.parts, response.stop_reason, response.stop_sequence) == (
        [Text(text="one ")],
        "stop_sequence",
        "two",
    )


def test_choices_are_as_many_as_asked_for_and_counted():
    response = finish(Reply([Text(text="a b")]), request(user("x"), sampling=Sampling(n=3)))
    assert len(response.alternatives) == 2
    assert response.usage is not None
    assert response.usage.output == 6


def test_json_mode_gives_an_object():
    response = finish(Reply([Text(text="yes")]), request(user("x"), output=OutputFormat(kind="json")))
    assert response.parts == [Text(text='{"answer":"yes"}')]


def test_what_is_told_in_a_stream_folds_to_the_answer():
    reply = Reply(
        [
            Thinking(text="a b", signature=Signature("s", Origin("messages"))),
            Text(text="c d e"),
            ToolCall(id="1", name="t", arguments='{"long":"' + "x" * 50 + '"}'),
        ]
    )
    response = finish(reply, request(user("x")))
    events = [event for _, event in paced(response, reply)]
    assert fold(events) == response
    assert isinstance(events[0], ResponseStart)
    assert events[0].usage is not None
    assert events[0].usage.output == 1


def test_a_reply_that_breaks_has_no_end():
    reply = Reply([Text(text="a b c d")], break_after=2)
    events = [event for _, event in paced(finish(reply, request(user("x"))), reply)]
    assert not any(isinstance(event, ResponseEnd) for event in events)
    assert len(events) == 4


@pytest.mark.parametrize(
    ("method", "path", "query", "found"),
    [
        ("POST", "/chat/v1/chat/completions", "", ("chat", "generate", None, None, False)),
        ("POST", "/messages/v1/messages/count_tokens", "", ("messages", "count", None, None, False)),
        ("POST", "/responses/v1/responses", "", ("responses", "generate", None, None, False)),
        (
            "POST",
            "/gemini/v1beta/models/demo/chat:generateContent",
            "",
            ("gemini", "generate", "demo/chat", False, True),
        ),
        ("POST", "/gemini/v1beta/models/a:streamGenerateContent", "", ("gemini", "generate", "a", True, True)),
        (
            "POST",
            "/gemini/v1beta/models/a:streamGenerateContent",
            "k=1&alt=sse",
            ("gemini", "generate", "a", True, False),
        ),
        ("GET", "/gemini/v1beta/models", "", ("gemini", "list", None, None, False)),
        ("GET", "/chat/v1/chat/completions", "", None),
        ("POST", "/gemini/v1beta/models/a:embedContent", "", None),
        ("POST", "/chat/v1/messages", "", None),
        ("POST", "/", "", None),
    ],
)
def test_addresses_say_what_is_asked(method, path, query, found):
    call = call_at(method, path, query)
    assert (call and (call.protocol, call.what, call.model, call.stream, call.array)) == found
