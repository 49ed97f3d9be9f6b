"""Text that shall be one JSON object: told as it comes, and an object whatever the model wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.core.json_object import JsonObject, as_object


def told(*pieces: str) -> tuple[str, bool]:
    growing = JsonObject()
    text = "".join(map(growing.feed, pieces))
    return text + growing.finish(), growing.mended


@pytest.mark.parametrize(
    "text", ['{"a":1}', '{"a": [1, {"b": null}], "c": "d\\n\\u00e9"}', '{"n":-1.5e3 }', "{}", '{"":{}}', '{"a":[]}']
)
def test_an_object_is_told_as_it_was_written(text: str) -> None:
    assert told(text) == (text, False)
    assert told(*text) == (text, False)
    assert as_object(text) == (text, False)


@pytest.mark.parametrize(("text", "mended"), [("", False), ("  ", False), ("null", True)])
def test_nothing_is_an_empty_object(text: str, mended: bool) -> None:
    assert as_object(text) == ("{}", mended)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"city":"San Fr', {"city": "San Fr"}),
        ('{"city":"San\\', {"city": "San"}),
        ('{"a":1,', {"a": 1}),
        ('{"a":1,"b', {"a": 1}),
        ('{"a":1,"b":', {"a": 1}),
        ('{"a":[1,{"b":"c"},tr', {"a": [1, {"b": "c"}]}),
        ('{"a":12', {"a": 12}),
        ("{", {}),
    ],
)
def test_unfinished_objects_are_closed(text: str, value: object) -> None:
    closed, mended = as_object(text)
    assert json.loads(closed) == value
    assert mended


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("sunny", {"input": "sunny"}),
        ("[1]", {"input": [1]}),
        ("{broken", {"input": "{broken"}),
        ('{"a":1 oh', {"a": 1, "input": '{"a":1 oh'}),
        ('{"a":{"b":[1 oh', {"a": {"b": [1]}, "input": '{"a":{"b":[1 oh'}),
        ('{"a" {"b"', {"input": '{"a" {"b"'}),
        ("{,}", {"input": "{,}"}),
        ('{"a":01}', {"input": '{"a":01}'}),
    ],
)
def test_what_is_no_json_is_told_whole_under_input(text: str, value: object) -> None:
    wrapped, mended = as_object(text)
    assert json.loads(wrapped) == value
    assert mended


def test_arguments_told_twice_are_told_once() -> None:
    assert told('{"a":1}', '{"a":1}') == ('{"a":1}', True)
    assert told('{"a":1}{"a":1}') == ('{"a":1}', True)


def test_what_had_to_be_escaped_in_a_string_is() -> None:
    text, mended = as_object('{"a":"one\ntwo \\d"}')
    assert json.loads(text) == {"a": "one\ntwo \\d"}
    assert mended


def test_a_key_or_number_without_end_is_not_waited_for() -> None:
    text, mended = told('{"', *["k" * 1000] * 20)
    assert json.loads(text) == {"input": '{"' + "k" * 20_000}
    assert mended


@pytest.mark.parametrize("space", ["\x1f", "\u00a0", "\u2028"])
def test_white_space_that_is_none_in_json_is_not_lost(space: str) -> None:
    text, mended = told(space)
    assert json.loads(text) == {"input": space}
    assert mended


def test_very_deep_nesting_is_no_object() -> None:
    text, mended = told(*['{"a":'] * 5000)
    assert json.loads(text)["input"] == '{"a":' * 5000
    assert mended


pieces = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", '"', ",", ":", "\\", "\\u00", "1", "-", ".5", "e", "tru", "true", "a", " ", "\n"]
    )
    | st.text(max_size=3),
    max_size=12,
)


@given(pieces)
def test_whatever_is_said_an_object_comes_of_it_the_same_in_pieces_and_whole(said: list[str]) -> None:
    text = "".join(said)
    growing = JsonObject()
    whole = growing.feed(text) + growing.finish()
    assert isinstance(json.loads(whole), dict)
    assert told(*said) == (whole, growing.mended)
    if not growing.mended and text.strip(" \t\n\r"):
        assert whole.strip(" \t\n\r") == text.strip(" \t\n\r")
