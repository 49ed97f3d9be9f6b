"""Commands the documents name exist: make targets, `plexus` commands and their options, folders of the tree, versions of Python."""

import re
from typing import Any

import pytest
import typer.main

from plexus.cli.app import app
from tests.docs.documents import PAGES, ROOT, rows, text, ticked

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):(?!=)", MAKEFILE, re.MULTILINE))
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
CONTRIBUTING = "docs/contributing/README.md"


@pytest.mark.parametrize("name", NAMES)
def test_every_make_target_named_exists(name: str):
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z0-9-]*)", text(name), re.MULTILINE))
    assert named <= TARGETS


def test_every_make_target_is_told_to_contributors():
    told = {ticked(row[0])[0].removeprefix("make ") for row in rows(CONTRIBUTING, "Setting up")}
    assert told == TARGETS


def test_the_makefile_declares_what_it_has():
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == TARGETS


@pytest.mark.parametrize("name", NAMES)
def test_every_plexus_command_named_exists(name: str):
    root: Any = typer.main.get_command(app)
    pattern = r"(?<![\w.-])plexus ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+))?((?: --[a-z]+(?: [^\s`-]\S*)?)*)"
    for command, sub, options in re.findall(pattern, text(name), re.MULTILINE):
        assert command in root.commands, command
        found = root.commands[command]
        if hasattr(found, "commands"):
            assert sub in found.commands, f"{command} {sub}"
            found = found.commands[sub]
        known = {option for parameter in found.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z]+", options)) <= known, options


def test_the_tree_told_is_the_tree():
    tree = re.search(r"^src/plexus/\n((?:  .+\n)+)", text(CONTRIBUTING), re.MULTILINE)
    assert tree is not None
    told = {name.rstrip("/") for line in tree[1].splitlines() for name in re.findall(r"(\S+)", line[2:21])}
    there = {path.name for path in (ROOT / "src" / "plexus").iterdir() if (path / "__init__.py").exists()}
    assert told == there | {"__main__.py", "app.py"}


def test_every_folder_of_tests_is_told_and_exists():
    told = {ticked(row[0])[0].removeprefix("tests/") for row in rows(CONTRIBUTING, "Tests")}
    there = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("*.py*"))}
    assert told - {"golden"} <= there
    assert {name for name in there if name != "__pycache__"} <= told | {"golden"}


def test_the_versions_of_python_are_those_of_the_project():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert f'requires-python = ">={declared[0]}"' in project
    for name in ("README.md", "docs/installation.md", CONTRIBUTING):
        page = text(name)
        assert f"Python {', '.join(declared[:-1])} or {declared[-1]}" in page or (
            f"Python {', '.join(declared[:-1])} and {declared[-1]}" in page
        ), name
