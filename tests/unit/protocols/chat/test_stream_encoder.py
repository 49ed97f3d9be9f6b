"""Writing chat streams for clients."""

import itertools
import json

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from tests.grammar import violations
from tests.unit.protocols.chat.wires import (
    asked,
    chunk,
    deltas,
    encoded,
    events,
    stream,
    told,
    values,
    writing,
    written,
)

from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import (
    Event,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    SignatureDelta,
    StreamError,
    TextDelta,
)
from plexus.ir.fold import fold
from plexus.ir.parts import Citation, Media, Opaque, Origin, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.ir.signature import unwrap
from plexus.ir.unfold import unfold
from plexus.protocols.chat import PROTOCOL

CUSTOM = {"type": "custom", "custom": {"name": "run"}}
USAGE = Usage(input=7, output=5, cache_read=3, reasoning=2)


def answer(*parts, **fields):
    return ChatResponse(parts=list(parts), **{"stop_reason": "end", "usage": USAGE, "protocol": "messages", **fields})


def finishes(frames):
    return [
        one["finish_reason"]
        for frame in frames
        if isinstance(frame, dict)
        for one in frame.get("choices", [])
        if one["finish_reason"]
    ]


def test_195_a_stream_has_one_id_a_delta_in_every_choice_one_finish_and_usage_once_after_it():
    frames = written(
        unfold(answer(Thinking(text="hm"), Text(text="hey"))),
        asked(stream=True, stream_options={"include_usage": True}),
    )
    assert frames[-1] == "[DONE]"
    chunks = frames[:-1]
    assert len({one["id"] for one in chunks}) == 1
    assert len({(one["created"], one["model"], one["object"]) for one in chunks}) == 1
    assert all("delta" in choice for one in chunks for choice in one["choices"])
    assert finishes(chunks) == ["stop"]
    assert [one["choices"] == [] for one in chunks] == [False] * (len(chunks) - 1) + [True]
    assert [bool(one["usage"]) for one in chunks] == [False] * (len(chunks) - 1) + [True]


def test_usage_is_written_in_openai_arithmetic():
    frames = written(unfold(answer(Text(text="a"))), asked(stream=True, stream_options={"include_usage": True}))
    assert frames[-2]["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def test_098_usage_is_hidden_from_a_client_that_did_not_ask():
    frames = written(unfold(answer(Text(text="a"))), asked(stream=True))
    assert not any("usage" in frame for frame in frames[:-1])
    assert frames[-1] == "[DONE]"


def test_024_the_role_comes_first_and_once():
    frames = written(unfold(answer(Text(text="a"))))
    assert [choice["delta"].get("role") for frame in frames[:-1] for choice in frame["choices"]] == [
        "assistant",
        None,
        None,
    ]


def test_021_tool_index_counts_tool_calls_only():
    call = ToolCall(id="a", name="look", arguments='{"x":1}')
    other = ToolCall(id="b", name="see", arguments="{}")
    frames = written(unfold(answer(Thinking(text="hm"), Text(text="hey"), call, Text(text="and"), other)))
    assert [entry["index"] for entries in deltas(frames, "tool_calls") for entry in entries] == [0, 0, 1, 1]


def test_022_the_tool_name_comes_once_together_with_the_id():
    frames = written(unfold(answer(ToolCall(id="a", name="look", arguments='{"x":1}'))))
    first, *rest = [entry for entries in deltas(frames, "tool_calls") for entry in entries]
    assert first == {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}}
    assert all(entry.keys() == {"index", "function"} and entry["function"].keys() == {"arguments"} for entry in rest)
    assert "".join(entry["function"]["arguments"] for entry in rest) == '{"x":1}'


def test_023_an_answer_of_chat_keeps_its_id_and_another_gets_one_that_the_seed_makes():
    def first_id(start):
        return written([start, ResponseEnd(stop_reason="end")])[0]["id"]

    assert first_id(ResponseStart(id="gen-1", protocol="chat")) == "gen-1"
    made = first_id(ResponseStart(id="msg_1", protocol="messages"))
    assert made.startswith("chatcmpl-")
    assert made == first_id(ResponseStart(id="msg_2", protocol="messages"))


def test_unknown_fields_of_a_chat_upstream_are_told_once_and_its_fingerprint_in_every_chunk():
    start = ResponseStart(protocol="chat", extras={"system_fingerprint": "fp", "prompt_filter_results": [1]})
    first, last = written([start, ResponseEnd(stop_reason="end")])[:-1]
    assert (first["prompt_filter_results"], first["system_fingerprint"]) == ([1], "fp")
    assert "prompt_filter_results" not in last
    assert last["system_fingerprint"] == "fp"


