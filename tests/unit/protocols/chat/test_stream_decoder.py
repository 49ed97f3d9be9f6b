"""Reading chat streams of every dialect."""

import json

import pytest
from tests.unit.protocols.chat.wires import READING, call, calls, chunk, events, read, stream, usage_chunk

from plexus.core import sse
from plexus.core.sse import Frame
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart, StreamError, TextDelta
from plexus.ir.fold import fold
from plexus.ir.parts import Citation, Media, Text, Thinking, ToolCall
from plexus.protocols.chat import PROTOCOL
from plexus.protocols.chat.stream_decoder import StreamDecoder


def test_text_deltas_become_one_text_part_between_start_and_end():
    found = events(
        stream(
            chunk({"role": "assistant", "content": ""}),
            chunk({"content": "he"}),
            chunk({"content": "y"}),
            chunk(finish="stop"),
        )
    )
    assert [type(event) for event in found] == [ResponseStart, PartStart, TextDelta, TextDelta, PartEnd, ResponseEnd]
    start = found[0]
    assert isinstance(start, ResponseStart)
    assert (start.id, start.model, start.created, start.protocol) == ("c1", "acme-1", 5, "chat")


def test_034_data_without_a_space_after_the_colon_is_read():
    data = stream(chunk({"content": "hey"}), chunk(finish="stop")).replace(b"data: ", b"data:")
    assert fold(events(data)).parts == [Text(text="hey")]


def test_035_and_036_a_stream_means_the_same_wherever_its_bytes_are_cut():
    data = stream(
        chunk({"content": "čau 🦉"}),
        chunk(calls(call('{"a":1}', "look", id="x", index=0))),
        chunk(finish="tool_calls"),
        usage_chunk(),
    )
    whole = events(data)
    for cut in range(1, len(data)):
        frames, decoder = sse.Decoder(), PROTOCOL.stream_decoder(READING)
        given = [*frames.feed(data[:cut]), *frames.feed(data[cut:]), *frames.end()]
        assert [event for frame in given for event in decoder.feed(frame)] + decoder.end() == whole


def test_037_and_038_a_stream_cut_before_its_finish_reason_is_an_error():
    found = events(stream(chunk({"content": "he"}), done=False))
    last = found[-1]
    assert isinstance(last, StreamError)
    assert (last.fault.kind, last.fault.code) == ("upstream", "truncated")
    assert not any(isinstance(event, ResponseEnd) for event in found)


def test_037_a_truncated_final_frame_is_an_error():
    data = stream(chunk({"content": "he"}), done=False) + b'data: {"id":"c1","choices":[{"index":0,"del'
    assert isinstance(events(data)[-1], StreamError)


@pytest.mark.parametrize("chunks", [[], [chunk({"role": "assistant", "content": ""})]])
def test_038_a_done_marker_after_nothing_at_all_is_an_error(chunks):
    assert isinstance(events(stream(*chunks))[-1], StreamError)


def test_a_done_marker_after_an_answer_ends_it_although_no_finish_reason_was_said():
    """OpenAI's audio models end like this, as recorded; statement 38 is about streams that simply stop."""
    assert read(chunk({"content": "hey"})).stop_reason == "end"
    assert read(chunk(calls(call("{}", "look", id="x", index=0)))).stop_reason == "tool_use"


def test_039_a_stream_without_done_that_ends_after_its_finish_reason_is_complete():
    found = events(stream(chunk({"content": "hey"}), chunk(finish="stop"), usage_chunk(), done=False))
    end = found[-1]
    assert isinstance(end, ResponseEnd)
    assert end.usage is not None


def test_039_the_decoder_says_that_only_bookkeeping_can_follow():
    decoder = StreamDecoder(READING)
    decoder.feed(Frame("", json.dumps(chunk({"content": "hey"})).encode()))
    assert not decoder.finished
    decoder.feed(Frame("", json.dumps(chunk(finish="stop")).encode()))
    assert decoder.finished
    assert not decoder.done


def test_013_a_usage_chunk_after_the_finish_reason_is_waited_for():
    end = events(stream(chunk({"content": "hey"}), chunk(finish="stop"), usage_chunk()))[-1]
    assert isinstance(end, ResponseEnd)
    assert end.usage is not None
    assert (end.usage.input, end.usage.output) == (10, 5)


def test_014_a_final_chunk_with_choices_and_usage_keeps_both():
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    response = read(chunk({"content": "hey"}), chunk(finish="length", usage=usage))
    assert response.stop_reason == "max_tokens"
    assert response.usage is not None
    assert (response.usage.input, response.usage.cache_read) == (6, 4)


