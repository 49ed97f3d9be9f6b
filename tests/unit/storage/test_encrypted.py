"""Encryption of a whole database: taken up once, checked at each start, changed as a whole or not at all, on both engines."""

import asyncio
import time

import pytest
from sqlalchemy import insert, select, update

from plexus.core.secret import Secret
from plexus.storage.encrypted import KeyReplaced, WrongKey, hold_key, open_sealer, rekey
from plexus.storage.engine import open_database
from plexus.storage.seal import Sealer, Unreadable, secret_columns
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import METADATA, encryption, oauth_credentials, vault

HEX = Secret("0123456789abcdef" * 4)
OTHER = Secret("fedcba9876543210" * 4)
PHRASE = Secret("correct horse battery staple")
SECRET = "sk-canary-0123456789"
TABLES = [table for table in METADATA.sorted_tables if secret_columns(table)]


def filled(table, number: int) -> dict:
    """A row with every column set, secrets with a text that names its place."""
    values: dict = {}
    for column in table.c:
        kind = column.type.python_type if column.name != "document" else dict
        values[column.name] = {int: number, str: f"n{number}", dict: {}}.get(kind, f"n{number}")
    return {**values, **{name: Secret(f"{SECRET} {table.name}.{name}.{number}") for name in secret_columns(table)}}


async def fill(database, sealer: Sealer, rows: int = 3) -> int:
    async with database.writing() as connection:
        await hold_key(connection, sealer)
        for table in TABLES:
            for number in range(1, rows + 1):
                values = filled(table, number)
                await connection.execute(insert(table).values(**sealer.seal_row(table, values)))
    return rows * sum(len(secret_columns(table)) for table in TABLES)


async def stored(database) -> list[str]:
    """The text of every secret column as it is in the database."""
    texts = []
    async with database.reading() as connection:
        for table in TABLES:
            for row in (await connection.execute(select(*(table.c[name] for name in secret_columns(table))))).all():
                texts += [value.text for value in row if value is not None]
    return texts


async def readable(database, sealer: Sealer) -> int:
    count = 0
    async with database.reading() as connection:
        for table in TABLES:
            for row in (await connection.execute(select(table))).mappings():
                opened = sealer.open_row(table, dict(row))
                for name in secret_columns(table):
                    assert opened[name].reveal().startswith(f"{SECRET} {table.name}.{name}.")
                    count += 1
    return count


async def test_without_a_key_everything_works_in_plaintext(database):
    sealer = await open_sealer(database, None)
    assert not sealer.encrypts
    written = await fill(database, sealer)
    assert await readable(database, await open_sealer(database, None)) == written
    assert all(text.startswith("plain:") for text in await stored(database))


@pytest.mark.parametrize("key", [HEX, PHRASE], ids=["hex", "passphrase"])
async def test_s51_the_first_start_with_a_key_seals_every_secret(database, key):
    written = await fill(database, await open_sealer(database, None))
    sealer = await open_sealer(database, key)
    assert sealer.encrypts
    assert await readable(database, sealer) == written
    texts = await stored(database)
    assert len(texts) == written
    assert all(text.startswith("enc:v1:") and SECRET not in text for text in texts)
    again = await open_sealer(database, key)
    assert await stored(database) == texts  # a second start changes nothing
    assert await readable(database, again) == written


@pytest.mark.parametrize("wrong", [OTHER, PHRASE, None], ids=["another", "a passphrase", "none"])
async def test_s48_a_wrong_or_missing_key_is_refused_and_nothing_is_written(database, wrong):
    written = await fill(database, await open_sealer(database, HEX))
    before = await stored(database)
    with pytest.raises(WrongKey, match="ENCRYPTION_KEY"):
        await open_sealer(database, wrong)
    assert await stored(database) == before
    assert await readable(database, await open_sealer(database, HEX)) == written


@pytest.mark.parametrize("damage", [{"check_text": "enc:v1:00:AA"}, {"derivation": {"kind": "md5"}}, {"derivation": 7}])
async def test_s48_a_damaged_check_is_refused_like_a_wrong_key(database, damage):
    await open_sealer(database, HEX)
    async with database.writing() as connection:
        await connection.execute(update(encryption).values(**damage))
    with pytest.raises(WrongKey):
        await open_sealer(database, HEX)


@pytest.mark.parametrize(
    ("old", "new"), [(HEX, OTHER), (HEX, PHRASE), (PHRASE, HEX), (None, HEX)], ids=["hex", "phrase", "back", "none"]
)
async def test_a_new_key_opens_everything_and_the_old_one_nothing(database, old, new):
    written = await fill(database, await open_sealer(database, old))
    before = set(await stored(database))
    done = await rekey(database, old, new)
    assert (done.secrets, done.already) == (written, False)
    assert await readable(database, await open_sealer(database, new)) == written
    assert not before & set(await stored(database))
    with pytest.raises(WrongKey):
        await open_sealer(database, old)