def test_011_a_call_without_arguments_says_an_empty_object():
    frames = written(unfold(answer(ToolCall(id="a", name="look"))))
    assert (
        "".join(entry["function"]["arguments"] for entries in deltas(frames, "tool_calls") for entry in entries) == "{}"
    )


def test_016_and_026_a_stream_with_a_call_finishes_with_tool_calls():
    for stop in ("end", "tool_use", None):
        assert finishes(written(unfold(answer(ToolCall(id="a", name="look"), stop_reason=stop)))) == ["tool_calls"]


@pytest.mark.parametrize(
    ("stop", "word"),
    [
        ("end", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("context_window", "length"),
        ("content_filter", "content_filter"),
        ("refusal", "content_filter"),
        ("pause", "stop"),
        (None, "stop"),
    ],
)
def test_019_and_198_every_stop_reason_has_one_word_and_length_stays_length(stop, word):
    response = answer(Text(text="a"), stop_reason=stop)
    assert finishes(written(unfold(response))) == [word]
    assert told(response)["choices"][0]["finish_reason"] == word


@pytest.mark.parametrize("stop", ["pause", "malformed_tool_call", "error", "stop_sequence"])
def test_a_call_that_was_sent_is_never_followed_by_stop(stop):
    assert finishes(written(unfold(answer(ToolCall(id="a", name="look"), stop_reason=stop)))) == ["tool_calls"]


def test_a_length_limit_that_cut_a_call_stays_a_length_limit():
    assert finishes(
        written(unfold(answer(ToolCall(id="a", name="look", arguments='{"x'), stop_reason="max_tokens")))
    ) == ["length"]


def test_a_refusal_is_told_as_one_and_ends_with_stop_as_openai_does():
    frames = written(unfold(answer(Text(text="no", refusal=True), stop_reason="refusal")))
    assert deltas(frames, "refusal") == ["no"]
    assert finishes(frames) == ["stop"]


def test_027_a_finish_without_content_is_told():
    frames = written([ResponseStart(protocol="gemini"), ResponseEnd(stop_reason="max_tokens")])
    assert finishes(frames) == ["length"]
    assert violations("chat", encoded([ResponseStart(), ResponseEnd(stop_reason="end")]), usage=False) == []


def test_028_choices_keep_their_index():
    response = answer(Text(text="a"))
    found = unfold(response)
    other: list[Event] = [PartStart(9, Text(text=""), 1), TextDelta(9, "b"), PartEnd(9)]
    frames = written([*found[:-1], *other, ResponseEnd(stop_reason="end", other_stops={1: "max_tokens"})])
    assert (deltas(frames, "content", 0), deltas(frames, "content", 1)) == (["a"], ["b"])
    assert finishes(frames) == ["stop", "length"]


def test_029_reasoning_content_is_a_plain_string():
    frames = written(
        [ResponseStart(), PartStart(0, Thinking()), TextDelta(0, "h"), TextDelta(0, "m"), PartEnd(0), ResponseEnd()]
    )
    assert deltas(frames, "reasoning_content") == ["h", "m"]
    assert deltas(frames, "reasoning_details") == []


def test_a_signed_thought_is_repeated_whole_with_its_signature_for_the_way_back():
    signature = Signature("sig", Origin("messages", "anthropic", "claude"))
    frames = written(unfold(answer(Thinking(text="hm", signature=signature), Text(text="a"))))
    ((entry,),) = deltas(frames, "reasoning_details")
    assert (entry["type"], entry["text"], entry["index"]) == ("reasoning.text", "hm", 0)
    assert unwrap(entry["signature"], "chat") == signature


def test_redacted_thinking_is_an_encrypted_entry():
    signature = Signature("blob", Origin("messages", "anthropic", "claude"))
    frames = written(unfold(answer(Thinking(redacted=True, signature=signature))))
    ((entry,),) = deltas(frames, "reasoning_details")
    assert (entry["type"], entry["format"]) == ("reasoning.encrypted", "anthropic-claude-v1")
    assert unwrap(entry["data"], "chat") == signature


def test_a_client_that_appends_deltas_gets_the_whole_answer():
    """The SDK's own helper merges list entries by position, so lists of any length come in one piece."""
    signature = Signature("sig", Origin("messages", "anthropic", "claude"))
    parts = [
        Thinking(text="one", signature=signature),
        Thinking(text="short", summary=True, signature=Signature("enc", Origin("responses", "openai", "o3"))),
        Text(text="a", citations=[Citation(url="https://a.test", title="A")]),
        Text(text="b", citations=[Citation(url="https://b.test", title="B")]),
        ToolCall(id="x", name="look", arguments='{"x":1}', signature=signature),
        ToolCall(id="y", name="see", arguments="{}"),
    ]
    response = answer(*parts)
    state = ChatCompletionStreamState()
    for frame in written(unfold(response), asked(stream=True, stream_options={"include_usage": True}))[:-1]:
        state.handle_chunk(ChatCompletionChunk.model_validate(frame))
    final, whole = state.current_completion_snapshot, told(response)
    assert final.usage is not None
    assert final.usage.total_tokens == 15
    message = final.choices[0].message.model_dump(exclude_none=True)
    for name in ("content", "reasoning_content", "reasoning_details", "annotations"):
        assert message[name] == whole["choices"][0]["message"][name]
    got = [(call["id"], call["function"]["arguments"], call.get("extra_content")) for call in message["tool_calls"]]
    want = whole["choices"][0]["message"]["tool_calls"]
    assert got == [(call["id"], call["function"]["arguments"], call.get("extra_content")) for call in want]


def test_a_thought_that_is_repeated_for_its_signature_is_read_once():
    thoughts = [
        Thinking(text="one", signature=Signature("sig", Origin("messages", "anthropic", "claude"))),
        Thinking(text="short", summary=True, signature=Signature("enc", Origin("responses", "openai", "o3"))),
        Thinking(text="plain"),
    ]
    data = encoded(unfold(answer(*thoughts, Text(text="a"))))
    *found, _ = fold(events(data)).parts
    assert [part.text for part in found if isinstance(part, Thinking)] == ["one", "short", "plain"]
    assert [part.signature is not None for part in found if isinstance(part, Thinking)] == [True, True, False]


def test_107_a_call_signature_is_written_the_way_google_does():
    signature = Signature("sig", Origin("gemini", "google", "gemini"))
    frames = written(unfold(answer(ToolCall(id="a", name="look", arguments="{}", signature=signature))))
    entries = [entry for entries in deltas(frames, "tool_calls") for entry in entries]
    (value,) = [entry["extra_content"]["google"]["thought_signature"] for entry in entries if "extra_content" in entry]
    assert unwrap(value, "chat") == signature


def test_a_custom_call_streams_as_free_text():
    response = answer(ToolCall(id="a", name="run", arguments="ls", custom=True))
    frames = written(unfold(response), asked(stream=True, tools=[CUSTOM]))
    first, then = [entry for entries in deltas(frames, "tool_calls") for entry in entries]
    assert first == {"index": 0, "id": "a", "type": "custom", "custom": {"name": "run", "input": ""}}
    assert then == {"index": 0, "custom": {"input": "ls"}}


def test_a_custom_call_made_as_a_function_turns_back_into_free_text():
    response = answer(ToolCall(id="a", name="run", arguments='{"input": "ls \\"-l\\""}'))
    frames = written(unfold(response), asked(stream=True, tools=[CUSTOM]))
    ((entry,),) = deltas(frames, "tool_calls")
    assert entry == {"index": 0, "id": "a", "type": "custom", "custom": {"name": "run", "input": 'ls "-l"'}}


def test_a_client_that_asked_with_functions_gets_a_function_call():
    request = asked(stream=True, functions=[{"name": "look"}])
    frames = written(unfold(answer(ToolCall(id="a", name="look", arguments='{"x":1}'))), request)
    assert deltas(frames, "function_call") == [{"name": "look", "arguments": ""}, {"arguments": '{"x":1}'}]
    assert finishes(frames) == ["function_call"]


def test_citations_are_placed_in_the_whole_content():
    first = Text(text="one ", citations=[Citation(url="https://a.test", title="A")])
    second = Text(text="two", citations=[Citation(url="https://b.test", start=1, end=3)])
    frames = written(unfold(answer(first, second)))
    places = [
        (note["url_citation"]["start_index"], note["url_citation"]["end_index"])
        for notes in deltas(frames, "annotations")
        for note in notes
    ]
    assert places == [(0, 4), (5, 7)]


def test_images_and_sound_are_told_the_way_chat_has_them():
    frames = written(
        unfold(
            answer(
                Media(kind="image", mime="image/png", data="QUJD"), Media(kind="audio", data="QUJD", transcript="hey")
            )
        )
    )
    assert deltas(frames, "images") == [
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}, "index": 0}]
    ]
    (audio,) = deltas(frames, "audio")
    assert (audio["data"], audio["transcript"]) == ("QUJD", "hey")


