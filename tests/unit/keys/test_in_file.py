"""Keys come into a configuration file and go out of it, and every other line stays as it is, comments and references too."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.keys.in_file import with_fields, with_key, without_key
from plexus.settings.write_back import CannotEdit
from plexus.settings.yaml_source import compose

EXAMPLE = (Path(__file__).parents[3] / "config" / "plexus.example.yaml").read_text(encoding="utf-8")
FIELDS = {"secret_hash": "sha256:" + "0" * 64, "last_four": "1234", "allowed_models": ["fast", "a:b"]}
FILES = {
    "the example": EXAMPLE,
    "without keys": "providers: {}  # none\n",
    "without an end of line": "providers: {}",
    "keys without a value": "# first\nkeys:\n# last\nmodels: {}\n",
    "keys on one line": "keys: {alice: {secret: '${A}', quotas: [q]}, bob: {secret: b}}  # both\nmodels: {}\n",
    "an empty map": "keys: {}\nmodels: {}\n",
    "four blanks": "keys:\n    alice:\n        secret: ${A:-b c}\n        quotas:\n            - q\n    # end\n\n# next\nmodels: {}\n",
    "lists at the margin": 'keys:\n  alice:\n    quotas:\n    - q\n    secret: "x"   # quoted\n  bob: {secret: y}\n',
    "windows": "models: {}\r\nkeys:\r\n  alice:\r\n    secret: a # why\r\n",
    "quoted": "'keys':\n  'alice': {secret: 'it''s'}\n",
    "many lines": "keys:\n  alice:\n    comment: >-\n      one\n\n      two\n    secret: ${A}\nmodels: {}\n",
}


def keys(text: str) -> dict:
    return compose(text.encode(), "f").data({"A": "a", "ALICE_KEY": "a"}, []).get("keys") or {}


def stays(old: str, new: str) -> bool:
    """Whether every line of the old text is in the new one, in order."""
    lines = iter(new.splitlines())
    return all(line in lines for line in old.splitlines())


@pytest.mark.parametrize("name", FILES)
def test_a_key_comes_in_and_every_line_stays(name):
    old = FILES[name]
    new = with_key(old, "new", FIELDS)
    assert keys(new) == {**keys(old), "new": FIELDS}
    if "{" not in old.partition("keys:")[2].splitlines()[0:1] and name not in {"keys on one line", "an empty map"}:
        assert stays(old, new)
    assert ("\r\n" in old) == ("\r\n" in new)
    assert new.count("#") == old.count("#")


@pytest.mark.parametrize("name", [name for name in FILES if "alice" in FILES[name]])
def test_a_key_goes_out_again_and_nothing_is_left_or_lost(name):
    old = FILES[name]
    assert without_key(with_key(old, "new", FIELDS), "new").split() == old.split()
    gone = without_key(old, "alice")
    assert keys(gone) == {key: value for key, value in keys(old).items() if key != "alice"}
    assert stays(gone, old) or name == "keys on one line"


@pytest.mark.parametrize("name", [name for name in FILES if "alice" in FILES[name]])
def test_a_field_is_set(name):
    old = FILES[name]
    new = with_fields(old, "alice", {"enabled": False})
    assert keys(new)["alice"] == {**keys(old)["alice"], "enabled": False}
    assert stays(old, new) or name in {"keys on one line", "quoted"}
    assert new.count("#") == old.count("#")


def test_the_example_gets_six_lines_and_loses_none():
    new = with_key(EXAMPLE, "new", FIELDS)
    assert len(new.splitlines()) - len(EXAMPLE.splitlines()) == 4
    assert "    allowed_models: [fast, 'a:b']\n" in new or "    allowed_models: [fast, a:b]\n" in new


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("keys: {alice: {secret: a}}", "alice", "there is a key called 'alice'"),
        ("- a list\n", "new", "not a map"),
        ("keys: [a]\n", "new", "not a map"),
        ("x: &a {secret: b}\nkeys: &k\n  alice: *a\ny: *k\n", "new", "by hand"),
    ],
)
def test_what_cannot_be_changed_safely_is_left_alone(text, name, said):
    with pytest.raises(CannotEdit, match=said):
        with_key(text, name, FIELDS)


def test_a_key_that_is_not_there_is_not_changed():
    with pytest.raises(CannotEdit, match="no key called 'bob'"):
        without_key("keys: {alice: {secret: a}}", "bob")
    with pytest.raises(CannotEdit, match="no key called 'bob'"):
        with_fields("keys: {alice: {secret: a}}", "bob", {"enabled": False})


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf", "Co", "Zl", "Zp"]), min_size=1, max_size=20
)


@given(
    name=texts.filter(lambda text: text == text.strip()),
    comment=texts,
    last=st.from_regex(r"[A-Za-z0-9_-]{4}", fullmatch=True),
)
def test_whatever_is_written_is_read_back(name, comment, last):
    fields = {"secret_hash": FIELDS["secret_hash"], "last_four": last, "comment": comment}
    try:
        new = with_key("keys:\n  alice:\n    secret: a\n", name, fields)
    except CannotEdit as reason:
        assert name == "alice" or "${" in name + comment, reason  # noqa: PT017
        return
    assert keys(new)[name] == fields
