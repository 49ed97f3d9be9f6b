"""When each key was last used: what its newest usage row says. It keeps nothing of its own."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, literal, select, union_all

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.tables.usage import usage_requests

_AT_ONCE = 100
"""Keys in one statement; SQLite takes no more than 500 parts of a union."""


async def last_used(connection: AsyncConnection, keys: Sequence[str]) -> dict[str, int]:
    """When the last request of each of these keys began that is in the books, in milliseconds since 1970, UTC.

    A key without any is left out. For each key it is one step in an index, however many rows there are.
    """
    found: dict[str, int] = {}
    for some in _portions(keys):
        newest = [
            select(
                literal(key),
                select(func.max(usage_requests.c.started_at)).where(usage_requests.c.key == key).scalar_subquery(),
            )
            for key in some
        ]
        rows = await connection.execute(union_all(*newest))
        found.update((key, moment) for key, moment in rows if moment is not None)
    return found


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
