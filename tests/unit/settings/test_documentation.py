"""docs/configuration.md names every key there is, no key there is not, with its true default; the example loads."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from plexus.settings.environment import VARIABLES, Environment, read_environment
from plexus.settings.file_home import FileHome
from plexus.settings.not_yet import later
from plexus.settings.outline import WRITTEN_FORMS, every_key, models_of
from plexus.settings.schema import Settings
from plexus.settings.yaml_source import compose

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = {row[1]: row for row in ROW.finditer(TEXT)}
FIELDS = dict(every_key(Settings))
PLACES = set(FIELDS) | set(WRITTEN_FORMS)


def test_the_documentation_names_exactly_the_keys_of_the_schema():
    assert set(ROWS) - set(VARIABLES) == PLACES
    assert len(ROW.findall(TEXT)) == len(ROWS)


@pytest.mark.parametrize("key", sorted(FIELDS))
def test_the_default_told_is_the_default(key):
    field, told = FIELDS[key], ROWS[key][3]
    assert (told == "required") == field.is_required()
    if field.is_required() or models_of(field.annotation):
        return
    default = field.get_default(call_default_factory=True)
    if default is None:  # nothing, or what stands in its place
        assert told == "–" or told.startswith("that of") or told.strip("`") in FIELDS
        return
    value = compose(f"value: {told.strip('`')}".encode(), "docs").data({}, [])["value"]
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    assert TypeAdapter(kind).validate_python(value) == default


@pytest.mark.parametrize("key", sorted(PLACES))
def test_keys_that_nothing_acts_on_yet_are_marked(key):
    assert ROWS[key][4].startswith("*Later.* ") == later(key)


def test_every_environment_variable_is_documented_with_its_default():
    assert set(ROWS) & set(VARIABLES) == set(VARIABLES)
    default = Environment()
    assert ROWS["HOST"][3] == f"`{default.host}`"
    assert ROWS["PORT"][3] == f"`{default.port}`"
    assert ROWS["LOG_LEVEL"][3] == f"`{default.log_level}`"
    assert ROWS["LOG_FORMAT"][3] == f"`{default.log_format}`"
    assert ROWS["ADMIN_KEY"][3] == "required"
    read_environment({name: ROWS[name][3].strip("`") for name in ("HOST", "PORT")}, needs_admin_key=False)


def test_the_example_loads_without_a_remark(known):
    home = FileHome(ROOT / "config" / "plexus.example.yaml", known, {"OPENAI_API_KEY": "a", "ALICE_KEY": "b"})
    settings = home.load()
    assert home.notices == []
    assert {"fast", "smart"} == set(settings.models)


def test_what_the_example_says_in_comments_loads_as_well(known, tmp_path):
    text = (ROOT / "config" / "plexus.example.yaml").read_text(encoding="utf-8")
    opened = re.sub(r"^  # (both:|ci:|  .*)$", r"  \1", text, flags=re.MULTILINE)
    path = tmp_path / "opened.yaml"
    path.write_text(opened)
    environ = {"OPENAI_API_KEY": "a", "ALICE_KEY": "b", "BOTH_KEY": "c", "CI_KEY": "d"}
    settings = FileHome(path, known, environ).load()
    assert "both" in settings.providers
    assert "ci" in settings.keys
