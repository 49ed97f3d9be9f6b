"""The vault: a secret of the gateway itself is made once, is the same for every process, and is sealed as every other."""

import asyncio

import pytest
from sqlalchemy import select, text

from plexus.core.secret import Secret
from plexus.storage import vault
from plexus.storage.encrypted import KeyReplaced, open_sealer, rekey
from plexus.storage.engine import open_database
from plexus.storage.seal import Sealer, Unreadable
from plexus.storage.tables import vault as table

HEX, OTHER = Secret("0123456789abcdef" * 4), Secret("fedcba9876543210" * 4)


async def test_a_secret_is_made_at_the_first_asking_and_stays(database):
    sealer = await open_sealer(database, None)
    assert await vault.found(database, sealer, vault.PEPPER) is None
    made = await vault.kept(database, sealer, vault.PEPPER)
    assert len(bytes.fromhex(made.reveal())) == 32
    assert await vault.kept(database, sealer, vault.PEPPER) == made == await vault.found(database, sealer, vault.PEPPER)
    assert await vault.kept(database, sealer, "another") != made


async def test_of_processes_that_start_together_one_makes_it(database, address):
    others = [await open_database(address, exclusive=False) for _ in range(4)]
    try:
        made = await asyncio.gather(*(vault.kept(one, Sealer(None), vault.PEPPER) for one in (database, *others)))
    finally:
        for one in others:
            await one.close()
    assert len({secret.reveal() for secret in made}) == 1


async def test_s50_it_is_sealed_and_a_change_of_the_key_takes_it_along(database):
    sealer = await open_sealer(database, HEX)
    made = await vault.kept(database, sealer, vault.PEPPER)
    async with database.reading() as connection:
        [(stored,)] = (await connection.execute(select(table.c.value))).all()
    assert stored.text.startswith("enc:v1:")
    await rekey(database, HEX, OTHER)
    assert await vault.found(database, await open_sealer(database, OTHER), vault.PEPPER) == made
    with pytest.raises(Unreadable):
        await vault.found(database, sealer, vault.PEPPER)


async def test_a_process_with_the_old_key_makes_none(database):
    before = await open_sealer(database, HEX)
    await rekey(database, HEX, OTHER)
    with pytest.raises(KeyReplaced):
        await vault.kept(database, before, vault.PEPPER)


async def test_one_that_was_changed_by_hand_is_refused_and_not_made_anew(database):
    sealer = await open_sealer(database, HEX)
    await vault.kept(database, sealer, vault.PEPPER)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE vault SET value = 'plain:mine'"))
    with pytest.raises(Unreadable, match=r"vault\.value of client-keys"):
        await vault.kept(database, sealer, vault.PEPPER)
