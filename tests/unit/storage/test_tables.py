"""The tables: what they keep exactly, on both engines, and that the migrations make them as they are declared."""

from decimal import Decimal
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Connection, Float, func, insert, inspect, select, text
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.exc import StatementError

from plexus.storage.engine import Database, open_database
from plexus.storage.schema import head, raise_to, revision_of, revisions
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import (
    METADATA,
    REVISIONS,
    trace_bodies,
    traces,
    usage_attempts,
    usage_hours,
    usage_requests,
    vault,
)
from plexus.storage.tables.types import Money, Sealed
from plexus.usage.row import AttemptRow, UsageRow

# The columns the contract names for a usage row; its lists `attempts[]` and `fidelity[]` are a table and a document.
CONTRACT = """request_id, started_at, key, attribution, alias, client_protocol, provider, model, upstream_protocol, streaming,
passthrough, status, http_status, stop_reason, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens,
reasoning_tokens, tokens_estimated, error_class, cost, cost_source, cost_input, cost_output, cost_cache_read, cost_cache_write,
ttft_ms, tokens_per_second, duration_ms, overhead_ms, fidelity, error"""

SQLITE = SQLiteDialect_aiosqlite()


def row(**values):
    return {
        "request_id": "r1",
        "started_at": 1_700_000_000_000,
        "key": "me",
        "alias": "fast",
        "client_protocol": "chat",
        "streaming": True,
        "passthrough": False,
        "status": "ok",
        "tokens_estimated": False,
        "attempt_count": 1,
        **values,
    }


async def only(database: Database, column):
    async with database.reading() as connection:
        return (await connection.execute(select(column))).scalar_one()


async def put(database: Database, table, **values):
    async with database.writing() as connection:
        await connection.execute(insert(table).values(**values))


def test_a_usage_row_has_every_column_the_contract_names():
    assert {name.strip() for name in CONTRACT.split(",")} <= set(usage_requests.c.keys())


def test_rows_of_requests_and_attempts_have_a_column_for_each_of_their_fields():
    assert set(UsageRow.__struct_fields__) - {"attempts"} <= set(usage_requests.c.keys())
    assert set(AttemptRow.__struct_fields__) <= set(usage_attempts.c.keys())


def _index(found: Any) -> tuple[Any, ...]:
    where = sorted((name, str(value)) for name, value in found.get("dialect_options", {}).items())
    return found["name"], tuple(found["column_names"]), bool(found["unique"]), tuple(where)


