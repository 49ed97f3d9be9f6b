"""The names of rollups and rows are those of the tables that keep them."""

from plexus.storage.tables.usage import usage_attempts, usage_hours, usage_requests
from plexus.usage.rollup import RollupKey, Sums
from plexus.usage.row import AttemptRow, UsageRow


def test_a_rollup_fits_its_table():
    fields = {*RollupKey.__struct_fields__, *Sums.__struct_fields__} - {"errors"}
    assert fields == set(usage_hours.columns.keys())


def test_a_row_fits_its_tables():
    assert set(UsageRow.__struct_fields__) - {"attempts"} <= set(usage_requests.columns.keys())
    assert set(AttemptRow.__struct_fields__) <= set(usage_attempts.columns.keys())