@pytest.mark.parametrize(
    "fields",
    [
        {"x_groq": {"id": "r", "usage": {"prompt_tokens": 10, "completion_tokens": 5}}},
        {"usage": {"prompt_tokens": 10, "completion_tokens": 5}},
    ],
)
def test_usage_is_found_wherever_a_vendor_puts_it(fields):
    usage = read(chunk({"content": "a"}), chunk(finish="stop", **fields)).usage
    assert usage is not None
    assert (usage.input, usage.output) == (10, 5)


def test_usage_inside_a_choice_is_found():
    last = chunk(finish="stop")
    last["choices"][0]["usage"] = {"prompt_tokens": 10, "completion_tokens": 5}
    usage = read(chunk({"content": "a"}), last).usage
    assert usage is not None
    assert usage.output == 5


def test_120_cumulative_usage_is_set_and_not_added():
    first = {"prompt_tokens": 10, "completion_tokens": None}
    then = {"prompt_tokens": 10, "completion_tokens": 2}
    usage = read(
        chunk({"content": "a"}, usage=first), chunk({"content": "b"}, usage=then), chunk(finish="stop", usage=then)
    ).usage
    assert usage is not None
    assert (usage.input, usage.output) == (10, 2)


def test_125_what_was_used_before_a_cut_is_told_with_the_error():
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    last = events(stream(chunk({"content": "a"}, usage=usage), done=False))[-1]
    assert isinstance(last, StreamError)
    assert last.usage is not None
    assert last.usage.input == 10


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_006_and_029_reasoning_strings_become_a_thinking_part(name):
    response = read(chunk({name: "hm"}), chunk({name: "m"}), chunk({"content": "hey"}), chunk(finish="stop"))
    assert response.parts == [Thinking(text="hmm"), Text(text="hey")]


def test_006_reasoning_said_twice_in_one_delta_counts_once():
    both = {"reasoning": "hm", "reasoning_content": "hm"}
    assert read(chunk(both), chunk(finish="stop")).parts == [Thinking(text="hm")]
    details = {"reasoning": "hm", "reasoning_details": [{"type": "reasoning.text", "text": "hm", "index": 0}]}
    assert read(chunk(details), chunk(finish="stop")).parts == [Thinking(text="hm")]


def test_reasoning_details_carry_text_and_signature_of_one_thought():
    def entry(**fields):
        return {"reasoning_details": [{"type": "reasoning.text", "index": 0, "format": "unknown", **fields}]}

    thought, text = read(
        chunk(entry(text="h")),
        chunk(entry(text="m")),
        chunk(entry(signature="sig")),
        chunk({"content": "a"}),
        chunk(finish="stop"),
    ).parts
    assert isinstance(thought, Thinking)
    assert thought.text == "hm"
    assert thought.signature is not None
    assert (thought.signature.value, thought.signature.origin) == ("sig", READING.origin)
    assert text == Text(text="a")


def test_a_summary_and_its_encrypted_entry_are_one_thought():
    summary = {"reasoning_details": [{"type": "reasoning.summary", "summary": "short", "index": 0}]}
    hidden = {"reasoning_details": [{"type": "reasoning.encrypted", "data": "blob", "index": 0, "id": "rs_1"}]}
    (thought,) = read(chunk(summary), chunk(hidden), chunk(finish="stop")).parts
    assert isinstance(thought, Thinking)
    assert (thought.text, thought.summary) == ("short", True)
    assert thought.signature is not None
    assert thought.signature.value == "blob"


def test_084_redacted_thinking_stays_a_part_of_its_own():
    entries = [
        {"type": "reasoning.text", "text": "hm", "signature": "s", "index": 0, "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "blob", "index": 1, "format": "anthropic-claude-v1"},
    ]
    first, second = read(chunk({"reasoning_details": entries}), chunk(finish="stop")).parts
    assert isinstance(first, Thinking)
    assert isinstance(second, Thinking)
    assert not first.redacted
    assert second.redacted


def test_mistral_content_arrays_hold_thinking_and_text():
    thinking = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}
    more = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "m"}]}]}
    response = read(
        chunk(thinking),
        chunk(more),
        chunk({"content": [{"type": "text", "text": "a"}]}),
        chunk({"content": "b"}),
        chunk(finish="stop"),
    )
    assert response.parts == [Thinking(text="hmm"), Text(text="ab")]


def test_007_content_beside_an_empty_list_of_calls_is_text():
    response = read(chunk({"content": "hey", "tool_calls": []}), chunk(finish="stop"))
    assert response.parts == [Text(text="hey")]


