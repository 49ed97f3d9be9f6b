"""Restoring that is killed or meets a full disk: what was there before is still there, whole, and the next try gets through."""

import pytest

from plexus.settings.database_url import DatabaseAddress
from plexus.storage.backup import restore
from plexus.storage.engine import open_database
from tests.faults.small_disk import small_disk
from tests.faults.storage_child import content, with_a_backup
from tests.faults.test_storage_database import run_child, spelled

NOW, THEN = ["now", "1"], ["then", "2"]


def kills(address: DatabaseAddress, file, step: int) -> None:
    runs = run_child("restore", spelled(address), "1", str(step), str(file))
    assert len(runs) > 120 // step
    assert runs[-1]["ended"] == 0
    assert runs[-1]["seen"] == THEN
    for run in runs[:-1]:
        assert run["ended"] == -9
        assert run["seen"] == NOW, run


async def test_p28_killed_while_restoring_what_was_there_stays_and_the_next_try_gets_through(address, tmp_path):
    kills(address, tmp_path / "b", 23)


@pytest.mark.deep
async def test_p28_killed_before_every_statement_of_restoring(address, tmp_path):
    kills(address, tmp_path / "b", 1)


async def test_p17_a_disk_that_is_full_while_restoring_leaves_what_was_there(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as (fill, free):
        database = await open_database(DatabaseAddress("sqlite", path=folder / "p.db"))
        await with_a_backup(database, tmp_path / "b")
        fill()
        with pytest.raises(Exception, match=r"full|disk I/O"):
            await restore(database, tmp_path / "b", None)
        assert await content(database) == NOW
        free()
        await restore(database, tmp_path / "b", None)
        assert await content(database) == THEN
        await database.close()
