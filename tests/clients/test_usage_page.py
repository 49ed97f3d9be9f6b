"""docs/usage.md has a section for every client that can be connected, with exactly what `plexus connect` prints."""

import os
import re

import pytest
from typer.testing import CliRunner

from plexus.cli.app import app
from plexus.cli.connect import clients
from tests.corpus.recordings import ROOT

SECTIONS = re.split(r"^## ", (ROOT / "docs" / "usage.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


@pytest.fixture
def printed(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name != "PATH":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return lambda name: CliRunner().invoke(app, ["connect", name, "--model", "fast"]).stdout.strip()


@pytest.mark.parametrize("name", clients())
def test_every_client_has_a_section_with_what_connect_prints(name, printed):
    sections = [section for section in SECTIONS if f"`plexus connect {name} " in section]
    assert len(sections) == 1
    assert f"```text\n{printed(name)}\n```" in sections[0]


def test_every_section_is_of_a_client_that_can_be_connected():
    told = [re.search(r"`plexus connect (\S+) ", section) for section in SECTIONS]
    assert sorted(found[1] for found in told if found) == sorted(clients())
    assert all(told)
