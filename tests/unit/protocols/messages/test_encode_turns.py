"""The conversation as Anthropic accepts it: roles, order, calls and their results."""

import json

from tests.unit.protocols.messages.kit import (
    ask,
    assistant,
    call,
    decode,
    drops,
    elsewhere,
    render,
    result,
    signed,
    target,
    through,
    user,
)

from plexus.ir.chat import Message, Tool
from plexus.ir.parts import CacheMark, Citation, Media, Opaque, Origin, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import Dialect


def said(*messages, protocol="chat", **fields):
    return render(ask(*messages, protocol=protocol, **fields)).body["messages"]


def test_067_tool_ids_the_api_refuses_are_mapped_alike_on_call_and_result() -> None:
    turns = said(user("hi"), assistant(call("a.b:c/ü")), user(result("a.b:c/ü")))
    made = turns[1]["content"][0]["id"]
    assert made == turns[2]["content"][0]["tool_use_id"]
    assert made.isascii()
    assert all(c.isalnum() or c in "_-" for c in made)
    assert said(user("hi"), assistant(call("a.b:c/ü")), user(result("a.b:c/ü"))) == turns


def test_067_different_ids_stay_different() -> None:
    turns = said(user("hi"), assistant(call("a.b"), call("a/b")), user(result("a/b"), result("a.b")))
    first, second = (block["id"] for block in turns[1]["content"])
    assert first != second
    assert [b["tool_use_id"] for b in turns[2]["content"]] == [second, first]


def test_067_a_shorter_limit_of_the_target_is_kept() -> None:
    to = target(dialect=Dialect(tool_id_pattern="[a-zA-Z0-9]{9}", tool_id_length=9))
    body = render(ask(user("hi"), assistant(call("call_123456789")), user(result("call_123456789"))), to).body
    made = body["messages"][1]["content"][0]["id"]
    assert len(made) == 9
    assert made.isalnum()
    assert body["messages"][2]["content"][0]["tool_use_id"] == made


def test_an_id_used_by_two_calls_becomes_two_and_results_follow_their_own() -> None:
    turns = said(
        user("hi"),
        assistant(call("call_0")),
        user(result("call_0", "one")),
        assistant(call("call_0")),
        user(result("call_0", "two")),
    )
    first, second = turns[1]["content"][0]["id"], turns[3]["content"][0]["id"]
    assert first != second
    assert turns[2]["content"][0]["tool_use_id"] == first
    assert turns[4]["content"][0] == {"type": "tool_result", "tool_use_id": second, "content": "two"}


def test_calls_without_ids_get_them_and_results_answer_by_name() -> None:
    turns = said(
        user("hi"),
        assistant(ToolCall(id="", name="a"), ToolCall(id="", name="b")),
        user(ToolResult(call_id="", name="b", parts=[]), ToolResult(call_id="", name="a", parts=[])),
    )
    ids = {block["name"]: block["id"] for block in turns[1]["content"]}
    assert [block["tool_use_id"] for block in turns[2]["content"]] == [ids["b"], ids["a"]]


def test_068_parallel_results_from_several_messages_are_one_user_message() -> None:
    turns = said(
        user("hi"), assistant(call("a"), call("b")), user(result("a", "1")), user(result("b", "2")), user("so?")
    )
    assert [b["content"] for b in turns[2]["content"]] == ["1", "2"]
    assert turns[3] == {"role": "user", "content": "so?"}


def test_069_results_come_before_text_of_the_same_turn() -> None:
    turns = said(user("hi"), assistant(call("a")), user("and now?", result("a")))
    assert [b["type"] for b in turns[2]["content"]] == ["tool_result", "text"]


def test_069_results_said_after_another_user_message_move_up() -> None:
    turns = said(user("hi"), assistant(call("a")), user("wait"), assistant("ok"), user(result("a", "late")))
    assert turns[2]["content"][0] == {"type": "tool_result", "tool_use_id": "a", "content": "late"}
    assert [t["role"] for t in turns] == ["user", "assistant", "user", "assistant"]


