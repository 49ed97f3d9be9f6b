"""YAML is read like JSON, within bounds, and every problem has its place."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.settings.problems import ConfigurationError
from plexus.settings.yaml_source import MAX_BYTES, compose


def data(text, environ=None):
    findings: list = []
    value = compose(text if isinstance(text, bytes) else text.encode(), "f.yaml").data(environ or {}, findings)
    assert not findings
    return value


def problems(text):
    with pytest.raises(ConfigurationError) as refused:
        compose(text if isinstance(text, bytes) else text.encode(), "f.yaml")
    return refused.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("22:22", "22:22"),
        ("2026-01-01", "2026-01-01"),
        ("0x1F", "0x1F"),
        ("0123", "0123"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'null'", "null"),
        ("!!str true", "true"),
        ('"a\\nb"', "a\nb"),
        ("1.10", "1.10"),
    ],
)
def test_p15_scalars_are_typed_like_json(written, value):
    found = data(f"key: {written}")["key"]
    assert found == value
    assert isinstance(found, type(value))


def test_keys_are_text_whatever_they_look_like():
    assert data("1: a\nnull: b\ntrue: c\nno: d") == {"1": "a", "null": "b", "true": "c", "no": "d"}


def test_comments_a_byte_order_mark_and_windows_line_ends_are_read():
    assert data(b"\xef\xbb\xbfa: 1 # one\r\nb:\r\n  - x\r\n") == {"a": "1", "b": ["x"]}


def test_aliases_repeat_whole_values():
    assert data("a: &x {k: [1]}\nb: *x") == {"a": {"k": ["1"]}, "b": {"k": ["1"]}}


ALIAS_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)
)
MERGE_BOMB = "a0: &a0 {k: v}\n" + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 11))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (ALIAS_BOMB, 6, "aliases"),
        (MERGE_BOMB, 2, "merge keys"),
        ("a: &a [*a]", 1, "inside itself"),
        ("a: *gone", 1, "not defined"),
        ("a: !!python/object/apply:os.system [id]", 1, "tag"),
        ("a: !!python/name:os.system", 1, "tag"),
        ("a: !own x", 1, "tag"),
        ("a: !!binary eA==", 1, "tag"),
        ("a: " + "[" * 3000 + "]" * 3000, 1, "nested deeper"),
        ("a:\n" + "".join(" " * n + "k:\n" for n in range(1, 100)), 65, "nested deeper"),
        ("a: 1\nb: 2\na: 3", 3, "given twice, first in line 1"),
        ("a: {b: 1, b: 2}", 1, "given twice"),
        ('a: 1\n"a": 2', 2, "given twice"),
        ("? [a]\n: b", 1, "cannot be a key"),
        ("${NAME}: b", 1, "cannot be taken from the environment"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a: [1", 2, "not YAML"),
        ("a: b: c", 1, "not YAML"),
        ("a:\n\t- b", 2, "not YAML"),
        ("a: 'x", 1, "not YAML"),
        ("", 0, "empty"),
        ("# nothing\n", 0, "empty"),
        ("---\n...\n", 0, "empty"),
        ("null", 0, "empty"),
        (b"a: \xff", 1, "not UTF-8"),
        ("a: 1\nb: x".encode("utf-16"), 1, "not UTF-8"),
        ("a: 1\nb: \x00", 2, "does not allow"),
        ("a: \U0010ff00", 0, "private plane"),
        (b"# " + b"x" * MAX_BYTES, 0, "larger than 4 MB"),
    ],
)
def test_p15_what_is_dangerous_or_unclear_is_refused_with_its_line(text, line, said):
    started = time.perf_counter()
    found = problems(text)
    assert time.perf_counter() - started < 1.0
    assert said in str(found[0])
    assert found[0].line == line


def test_a_number_of_a_hundred_thousand_digits_is_text():
    for digits in ("0x" + "f" * 100_000, "9" * 100_000):
        assert data(f"a: {digits}") == {"a": digits}


def test_all_faults_that_can_be_told_apart_are_told_at_once():
    found = problems("a: 1\na: 2\nb: !x 3\nc: {d: 1, d: 2}\n")
    assert [(problem.line, problem.column) for problem in found] == [(2, 1), (3, 4), (4, 11)]
    assert found[2].path == "c"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {b: ${X}, c: 1}", {"a": {"b": "x", "c": "1"}}),
        ("a: [${X}, ${Y:-d}, $${X}]", {"a": ["x", "d", "${X}"]}),
        ("a: {b: ${Y:-http://h/v1}, c: ${Y:-a, b}}", {"a": {"b": "http://h/v1", "c": "a, b"}}),
        ("a: ${Y:-a: #b}", {"a": "a: #b"}),
        ("a: '${X}'\nb: \"${X}\"\nc: |\n  ${X}\n", {"a": "x", "b": "x", "c": "x\n"}),
        ("a: ${X} # ${Z", {"a": "x"}),
    ],
)
def test_references_may_stand_anywhere_a_scalar_may_also_in_braces(text, value):
    assert data(text, {"X": "x"}) == value


def test_what_a_reference_brings_is_never_read_as_yaml():
    assert data("a: {b: ${X}}", {"X": "1, c: {d: *e}\n- f"}) == {"a": {"b": "1, c: {d: *e}\n- f"}}


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:{}[]-&*!|>'\"#%@`,? \n\t$<~", max_size=80)))
def test_anything_is_read_or_refused(content):
    with contextlib.suppress(ConfigurationError):
        compose(content if isinstance(content, bytes) else content.encode(), "f.yaml").data({}, [])
