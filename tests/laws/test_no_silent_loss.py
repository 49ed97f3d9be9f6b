"""No field of any protocol vanishes: it is carried, or its loss is reported, towards each of the four protocols."""

import pytest

from tests.corpus import fields, replay


@pytest.mark.parametrize("target", sorted(replay.protocols()))
@pytest.mark.parametrize("protocol", sorted(replay.protocols()))
def test_no_field_is_lost_silently(protocol: str, target: str) -> None:
    plug = replay.protocols()[protocol]
    fates = [fields.fate(plug, field, target) for field in plug.fields]
    assert [one.field for one in fates if one.silent] == []


@pytest.mark.parametrize("protocol", sorted(replay.protocols()))
def test_every_field_has_a_sample_that_changes_the_request(protocol: str) -> None:
    plug = replay.protocols()[protocol]
    assert [f.path for f in plug.fields if fields.merged(plug.minimal, f.patch) == plug.minimal] == []


def test_a_field_that_vanishes_is_noticed() -> None:
    one = fields.Fate("chat", "x", "messages", [], [])
    assert one.silent
    assert one.told == "SILENT LOSS"
