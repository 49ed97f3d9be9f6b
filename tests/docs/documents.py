"""The documents as the tests of this folder read them: pages, code blocks with their markers, tables, links, headings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

_BLOCK = re.compile(
    r"(?:^<!-- (?P<marker>.+?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SAYS = re.compile(r'run: says "(.+)"')
_CELL = re.compile(r"(?<!\\)\|")


class Block(NamedTuple):
    """A fenced block, with what stands in the comment right above it."""

    page: str
    line: int
    marker: str
    language: str
    code: str

    @property
    def says(self) -> str | None:
        """What its output must hold when it is run; None when it is not."""
        found = _SAYS.fullmatch(self.marker)
        return found[1] if found else None


def text(name: str) -> str:
    """A page by its path below the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    """The fenced blocks of a page."""
    page = text(name)
    return [
        Block(name, page.count("\n", 0, found.start()) + 1, found["marker"] or "", found["language"], found["code"])
        for found in _BLOCK.finditer(page)
    ]


def prose(name: str) -> str:
    """A page without its fenced blocks."""
    return _BLOCK.sub("", text(name))


def links(name: str) -> list[str]:
    """The targets of a page's links and pictures."""
    return _LINK.findall(prose(name))


def anchors(name: str) -> set[str]:
    """The anchors code hosts give to a page's headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(name))}


def rows(name: str, heading: str) -> Iterator[list[str]]:
    """The cells of the tables below a heading, headers and rulers left out."""
    section = re.split(rf"^#+ {re.escape(heading)}$", prose(name), flags=re.MULTILINE)
    assert len(section) == 2, f"{name} has no single heading {heading!r}"
    lines = re.split(r"^#+ ", section[1], flags=re.MULTILINE)[0].splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("|") and not line.startswith("|-") and not following.startswith("|-"):
            yield [cell.strip() for cell in _CELL.split(line)[1:-1]]


def ticked(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
