"""A small use of the journal for tests: each entry becomes a row and is counted, once however often it comes."""

import json
from collections.abc import Sequence

from sqlalchemy import BigInteger, Connection, Text, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite

from plexus.storage.engine import Database
from plexus.storage.tables import open_requests, quota_counters

_USED = cast(quota_counters.c.used, BigInteger)


def entry(name: str, **more: object) -> bytes:
    return json.dumps({"name": name, **more}).encode()


def apply(connection: Connection, entries: Sequence[bytes]) -> None:
    """A row for each entry that has none, counted in the same transaction. One that says "poison" has a value no column takes."""
    rows = []
    for data in entries:
        told = json.loads(data)
        moment = 2**70 if told.get("poison") else 0
        rows.append({"request_id": told["name"], "process": "p", "started_at": moment, "document": {}})
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    put = insert(open_requests).values(rows).on_conflict_do_nothing().returning(open_requests.c.request_id)
    new = len(connection.execute(put).all())
    key = {"quota": "q", "owner": "*", "kind": "rolling", "measure": "requests", "slot": 0}
    count = insert(quota_counters).values(**key, used=str(new), at=0, limit=0, duration=0, through=0)
    more = {"used": cast(_USED + cast(count.excluded.used, BigInteger), Text)}
    connection.execute(count.on_conflict_do_update(index_elements=list(key), set_=more))


async def kept(database: Database) -> tuple[set[str], int]:
    """The names that have a row, and how many were counted."""
    async with database.reading() as connection:
        names = (await connection.execute(select(open_requests.c.request_id))).scalars().all()
        counted = (await connection.execute(select(func.sum(_USED)))).scalar_one()
    return set(names), int(counted or 0)
