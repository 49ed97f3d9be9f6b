"""Backup and restore: the whole state, from either engine into either, all or nothing; what is not whole is refused."""

import asyncio
import json
import random
from decimal import Decimal

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Float, Integer, LargeBinary, func, insert, inspect, select, text
from typer.testing import CliRunner

from plexus.cli.app import app
from plexus.core.secret import Secret
from plexus.settings.database_url import DatabaseAddress
from plexus.storage import archive
from plexus.storage.archive import MAGIC, NotRestorable, Writer, check, read, unpacked
from plexus.storage.backup import back_up, is_empty, restore
from plexus.storage.encrypted import WrongKey, open_sealer
from plexus.storage.engine import Database, open_database
from plexus.storage.failures import DatabaseUnusable
from plexus.storage.schema import head, migrate, raise_to
from plexus.storage.seal import Sealer
from plexus.storage.tables import METADATA, REVISIONS, audit_log, encryption, oauth_credentials, open_requests
from plexus.storage.tables.types import Json, Money, Sealed

HEX, OTHER = Secret("0123456789abcdef" * 4), Secret("fedcba9876543210" * 4)
CANARY = "sk-canary-backup"
ROWS = 7


def value(column, number: int):
    """A value for a column: different in each row, odd where odd values are possible, null where it may be."""
    if column.nullable and number % 3 == 0:
        return None
    kind = column.type
    if isinstance(kind, Sealed):
        return Secret(f"{CANARY}-{number}")
    if isinstance(kind, Money):
        return Decimal(number) / 3
    if isinstance(kind, Json):
        return {"n": number, "text": "ä\x00\U0001f600", "list": [None, 1.5, True]}
    if isinstance(kind, Boolean):
        return bool(number % 2)
    if isinstance(kind, Float):
        return number / 7
    if isinstance(kind, LargeBinary):
        return random.Random(number).randbytes(300)
    if isinstance(kind, Integer):
        return (
            number
            if column.primary_key
            else 1_700_000_000_000 + number
            if kind.__class__.__name__ == "BigInteger"
            else number
        )
    return ["", "Z", "a", "ä", "\U0001f600", "_", "a b"][number % 7] + f"-{number}"


async def fill(database: Database, sealer: Sealer, rows: int = ROWS) -> None:
    async with database.writing() as connection:
        for table in METADATA.sorted_tables:
            if table is encryption:
                continue
            for number in range(1, rows + 1):
                values = {column.name: value(column, number) for column in table.c}
                for key in table.foreign_keys:
                    values[key.parent.name] = value(key.column, number)
                await connection.execute(insert(table).values(**sealer.seal_row(table, values)))


async def content(database: Database) -> dict:
    async with database.reading() as connection:
        found = {}
        for table in METADATA.sorted_tables:
            rows = (await connection.execute(select(table))).all()
            found[table.name] = sorted(map(repr, (tuple(str(getattr(v, "text", v)) for v in row) for row in rows)))
        return found


@pytest.fixture
async def other(request, tmp_path):
    """An empty database on the engine named by the parameter, or a second one on the same."""

    async def make(dialect: str) -> DatabaseAddress:
        if dialect == "sqlite":
            return DatabaseAddress("sqlite", path=tmp_path / "other" / "p.db")
        return await request.getfixturevalue("postgres").fresh()

    return make


@pytest.mark.parametrize("key", [None, HEX], ids=["plain", "encrypted"])
@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
async def test_everything_comes_back_on_either_engine(database, tmp_path, other, into, key):
    await fill(database, await open_sealer(database, key))
    saved = await back_up(database, tmp_path / "b", key, 5)
    assert saved.tables == len(METADATA.tables)
    assert (saved.encrypted, saved.signed) == (key is not None, key is not None)
    target = await open_database(await other(into))
    counts = await restore(target, tmp_path / "b", key)
    assert sum(counts.values()) == saved.rows == ROWS * (len(METADATA.tables) - 1) + (key is not None)
    assert await content(target) == await content(database)
    sealer = await open_sealer(target, key)
    async with target.reading() as connection:
        for row in (await connection.execute(select(oauth_credentials))).mappings():
            opened = sealer.open_row(oauth_credentials, dict(row))
            assert opened["access_token"] is None or opened["access_token"].reveal().startswith(CANARY)
    # Counted numbers go on behind those that came along.
    async with target.writing() as connection:
        new = {"at": 1, "actor": "a", "action": "b", "subject_kind": "c", "subject": "d"}
        await connection.execute(insert(audit_log).values(**new))
        assert (await connection.execute(select(func.max(audit_log.c.id)))).scalar_one() == ROWS + 1
    await target.close()


