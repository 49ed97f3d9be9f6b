"""Reasoning that a chat upstream leaves in the text, between `<think>` and `</think>` at the start of an answer.

Open models write it so, and a server without a parser for them passes it on. White space beside a tag belongs to the tag.
A tag anywhere else is text: models also talk about tags. Source: https://docs.vllm.ai/en/latest/features/reasoning_outputs/
"""

import itertools
from typing import Literal

from plexus.ir.parts import TokenLogprob

OPEN, CLOSE = "<think>", "</think>"
_BLANK = 1000
"""Characters of white space that are held back at most."""

Said = tuple[Literal["thinking", "text"], str]
"""What a piece of the answer is, and the piece."""


class ThinkTags:
    """Reads the text of one answer in any pieces. `done` once the rest of it can only be text."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.done = False
        self._held = ""
        self._place: Literal["start", "opened", "inside", "closed"] = "start"

    def feed(self, text: str) -> list[Said]:
        """What is known of the text so far; what may still become a tag is held back."""
        if self.done:
            return [("text", text)] if text else []
        self._held += text
        found = self._open() if self._place == "start" else []
        if self._place == "opened":
            self._held = self._held.lstrip()
            self._place = "inside" if self._held else "opened"
        if self._place == "inside":
            found += self._think()
        if self._place == "closed":
            self._held = self._held.lstrip()
            found += self._rest() if self._held else []
        return found

    def end(self) -> list[Said]:
        """What was held back: no more text follows."""
        if self._place == "inside":
            self.done = True
            return [("thinking", self._held)] if self._held.rstrip() else []
        return self._rest() if self._held else []

    def _open(self) -> list[Said]:
        said = self._held.lstrip()
        if len(self._held) - len(said) > _BLANK:
            return self._rest()
        if said.startswith(OPEN):
            self._held, self._place = said[len(OPEN) :], "opened"
            return []
        return [] if OPEN.startswith(said) else self._rest()

    def _think(self) -> list[Said]:
        thought, tag, rest = self._held.partition(CLOSE)
        sure = thought if tag else thought[: len(thought) - _start_of(CLOSE, thought)]
        sure = sure[: max(len(sure.rstrip()), len(sure) - _BLANK)]
        self._held = rest if tag else thought[len(sure) :]
        self._place = "closed" if tag else "inside"
        return [("thinking", sure)] if sure else []

    def _rest(self) -> list[Said]:
        held, self._held, self.done = self._held, "", True
        return [("text", held)]


def _start_of(tag: str, text: str) -> int:
    """How many characters at the end of the text may be the beginning of the tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


def covering(logprobs: list[TokenLogprob], text: str) -> list[TokenLogprob]:
    """The last of the tokens, those that make up the text: tags and reasoning before it have tokens too."""
    missing = len(text)
    for count, token in enumerate(reversed(logprobs), 1):
        missing -= len(token.token)
        if missing <= 0:
            return logprobs[-count:]
    return logprobs


def without_tags(text: str) -> list[Said]:
    """A whole text, taken apart: at most one thought, then at most one text."""
    if OPEN not in text:
        return [("text", text)] if text else []
    tags = ThinkTags()
    pieces = itertools.groupby([*tags.feed(text), *tags.end()], key=lambda said: said[0])
    return [(kind, "".join(piece for _, piece in said)) for kind, said in pieces]
