"""From plain data to settings that are complete and fit together, or to everything that is wrong with them."""

from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from plexus.settings import cross_checks, explain, not_yet
from plexus.settings.known import Known
from plexus.settings.problems import ConfigurationError, Finding, Problem, spelled
from plexus.settings.schema import Settings
from plexus.settings.spellings import Rewriting


class Reading(NamedTuple):
    """What came of it: settings only when nothing is wrong. Paths are those of the data as it was written."""

    settings: Settings | None
    wrong: list[Finding]
    notices: list[Finding]


def read(data: Any, known: Known) -> Reading:
    """Check `data` against the schema, then against itself and the known names. Both homes of the configuration use it."""
    rewriting = Rewriting()
    try:
        settings = Settings.model_validate(data, context=rewriting)
    except ValidationError as error:
        return Reading(None, _as_written(explain.findings(error, Settings), rewriting), rewriting.notices)
    checks = cross_checks.check(settings, known)
    notices = rewriting.notices + _as_written(checks.notices + not_yet.remarks(settings), rewriting)
    wrong = _as_written(checks.wrong, rewriting)
    return Reading(None if wrong else settings, wrong, notices)


def settings_from(data: Any, known: Known, source: str = "settings") -> Settings:
    """Settings from data that stand in no file, such as those of the demo.

    Raises:
        ConfigurationError: when they are refused; the problems name `source` and no line.
    """
    reading = read(data, known)
    if reading.settings is None:
        raise ConfigurationError(Problem(source, 0, 0, spelled(w.path), w.message, w.fix) for w in reading.wrong)
    return reading.settings


def _as_written(found: list[Finding], rewriting: Rewriting) -> list[Finding]:
    written = (replace(finding, path=rewriting.origin(finding.path)) for finding in found)
    return list(dict.fromkeys(written))  # one value may stand for two
