"""The open database: reading and writing transactions on SQLite or PostgreSQL. What is asked of it is not its business."""

import asyncio
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from plexus.core.secret import Secret
from plexus.storage import sqlite_file
from plexus.storage.address import Address
from plexus.storage.asynchronous import AsyncConnection, AsyncEngine, create_async_engine
from plexus.storage.failures import DatabaseAway, DatabaseUnusable, is_corruption, is_passing

T = TypeVar("T")
POOL = 5
"""Connections a process keeps; as many again are opened when those are taken."""
WAIT = 5.0
"""Seconds a statement waits for a locked SQLite file, and a caller for a free connection."""
CONNECT_WITHIN = 5.0
CLOSE_WITHIN = 1.0
"""Seconds in which PostgreSQL may take leave of a connection, before it is broken off."""
STATEMENT_WITHIN = 30
"""Seconds after which PostgreSQL gives a statement up; long jobs lift it for their own transaction."""
TRANSACTION_WITHIN = STATEMENT_WITHIN + 15.0
"""Seconds after which a transaction on PostgreSQL is given up here: a server that stands still gives nothing up itself."""
_MODE = "plexus_begin"

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and one writer do not wait for each other
    # The journal forgets what is committed here, so a commit must outlive a power cut. There are a few commits a second.
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {int(WAIT * 1000)}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # a deleted or replaced secret does not stay in free pages
    f"PRAGMA journal_size_limit = {64 * 1024 * 1024}",
)
_STATEMENTS = 32
"""Statements the writing thread keeps prepared; the large ones take some ten kilobytes each."""


_PROCESS = secrets.token_hex(4)


def _name() -> str:
    """What PostgreSQL shows of this process: a number alone would not do, those of containers are alike."""
    return f"plexus {os.getpid()} {_PROCESS}"


class _Connection(sqlite3.Connection):
    """A connection to a SQLite file whose transaction ends when it is closed.

    A statement that was cancelled before it was over may live on in a traceback. SQLite puts the closing off for it, and the
    transaction with its lock would stay until the collector comes.
    """

    def close(self) -> None:
        with suppress(sqlite3.Error):  # it is closed already, or nothing can be done for it
            self.rollback()
        super().close()


class _Writer:
    """A thread with a connection to a SQLite file, for transactions that are done in one go."""

    def __init__(self, path: Path) -> None:
        self.engine = create_engine(
            URL.create("sqlite", database=str(path)),
            hide_parameters=True,
            pool_size=1,
            max_overflow=0,
            connect_args={"cached_statements": _STATEMENTS},
        )
        _listen(self.engine)
        self._writers = self.engine.execution_options(**{_MODE: "IMMEDIATE"})
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="database")

    async def do(self, work: Callable[[Connection], T], failed: Callable[[BaseException], Exception]) -> T:
        """The result of the work. Who is cancelled meanwhile is so once it is over: till then it holds the lock of the file."""
        under_way = asyncio.get_running_loop().run_in_executor(self._thread, self._do, work, failed)
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            await asyncio.wait([under_way])
            raise

    def _do(self, work: Callable[[Connection], T], failed: Callable[[BaseException], Exception]) -> T:
        with ExitStack() as stack:
            try:
                connection = stack.enter_context(self._writers.connect())
                stack.enter_context(connection.begin())
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                raise failed(error) from error
            return work(connection)

    def close(self) -> None:
        self._thread.shutdown()
        self.engine.dispose()


