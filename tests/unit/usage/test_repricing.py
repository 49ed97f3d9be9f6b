"""Pricing a past range anew, on both engines: rows, attempts, sums of hours and of kept days change together, once."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select
from tests.unit.usage.some_rows import some_rows

from plexus.core.clock import Clock
from plexus.storage.engine import Database
from plexus.storage.tables import audit_log, former_costs, usage_attempts, usage_requests
from plexus.usage.booking import booked, priced
from plexus.usage.calendar import Bucket
from plexus.usage.kept_sums import added_up, keep
from plexus.usage.lists import one
from plexus.usage.price import Price, Rates, Scale
from plexus.usage.repricing import Author, Difference, Range, Repricing
from plexus.usage.rollup import HOUR
from plexus.usage.row import AttemptRow, UsageRow
from plexus.usage.store import write_rows
from plexus.usage.totals import totals

START = 1_767_225_600_000
DAY = 24 * HOUR
ADMIN = Author(actor="admin", address="127.0.0.1", request_id="r1")
EVERYTHING = Range(since=START, until=START + 3 * DAY)


def price(rate: int) -> Price:
    rates = Rates(input=Decimal(rate), output=Decimal(rate))
    return Price(source="configured", origin=f"at {rate}", scales=(Scale(rates),))


def some_booked(rate: int) -> list[UsageRow]:
    """Rows at a price: of provider b nobody knows one; every seventh was told by its provider."""
    rows = []
    for number, row in enumerate(some_rows(21, 260, START, START + 3 * DAY)):
        told = Decimal("0.5") if number % 7 == 0 else None
        attempts = [
            priced(
                replace(attempt, billed=not attempt.aside, cost_reported=told),
                price(rate) if attempt.provider == "a" else None,
            )
            for attempt in row.attempts
        ]
        rows.append(booked(row, attempts))
    return rows


async def nothing(_seconds: float) -> None:
    """A pause that takes no time."""


def work(database: Database, wanted: Range, rate: int | None) -> Repricing:
    def price_of(_attempt: AttemptRow, _at: int) -> Price | None:
        return None if rate is None else price(rate)

    return Repricing(database, wanted, price_of, Clock(wall=lambda: START / 1000))


async def put(database: Database, rows: list[UsageRow]) -> None:
    async with database.writing() as connection:
        await write_rows(connection, rows)
    for number in range(3):
        span = START + number * DAY, START + (number + 1) * DAY
        async with database.reading() as connection:
            found = await added_up(connection, span)
        async with database.writing() as connection:
            assert await keep(connection, found)


async def costs(database: Database) -> dict[str, tuple[Decimal | None, str]]:
    query = select(usage_requests.c.request_id, usage_requests.c.cost, usage_requests.c.cost_source)
    async with database.reading() as connection:
        return {name: (cost, source) for name, cost, source in await connection.execute(query)}


async def sums_hold(database: Database) -> None:
    """Whatever a summary is added up from, it is the sum of the rows."""
    columns = usage_requests.c
    query = select(func.sum(columns.cost), func.count() - func.count(columns.cost), func.sum(columns.cost_input))
    async with database.reading() as connection:
        wanted = tuple((await connection.execute(query)).one())
        for low, high in ((0, 0), (-HOUR, HOUR), (-DAY, DAY)):
            found = await totals(connection, [Bucket("", START + low, START + 3 * DAY + high)], ("provider", "key"))
            summed = [
                sum((getattr(sums, name) for sums in found.values()), Decimal(0))
                for name in ("cost", "cost_unknown", "cost_input")
            ]
            assert tuple(summed) == wanted


async def test_a_dry_run_says_what_the_real_one_does_and_the_second_one_does_nothing(database):
    rows = some_booked(2)
    await put(database, rows)
    before = await costs(database)
    told = await work(database, EVERYTHING, 3).difference(None, 1000)
    assert await costs(database) == before
    done = await work(database, EVERYTHING, 3).apply(None, 1000, ADMIN, nothing)
    assert done == told
    after = await costs(database)
    changed = [name for name in before if before[name] != after[name]]
    assert done.requests == len(rows)
    assert 0 < len(changed) <= done.changed
    assert done.unknown_before > done.unknown_after == 0
    known = [cost for name in changed if (cost := before[name][0]) is not None]
    assert done.cost_before == sum(known)
    anew = [cost for name in changed if (cost := after[name][0]) is not None]
    assert done.cost_after == sum(anew)
    assert {name for name, (_, source) in before.items() if source == "provider"}.isdisjoint(changed)
    await sums_hold(database)
    again = await work(database, EVERYTHING, 3).apply(None, 1000, ADMIN, nothing)
    assert again == Difference(requests=len(rows), following=None)
    assert await costs(database) == after


async def test_some_at_a_time_come_to_the_same_and_each_run_is_in_the_audit_log(database):
    await put(database, some_booked(2))
    whole = await work(database, EVERYTHING, 3).difference(None, 1000)
    after, parts = None, []
    while True:
        parts.append(await work(database, EVERYTHING, 3).apply(after, 120, ADMIN, nothing))
        after = parts[-1].following
        if after is None:
            break
    assert [part.requests for part in parts] == [120, 120, 20]
    assert sum(part.changed for part in parts) == whole.changed
    assert sum(part.cost_after for part in parts) == whole.cost_after
    await sums_hold(database)
    async with database.reading() as connection:
        logged = (await connection.execute(select(audit_log).order_by(audit_log.c.id))).mappings().all()
    assert [(one["actor"], one["action"], one["subject_kind"], one["address"]) for one in logged] == [
        ("admin", "reprice", "usage", "127.0.0.1")
    ] * 3
    assert [one["after"]["requests"] for one in logged] == [part.changed for part in parts]


async def test_only_the_attempts_that_are_meant_are_priced_anew(database):
    rows = some_booked(2)
    await put(database, rows)
    before = await costs(database)
    wanted = replace(EVERYTHING, provider="a", model="m", alias="fast", since=START + DAY)
    done = await work(database, wanted, 5).apply(None, 1000, ADMIN, nothing)
    after = await costs(database)
    meant = {
        row.request_id
        for row in rows
        if row.alias == "fast" and row.started_at >= START + DAY
        if any((attempt.provider, attempt.model) == ("a", "m") for attempt in row.attempts)
    }
    assert done.changed
    assert {name for name in before if before[name] != after[name]} <= meant
    await sums_hold(database)


@pytest.mark.parametrize("reported", [False, True])
async def test_what_a_provider_reported_stays_unless_it_is_asked_for(reported, database):
    await put(database, some_booked(2))
    before = await costs(database)
    await work(database, replace(EVERYTHING, reported=reported), 3).apply(None, 1000, ADMIN, nothing)
    after = await costs(database)
    told = [name for name, (_, source) in before.items() if source == "provider"]
    assert told
    assert any(before[name] != after[name] for name in told) is reported
    await sums_hold(database)


async def test_a_cost_nobody_can_work_out_any_more_stays(database):
    await put(database, some_booked(2))
    before = await costs(database)
    done = await work(database, EVERYTHING, None).apply(None, 1000, ADMIN, nothing)
    assert (done.changed, await costs(database)) == (0, before)


async def test_the_former_cost_stands_beside_the_request(database):
    rows = some_booked(2)
    await put(database, rows)
    await work(database, EVERYTHING, 3).apply(None, 1000, ADMIN, nothing)
    async with database.reading() as connection:
        names = (await connection.execute(select(former_costs.c.request_id))).scalars().all()
        by_name = {row.request_id: row for row in rows}
        for name in names[:20]:
            shown = await one(connection, name, None)
            assert shown is not None
            was = by_name[name]
            (former,) = shown["former_costs"]
            assert former["cost"] == (None if was.cost is None else f"{was.cost:f}".rstrip("0").rstrip(".") or "0")
            assert (former["cost_source"], former["until"]) == (was.cost_source, START)
            below = select(usage_attempts.c.cost).where(usage_attempts.c.request_id == name, usage_attempts.c.billed)
            assert sum((await connection.execute(below)).scalars()) == Decimal(shown["cost"])