def test_024_an_empty_role_is_tolerated():
    assert read(chunk({"role": "", "content": "hey"}), chunk(finish="stop")).parts == [Text(text="hey")]


@pytest.mark.parametrize(
    "odd",
    [{"choices": None}, {"choices": []}, {}, {"choices": [None]}, {"choices": [{"index": 0, "delta": None}]}, 5, None],
)
def test_043_odd_chunks_are_skipped(odd):
    wire = {"id": "c1", **odd} if isinstance(odd, dict) else odd
    response = read(wire, chunk({"content": "a"}), wire, chunk(finish="stop"), wire)
    assert response.parts == [Text(text="a")]
    assert response.stop_reason == "end"


def test_a_frame_that_is_no_json_is_skipped():
    assert read("{oops", chunk({"content": "a"}), chunk(finish="stop")).parts == [Text(text="a")]


def test_lone_surrogates_do_not_lose_the_chunk():
    data = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a\\ud83d"}}]}\n\n' + stream(chunk(finish="stop"))
    (text,) = fold(events(data)).parts
    assert isinstance(text, Text)
    assert text.text.startswith("a")


def test_azure_begins_with_a_filter_verdict_that_opens_nothing():
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []}
    start = events(stream(first, chunk({"content": "a"}), chunk(finish="stop")))[0]
    assert isinstance(start, ResponseStart)
    assert start.id == "c1"


def test_perplexity_names_its_chunks_completions_and_repeats_the_message():
    last = {
        **chunk({"role": "assistant", "content": ""}, "stop"),
        "object": "chat.completion",
        "citations": ["https://a.test"],
    }
    last["choices"][0]["message"] = {"role": "assistant", "content": "Banana"}
    (text,) = read({**chunk({"content": "Banana"}), "citations": ["https://a.test"]}, last, done=False).parts
    assert isinstance(text, Text)
    assert text.text == "Banana"
    assert [citation.url for citation in text.citations] == ["https://a.test"]


def test_sources_that_come_with_the_usage_still_belong_to_the_text():
    last = {**usage_chunk(), "citations": ["https://a.test"]}
    (text,) = read(chunk({"content": "a"}), chunk(finish="stop"), last).parts
    assert isinstance(text, Text)
    assert [citation.url for citation in text.citations] == ["https://a.test"]


def test_a_whole_message_in_a_chunk_is_read_where_there_is_no_delta():
    wire = {
        "id": "c1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hey"}, "finish_reason": "stop"}],
    }
    assert read(wire).parts == [Text(text="hey")]


def test_annotations_become_citations_of_the_text_they_follow():
    note = {
        "type": "url_citation",
        "url_citation": {"url": "https://a.test", "title": "A", "start_index": 0, "end_index": 3},
    }
    (text,) = read(chunk({"content": "hey"}), chunk({"annotations": [note]}), chunk(finish="stop")).parts
    assert isinstance(text, Text)
    assert text.citations == [Citation(url="https://a.test", title="A", start=0, end=3, raw=note)]


def test_refusals_are_text_that_says_so():
    response = read(chunk({"refusal": "I "}), chunk({"refusal": "won't"}), chunk(finish="stop"))
    assert response.parts == [Text(text="I won't", refusal=True)]


def test_audio_pieces_become_one_sound_with_its_transcript():
    response = read(
        chunk({"audio": {"id": "audio_1", "transcript": "he"}}),
        chunk({"audio": {"data": "QUI=", "transcript": "y"}}),
        chunk({"audio": {"data": "Qw==", "expires_at": 9}}),
        chunk(finish="stop"),
    )
    assert response.parts == [
        Media(kind="audio", data="QUJD", transcript="hey", extras={"id": "audio_1", "expires_at": 9})
    ]


def test_images_arrive_as_media():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    response = read(chunk({"content": "look"}), chunk({"images": [image]}), chunk(finish="stop"))
    assert response.parts == [Text(text="look"), Media(kind="image", mime="image/png", data="QUJD")]


def test_028_further_choices_are_kept_apart_with_their_own_stop_reasons():
    response = read(
        chunk({"content": "a"}),
        chunk({"content": "x"}, index=1),
        chunk({"content": "b"}),
        chunk(finish="stop"),
        chunk(finish="length", index=1),
    )
    assert response.parts == [Text(text="ab")]
    assert (response.alternatives[0].parts, response.alternatives[0].stop_reason) == ([Text(text="x")], "max_tokens")


