"""The file of the database is locked, or the disk is full or broken, under load: what is acknowledged is in the books (P17-P20)."""

import asyncio
import errno
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from plexus.settings.database_url import DatabaseAddress
from tests.faults.kit import body_of, providers
from tests.faults.load import Load
from tests.faults.outage import changed, managed, over
from tests.faults.small_disk import small_disk
from tests.gateway.running import running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway, NotReady

READ = ("usage", "usage/summary", "errors", "traces", "audit", "config/revisions", "keys", "quota/status/me")


def address_of(gateway: Gateway) -> DatabaseAddress:
    return DatabaseAddress("sqlite", path=gateway.directory / "data" / "plexus.db")


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)


@asynccontextmanager
async def locked(address: DatabaseAddress) -> AsyncIterator[None]:
    """Another program writes and takes its time."""
    assert address.path is not None
    other = opened(address.path)
    await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def over_a_lock(seconds: float, **load: Any) -> None:
    async with FaultUpstream(tempo=0.2) as upstream, Gateway() as gateway:

        async def during(_: Load) -> None:
            began = time.monotonic()
            while (
                "the database does not take usage" not in gateway.output
            ):  # once it has waited as long as statements do
                told = await asyncio.gather(*(managed(gateway, "GET", path) for path in READ))
                assert [answer.status for answer in told] == [200] * len(READ)
                await asyncio.sleep(0.5)
            while time.monotonic() - began < seconds:
                await changed(gateway)

        seen = await over(gateway, upstream, address_of(gateway), locked(address_of(gateway)), during, **load)
        assert seen.unbooked == []
        gateway.signal(signal.SIGTERM)
        assert await asyncio.to_thread(gateway.wait) == 0


async def test_p20_a_file_that_another_program_locks_for_seconds_costs_no_request_and_no_row():
    await over_a_lock(seconds=1)


@pytest.mark.deep
async def test_p20_a_file_that_another_program_locks_for_a_minute_costs_no_request_and_no_row():
    await over_a_lock(seconds=60, clients=40, pause=0.3)


async def test_p20_a_reader_that_takes_long_a_vacuum_and_a_backup_cost_no_request_and_no_row():
    async with FaultUpstream(tempo=0.2) as upstream, Gateway() as gateway:
        address = address_of(gateway)
        assert address.path is not None
        path = address.path

        @asynccontextmanager
        async def read() -> AsyncIterator[None]:
            reader = opened(path)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM usage_requests").fetchall()
            yield
            reader.close()

        async def during(load: Load) -> None:
            for _ in range(3):
                other = opened(path)
                await asyncio.to_thread(other.execute, "VACUUM")
                with sqlite3.connect(gateway.directory / "copy.db") as copy:
                    await asyncio.to_thread(other.backup, copy)
                copy.close()
                other.close()
                await load.more(20)

        seen = await over(gateway, upstream, address, read(), during)
        assert seen.unbooked == []


async def test_p17_a_disk_that_is_full_refuses_requests_before_they_cost_anything_and_heals_by_itself(tmp_path):
    gateway = Gateway(env={"DATA_DIR": str(tmp_path / "data")})
    (tmp_path / "data").mkdir()
    with small_disk(tmp_path / "data", 24, lambda: gateway.pid) as (fill, free):
        async with FaultUpstream(tempo=0.2) as upstream, gateway:

            @asynccontextmanager
            async def full() -> AsyncIterator[None]:
                fill()
                yield
                free()

            async def during(load: Load) -> None:
                while not load.unbooked:  # noqa: ASYNC110 - a plain list
                    await asyncio.sleep(0.01)

            address = DatabaseAddress("sqlite", path=tmp_path / "data" / "plexus.db")
            seen = await over(gateway, upstream, address, full(), during)
            assert len(upstream.received) == len(seen.right)  # whoever was refused was sent nowhere
            checked = opened(tmp_path / "data" / "plexus.db")
            assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            checked.close()


async def failing_at(calls: Iterable[int], call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., object] = getattr(os, call)
    left = 0

    def broken(*arguments: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments)

    async with FaultUpstream(tempo=0.01) as upstream:
        for nth in calls:
            books = tmp_path / str(nth)
            async with running({"providers": providers(upstream, ("fault/ok",))}, books=books) as gateway:
                monkeypatch.setattr(os, call, broken)
                left = nth
                answered = []
                for _ in range(6):
                    answer = await gateway.post("/v1/chat/completions", body_of("chat", "direct/chat/fault/ok"))
                    assert answer.status == 200 or b"cannot write down" in answer.body, answer
                    if answer.status == 200:
                        answered.append(answer.header("x-plexus-request-id"))
                    await asyncio.sleep(0.06)  # longer than the thread waits that syncs
                assert len(answered) >= 5
            monkeypatch.setattr(os, call, real)
            kept = opened(books / "plexus.db")
            booked = [name for (name,) in kept.execute("SELECT request_id FROM usage_requests WHERE status = 'ok'")]
            kept.close()
            assert sorted(booked) == sorted(answered), nth


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
async def test_p18_a_disk_that_fails_once_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch, call):
    await failing_at((1, 3, 6), call, tmp_path, monkeypatch)


@pytest.mark.deep
@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
async def test_p18_a_disk_that_fails_at_any_call_loses_nothing_that_was_acknowledged(tmp_path, monkeypatch, call):
    await failing_at(range(1, 40), call, tmp_path, monkeypatch)


def test_p19_a_place_that_cannot_be_written_is_refused_at_start_in_one_line():
    with pytest.raises(NotReady) as ended, Gateway(env={"DATA_DIR": "/proc/plexus"}):
        pass
    said = str(ended.value)
    assert "cannot be" in said
    assert "/proc/plexus" in said
    assert "Traceback" not in said