def test_calls_in_consecutive_assistant_messages_are_answered_together() -> None:
    turns = said(user("hi"), assistant(call("a")), assistant(call("b")), user(result("a")), user(result("b")))
    assert [t["role"] for t in turns] == ["user", "assistant", "user"]
    assert [b["tool_use_id"] for b in turns[2]["content"]] == ["a", "b"]


def test_207_a_call_without_a_result_gets_one_that_says_so() -> None:
    rendered = render(ask(user("hi"), assistant(call("a"), call("b")), user(result("b"), "go on")))
    answers = rendered.body["messages"][2]["content"]
    assert [b.get("tool_use_id") for b in answers] == ["b", "a", None]
    assert answers[1]["is_error"] is True
    assert ("repaired", "messages") in drops(rendered)


def test_207_a_conversation_that_ends_with_a_call_is_completed() -> None:
    turns = said(user("hi"), assistant(call("a")))
    assert turns[-1]["role"] == "user"
    assert turns[-1]["content"][0]["tool_use_id"] == "a"


def test_a_result_that_answers_no_call_stays_as_text() -> None:
    rendered = render(ask(user("hi", result("gone", "42 degrees"))))
    assert [b["text"] for b in rendered.body["messages"][0]["content"]] == ["hi", "42 degrees"]
    assert drops(rendered) == [("approximated", "messages")]


def test_070_arguments_that_are_no_object_are_wrapped_and_empty_ones_are_an_empty_object() -> None:
    given = ["", "  ", "null", '"text"', "[1]", "not json", '{"a": 1.0}']
    calls = [call(f"c{n}", arguments=text) for n, text in enumerate(given)]
    rendered = render(ask(user("hi"), assistant(*calls), user(*(result(c.id) for c in calls))))
    inputs = [b["input"] for b in rendered.body["messages"][1]["content"]]
    assert inputs == [{}, {}, {}, {"input": "text"}, {"input": [1]}, {"input": "not json"}, {"a": 1.0}]
    assert [kind for kind, _ in drops(rendered)] == ["repaired"] * 4


def test_the_clients_own_argument_text_is_sent_unchanged() -> None:
    from tests.unit.protocols.messages.kit import TARGET

    from plexus.core import json as fast
    from plexus.protocols.messages import PROTOCOL

    text = '{"big": 12345678901234567890123, "n": 1.50, "s": "\\u00fc"}'
    request = ask(user("hi"), assistant(call("a", arguments=text)), user(result("a")))
    assert text.encode() in fast.dumps(PROTOCOL.encode_request(request, TARGET).body)


def test_a_free_form_call_becomes_one_string_property() -> None:
    free = ToolCall(id="a", name="patch", arguments="*** Begin", custom=True)
    assert said(user("hi"), assistant(free), user(result("a")))[1]["content"][0]["input"] == {"input": "*** Begin"}


def test_071_empty_texts_and_empty_assistant_turns_are_left_out_but_calls_alone_stay() -> None:
    turns = said(user("hi", ""), assistant(""), user("again"), assistant("", call("a")), user(result("a")))
    assert [t["role"] for t in turns] == ["user", "user", "assistant", "user"]
    assert turns[0]["content"] == "hi"
    assert [b["type"] for b in turns[2]["content"]] == ["tool_use"]


def test_071_white_space_at_the_end_of_a_prefilled_answer_is_trimmed() -> None:
    rendered = render(ask(user("hi"), assistant("The answer is \n ")))
    assert rendered.body["messages"][-1] == {"role": "assistant", "content": "The answer is"}
    assert ("repaired", "messages") in drops(rendered)
    assert said(user("hi"), assistant("  ")) == [{"role": "user", "content": "hi"}]


