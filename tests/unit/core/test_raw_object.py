"""A body changes where it is told to and nowhere else."""

import json
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plexus.core import raw_object
from plexus.core.json import JSONError
from plexus.core.raw_object import RawObject, TooComplex, check_shape


def test_a_replaced_value_leaves_every_other_byte():
    body = b'\n { "a" : 1.0e2 ,\t"model":"x\\u0041", "z": {"model": "y"} }\n'
    assert RawObject(body).replaced({"model": b'"new"'}) == body.replace(b'"x\\u0041"', b'"new"')


def test_a_new_key_is_added_at_the_end():
    assert RawObject(b'{"a": 1 }').replaced({"b": b"2"}) == b'{"a": 1,"b":2 }'
    assert RawObject(b" { } ").replaced({"b": b"2"}) == b' {"b":2 } '


@pytest.mark.parametrize(
    "body", [b'{"a":1,"a":2}', b'{"a":1,"b":2,"a":1}', b'{"a":1,"\\u0061":1}', b'{"b":{},"a":1,"a":1}']
)
def test_a_key_given_twice_is_refused(body):
    with pytest.raises(JSONError):
        RawObject(body)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b'{"a":NaN}', b'{"a":1}x', b'{"a":"\xff"}', b"[" * 100_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_not_an_object_is_refused(body):
    with pytest.raises(JSONError):
        RawObject(body)


@given(
    st.dictionaries(
        st.text(),
        st.recursive(st.none() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)),
        max_size=6,
    ),
    st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}]),
    st.booleans(),
)
def test_any_object_is_split_where_its_values_are(value, style, ascii_only):
    body = json.dumps(value, ensure_ascii=ascii_only, **style).encode("utf-8", "replace")
    raw = RawObject(body)
    assert {key: json.loads(body[start:end]) for key, (start, end) in raw.spans.items()} == json.loads(body)
    if value:
        key = next(iter(json.loads(body)))
        assert json.loads(raw.replaced({key: b"[1]"})) == {**json.loads(body), key: [1]}
    assert json.loads(raw.replaced({"another key": b"true"})) == {**json.loads(body), "another key": True}


def test_depth_and_width_are_bounded_before_parsing():
    check_shape(b"[" * 256 + b"]" * 256, 256, 1000)
    with pytest.raises(TooComplex, match="deeper"):
        check_shape(b"[" * 257 + b"]" * 257, 256, 1000)
    with pytest.raises(TooComplex, match="elements"):
        check_shape(b"[" + b"{}," * 2000 + b"1]", 256, 1000)


def test_brackets_and_commas_inside_strings_do_not_count():
    check_shape(json.dumps({"text": '[[{{,"\\' * 5000}).encode(), 256, 1000)


def depth_of(value) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def elements_of(value) -> int:
    """Opened brackets and commas."""
    if not isinstance(value, list | dict):
        return 0
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(len(inner) - 1, 0) + sum(map(elements_of, inner))


def refused(body: bytes, depth: int, elements: int) -> bool:
    try:
        check_shape(body, depth, elements)
    except TooComplex:
        return True
    return False


texts = st.text(alphabet='"\\{}[],ab\u00e4\n')
values = st.recursive(texts | st.integers(), lambda c: st.lists(c) | st.dictionaries(texts, c), max_leaves=30)


@given(values, st.sampled_from([1, 2, 3, 7, 64]))
@example({"\\\\": ["\\", '"', [["\\\\\\"]]]}, 1)
def test_the_shape_is_that_of_the_parsed_value_wherever_the_slices_are_cut(value, size):
    body = json.dumps(value, ensure_ascii=False).encode()
    before, raw_object._SLICE = raw_object._SLICE, size
    try:
        depth, elements = depth_of(value), elements_of(value)
        assert not refused(body, depth, elements)
        assert depth == 0 or refused(body, depth - 1, elements)
        assert elements == 0 or refused(body, depth, elements - 1)
    finally:
        raw_object._SLICE = before


def test_an_object_of_very_many_fields_is_refused_before_it_is_split():
    body = b"{" + b",".join(b'"a%d":1' % n for n in range(100_000)) + b"}"
    with pytest.raises(TooComplex, match="fields"):
        check_shape(body, 256, 1_000_000)
    with pytest.raises(JSONError, match="fields"):
        RawObject(b"{" + b",".join(b'"a%d":1' % n for n in range(1001)) + b"}")
    inner = b'{"a":{' + b",".join(b'"a%d":1' % n for n in range(100_000)) + b"}}"
    check_shape(inner, 256, 1_000_000)


def test_a_character_cut_by_the_slices_is_still_one():
    body = b'{"a":"' + "\u00e4\U0001f642".encode() * 100_000 + b'"}'
    assert RawObject(body).text("a")
    with pytest.raises(JSONError, match="UTF-8"):
        RawObject(body[:-3] + b"\xc3" + b'"}')


def test_a_key_can_be_left_out_and_the_other_values_keep_their_bytes():
    body = RawObject(b'{"a": 1.50, "b" : [1, 2],"c":"\\u00e9"}')
    assert body.without("b").body == b'{"a":1.50,"c":"\\u00e9"}'
    assert body.without("b").without("a").without("c").body == b"{}"
    assert body.without("nothing") is body


@pytest.mark.parametrize("name", [b"k" * 5_000_000, rb"\n" * 2_500_000, b"k" * 513])
def test_a_name_of_megabytes_is_refused_before_anybody_looks_for_its_end(name):
    tracemalloc.start()
    try:
        with pytest.raises(JSONError, match="name"):
            RawObject(b'{"' + name + b'":1}')
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()