async def test_p28_a_copy_of_a_copy_has_the_same_sums(database, tmp_path, other):
    await fill(database, await open_sealer(database, None))
    await back_up(database, tmp_path / "first", None, 5)
    target = await open_database(await other("sqlite" if database.dialect == "postgresql" else "postgresql"))
    await restore(target, tmp_path / "first", None)
    await back_up(target, tmp_path / "second", None, 5)

    def sums(path) -> list:
        return [line["content"] for line in read(path) if isinstance(line, dict) and "content" in line]

    assert sums(tmp_path / "first") == sums(tmp_path / "second")
    assert len(set(sums(tmp_path / "first"))) > 10
    await target.close()


async def test_p36_what_is_restored_replaces_what_was_there(database, tmp_path):
    sealer = await open_sealer(database, None)
    await fill(database, sealer, 2)
    before = await content(database)
    await back_up(database, tmp_path / "b", None, 5)
    async with database.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            await connection.execute(table.delete())
    await fill(database, sealer, 5)
    await restore(database, tmp_path / "b", None)
    assert await content(database) == before


async def test_p36_a_backup_made_while_others_write_is_of_one_moment(address, database, tmp_path):
    """Each write puts one row into two tables; a backup with more in one than in the other would be of two moments."""
    stop = asyncio.Event()
    writer = await open_database(address, exclusive=False)

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            async with writer.writing() as connection:
                begun = {"request_id": f"r{number}", "process": "p", "started_at": 1, "document": {}}
                done = {"at": 1, "actor": "a", "action": "b", "subject_kind": "c", "subject": f"d{number}"}
                await connection.execute(insert(open_requests).values(**begun))
                await connection.execute(insert(audit_log).values(**done))

    task = asyncio.create_task(write())
    seen = set()
    for number in range(8):
        await back_up(database, tmp_path / f"b{number}", None, 5)
        _, counts = check(tmp_path / f"b{number}", None)
        assert counts["open_requests"] == counts["audit_log"]
        seen.add(counts["audit_log"])
    stop.set()
    await task
    assert len(seen) > 1
    await writer.close()


async def test_a_backup_of_an_earlier_version_comes_back_without_the_tables_that_are_gone(address, database, tmp_path):
    """Into a database of this version, and into one of the version that made it."""
    old = await open_database(DatabaseAddress("sqlite", path=tmp_path / "old" / "p.db"))
    async with old.writing() as connection:
        await connection.run_sync(raise_to, "0008")
        await connection.execute(text("INSERT INTO cooldowns VALUES ('p', 'm', 1, 1, NULL, 1)"))
        await connection.execute(text("INSERT INTO user_quotas VALUES ('q', '{}', 1, 1, 1, 1)"))
        await connection.execute(text("INSERT INTO vault VALUES ('v', 'plain:x', 1)"))
    await back_up(old, tmp_path / "b", None, 5)
    for target in (database, old):
        counts = await restore(target, tmp_path / "b", None)
        assert (counts["cooldowns"], counts["user_quotas"], counts["vault"]) == (1, 1, 1)
        async with target.reading() as connection:
            names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
            assert names == set(METADATA.tables) | {REVISIONS}
            assert (await connection.execute(text("SELECT name FROM vault"))).scalars().all() == ["v"]
    await old.close()


async def test_an_empty_database_is_told_from_one_with_rows(address):
    database = await open_database(address)
    assert await is_empty(database)
    with pytest.raises(DatabaseUnusable, match="nothing to back up"):
        await back_up(database, address.path or __import__("pathlib").Path("nowhere"), None, 5)
    await migrate(database)
    assert await is_empty(database)
    await open_sealer(database, HEX)
    assert not await is_empty(database)
    await database.close()


@pytest.fixture
async def good(tmp_path):
    """A backup, and a database with other content."""
    database = await open_database(DatabaseAddress("sqlite", path=tmp_path / "p.db"))
    await migrate(database)
    await fill(database, await open_sealer(database, HEX), 2)
    path = tmp_path / "good"
    await back_up(database, path, HEX, 5)
    yield path, database
    await database.close()


async def refused(database: Database, path, key=HEX) -> str:
    before = await content(database)
    with pytest.raises((NotRestorable, WrongKey, DatabaseUnusable)) as said:
        await restore(database, path, key)
    assert await content(database) == before
    return str(said.value)


