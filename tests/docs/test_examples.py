"""What the documents show is run: requests against the demo, configurations through validation, plug-ins as Python."""

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
import yaml

from plexus.app import known
from plexus.providers import Provider
from plexus.routing.candidate import Candidate
from plexus.routing.selectors import Selector
from plexus.settings.file_home import FileHome
from plexus.settings.not_yet import later
from tests.docs.documents import PAGES, ROOT, Block, blocks, text
from tests.harness.gateway import Gateway

ADDRESS = "http://127.0.0.1:4000"
ALL = [block for page in PAGES for block in blocks(page.relative_to(ROOT).as_posix())]
RUN = [block for block in ALL if block.says]


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.page}:{block.line}")
def test_the_example_does_what_it_shows(block: Block, demo: Gateway):
    assert block.says is not None
    assert ADDRESS in block.code
    here = f"{Path(sys.executable).parent}/"  # the environment may have another name than the documents give it
    code = block.code.replace(ADDRESS, demo.base_url).replace(".venv/bin/", here)
    command = {"sh": ["bash", "-euc", code], "python": [sys.executable, "-c", code]}[block.language]
    environment = {"PATH": os.environ["PATH"], "HOME": str(demo.directory), "ADMIN_KEY": demo.admin_key}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert block.says in done.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/api.md", "docs/management.md"])
def test_every_request_shown_is_marked_to_be_run(page: str):
    requests = [block for block in blocks(page) if ADDRESS in block.code and not block.code.startswith("make ")]
    assert requests
    assert [block.line for block in requests if not block.says] == []


def test_a_marker_stands_right_above_its_block():
    for page in PAGES:
        markers = re.findall(r"^<!-- run", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(markers) == sum(block.page == page.relative_to(ROOT).as_posix() for block in RUN)


def test_the_configuration_of_the_readme_is_good_and_short(tmp_path):
    [block] = [block for block in blocks("README.md") if block.marker == "configuration"]
    path = tmp_path / "plexus.yaml"
    path.write_text(block.code)
    environ = {"OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "ALICE_KEY": "c"}
    home = FileHome(path, known(), environ)
    settings = home.load()
    assert home.notices == []
    assert list(settings.models) == ["fast"]
    assert len(block.code.splitlines()) <= 12


def test_every_yaml_block_is_yaml():
    for block in ALL:
        if block.language == "yaml":
            assert isinstance(yaml.safe_load(block.code), dict), f"{block.page}:{block.line}"


def _plug(page: str) -> types.ModuleType:
    block = next(block for block in blocks(page) if block.language == "python")
    module = types.ModuleType("plug")
    exec(compile(block.code, page, "exec"), module.__dict__)
    return module


def test_the_selector_shown_keeps_every_candidate():
    selector = _plug("docs/contributing/add-a-selector.md").SELECTOR
    assert isinstance(selector, Selector)
    candidates = [Candidate("a", "m"), Candidate("b", "m", 3.0), Candidate("c", "m")]
    assert [candidate.provider for candidate in selector.order(candidates, lambda: 0.5)] == ["b", "a", "c"]


def test_the_provider_shown_is_a_declaration():
    assert isinstance(_plug("docs/contributing/add-a-provider.md").PROVIDER, Provider)


NOT_THERE = {"MCP proxy": "mcp_servers"}
"""What the README says is not built, and the key of the configuration that nothing acts on until it is."""


def test_what_the_readme_says_is_not_there_is_not_there():
    section = text("README.md").partition("## What is not there yet\n")[2].partition("\n## ")[0]
    for said, key in NOT_THERE.items():
        assert (said in section) == later(key), said
