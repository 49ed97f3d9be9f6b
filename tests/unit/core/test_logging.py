"""A log line for people looks as structlog's own, and never becomes two."""

import io
import json
import logging as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.core import logging
from plexus.core.logging import Line, structlog

BARE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
VALUES = BARE | st.integers() | st.none() | st.booleans() | st.floats() | st.lists(BARE)
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(
    lambda name: name not in {"event", "level", "timestamp", "exc_info", "exception", "stack"}
)


@given(BARE, st.dictionaries(NAMES, VALUES), st.sampled_from(["info", "warning", "error"]))
def test_a_line_for_people_is_the_same_as_structlogs(event, fields, level):
    def said():
        return {"event": event, "timestamp": "2026-11-28T18:30:40.419517Z", "level": level, **fields}

    assert (
        Line()(None, level, said()).rstrip()
        == structlog.dev.ConsoleRenderer(colors=False)(None, level, said()).rstrip()
    )


@given(st.text(), st.dictionaries(NAMES, st.text()))
def test_nothing_that_is_logged_begins_a_line_of_its_own(event, fields):
    line = Line()(None, "info", {"event": event, "timestamp": "now", "level": "info", **fields})
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_told_with_its_place(form, capsys):
    logging.configure("info", form)
    log = logging.logger("x")
    try:
        raise LookupError("that was it")
    except LookupError:
        log.exception("failed", number=7)
    told = capsys.readouterr().err
    assert "LookupError: that was it" in told
    assert "test_logging.py" in told
    if form == "json":
        assert json.loads(told)["number"] == 7


def test_what_json_cannot_say_is_told_as_text(capsys):
    logging.configure("info", "json")
    logging.logger("x").info("seen", kind=LookupError, many=[1], none=None, much=2**80)
    told = json.loads(capsys.readouterr().err)
    assert told["kind"] == "<class 'LookupError'>"
    assert (told["many"], told["none"], told["much"]) == ([1], None, 2**80)


def test_what_is_below_the_level_is_not_told(capsys):
    logging.configure("warning", "console")
    logging.logger("x").info("quiet")
    assert capsys.readouterr().err == ""


def test_standard_error_that_was_replaced_and_closed_since_is_not_written_to(monkeypatch, capsys):
    before, root = structlog.get_config(), standard.getLogger()
    handlers, level = root.handlers[:], root.level
    gone = io.StringIO()
    try:
        with monkeypatch.context() as patched:
            patched.setattr("sys.stderr", gone)
            logging.configure("info", "json")
            log = logging.logger("here")
            log.info("first")
        gone.close()
        log.info("second")
        standard.getLogger("there").warning("third")
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["second", "third"]
