"""The messages docs/troubleshooting.md explains are messages the sources can say, word for word."""

import ast
import re
from functools import cache

import pytest

from tests.docs.documents import ROOT, prose, rows, ticked

PAGE = "docs/troubleshooting.md"
HEADINGS = [
    "It does not start",
    "The configuration is refused",
    *("400", "401", "403", "404", "408, 413, 415, 431", "502", "504", "Streams"),
]
PLACE = re.compile(r"^(?:environment: [A-Z_]+: |\S+\.ya?ml(?::\d+:\d+)?: (?:[\w.]+: (?=[a-z]))?)|^[\w.\[\]]+: ")
LEAST = 10
"""Letters a message must share with its source, so that a source of nothing but variables matches nothing."""
MESSAGES = [
    message for heading in HEADINGS for row in rows(PAGE, heading) for message in ticked(row[0]) if " " in message
]


@cache
def _sayings() -> list[re.Pattern[str]]:
    """Every text in the sources as a pattern in which variables stand for anything."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                said = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
                parts = [said]
            elif isinstance(node, ast.JoinedStr):
                parts = [str(v.value) if isinstance(v, ast.Constant) else "" for v in node.values]
            else:
                continue
            if sum(map(len, parts)) >= LEAST:
                found.append(re.compile(".+".join(re.escape(p) if p else "" for p in parts).replace(".+.+", ".+")))
    return found


def _pieces(message: str) -> list[str]:
    """The message without its place and its fix, at the seams where the sources put it together."""
    bare = PLACE.sub("", message).removesuffix(" [notice]")
    bare = re.sub(r" \(.*\)$", "", bare)
    return [piece.removesuffix("…").strip(" ;") for piece in bare.split("; ") if piece.strip("… ;")]


def _said(piece: str) -> bool:
    return any(saying.fullmatch(piece) for saying in _sayings())


def test_there_are_messages_to_look_at():
    assert len(MESSAGES) > 40


@pytest.mark.parametrize("message", MESSAGES)
def test_the_message_is_one_that_is_said(message: str):
    whole = PLACE.sub("", message).removesuffix(" [notice]")
    assert _said(whole) or all(_said(piece) for piece in _pieces(message)), _pieces(message)


def test_what_nobody_says_is_noticed():
    assert not _said("the moon is made of cheese")
    assert not _said("the provider cannot be reached today")


def test_the_words_of_the_log_are_those_of_the_log():
    text = prose(PAGE)
    assert "`configuration reloaded`" in text
    assert _said("configuration reloaded")