def test_what_chat_cannot_show_is_reported():
    encoder = PROTOCOL.stream_encoder(writing())
    for event in unfold(answer(Opaque(kind="server_tool_use", raw={}, origin=Origin("messages")), Text(text="a"))):
        encoder.encode(event)
    assert [drop.kind for drop in encoder.drops] == ["dropped"]


def test_log_probabilities_are_told_with_their_text():
    token = TokenLogprob(token="a", logprob=-0.5)
    frames = written(
        [
            ResponseStart(),
            PartStart(0, Text(text="")),
            TextDelta(0, "a", [token]),
            PartEnd(0),
            ResponseEnd(stop_reason="end"),
        ]
    )
    told_choice = frames[1]["choices"][0]
    assert told_choice["delta"] == {"content": "a"}
    assert told_choice["logprobs"] == {
        "content": [{"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}],
        "refusal": None,
    }


def test_018_an_error_is_a_frame_and_no_done_follows():
    fault = Fault(kind="overloaded", status=529, message="busy")
    found: list[Event] = [
        ResponseStart(),
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        StreamError(fault),
        TextDelta(0, "b"),
        ResponseEnd(),
    ]
    frames = written(found)
    assert frames[-1] == {"error": {"message": "busy", "type": "server_error", "param": None, "code": "overloaded"}}
    assert b"[DONE]" not in encoded(found)


def test_030_and_149_a_heartbeat_is_a_comment_that_reads_as_nothing():
    encoder = PROTOCOL.stream_encoder(writing())
    beat = encoder.heartbeat()
    assert beat == b": ping\n\n"
    assert (
        values(encoder.encode(ResponseStart()) + beat + encoder.encode(ResponseEnd(stop_reason="end")))[-1] == "[DONE]"
    )


def test_040_frames_that_arrive_bundled_are_each_an_event_of_their_own():
    bundle = stream(chunk({"content": "a"}), chunk({"content": "b"}), chunk(finish="stop"))
    frames = encoded(events(bundle)).decode().split("\n\n")[:-1]
    assert len(frames) == 5
    assert all(frame.startswith("data: ") and frame.count("data: ") == 1 for frame in frames)


def test_nothing_is_written_after_the_end():
    encoder = PROTOCOL.stream_encoder(writing())
    encoder.encode(ResponseEnd(stop_reason="end"))
    assert [encoder.encode(event) for event in unfold(answer(Text(text="a")))] == [b""] * 5


def test_any_order_of_events_gives_a_valid_stream():
    pieces: list[Event] = [
        ResponseStart(),
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        PartEnd(0),
        SignatureDelta(0, Signature("s", Origin("chat"))),
    ]
    for order in itertools.permutations(pieces):
        data = encoded([*order, ResponseEnd(stop_reason="end", usage=USAGE)])
        assert violations("chat", data, usage=False) == []


def test_every_chunk_is_one_the_sdk_accepts():
    response = answer(Thinking(text="hm"), Text(text="hey"), ToolCall(id="a", name="look", arguments="{}"))
    for frame in written(unfold(response), asked(stream=True, stream_options={"include_usage": True}))[:-1]:
        ChatCompletionChunk.model_validate(frame, strict=True)


def test_a_stream_read_and_written_says_the_same():
    data = stream(
        chunk({"role": "assistant", "reasoning_content": "hm"}),
        chunk({"content": "hey"}),
        chunk(
            {
                "tool_calls": [
                    {"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x":1}'}}
                ]
            }
        ),
        chunk(finish="tool_calls"),
        {**chunk(), "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
    )
    once = events(data)
    again = events(encoded(once, asked(stream=True, stream_options={"include_usage": True})))
    first, second = fold(once), fold(again)
    assert (first.parts, first.stop_reason, first.id) == (second.parts, second.stop_reason, second.id)
    assert second.usage is not None
    assert (second.usage.input, second.usage.output) == (3, 4)


def test_the_stream_and_the_whole_answer_say_the_same():
    signature = Signature("sig", Origin("messages", "anthropic", "claude"))
    response = answer(
        Thinking(text="hm", signature=signature),
        Text(text="hey", citations=[Citation(url="https://a.test", title="A")]),
        ToolCall(id="a", name="look", arguments='{"x":1}'),
    )
    message = told(response)["choices"][0]["message"]
    frames = written(unfold(response))
    assert "".join(deltas(frames, "content")) == message["content"]
    assert "".join(deltas(frames, "reasoning_content")) == message["reasoning_content"]
    assert deltas(frames, "reasoning_details") == [message["reasoning_details"]]
    assert deltas(frames, "annotations") == [message["annotations"]]


def test_text_that_is_no_valid_unicode_does_not_break_the_stream():
    frames = written(
        [
            ResponseStart(),
            PartStart(0, Text(text="")),
            TextDelta(0, "a\ud800"),
            PartEnd(0),
            ResponseEnd(stop_reason="end"),
        ]
    )
    assert len(deltas(frames, "content")) == 1
    assert json.dumps(frames)
