"""Little known targets go first now and then, and only then."""

from random import Random

import pytest
from tests.unit.routing.kit import dice, names, target

from plexus.routing.exploration import Exploration, explored, to_explore

FRESH, OLD, OLDER, NEW = target("f", age=10.0), target("o", age=700.0), target("O", age=9000.0), target("n")


def test_unmeasured_targets_come_before_stale_ones_and_the_oldest_before_the_old():
    assert names(to_explore([FRESH, OLD, OLDER, NEW, target("m")], Exploration())) == "nmOo"


def test_the_rate_decides_how_often():
    chance = Random(3).random
    exploration = Exploration(rate=0.2)
    found = [explored([FRESH, NEW], chance, exploration) for _ in range(5000)]
    assert 900 < found.count(NEW) < 1100
    assert found.count(NEW) + found.count(None) == 5000


@pytest.mark.parametrize(
    ("candidates", "exploration"),
    [
        ([FRESH, FRESH], Exploration(rate=1.0)),
        ([NEW], Exploration(rate=1.0)),
        ([FRESH, NEW], Exploration(rate=0.0)),
        ([FRESH, NEW], Exploration(rate=1.0, background=True)),
        ([FRESH, OLD], Exploration(rate=1.0, stale_after=701.0)),
    ],
)
def test_nothing_is_explored_where_nothing_is_to_be_learned_or_probes_do_it(candidates, exploration):
    assert explored(candidates, dice(0.0), exploration) is None
