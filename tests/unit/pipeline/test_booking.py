"""What quotas count of a usage row, of one whose process was killed too."""

import pytest

from plexus.pipeline.booking import charges_of, spent_of
from plexus.quota.admission import Charge
from plexus.quota.definition import Definition, Scope
from plexus.quota.place import units_of_charges
from plexus.quota.recompute import recompute
from plexus.usage.entries import Opened, interrupted
from plexus.usage.row import AttemptRow, UsageRow

AT = 1_790_000_000_000


def row(status, http_status=0, *attempts):
    return UsageRow(request_id="r", key="me", alias="fast", started_at=AT, duration_ms=12.6, status=status, http_status=http_status, attempts=attempts)  # fmt: skip


def attempt(*, billed):
    return AttemptRow(provider="p", model="m", status="ok", billed=billed, input_tokens=3, output_tokens=4)


def test_the_billed_attempts_count():
    assert charges_of(row("ok", 200, attempt(billed=False), attempt(billed=True))) == [Charge("p", "m", 7)]
    assert charges_of(row("error", 502, attempt(billed=False))) == []


def test_what_the_gateway_broke_off_before_it_was_sent_counts_as_nothing():
    assert charges_of(row("interrupted", 503)) == []
    assert charges_of(row("interrupted", 200, attempt(billed=True))) == [Charge("p", "m", 7)]


@pytest.mark.parametrize(("measure", "units"), [("requests", 1), ("tokens", 0), ("cost", 0)])
def test_what_ended_with_its_process_is_a_request_and_nothing_else(measure, units):
    killed = interrupted(Opened(request_id="r", process="x", started_at=AT, key="me", alias="fast"))
    quota = Definition(name="q", kind="daily", measure=measure, limit=9)
    assert units_of_charges(quota, charges_of(killed)) == units
    assert spent_of(killed).booked == AT
    assert sum(counter.used(counter.slot(AT), AT) for counter in recompute(quota, [spent_of(killed)]).values()) == units


def test_it_is_in_no_quota_of_certain_providers_for_nobody_knows_where_it_was():
    killed = spent_of(interrupted(Opened(request_id="r", process="x", started_at=AT, key="me", alias="fast")))
    some = Definition(name="q", limit=9, scope=Scope(allowed_providers=frozenset({"p"})))
    model = Definition(name="q", limit=9, scope=Scope(allowed_models=frozenset({"fast"})))
    assert recompute(some, [killed]) == {}
    assert list(recompute(model, [killed])) == ["me"]


def test_a_row_is_booked_at_its_end():
    assert spent_of(row("ok", 200)).booked == AT + 12