async def test_s49_run_twice_the_second_finds_it_done(database):
    written = await fill(database, await open_sealer(database, HEX))
    await rekey(database, HEX, OTHER)
    texts = await stored(database)
    done = await rekey(database, HEX, OTHER)
    assert (done.secrets, done.already) == (0, True)
    assert await stored(database) == texts
    assert await readable(database, await open_sealer(database, OTHER)) == written


async def test_s49_two_at_once_change_the_key_once(address, database):
    written = await fill(database, await open_sealer(database, HEX))
    second = await open_database(address, exclusive=False)
    done = await asyncio.gather(rekey(database, HEX, OTHER), rekey(second, HEX, OTHER))
    assert sorted(one.already for one in done) == [False, True]
    assert await readable(database, await open_sealer(database, OTHER)) == written
    await second.close()


async def test_with_neither_key_nothing_is_changed(database):
    written = await fill(database, await open_sealer(database, HEX))
    with pytest.raises(WrongKey):
        await rekey(database, PHRASE, OTHER)
    with pytest.raises(WrongKey):
        await rekey(database, None, OTHER)
    assert await readable(database, await open_sealer(database, HEX)) == written


async def test_s47_a_secret_that_was_damaged_before_stops_the_change_and_is_named(database):
    await fill(database, await open_sealer(database, HEX))
    async with database.writing() as connection:
        await connection.execute(
            update(oauth_credentials)
            .where(oauth_credentials.c.vendor == "n2")
            .values(refresh_token=StoredText("enc:v1:x:y"))
        )
    before = await stored(database)
    with pytest.raises(Unreadable, match=r"oauth_credentials\.refresh_token of n2/n2 cannot be read"):
        await rekey(database, HEX, OTHER)
    assert await stored(database) == before


async def test_s47_one_damaged_secret_leaves_the_others_readable(database):
    sealer = await open_sealer(database, HEX)
    await fill(database, sealer)
    async with database.writing() as connection:
        await connection.execute(update(vault).where(vault.c.name == "n2").values(value=StoredText("enc:v1:x:y")))
    async with database.reading() as connection:
        rows = [dict(row) for row in (await connection.execute(select(vault))).mappings()]
    refused = []
    for row in rows:
        try:
            sealer.open_row(vault, row)
        except Unreadable as error:
            refused.append(error.place.row)
    assert refused == [("n2",)]


async def test_s49_a_writer_with_the_old_key_is_refused_after_the_change(address, database):
    old = await open_sealer(database, HEX)
    other = await open_database(address, exclusive=False)
    await rekey(other, HEX, OTHER)
    with pytest.raises(KeyReplaced, match="start this process again"):
        async with database.writing() as connection:
            await hold_key(connection, old)
            await connection.execute(insert(vault).values(**old.seal_row(vault, filled(vault, 9))))
    new = await open_sealer(database, OTHER)
    async with database.writing() as connection:
        await hold_key(connection, new)
    plain = Sealer(None)
    with pytest.raises(KeyReplaced):
        async with database.writing() as connection:
            await hold_key(connection, plain)
    await other.close()


async def test_s49_a_writer_under_way_is_waited_for(address, database):
    old = await open_sealer(database, HEX)
    other = await open_database(address, exclusive=False)
    async with database.writing() as connection:
        await hold_key(connection, old)
        changing = asyncio.create_task(rekey(other, HEX, OTHER))
        for _ in range(50):
            await asyncio.sleep(0)
        await connection.execute(insert(vault).values(**old.seal_row(vault, filled(vault, 1))))
    assert (await changing).secrets == 1
    new = await open_sealer(database, OTHER)
    async with database.reading() as connection:
        row = dict((await connection.execute(select(vault))).mappings().one())
    assert new.open_row(vault, row)["value"].reveal().startswith(SECRET)
    await other.close()


async def test_rows_beyond_one_page_with_keys_of_several_parts_are_all_sealed(database):
    plain = await open_sealer(database, None)
    rows = [
        plain.seal_row(
            oauth_credentials,
            {"vendor": f"v{n % 7}", "account": f"a{n}", "access_token": Secret(f"t{n}"), "version": 1, "updated_at": 0},
        )
        for n in range(1234)
    ]
    async with database.writing() as connection:
        await connection.execute(insert(oauth_credentials), rows)
    sealer = await open_sealer(database, HEX)
    async with database.reading() as connection:
        found = [dict(row) for row in (await connection.execute(select(oauth_credentials))).mappings()]
    assert len(found) == 1234
    assert all(
        sealer.open_row(oauth_credentials, row)["access_token"].reveal() == "t" + row["account"][1:] for row in found
    )
    assert all(row["refresh_token"] is None for row in found)


async def test_g30_ten_thousand_secrets_are_changed_in_seconds(database):
    sealer = await open_sealer(database, HEX)
    rows = [sealer.seal_row(vault, {"name": f"n{n}", "value": Secret(f"s{n}"), "created_at": 0}) for n in range(10_000)]
    async with database.writing() as connection:
        await connection.execute(insert(vault), rows)
    began = time.process_time()
    assert (await rekey(database, HEX, OTHER)).secrets == 10_000
    assert time.process_time() - began < 5
