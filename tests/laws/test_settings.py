"""Any data at all is either settings or a list of what is wrong with them: nothing else ever comes of reading a configuration."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from plexus.settings.known import Known
from plexus.settings.outline import every_key
from plexus.settings.problems import ConfigurationError, spelled
from plexus.settings.reading import read
from plexus.settings.scalars import Unquoted
from plexus.settings.schema import Settings
from plexus.settings.yaml_source import compose

GOLDEN = Path(__file__).parents[1] / "golden" / "settings"
ENVIRON = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "BOTH_KEY", "ALICE_KEY", "DOCS_TOKEN"), "x")
KNOWN = Known(frozenset({"openai", "ollama"}), frozenset({"random", "in_order"}))
KEYS = sorted({path.replace("[]", "").rpartition(".")[2] for path, _ in every_key(Settings)})
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(
        ["p", "random", "simple", "soon", "http://h/v1", "openai", "chat", "x/y:z", "64MB", "daily", "${A}"]
    ),
    st.integers().map(lambda number: Unquoted(str(number))),
)
DATA: Any = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=30,
)
SOUND = [compose(path.read_bytes(), path.name).data({}, []) for path in sorted(GOLDEN.glob("*.yaml"))]


@st.composite
def damaged(draw):
    """A sound configuration in which up to three values or keys are something else."""
    data: Any = copy.deepcopy(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(1, 3))):
        node = data
        for _ in range(draw(st.integers(0, 7))):
            inside = [item for item in (node.values() if isinstance(node, dict) else node) if item and _holds(item)]
            if not inside:
                break
            node = draw(st.sampled_from(inside))
        if isinstance(node, dict) and node:
            key = draw(st.sampled_from(sorted(node)))
            value = node.pop(key)
            node[draw(st.sampled_from([key, key, key, *KEYS]))] = draw(st.one_of(DATA, st.just(value)))
        elif isinstance(node, list):
            node.append(draw(DATA))
    return data


def _holds(item):
    return isinstance(item, dict | list)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(damaged(), DATA))
def test_any_data_is_read_or_refused(data):
    reading = read(data, KNOWN)
    assert (reading.settings is None) == bool(reading.wrong)
    for finding in reading.wrong + reading.notices:
        assert finding.message
        assert isinstance(spelled(finding.path), str)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_every_problem_of_a_file_has_a_place_in_it(data):
    text = json.dumps(data, indent=1, ensure_ascii=False)
    try:
        root = compose(text.encode("utf-8", "replace"), "f.yaml")
    except ConfigurationError:  # a character that YAML does not know
        reject()
    lines = text.count("\n") + 1
    for finding in read(root.data(ENVIRON, []), KNOWN).wrong:
        line, column = root.place(finding.path, of_key=finding.about_key)
        assert 1 <= line <= lines
        assert column >= 1