def test_log_probabilities_travel_with_their_text():
    wire = chunk({"content": "hey"})
    wire["choices"][0]["logprobs"] = {
        "content": [{"token": "hey", "logprob": -0.5, "bytes": [104], "top_logprobs": []}]
    }
    (text,) = read(wire, chunk(finish="stop")).parts
    assert isinstance(text, Text)
    assert [(token.token, token.logprob) for token in text.logprobs] == [("hey", -0.5)]


@pytest.mark.parametrize(
    ("wire", "kind", "status"),
    [
        ({"error": {"message": "slow down", "code": 429}}, "rate_limit", 429),
        ({"error": {"message": "boom", "type": "server_error"}}, "upstream", 502),
        ({"error": {"message": "busy", "type": "overloaded_error"}, "choices": []}, "overloaded", 529),
        ({"error": "boom"}, "upstream", 502),
    ],
)
def test_018_and_143_an_error_in_the_stream_ends_it_with_its_real_kind(wire, kind, status):
    found = events(stream(chunk({"content": "a"}), wire, chunk({"content": "b"}), chunk(finish="stop")))
    last = found[-1]
    assert isinstance(last, StreamError)
    assert (last.fault.kind, last.fault.status) == (kind, status)


def test_an_event_called_error_is_one_whatever_it_holds():
    last = events(b'event: error\ndata: {"message":"boom","code":"503"}\n\n')[-1]
    assert isinstance(last, StreamError)
    assert last.fault.kind == "unavailable"


def test_a_finish_reason_error_is_an_error():
    wire = chunk(finish="error")
    wire["choices"][0]["error"] = {"code": 502, "message": "provider died"}
    last = events(stream(chunk({"content": "a"}), wire))[-1]
    assert isinstance(last, StreamError)
    assert last.fault.message == "provider died"


def test_nothing_follows_an_error_or_the_end():
    for data in (stream({"error": {"message": "x"}}), stream(chunk({"content": "a"}), chunk(finish="stop"))):
        decoder = PROTOCOL.stream_decoder(READING)
        for frame in sse.Decoder().feed(data):
            decoder.feed(frame)
        assert decoder.done
        assert decoder.feed(Frame("", json.dumps(chunk({"content": "more"})).encode())) == []
        assert decoder.end() == []


def test_a_repeated_finish_reason_is_told_once():
    response = read(
        chunk(calls(call("{}", "look", id="x", index=0))), chunk(finish="tool_calls"), chunk({"content": ""}, "stop")
    )
    assert response.stop_reason == "tool_use"
    assert len(response.parts) == 1


def test_027_and_198_a_length_finish_with_empty_content_is_kept():
    assert read(chunk({"content": "a"}), chunk({"content": ""}, "length")).stop_reason == "max_tokens"


def test_016_and_026_an_answer_with_a_call_waits_for_its_result_even_when_it_says_stop():
    response = read(chunk(calls(call("{}", "look", id="x", index=0))), chunk({"content": ""}), chunk(finish="stop"))
    assert response.stop_reason == "tool_use"


def test_200_text_between_two_calls_stays_between_them():
    response = read(
        chunk(calls(call("{}", "one", id="a", index=0))),
        chunk({"content": "then"}),
        chunk(calls(call("{}", "two", id="b", index=1))),
        chunk(finish="tool_calls"),
    )
    assert [
        part.name if isinstance(part, ToolCall) else part.text
        for part in response.parts
        if isinstance(part, ToolCall | Text)
    ] == ["one", "then", "two"]


def test_what_comes_beside_text_in_one_delta_is_read_also_in_mid_text():
    note = {"type": "url_citation", "url_citation": {"url": "https://example.test/", "title": "T"}}
    response = read(
        chunk({"content": "He"}),
        chunk({"content": "y", "annotations": [note]}),
        chunk({"content": ".", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]}),
        chunk(finish="stop"),
    )
    text, image = response.parts
    assert isinstance(text, Text)
    assert text.text == "Hey."
    assert [citation.url for citation in text.citations] == ["https://example.test/"]
    assert isinstance(image, Media)


def test_sources_beside_an_annotated_answer_are_added_once():
    note = {"type": "url_citation", "url_citation": {"url": "https://example.test/a", "title": "T"}}
    urls = ["https://example.test/a", "https://example.test/b"]
    response = read(
        {**chunk({"content": "Hey"}), "citations": urls},
        {**chunk({"annotations": [note]}), "citations": urls},
        chunk(finish="stop"),
    )
    text = response.parts[0]
    assert isinstance(text, Text)
    assert [citation.url for citation in text.citations] == urls
