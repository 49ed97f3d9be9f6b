import json

import pytest

from plexus.core.json_array import JsonArrayDecoder
from plexus.core.sse import OversizeEvent

ELEMENTS = [{"a": 'x"]},{\\', "b": [1, [2, {}]]}, 3, "s,[", None, [], {"é": "\\u0041"}, "\\\\"]
BODY = json.dumps(ELEMENTS, indent=2, ensure_ascii=False).encode()


def values(*chunks):
    decoder = JsonArrayDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    assert decoder.closed
    assert decoder.end() == []
    assert all(frame.event == "" for frame in frames)
    return [json.loads(frame.data) for frame in frames]


def test_every_byte_split_gives_the_same_elements():
    for cut in range(len(BODY) + 1):
        assert values(BODY[:cut], BODY[cut:]) == ELEMENTS


def test_byte_by_byte_gives_the_same_elements_each_as_soon_as_it_is_complete():
    assert values(*(BODY[n : n + 1] for n in range(len(BODY)))) == ELEMENTS
    decoder = JsonArrayDecoder()
    assert decoder.feed(b'[{"a":1') == []
    [frame] = decoder.feed(b"}")
    assert frame.data == b'{"a":1}'


def test_an_empty_array_has_no_elements():
    assert values(b" [ ] ") == []
    assert values(b"\xef\xbb\xbf[1]") == [1]


def test_what_follows_the_array_is_ignored():
    decoder = JsonArrayDecoder()
    assert [frame.data for frame in decoder.feed(b"[1] [2]")] == [b"1"]
    assert decoder.feed(b"[3]") == decoder.end() == []


def test_a_bare_object_without_an_array_is_given_too():
    decoder = JsonArrayDecoder()
    assert [frame.data for frame in decoder.feed(b'{"error":{"code":1}}')] == [b'{"error":{"code":1}}']
    assert not decoder.closed


def test_37_a_cut_element_is_given_at_the_end_so_that_it_is_seen_to_be_cut():
    decoder = JsonArrayDecoder()
    decoder.feed(b'[{"a":1},{"b"')
    assert [frame.data for frame in decoder.end()] == [b'{"b"']
    assert not decoder.closed


def test_an_element_beyond_the_limit_is_refused():
    decoder = JsonArrayDecoder(limit=100)
    assert len(decoder.feed(b"[" + b'"%b",' % (b"x" * 90) * 20)) == 20
    with pytest.raises(OversizeEvent):
        decoder.feed(b'"' + b"x" * 101)
    with pytest.raises(OversizeEvent):
        JsonArrayDecoder(limit=100).feed(b'["%b"]' % (b"x" * 101))


def test_a_large_element_in_small_chunks_costs_linear_time():
    decoder = JsonArrayDecoder()
    decoder.feed(b'["')
    for _ in range(20_000):
        decoder.feed(b"y" * 50)
    [frame] = decoder.feed(b'"]')
    assert len(frame.data) == 1_000_002