def test_072_no_turn_has_null_content() -> None:
    turns = said(user("hi"), assistant(), user("there"), assistant(call("a")), user(ToolResult(call_id="a", parts=[])))
    assert all(turn["content"] for turn in turns)
    assert "content" not in turns[-1]["content"][0]


def test_076_leading_instructions_become_system_blocks_in_order_with_their_marks() -> None:
    rendered = render(
        ask(
            Message(role="system", parts=[Text(text="a"), Text(text="b", cache=CacheMark("1h"))]),
            Message(role="developer", parts=[Text(text="c")]),
            user("hi"),
        )
    )
    assert rendered.body["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "c"},
    ]
    assert rendered.drops == []


def test_076_instructions_in_mid_conversation_are_hoisted_and_reported() -> None:
    rendered = render(ask(user("hi"), Message(role="system", parts=[Text(text="late")]), user("there")))
    assert rendered.body["system"] == "late"
    assert drops(rendered) == [("approximated", "messages[1]")]


def test_076_this_protocols_own_clients_keep_them_in_place() -> None:
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "Be kind.", "output_config": {"effort": "low"}},
        {"role": "assistant", "content": "yes?"},
        {"role": "user", "content": "go"},
    ]
    assert through(messages=messages)["messages"] == messages


def test_076_they_are_hoisted_for_a_model_that_is_known_to_refuse_them() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "system", "content": "late"}]
    body = through(target(late_system=False), messages=messages)
    assert (body["system"], body["messages"]) == ("late", [{"role": "user", "content": "hi"}])


def test_076_a_model_that_takes_them_after_a_user_turn_gets_them_there_from_everybody() -> None:
    late = Message(role="developer", parts=[Text(text="late")])
    body = render(ask(user("hi"), late, assistant("a"), late, user("b")), target(late_system=True)).body
    assert [turn["role"] for turn in body["messages"]] == ["user", "system", "assistant", "user"]
    assert body["system"] == "late"


def test_202_instructions_are_text_and_nothing_else() -> None:
    rendered = render(ask(Message(role="system", parts=[Text(text="a"), Media(kind="image", data="x")]), user("hi")))
    assert rendered.body["system"] == "a"
    assert drops(rendered) == [("dropped", "messages[0].parts[1]")]


def test_083_unsigned_thinking_and_thinking_of_other_protocols_are_left_out() -> None:
    rendered = render(
        ask(
            user("hi"),
            assistant(Thinking(text="a"), Thinking(text="b", signature=elsewhere()), "said"),
            user("more"),
        )
    )
    assert rendered.body["messages"][1]["content"] == "said"
    assert drops(rendered) == [("dropped", "messages[1].parts[0]"), ("stripped", "messages[1].parts[1]")]


def test_083_signed_thinking_is_sent_unmodified_and_first() -> None:
    turn = assistant("said", Thinking(text="  hm \n", signature=signed("s")), call("a"))
    blocks = said(user("hi"), turn, user(result("a")))[1]["content"]
    assert blocks[0] == {"type": "thinking", "thinking": "  hm \n", "signature": "s"}
    assert [b["type"] for b in blocks] == ["thinking", "text", "tool_use"]


def test_083_the_order_of_this_protocols_own_blocks_is_never_changed() -> None:
    content = [
        {"type": "text", "text": "first"},
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "tool_use", "id": "a", "name": "n", "input": {}},
    ]
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]},
    ]
    assert through(messages=messages)["messages"] == messages


def test_084_redacted_thinking_round_trips() -> None:
    blocks = said(user("hi"), assistant(Thinking(redacted=True, signature=signed("data")), "x"), user("y"))[1][
        "content"
    ]
    assert blocks[0] == {"type": "redacted_thinking", "data": "data"}