class Database:
    """An open database. Take transactions from `reading` and `writing`, and `close` it."""

    def __init__(self, engine: AsyncEngine, path: Path | None = None, held: FileLock | None = None) -> None:
        """`path` is the file of a SQLite database, `held` the lock on it."""
        self.engine, self.path = engine, path
        self._held = held
        self._writer = _Writer(path) if path is not None else None
        self._writers = engine.execution_options(**{_MODE: "IMMEDIATE"})
        self._turn = asyncio.Lock() if path is not None else None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @asynccontextmanager
    async def reading(self, *, within: float | None = TRANSACTION_WITHIN) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads. `within`: seconds after which it is given up on PostgreSQL; None for long jobs.

        Raises:
            DatabaseAway: when there is no connection to be had, or it is given up.
        """
        async with self._transaction(self.engine, within) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self, *, within: float | None = TRANSACTION_WITHIN) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write, committed when the block ends well. `within` as for `reading`.

        On SQLite it holds the write lock from its begin: one that reads first and then writes would fail at once when
        another wrote between.

        Raises:
            DatabaseAway: when there is no connection to be had, the lock is not free within `WAIT`, or it is given up.
        """
        async with AsyncExitStack() as stack:
            if self._turn is not None:  # within the process writers queue in order instead of polling the file
                await stack.enter_async_context(self._turn)
            yield await stack.enter_async_context(self._transaction(self._writers, within))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """The result of what is done in a transaction that may write, all in one go: on SQLite in a thread beside the loop.

        For work of many statements: each one awaited costs the loop more than it costs the database.

        Raises:
            DatabaseAway: as `writing` does. Whatever the work raises is raised, and nothing of it is kept.
        """
        if self._writer is None or self._turn is None:
            async with self.writing() as connection:
                return await connection.run_sync(work)
        async with self._turn:
            return await self._writer.do(work, self._away)

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """Meanwhile nobody in this process writes to a SQLite file through this; whoever wants to waits his turn."""
        async with self._turn or AsyncExitStack():
            yield

    async def others(self) -> int:
        """How many connections other processes of ours have to a PostgreSQL database. A SQLite file is one process's alone.

        Raises:
            DatabaseAway: when it does not answer.
        """
        if self.path is not None:
            return 0
        async with self.reading() as connection:
            found = await connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name LIKE 'plexus%' AND application_name <> :ours"
                ),
                {"ours": _name()},
            )
            return int(found.scalar_one())

    @asynccontextmanager
    async def outside(self) -> AsyncIterator[AsyncConnection]:
        """A connection without a transaction, for what runs in none, such as VACUUM."""
        options = {"isolation_level": "AUTOCOMMIT"} if self.path is None else {_MODE: ""}
        async with self._turn or AsyncExitStack(), self.engine.connect() as connection:
            yield await connection.execution_options(**options)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine, within: float | None) -> AsyncIterator[AsyncConnection]:
        remote = self.path is None
        limit = asyncio.timeout(within if remote else None)
        try:
            async with AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(CONNECT_WITHIN if remote else None):
                        connection = await stack.enter_async_context(engine.connect())
                    await stack.enter_async_context(limit)  # within it is also the commit
                    await stack.enter_async_context(connection.begin())
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    raise self._away(error) from error
                yield connection
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise DatabaseAway("the database does not answer: it takes too long") from error

    def _away(self, error: BaseException) -> Exception:
        if self.path is not None and is_corruption(error):
            return sqlite_file.damaged(self.path, error)
        if is_passing(error):
            return DatabaseAway(f"the database does not answer: {type(error).__name__}")
        return DatabaseUnusable(f"the database cannot be opened: {type(getattr(error, 'orig', error)).__name__}")

    def wal_bytes(self) -> int:
        """How large the write-ahead log of a SQLite file is; it grows while one reader never ends."""
        with suppress(OSError):
            return self.path.with_name(f"{self.path.name}-wal").stat().st_size if self.path is not None else 0
        return 0

    async def close(self) -> None:
        """Close the connections and give the file free."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)
        await self.engine.dispose()
        if self._held is not None:
            self._held.release()


async def open_database(address: Address, *, exclusive: bool = True, make: bool = True) -> Database:
    """The database at an address. A missing SQLite file is made (unless `make` is false); PostgreSQL is not contacted yet.

    `exclusive` takes a SQLite file for this process alone; only what merely reads, such as a backup, does without.

    Raises:
        DatabaseUnusable: when the operator has to do something first; the message says what.
    """
    if address.path is not None:
        return await _sqlite(address.path, exclusive=exclusive, make=make)
    if address.url is None:
        raise DatabaseUnusable("there is neither a file nor a URL to open")
    return Database(_postgresql(address.url))


async def _sqlite(path: Path, *, exclusive: bool, make: bool) -> Database:
    held = sqlite_file.lock(path) if exclusive else None
    try:
        if make:
            await asyncio.to_thread(sqlite_file.make, path)
        await asyncio.to_thread(sqlite_file.inspect, path)
    except BaseException:
        if held is not None:
            held.release()
        raise
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,  # an error is no place for what a statement carried
        pool_size=POOL,
        max_overflow=POOL,
        pool_timeout=WAIT,
        connect_args={"factory": _Connection},
    )
    _listen(engine.sync_engine)
    return Database(engine, path, held)


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own; `_begin` does
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Any) -> None:
    mode = connection.get_execution_options().get(_MODE, "DEFERRED")
    if mode:
        connection.exec_driver_sql(f"BEGIN {mode}")


def _postgresql(url: Secret) -> AsyncEngine:
    try:
        import asyncpg  # noqa: PLC0415 - an extra, for who uses PostgreSQL
    except ImportError:
        raise DatabaseUnusable(
            "PostgreSQL needs the package asyncpg: install plexus-gateway[postgres], or use SQLite"
        ) from None

    class Closing(asyncpg.Connection):  # type: ignore[misc]
        """A connection to a server that may stand still: it takes no leave then, and the end of the process would wait for it."""

        async def close(self, *, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - as asyncpg has it
            with suppress(TimeoutError):
                await super().close(timeout=CLOSE_WITHIN)

    async def connect() -> Any:
        try:
            return await asyncpg.connect(
                connection_class=Closing,
                dsn=url.reveal(),  # asyncpg reads every spelling of libpq, SQLAlchemy's own URL only some
                timeout=CONNECT_WITHIN,
                server_settings={
                    "application_name": _name(),
                    "statement_timeout": f"{STATEMENT_WITHIN}s",
                    "idle_in_transaction_session_timeout": "120s",
                },
            )
        except (asyncpg.exceptions.ClientConfigurationError, ValueError) as error:
            raise DatabaseUnusable(f"DATABASE_URL is not understood: {type(error).__name__}") from None

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        hide_parameters=True,
        pool_size=POOL,
        max_overflow=POOL,
        pool_timeout=WAIT,
        pool_pre_ping=True,  # a restarted server leaves dead connections in the pool
    )
