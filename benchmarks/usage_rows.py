"""How long the management API's lists and summaries of usage take with five million requests of a year, on SQLite.

    python -m benchmarks.usage_rows                     fill a database in a folder of its own, keep its sums, ask everything
    python -m benchmarks.usage_rows --rows 300000       the same with fewer
    python -m benchmarks.usage_rows --database FILE     use this file; it is filled when it is not there

Every question is asked through the functions the API calls, answer written as JSON included, not the HTTP around them.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.report import machine
from benchmarks.usage_books import BYTES_PER_ROW, DAY, DAYS, END, START, fill
from plexus.core.clock import Clock
from plexus.core.json import dumps
from plexus.settings.database_url import DatabaseAddress
from plexus.storage.engine import Database, open_database
from plexus.storage.schema import migrate
from plexus.usage.keeping_sums import keep_sums
from plexus.usage.kept_zones import KeptZones
from plexus.usage.list_filter import Filter, Place, Sort
from plexus.usage.lists import listed
from plexus.usage.totals import TooManyGroups, numbers
from plexus.web.management.usage_summed import Summing

SEED = 1
WITHIN = 0.3
"""Seconds the slowest twentieth of a question's answers may begin at."""
REFUSED = b"refused"
HOUR = 3_600_000
MIDDLE = START + 200 * DAY
FILTERS = {
    "all": Filter(),
    "key": Filter(key="key-12"),
    "rare key": Filter(key="key-0"),
    "no such key": Filter(key="nobody"),
    "attribution": Filter(attribution="team-3-1"),
    "alias": Filter(alias="alias-4"),
    "provider": Filter(provider="provider-2"),
    "model": Filter(model="model-11"),
    "status ok": Filter(status="ok"),
    "status stalled": Filter(status="stalled"),
    "protocol": Filter(client_protocol="gemini"),
    "error class": Filter(error_class="truncated"),
    "streaming": Filter(streaming=True),
    "not streaming": Filter(streaming=False),
    "hour": Filter(since=MIDDLE, until=MIDDLE + HOUR),
    "week": Filter(since=MIDDLE, until=MIDDLE + 7 * DAY),
    "half a year": Filter(since=MIDDLE - 180 * DAY, until=MIDDLE),
    "dear": Filter(min_cost=Decimal("0.104")),
    "cheap": Filter(max_cost=Decimal("0.0005")),
    "slow": Filter(min_duration_ms=59_990.0),
    "quick": Filter(max_duration_ms=5.0),
    "failed": Filter(failed=True),
    "owner's failed": Filter(failed=True, owner="key-7"),
    "owner": Filter(owner="key-19"),
    "owner's model": Filter(owner="key-19", model="model-3"),
    "key and model that never met": Filter(key="key-1", model="model-0"),
    "alias and model that never met": Filter(alias="alias-1", model="model-9"),
    "key, stalled": Filter(key="key-15", status="stalled"),
    "model, stalled": Filter(model="model-5", status="stalled"),
    "attribution and model": Filter(attribution="team-1-0", model="model-1"),
    "provider and dear": Filter(provider="provider-1", min_cost=Decimal("0.104")),
    "model of a week": Filter(model="model-2", since=MIDDLE, until=MIDDLE + 7 * DAY),
    "key of half a year": Filter(key="key-9", since=MIDDLE - 180 * DAY, until=MIDDLE),
    "errors of half a year": Filter(status="error", since=MIDDLE - 180 * DAY, until=MIDDLE),
    "stream of a key, failed": Filter(key="key-4", streaming=True, failed=True),
    "slow and dear": Filter(min_duration_ms=59_000.0, min_cost=Decimal("0.1")),
    "slow of a week": Filter(min_duration_ms=59_900.0, since=MIDDLE, until=MIDDLE + 7 * DAY),
    "dear of half a year": Filter(min_cost=Decimal("0.104"), since=MIDDLE - 180 * DAY, until=MIDDLE),
}
DEEP: dict[Sort, Place] = {
    "started_at": (START + DAYS * DAY // 2, ""),
    "cost": (Decimal("0.05"), MIDDLE, ""),
    "duration_ms": (30_000.5, MIDDLE, ""),
}
ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata")
GROUPINGS = (
    "",
    "key",
    "attribution",
    "alias",
    "provider",
    "model",
    "client_protocol",
    "status",
    "key,model",
    "model,status",
)
RANGES: list[tuple[str, int, int, tuple[str, ...]]] = [
    ("hour", END - HOUR, END, ("hour",)),
    ("day", END - DAY, END, ("hour",)),
    ("cut day", END - DAY - 1_234_567, END - 1_234_567, ("hour", "day")),
    ("DST day in March", START + 88 * DAY - HOUR, START + 89 * DAY - 2 * HOUR, ("hour", "day")),
    ("DST day in October", START + 298 * DAY - 2 * HOUR, START + 299 * DAY - HOUR, ("hour", "day")),
    ("week", END - 7 * DAY, END, ("hour", "day")),
    ("cut week", MIDDLE - 7 * DAY + 77, MIDDLE - 55, ("hour", "day")),
    ("month", END - 30 * DAY, END, ("hour", "day", "week")),
    ("cut month", MIDDLE - 30 * DAY + 77, MIDDLE - 55, ("day", "month")),
    ("year", START, END, ("hour", "day", "week", "month")),
    ("cut year", START + 77, END - 55, ("day", "week", "month")),
]
ONLY = ({"key": "key-17"}, {"model": "model-6"}, {"key": "key-12", "alias": "alias-2"})

Question = tuple[str, Callable[[], Awaitable[Any]]]


def lists(database: Database) -> Iterator[Question]:
    """Each filter in each order, its beginning and its middle."""
    for name, wanted in FILTERS.items():
        for sort, middle in DEEP.items():
            for rising in (False, True):
                for place, after in (("first", ()), ("deep", middle)):
                    label = f"list {name}, {sort} {'asc' if rising else 'desc'}, {place}"
                    yield label, _listed(database, wanted, sort, after, rising=rising)


def _listed(
    database: Database, wanted: Filter, sort: Sort, after: Place, *, rising: bool
) -> Callable[[], Awaitable[Any]]:
    async def ask() -> bytes:
        async with database.reading() as connection:
            found = await listed(connection, wanted, sort, 100, rising=rising, after=after)
        return dumps({"data": found.rows, "total": found.total})

    return ask


def summaries(database: Database) -> Iterator[Question]:
    """Each range in each zone, by each unit and grouping that makes no more groups than are answered."""
    for name, since, until, units in RANGES:
        for where in ZONES:
            for unit in units:
                for by in GROUPINGS:
                    yield (
                        f"summary {name} by {unit} {where} [{by}]",
                        _summed(database, since, until, where, unit, by, {}),
                    )
                for only in ONLY:
                    said = " ".join(only.values())
                    for by in ("", "model"):
                        label = f"summary {name} by {unit} {where} [{by}] of {said}"
                        yield label, _summed(database, since, until, where, unit, by, only)


def _summed(
    database: Database, since: int, until: int, where: str, unit: Any, by: str, only: dict[str, str]
) -> Callable[[], Awaitable[Any]]:
    async def ask() -> bytes:
        asked = Summing(str(since), str(until), where, unit, by, **only)  # type: ignore[arg-type] # words of the query
        cut = asked.buckets(END)
        async with database.reading() as connection:
            try:
                found = await numbers(connection, cut, asked.by, asked.only)
            except TooManyGroups:
                return REFUSED
        return asked.shown(cut, found)

    return ask


class Taken(NamedTuple):
    """What each answer to one question took, in seconds by the clock and of the processor, both rising, and its bytes."""

    spent: list[float]
    worked: list[float]
    size: int


def slow(times: Sequence[float]) -> float:
    """The 95th percentile of times that rise."""
    return times[int(0.95 * (len(times) - 1) + 0.5)]


async def asked(questions: Iterator[Question], times: int, only: str) -> dict[str, Taken]:
    """Each question that holds these letters, asked so many times; once where that takes seconds."""
    taken: dict[str, Taken] = {}
    for label, ask in questions:
        if only not in label:
            continue
        spent: list[float] = []
        worked: list[float] = []
        answer = b""
        for _ in range(times):
            began, working = time.perf_counter(), time.process_time()
            answer = await ask()
            spent.append(time.perf_counter() - began)
            worked.append(time.process_time() - working)
            if spent[0] > 3:
                break
        taken[label] = Taken(sorted(spent), sorted(worked), len(answer))
    return taken


def kinds(taken: Mapping[str, Taken]) -> dict[str, Taken]:
    """All answers of each kind of question together; `size` is the largest."""
    found: dict[str, list[Taken]] = {}
    for label, one in taken.items():
        found.setdefault(label.partition(" ")[0], []).append(one)
    return {
        kind: Taken(
            sorted(time for one in some for time in one.spent),
            sorted(time for one in some for time in one.worked),
            max(one.size for one in some),
        )
        for kind, some in found.items()
    }


def told(taken: Mapping[str, Taken], most: int = 12) -> str:
    """Each kind's median, 95th percentile and slowest answer by the clock and of the processor; the slowest questions.

    Refusals are among the summaries, and told apart once more.
    """
    lines = ["answers      bytes  clock ms: median, p95, slowest   processor ms: median, p95, slowest"]
    refused = {f"refused {label}": one for label, one in taken.items() if one.size == len(REFUSED)}
    lines += [_line(kind, one) for kind, one in kinds({**taken, **refused}).items()]
    slowest = sorted(taken.items(), key=lambda found: -slow(found[1].worked))
    return "\n".join(lines + [_line(label, one) for label, one in slowest[:most]] + [_over(taken)])


def _line(label: str, one: Taken) -> str:
    figures = [time for all_ in (one.spent, one.worked) for time in (statistics.median(all_), slow(all_), all_[-1])]
    return f"{len(one.spent):7} {one.size:10}  {' '.join(f'{figure * 1000:9.1f}' for figure in figures)}  {label}"


def _over(taken: Mapping[str, Taken]) -> str:
    clock, processor = (
        sum(slow(times) > WITHIN for times in each)
        for each in ([one.spent for one in taken.values()], [one.worked for one in taken.values()])
    )
    return (
        f"{len(taken)} questions; p95 over {WITHIN * 1000:.0f} ms: {clock} by the clock, {processor} of the processor"
    )


async def measured(path: Path, rows: int, times: int, only: str, *, there: bool) -> dict[str, Taken]:
    """Everything asked of a database, filled first when it is not there."""
    database = await open_database(DatabaseAddress("sqlite", path=path))
    try:
        await migrate(database)
        if not there:
            await fill(database, rows, SEED)
            zones = KeptZones()
            for name in ZONES:
                zones.ask(name)
            await keep_sums(database, zones, Clock(wall=lambda: END / 1000 + 86_400), _at_once)
        return {**await asked(lists(database), times, only), **await asked(summaries(database), times, only)}
    finally:
        await database.close()


async def _at_once(_seconds: float) -> None:
    """No pause: nobody else writes."""


def main() -> None:
    """Fill, ask, tell."""
    read = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    read.add_argument("--rows", type=int, default=5_000_000)
    read.add_argument("--times", type=int, default=20)
    read.add_argument("--database", type=Path)
    read.add_argument("--only", default="", help="questions that hold these letters")
    read.add_argument("--json", action="store_true")
    wanted = read.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if wanted.database is None and shutil.disk_usage(folder).free < wanted.rows * BYTES_PER_ROW:
            raise SystemExit(f"{folder} has not the {wanted.rows * BYTES_PER_ROW / 1e9:.0f} GB this takes")
        path = wanted.database or Path(folder) / "plexus.db"
        taken = asyncio.run(measured(path, wanted.rows, wanted.times, wanted.only, there=path.exists()))
    if wanted.json:
        print(json.dumps({label: one._asdict() for label, one in taken.items()}, indent=1))
        return
    print(told(taken, len(taken)))
    commit = machine("", None)["commit"]
    print(f"seed {SEED}, commit {commit}, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
