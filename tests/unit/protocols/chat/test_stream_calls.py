"""Which fragment belongs to which tool call, in every dialect."""

from typing import Any

import pytest
from tests.unit.protocols.chat.wires import ORIGIN, call, calls, chunk, events, read, stream

from plexus.ir.exchange import Reading
from plexus.ir.fold import fold
from plexus.ir.parts import Text, ToolCall


def parts_of(data, reading) -> list[Any]:
    return list(fold(events(data, reading)).parts)


def first_part(*chunks) -> Any:
    return read(*chunks).parts[0]


def made(*chunks_of_calls):
    parts = read(*(chunk(calls(*entries)) for entries in chunks_of_calls), chunk(finish="tool_calls")).parts
    return [part for part in parts if isinstance(part, ToolCall)]


def said(*chunks_of_calls):
    return [(one.id, one.name, one.arguments) for one in made(*chunks_of_calls)]


def test_openai_names_a_call_once_and_numbers_its_fragments():
    found = said([call("", "look", id="a", index=0, type="function")], [call('{"x"', index=0)], [call(":1}", index=0)])
    assert found == [("a", "look", '{"x":1}')]


def test_010_parallel_calls_interleave_by_index():
    found = said(
        [call("", "one", id="a", index=0)],
        [call("", "two", id="b", index=1)],
        [call('{"x"', index=0), call('{"y"', index=1)],
        [call(":2}", index=1), call(":1}", index=0)],
    )
    assert found == [("a", "one", '{"x":1}'), ("b", "two", '{"y":2}')]


@pytest.mark.parametrize("again", [{"id": ""}, {"id": None}, {"id": "a"}, {}])
@pytest.mark.parametrize("name", ["", None, "look"])
def test_008_continuations_with_empty_or_repeated_ids_and_names_open_nothing(again, name):
    found = said([call('{"x"', "look", id="a", index=0)], [call(":1}", name, index=0, **again)])
    assert found == [("a", "look", '{"x":1}')]


def test_009_empty_content_between_fragments_neither_closes_nor_opens():
    first = {"content": "", **calls(call('{"x"', "look", id="a", index=0))}
    response = read(
        chunk(first),
        chunk({"content": ""}),
        chunk({"content": None, **calls(call(":1}", index=0))}),
        chunk(finish="tool_calls"),
    )
    assert [(part.name, part.arguments) for part in response.parts if isinstance(part, ToolCall)] == [
        ("look", '{"x":1}')
    ]
    assert len(response.parts) == 1


def test_025_calls_without_an_index_are_told_apart_by_their_ids():
    found = said([call('{"x":1}', "one", id="a"), call('{"y":2}', "two", id="b")], [call('{"z":3}', "one", id="c")])
    assert found == [("a", "one", '{"x":1}'), ("b", "two", '{"y":2}'), ("c", "one", '{"z":3}')]


def test_025_calls_that_all_have_index_0_but_ids_of_their_own_stay_apart():
    found = said([call('{"x":1}', "one", id="a", index=0)], [call('{"y":2}', "one", id="b", index=0)])
    assert found == [("a", "one", '{"x":1}'), ("b", "one", '{"y":2}')]


def test_025_calls_without_ids_get_stable_ones_that_differ():
    chunks = ([call('{"x":1}', "one", index=0)], [call('{"y":2}', "one", index=0)])
    first, second = said(*chunks), said(*chunks)
    assert first == second
    assert [(name, arguments) for _, name, arguments in first] == [("one", '{"x":1}'), ("one", '{"y":2}')]
    assert len({identity for identity, _, _ in first}) == 2


def test_ids_that_are_made_depend_on_the_seed():
    data = stream(chunk(calls(call("{}", "one"))), chunk(finish="tool_calls"))
    ids = {parts_of(data, Reading(origin=ORIGIN, seed=seed))[0].id for seed in ("a", "b")}
    assert len(ids) == 2


def test_031_fragments_are_appended_even_when_one_alone_is_valid_json():
    found = said([call('{"a":', "look", id="a", index=0)], [call("{}", index=0)], [call("}", index=0)])
    assert found == [("a", "look", '{"a":{}}')]


def test_004_all_arguments_in_one_chunk_are_kept():
    assert said([call('{"x":1}', "look", id="a", index=0)]) == [("a", "look", '{"x":1}')]


def test_011_a_call_without_arguments_is_still_a_call():
    assert said([call(None, "look", id="a", index=0)]) == [("a", "look", "")]


def test_arguments_given_as_an_object_become_json_text():
    assert said([call({"x": 1}, "look", id="a")]) == [("a", "look", '{"x":1}')]


def test_a_name_that_comes_after_the_id_is_waited_for():
    found = said([call(None, None, id="a", index=0)], [call('{"x"', None, index=0)], [call(":1}", "look", index=0)])
    assert found == [("a", "look", '{"x":1}')]


def test_arguments_for_nobody_knows_which_tool_are_a_malformed_call():
    response = read(chunk({"content": "a"}), chunk(calls(call('{"x":1}', id="a", index=0))), chunk(finish="tool_calls"))
    assert response.parts == [Text(text="a")]
    assert response.stop_reason == "malformed_tool_call"


def test_a_legacy_function_call_is_a_call():
    response = read(
        chunk({"function_call": {"name": "look", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"x":1}'}}),
        chunk(finish="function_call"),
    )
    (found,) = response.parts
    assert isinstance(found, ToolCall)
    assert (found.name, found.arguments, response.stop_reason) == ("look", '{"x":1}', "tool_use")


def test_custom_calls_keep_their_free_text():
    first = {"id": "a", "index": 0, "type": "custom", "custom": {"name": "run", "input": "ls "}}
    (found,) = made([first], [{"index": 0, "custom": {"input": "-l"}}])
    assert (found.custom, found.name, found.arguments) == (True, "run", "ls -l")


def test_107_a_google_thought_signature_belongs_to_its_call():
    signed = call("{}", "look", id="a", index=0, extra_content={"google": {"thought_signature": "sig"}})
    found, other = made([signed], [call("{}", "look", id="b", index=1)])
    assert found.signature is not None
    assert (found.signature.value, found.signature.origin) == ("sig", ORIGIN)
    assert other.signature is None


def test_108_a_signature_on_the_delta_goes_to_the_first_call_else_to_the_text():
    signature = {"extra_content": {"google": {"thought_signature": "sig"}}}
    first = first_part(chunk({**calls(call("{}", "look", id="a")), **signature}), chunk(finish="tool_calls"))
    text = first_part(chunk({"content": "hey"}), chunk({"content": "", **signature}), chunk(finish="stop"))
    alone = first_part(chunk({"content": "", **signature}), chunk(finish="stop"))
    assert [part.signature.value for part in (first, text, alone)] == ["sig", "sig", "sig"]


def test_208_names_that_were_changed_for_the_target_are_mapped_back():
    data = stream(chunk(calls(call("{}", "a_b", id="x", index=0))), chunk(finish="tool_calls"))
    reading = Reading(origin=ORIGIN, seed="s", tool_names={"a_b": "a.b"})
    assert [part.name for part in parts_of(data, reading)] == ["a.b"]