async def test_made_at_once_or_step_by_step_the_tables_are_the_same(address):
    def looked_at(connection: Connection) -> dict[str, Any]:
        inspector = inspect(connection)
        return {
            name: {
                "columns": sorted(
                    (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
                    for column in inspector.get_columns(name)
                ),
                "key": inspector.get_pk_constraint(name),
                "indexes": sorted(map(_index, inspector.get_indexes(name))),
                "unique": sorted(map(str, inspector.get_unique_constraints(name))),
                "foreign": sorted(map(str, inspector.get_foreign_keys(name))),
                "checks": sorted(map(str, inspector.get_check_constraints(name))),
            }
            for name in inspector.get_table_names()
        }

    opened = await open_database(address)
    async with opened.writing() as connection:
        await connection.run_sync(raise_to)
        at_once = await connection.run_sync(looked_at)
        await connection.run_sync(METADATA.drop_all)
        await connection.execute(text(f"DROP TABLE {REVISIONS}"))
        for step in revisions():
            await connection.run_sync(raise_to, step)
        by_steps = await connection.run_sync(looked_at)
        assert await connection.run_sync(revision_of) == head()
    await opened.close()
    assert at_once == by_steps


async def test_the_migrations_make_the_tables_that_are_declared(database):
    def differences(connection: Connection):
        context = MigrationContext.configure(
            connection, opts={"version_table": REVISIONS, "compare_server_default": True}
        )
        return compare_metadata(context, METADATA)

    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    assert names == set(METADATA.tables) | {REVISIONS}


def test_the_steps_follow_one_another_without_a_fork():
    assert head() == revisions()[-1]
    assert list(revisions()) == sorted(revisions())


@pytest.mark.parametrize("text", ["0", "0.00000001", "-0.00000001", "12345678.12345678", "90000000000.99999999"])
async def test_money_comes_back_to_the_last_of_eight_places(database, text):
    await put(database, usage_requests, **row(cost=Decimal(text)))
    found = await only(database, usage_requests.c.cost)
    assert found == Decimal(text)
    assert isinstance(found, Decimal)


async def test_unknown_money_stays_unknown(database):
    await put(database, usage_requests, **row())
    assert await only(database, usage_requests.c.cost) is None


async def test_money_is_added_up_exactly_by_the_database(database):
    async with database.writing() as connection:
        rows = [row(request_id=f"r{n}", cost=Decimal("0.1"), cost_input=Decimal("0.00000001")) for n in range(30)]
        await connection.execute(insert(usage_requests), rows)
    assert await only(database, func.sum(usage_requests.c.cost, type_=Money)) == Decimal("3.0")
    assert await only(database, func.sum(usage_requests.c.cost_input, type_=Money)) == Decimal("0.0000003")


@pytest.mark.parametrize("value", [0.1, 1, "0.1"])
async def test_money_is_never_anything_but_a_decimal(database, value):
    with pytest.raises(StatementError, match="money is a Decimal"):
        await put(database, usage_requests, **row(cost=value))


@given(st.decimals(min_value=-(10**10), max_value=10**10, places=8))
def test_the_whole_number_of_money_says_the_same(value):
    bound = Money().process_bind_param(value, SQLITE)
    assert isinstance(bound, int)
    assert Money().process_result_value(bound, SQLITE) == value


@pytest.mark.parametrize(("given_", "kept"), [("0.000000005", "0"), ("0.000000015", "0.00000002"), ("1e-9", "0")])
def test_money_below_the_eighth_place_is_rounded_half_to_even(given_, kept):
    assert Money().process_result_value(Money().process_bind_param(Decimal(given_), SQLITE), SQLITE) == Decimal(kept)


def test_no_column_of_ours_holds_money_in_a_float():
    money = {"cost", "price", "amount", "usd"}
    floats = [c for table in METADATA.tables.values() for c in table.c if isinstance(c.type, Float)]
    assert floats
    assert not [c for c in floats if money & set(c.name.split("_"))]


@pytest.mark.parametrize(
    "text", ["a\x00b", "\ud800", "\U0001f600 ä", "x" * 100_000, "'; DROP TABLE usage_requests; --"]
)
async def test_any_text_a_client_can_send_is_kept(database, text):
    await put(database, usage_requests, **row(attribution=text))
    found = await only(database, usage_requests.c.attribution)
    assert found == text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


@pytest.mark.parametrize("value", [{"b": 1, "a": [None, True, 1.5, "ä\x00"]}, [], "text", 0, False, {"": {}}])
async def test_any_json_comes_back_with_its_order(database, value):
    await put(database, usage_requests, **row(fidelity=value))
    found = await only(database, usage_requests.c.fidelity)
    assert found == value
    assert not isinstance(value, dict) or list(found) == list(value)


async def test_moments_beyond_2038_and_2100_are_kept(database):
    for number, moment in enumerate([0, 2_147_483_648_000, 4_102_444_800_000, 253_402_300_799_999]):
        await put(database, usage_requests, **row(request_id=f"r{number}", started_at=moment))
    async with database.reading() as connection:
        found = (await connection.execute(select(usage_requests.c.started_at).order_by("started_at"))).scalars().all()
    assert found == [0, 2_147_483_648_000, 4_102_444_800_000, 253_402_300_799_999]


async def test_flags_come_back_as_flags(database):
    await put(database, usage_requests, **row())
    assert await only(database, usage_requests.c.streaming) is True
    assert await only(database, usage_requests.c.passthrough) is False


async def test_a_secret_column_takes_no_bare_text(database):
    values = {"name": "pepper", "created_at": 0}
    with pytest.raises(StatementError, match="secret column"):
        await put(database, vault, **values, value="sk-bare")
    await put(database, vault, **values, value=StoredText("plain:x"))
    found = await only(database, vault.c.value)
    assert found == StoredText("plain:x")
    assert "plain:x" not in repr(found) + str(found) + f"{found}"


def test_s50_every_column_that_sounds_secret_is_sealed_or_known_not_to_be():
    """A new column with such a name must be sealed, or be added here with its reason."""
    sounds = {
        "secret",
        "token",
        "password",
        "credential",
        "headers",
        "env",
        "api",
        "pepper",
        "authorization",
        "options",
        "key",
    }
    harmless = {
        *(
            f"{table}.key" for table in ("usage_requests", "usage_hours", "usage_sums", "traces")
        ),  # the name of a client key
        "meter_snapshots.meter_key",  # the name of a meter
    }
    columns = [(f"{t.name}.{c.name}", c) for t in METADATA.tables.values() for c in t.c]
    heard = {name for name, c in columns if sounds & set(c.name.split("_")) and not isinstance(c.type, Sealed)}
    assert heard == harmless
    sealed = {name for name, c in columns if isinstance(c.type, Sealed)}
    assert {"config_revisions.configuration", "oauth_credentials.client_secret"} <= sealed
    assert {"oauth_credentials.access_token", "oauth_credentials.refresh_token", "vault.value"} <= sealed


def test_every_sealed_column_is_in_a_table_with_a_primary_key_of_words_or_numbers():
    for table in METADATA.tables.values():
        if any(isinstance(column.type, Sealed) for column in table.c):
            assert len(table.primary_key.columns) >= 1
            assert not any(isinstance(column.type, Float | Boolean) for column in table.primary_key.columns)


async def test_rows_below_a_row_go_with_it(database):
    trace = {
        "request_id": "r",
        "started_at": 0,
        "key": "k",
        "alias": "a",
        "provider": "p",
        "model": "m",
        "status": "ok",
    }
    await put(database, traces, **trace, captured_by="all", bytes=1, document={})
    await put(database, trace_bodies, request_id="r", name="request", encoding="identity", size=1, body=b"x")
    async with database.writing() as connection:
        await connection.execute(traces.delete())
        assert (await connection.execute(select(func.count()).select_from(trace_bodies))).scalar_one() == 0


def test_sums_by_the_hour_have_a_column_for_each_sum_of_a_row():
    assert {c.name for c in usage_requests.c if isinstance(c.type, Money)} <= set(usage_hours.c.keys())