async def test_p36_a_backup_cut_off_anywhere_is_refused(good):
    path, database = good
    whole = path.read_bytes()
    # The last bytes are zstd's own sum: without them the content is whole, and our sum over it says so.
    last = len(whole) - 8
    for size in [*range(40), *range(40, last, max(1, last // 60)), last]:
        path.write_bytes(whole[:size])
        said = await refused(database, path)
        assert any(word in said for word in ("cut off", "no backup", "damaged")), said


async def test_p36_a_backup_with_any_byte_changed_is_refused(good):
    path, database = good
    whole = path.read_bytes()
    dice = random.Random(36)
    for _ in range(120):
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << dice.randrange(8))]) + whole[at + 1 :])
        await refused(database, path)


def lines(path) -> list[bytes]:
    packed = path.read_bytes().removeprefix(MAGIC)
    return zstandard.ZstdDecompressor().stream_reader(packed).read().splitlines()


def pack(path, body: list[bytes]) -> None:
    path.write_bytes(MAGIC + zstandard.ZstdCompressor().compress(b"".join(line + b"\n" for line in body)))


async def test_p36_a_backup_changed_by_somebody_who_can_count_is_refused_without_the_key(good):
    path, database = good
    body = lines(path)
    for changed in (
        [line.replace(b'"Z-1"', b'"evil"') for line in body],
        body[:-2] + body[-1:],
        body[:5] + body[6:],
        [body[0], *body[1:][::-1]],
        [*body, body[-1]],
        [line.replace(b'"rows":2', b'"rows":3') for line in body],
    ):
        pack(path, changed)
        await refused(database, path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "newer version"),
        ({"revision": "9999"}, "newer version"),
        ({"format": "1"}, "no head"),
        ({"signed": "yes"}, "no head"),
        ({"derivation": {"kind": "md5"}}, "cannot be read"),
        ({"derivation": {"kind": "scrypt", "salt": "00", "n": 2**40, "r": 8, "p": 1}}, "cannot be read"),
    ],
)
async def test_p36_a_head_that_says_something_else_is_refused(good, change, said):
    path, database = good
    body = lines(path)
    pack(path, [json.dumps({**json.loads(body[0]), **change}).encode(), *body[1:]])
    assert said in await refused(database, path)


@pytest.mark.parametrize(("key", "said"), [(OTHER, "another ENCRYPTION_KEY"), (None, "set it")])
async def test_p36_a_signed_backup_needs_its_key(good, key, said):
    path, database = good
    assert said in await refused(database, path, key)


async def test_a_backup_made_without_the_key_at_hand_keeps_secrets_sealed_and_needs_the_key_that_fits(good, tmp_path):
    _, database = good
    saved = await back_up(database, tmp_path / "unsigned", None, 5)
    assert (saved.encrypted, saved.signed) == (True, False)
    assert CANARY.encode() not in b"\n".join(lines(tmp_path / "unsigned"))
    assert "ENCRYPTION_KEY is not the key" in await refused(database, tmp_path / "unsigned", OTHER)
    await restore(database, tmp_path / "unsigned", HEX)
    assert (await open_sealer(database, HEX)).encrypts
    with pytest.raises(WrongKey):
        await back_up(database, tmp_path / "wrong", OTHER, 5)
    assert not (tmp_path / "wrong").exists()


async def test_p36_a_bomb_is_refused_in_bounded_memory(good):
    path, database = good
    path.write_bytes(MAGIC + zstandard.ZstdCompressor().compress(bytes(3 * archive.LONGEST)))
    assert path.stat().st_size < 100_000
    assert "no end" in await refused(database, path)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04../../etc/passwd", MAGIC, MAGIC + b"x" * 100, b"\x1f\x8b" * 50],
    ids=["empty", "zip", "no stream", "no zstd", "gzip"],
)
async def test_p36_another_kind_of_file_is_refused(good, data):
    path, database = good
    path.write_bytes(data)
    await refused(database, path)


async def test_p36_tables_of_another_program_are_not_dropped(good, address):
    from sqlalchemy import text

    path, _ = good
    database = await open_database(address)
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE providers (id INTEGER)"))
        await connection.execute(text("INSERT INTO providers VALUES (7)"))
    with pytest.raises(DatabaseUnusable, match="another program"):
        await restore(database, path, HEX)
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT id FROM providers"))).scalar_one() == 7
    await database.close()