def test_086_invalid_tool_names_are_repaired_everywhere_and_can_be_led_back() -> None:
    rendered = render(
        ask(
            user("hi"),
            assistant(call("a", name="my tool/ü")),
            user(result("a")),
            tools=[Tool(name="my tool/ü", description=""), Tool(name="x" * 200)],
        )
    )
    names = [tool["name"] for tool in rendered.body["tools"]]
    assert rendered.body["messages"][1]["content"][0]["name"] == names[0]
    assert rendered.tool_names == {names[0]: "my tool/ü", names[1]: "x" * 200}
    assert all(len(name) <= 128 for name in names)
    assert all("description" not in tool for tool in rendered.body["tools"])


def test_089_an_empty_key_in_a_structured_result_survives() -> None:
    structured = ToolResult(call_id="a", parts=[Text(text='{"": 1}')], structured=True)
    block = said(user("hi"), assistant(call("a")), user(structured))[2]["content"][0]
    assert json.loads(block["content"]) == {"": 1}


def test_203_results_arrive_as_the_text_and_images_they_were() -> None:
    png = "iVBORw0KGgoAAAANSUhEUg=="
    answer = ToolResult(
        call_id="a", parts=[Text(text="see"), Media(kind="image", mime="image/png", data=png)], is_error=True
    )
    block = said(user("hi"), assistant(call("a")), user(answer))[2]["content"][0]
    assert block["is_error"] is True
    assert block["content"] == [
        {"type": "text", "text": "see"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}},
    ]


def test_the_first_turn_is_the_users_for_other_protocols_clients() -> None:
    rendered = render(ask(assistant("Welcome!"), user("hi")))
    assert [turn["role"] for turn in rendered.body["messages"]] == ["user", "assistant", "user"]
    assert ("repaired", "messages") in drops(rendered)


def test_blocks_of_other_protocols_are_reported_and_ours_go_back() -> None:
    theirs = Opaque(kind="web_search_call", raw={"type": "web_search_call"}, origin=Origin("responses"))
    ours = Opaque(kind="server_tool_use", raw={"type": "server_tool_use", "id": "s"}, origin=Origin("messages"))
    rendered = render(ask(user("hi"), assistant(theirs, ours, "x"), user("y")))
    assert rendered.body["messages"][1]["content"][0] == {"type": "server_tool_use", "id": "s"}
    assert drops(rendered) == [("dropped", "messages[1].parts[0]")]


def test_citations_go_back_only_when_anthropic_made_them() -> None:
    own = Citation(kind="url", raw={"type": "web_search_result_location", "encrypted_index": "e", "url": "u"})
    shown_by_us = Citation(kind="url", raw={"type": "web_search_result_location", "encrypted_index": "", "url": "u"})
    rendered = render(
        ask(user("hi"), assistant(Text(text="x", citations=[own, shown_by_us])), user("y"), protocol="messages")
    )
    assert rendered.body["messages"][1]["content"][0]["citations"] == [own.raw]
    assert drops(rendered) == [("dropped", "messages[1].parts[0].citations")]


def test_names_of_turns_and_fields_of_other_protocols_are_reported() -> None:
    rendered = render(ask(Message(role="user", parts=[Text(text="hi")], name="bob", extras={"audio": 1})))
    assert drops(rendered) == [("dropped", "messages[0].name"), ("dropped", "messages[0].audio")]


def test_the_request_itself_is_not_changed() -> None:
    import copy

    request = ask(
        user("hi"), assistant(call("a")), assistant(call("b")), user("text", result("b"), result("a")), user("")
    )
    before = copy.deepcopy(request)
    render(request)
    assert request == before


BILLING = "x-anthropic-billing-header: cc_version=2; cch=1;"


def test_099_the_billing_header_goes_to_anthropic_alone() -> None:
    system = [{"type": "text", "text": BILLING}, {"type": "text", "text": "s"}]
    anthropic = target(dialect=Dialect(billing_header=True))
    assert through(anthropic, system=system)["system"] == system
    assert through(target(), system=system)["system"] == "s"
    assert drops(render(decode(system=system), target())) == [("dropped", "messages[0].parts[0]")]
    assert "system" not in through(target(), system=BILLING)
