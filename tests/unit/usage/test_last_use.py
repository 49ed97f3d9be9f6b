"""When a key was last used: the begin of its newest request, however many keys are asked for."""

from plexus.storage.tables.usage import usage_requests
from plexus.usage.last_use import last_used
from plexus.usage.row import UsageRow
from plexus.usage.store import write_rows


async def test_each_key_has_the_begin_of_its_newest_request(database):
    rows = [("a", 5), ("b", 9), ("a", 7), ("a", 6), ("a:b/c", 3), ("'; --", 4)]
    async with database.writing() as connection:
        await write_rows(
            connection,
            [UsageRow(request_id=f"r{n}", started_at=at, key=key, status="ok") for n, (key, at) in enumerate(rows)],
        )
    async with database.reading() as connection:
        asked = ["a", "b", "a:b/c", "'; --", "never"]
        assert await last_used(connection, asked) == {"a": 7, "b": 9, "a:b/c": 3, "'; --": 4}
        assert await last_used(connection, []) == {}
        many = [*(f"k{n}" for n in range(1_200)), "a"]
        assert await last_used(connection, many) == {"a": 7}


async def test_it_is_one_step_in_an_index_for_each_key(database):
    if database.dialect != "sqlite":
        return  # the planner of PostgreSQL chooses by size
    async with database.reading() as connection:
        plan = await connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT max(started_at) FROM {usage_requests.name} WHERE key = 'a'"
        )
        [step] = [row[3] for row in plan]
    assert step.startswith("SEARCH")
    assert "ix_usage_requests_key_started_at" in step
    assert "COVERING" in step
