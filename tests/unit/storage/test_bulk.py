"""Many rows at once: each comes back as it was given, whatever was left out, in any number, on both engines."""

import random
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from plexus.storage.bulk import bulk_insert
from plexus.storage.tables.usage import usage_attempts

DEFAULTS = {"provider": "", "billed": False, "cost": None, "usage_flags": None, "ttft_ms": None, "input_tokens": 0}


@pytest.mark.parametrize("count", [1, 7, 8, 63, 64, 65, 137])
async def test_rows_of_any_number_come_back_as_they_were_given(database, count):
    dice = random.Random(count)
    rows: list[dict[str, Any]] = [
        {
            "request_id": f"r{number:03}",
            "number": 1,
            "started_at": number,
            "status": "ok",
            "provider": dice.choice(["", "p", "a\x00b", "é", "'"]),
            "billed": dice.random() < 0.5,
            "cost": dice.choice(
                [None, Decimal(0), Decimal("0.000000015"), Decimal("1E-8"), Decimal("123456.78901234")]
            ),
            "usage_flags": dice.choice([None, ["x", "y"]]),
            "ttft_ms": dice.choice([None, 0.0, 1.5]),
            "input_tokens": dice.choice([0, 2**40]),
        }
        for number in range(count)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    async with database.writing() as connection:
        await connection.run_sync(lambda sync: bulk_insert(usage_attempts, sync.dialect).write(sync, columns))
    async with database.reading() as connection:
        found = (
            (await connection.execute(select(usage_attempts).order_by(usage_attempts.c.started_at))).mappings().all()
        )
    rounded: dict[Any, Decimal] = {Decimal("0.000000015"): Decimal("0.00000002")}
    for got, row in zip(found, rows, strict=True):
        wanted = {
            **row,
            "provider": row["provider"].replace("\x00", "\ufffd"),
            "cost": rounded.get(row["cost"], row["cost"]),
        }
        assert {name: got[name] for name in wanted} == wanted


async def test_a_column_that_holds_its_default_in_every_row_is_not_given_to_the_driver(database):
    columns: dict[str, Any] = {"request_id": ["a", "b"], "number": [1, 1], "started_at": [1, 2], "status": ["ok", "ok"]}
    columns |= {name: [default] * 2 for name, default in DEFAULTS.items()}
    async with database.writing() as connection:
        taken = await connection.run_sync(lambda sync: bulk_insert(usage_attempts, sync.dialect).write(sync, columns))
        assert set(taken) == {"request_id", "number", "started_at", "status"}
        found = (await connection.execute(select(usage_attempts))).mappings().all()
    assert all({name: row[name] for name in DEFAULTS} == DEFAULTS for row in found)


async def test_what_a_table_with_the_same_values_was_given_is_not_converted_again(database):
    cost = [Decimal(1), Decimal(2)]
    columns: dict[str, Any] = {
        "request_id": ["a", "b"],
        "number": [1, 1],
        "started_at": [1, 2],
        "status": ["ok", "ok"],
        "cost": cost,
    }
    more = {**columns, "number": [2, 2]}
    other = {**columns, "number": [3, 3], "cost": [Decimal(1), Decimal(3)]}

    def write(sync):
        bulk = bulk_insert(usage_attempts, sync.dialect)
        taken = bulk.write(sync, columns)
        again = bulk.write(sync, more, like=taken)
        assert again["cost"][1] is taken["cost"][1]
        bulk.write(sync, other, like=taken)

    async with database.writing() as connection:
        await connection.run_sync(write)
        found = await connection.execute(select(usage_attempts.c.cost).order_by(usage_attempts.c.number))
        assert found.scalars().all() == [*cost, *cost, Decimal(1), Decimal(3)]
