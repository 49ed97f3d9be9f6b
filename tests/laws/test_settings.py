"""Any data at all is either settings or a list of what is wrong with them: nothing else ever comes of reading a configuration."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plexus.settings.known import Known
from plexus.settings.not_yet import NOT_YET
from plexus.settings.outline import every_key
from plexus.settings.problems import ConfigurationError, spelled
from plexus.settings.reading import read
from plexus.settings.scalars import Unquoted
from plexus.settings.schema import Settings
from plexus.settings.yaml_source import compose

KNOWN = Known(frozenset({"openai", "ollama"}), frozenset({"random", "in_order"}))
OLD = [
    "apiBaseUrl",
    "timeoutMs",
    "stallTtfbMs",
    "stallMinBps",
    "quota",
    "disabledAt",
    "debug",
    "captureOnError",
    "stall_cooldown",
]
OLD += [
    "backgroundExploration",
    "stalenessThresholdSeconds",
    "trustedProxies",
    "ttfbSeconds",
    "initialMinutes",
    "access_via",
]
OLD += [
    "capture_trace_on_error",
    "use_image_fallthrough",
    "intervalMinutes",
    "defaultSeconds",
    "targets",
    "selector",
    "<<",
]
KEYS = sorted({path.replace("[]", "").rpartition(".")[2] for path, _ in every_key(Settings)} | set(OLD)) + [
    "p",
    "x/y:z",
    "",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["p", "random", "simple", "5m", "http://h/v1", "openai", "chat", "x/y:z", "64MB", "daily", "${A}"]),
    st.integers().map(lambda number: Unquoted(str(number))),
)
DATA: Any = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=30,
)
TOP = st.dictionaries(st.sampled_from(sorted(Settings.model_fields) + OLD), DATA, max_size=4)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(TOP, DATA))
def test_any_data_is_read_or_refused(data):
    reading = read(data, KNOWN)
    assert (reading.settings is None) == bool(reading.wrong)
    for finding in reading.wrong + reading.notices:
        assert finding.message
        assert isinstance(spelled(finding.path), str)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOP)
def test_every_problem_of_a_file_has_a_place_in_it(data):
    text = json.dumps(data, indent=1, allow_nan=False, default=str) if _finite(data) else "{}"
    try:
        root = compose(text.encode("utf-8", "replace"), "f.yaml")
    except ConfigurationError as refused:
        problems = refused.problems
        assert problems
        return
    lines = text.count("\n") + 1
    for finding in read(root.data({"A": "a"}, []), KNOWN).wrong:
        line, column = root.place(finding.path, of_key=finding.about_key)
        assert 1 <= line <= lines
        assert column >= 1


def test_there_are_keys_to_try():
    assert len(KEYS) > 80
    assert NOT_YET


def _finite(data: Any) -> bool:
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True