async def test_a_backup_that_fails_leaves_the_last_one(good, monkeypatch, tmp_path):
    path, database = good
    before = path.read_bytes()

    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Writer, "row", full)
    with pytest.raises(OSError, match="No space"):
        await back_up(database, path, HEX, 5)
    assert path.read_bytes() == before
    assert not [name for name in tmp_path.iterdir() if name.name.endswith(".new")]
    assert path.stat().st_mode & 0o077 == 0


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none()), st.just({})))
def test_a_value_of_another_kind_than_its_column_is_refused_and_nothing_worse(data):
    for kind in ("int", "float", "text", "bool", "bytes", "unheard of"):
        try:
            found = unpacked(data, kind)
        except ValueError:
            continue
        assert data is None or kind != "unheard of"
        assert found is None or isinstance(found, int | float | str | bool | bytes)


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR", "ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("plexus.core.logging.configure", lambda *_: None)
    return lambda *arguments, **environ: CliRunner().invoke(app, list(arguments), env=environ)


def spelled(address: DatabaseAddress) -> str:
    return address.url.reveal() if address.url is not None else f"sqlite://{address.path}"


async def prepared(address: DatabaseAddress, rows: int = 3) -> None:
    database = await open_database(address)
    await migrate(database)
    await fill(database, await open_sealer(database, HEX), rows)
    await database.close()


def test_the_commands_carry_a_database_to_the_other_engine(run, address, tmp_path, postgres):
    asyncio.run(prepared(address))
    saved = run("backup", "b.plexus", DATABASE_URL=spelled(address), ENCRYPTION_KEY=HEX.reveal())
    assert saved.exit_code == 0, saved.output
    assert "rows of" in saved.output
    assert "ENCRYPTION_KEY" in saved.output
    target = asyncio.run(postgres.fresh()) if address.path else DatabaseAddress("sqlite", path=tmp_path / "t.db")
    restored = run("restore", "b.plexus", DATABASE_URL=spelled(target), ENCRYPTION_KEY=HEX.reveal())
    assert restored.exit_code == 0, restored.output
    assert "restored" in restored.output
    assert "what was there before" not in restored.output
    again = run("restore", "b.plexus", DATABASE_URL=spelled(target), ENCRYPTION_KEY=HEX.reveal())
    assert "what was there before is in b.plexus.before-restore.1" in again.output
    assert check(tmp_path / "b.plexus.before-restore.1", None)[1] == check_counts(tmp_path / "b.plexus")
    for result in (saved, restored, again):
        assert HEX.reveal() not in result.output


def check_counts(path) -> dict[str, int]:
    counts: dict[str, int] = {}
    table = ""
    for line in read(path):
        if isinstance(line, list):
            counts[table] += 1
        elif "table" in line:
            table = line["table"]
            counts[table] = 0
    return counts


def test_p22_a_damaged_file_is_set_aside_and_the_backup_takes_its_place(run, tmp_path):
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    asyncio.run(prepared(address))
    url = spelled(address)
    assert run("backup", "b", DATABASE_URL=url, ENCRYPTION_KEY=HEX.reveal()).exit_code == 0
    (tmp_path / "p.db").write_bytes(b"ruin" * 5000)
    assert run("backup", "b2", DATABASE_URL=url).exit_code == 1
    (tmp_path / "bad").write_bytes(b"no backup")
    assert run("restore", "bad", DATABASE_URL=url).exit_code == 1
    assert (tmp_path / "p.db").read_bytes() == b"ruin" * 5000
    result = run("restore", "b", DATABASE_URL=url, ENCRYPTION_KEY=HEX.reveal())
    assert result.exit_code == 0, result.output
    assert "the damaged file is" in result.output
    assert (tmp_path / "p.db.damaged.1").read_bytes() == b"ruin" * 5000
    assert run("backup", "b3", DATABASE_URL=url, ENCRYPTION_KEY=HEX.reveal()).exit_code == 0


def test_a_backup_is_made_while_a_gateway_runs_and_a_restore_is_not(run, tmp_path):
    address = DatabaseAddress("sqlite", path=tmp_path / "p.db")
    asyncio.run(prepared(address))

    async def meanwhile() -> tuple[str, str]:
        database = await open_database(address)
        said = [
            await asyncio.to_thread(run, what, "b", DATABASE_URL=spelled(address), ENCRYPTION_KEY=HEX.reveal())
            for what in ("backup", "restore")
        ]
        await database.close()
        return said[0].output, said[1].output

    saved, restored = asyncio.run(meanwhile())
    assert "rows of" in saved
    assert "another process uses the database" in restored


def test_what_cannot_be_done_is_said_in_one_line(run, tmp_path):
    missing = run("restore", "nowhere", DATABASE_URL=f"sqlite://{tmp_path}/p.db")
    assert missing.exit_code == 1
    assert "cannot be read: No such file" in missing.output
    assert not (tmp_path / "p.db").exists()
    nothing = run("backup", "b", DATABASE_URL=f"sqlite://{tmp_path}/p.db")
    assert nothing.exit_code == 1
    assert "there is no database" in nothing.output
    assert head()
