"""Sealing: what is sealed opens in its place with its key, and in no other way; what is wrong is refused and told."""

import copy
import hashlib
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plexus.core.secret import Secret
from plexus.storage.encryption_key import SCRYPT, Underivable, derivation, derive
from plexus.storage.seal import Place, Sealer, Unreadable, Unsealable, row_of, secret_columns
from plexus.storage.stored_text import StoredText
from plexus.storage.tables import METADATA, config_revisions, oauth_credentials, vault
from plexus.storage.tables.types import Sealed

HEX = Secret("0123456789abcdef" * 4)
OTHER = Secret("fedcba9876543210" * 4)
SALT = bytes(16)
KEY = derive(HEX, derivation(HEX, SALT))
PLACE = Place("providers", "api_key", ("openai",))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def sealer(secret: Secret = HEX, salt: bytes = SALT) -> Sealer:
    return Sealer(derive(secret, derivation(secret, salt)))


@given(TEXT)
def test_what_is_sealed_opens_again(text):
    stored = Sealer(KEY).seal(PLACE, Secret(text))
    assert stored.text.startswith("enc:v1:")
    assert len(text) < 8 or text not in stored.text
    assert Sealer(KEY).open(PLACE, stored).reveal() == text


@given(TEXT)
def test_without_a_key_it_is_kept_as_it_is_with_a_mark(text):
    stored = Sealer(None).seal(PLACE, Secret(text))
    assert stored.text == f"plain:{text}"
    assert Sealer(None).open(PLACE, stored).reveal() == text


@pytest.mark.parametrize(
    "place",
    [
        Place("providers", "api_key", ("other",)),
        Place("providers", "headers", ("openai",)),
        Place("mcp_servers", "api_key", ("openai",)),
        Place("providers", "api_key", ("open", "ai")),
        Place("providers", "api_key", ("openai", "")),
        Place("providers", "api_key", ()),
        Place("providersapi_key", "", ("openai",)),
    ],
)
def test_s46_a_text_moved_to_another_row_column_or_table_does_not_open(place):
    stored = Sealer(KEY).seal(PLACE, Secret("sk-1"))
    with pytest.raises(Unreadable, match="changed, cut off, or moved"):
        Sealer(KEY).open(place, stored)


def test_s46_every_sealed_column_of_the_schema_is_bound_to_its_place():
    places = [
        Place(table.name, column, tuple("x" for _ in table.primary_key.columns))
        for table in METADATA.tables.values()
        for column in secret_columns(table)
    ]
    stored = {place: Sealer(KEY).seal(place, Secret("sk-1")) for place in places}
    for place, text in stored.items():
        for other in places:
            if other == place:
                assert Sealer(KEY).open(other, text) == Secret("sk-1")
            else:
                with pytest.raises(Unreadable):
                    Sealer(KEY).open(other, text)


def test_s47_every_byte_changed_and_every_length_cut_is_refused():
    text = Sealer(KEY).seal(PLACE, Secret("sk-canary-1234")).text
    for at in range(len(text)):
        for changed in (text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :], text[:at], text[:at] + text[at + 1 :]):
            with pytest.raises(Unreadable) as refused:
                Sealer(KEY).open(PLACE, StoredText(changed))
            assert "canary" not in str(refused.value)
            assert "providers.api_key of openai" in str(refused.value)
    for longer in (text + "A", text + "=", text + "\n", " " + text):
        with pytest.raises(Unreadable):
            Sealer(KEY).open(PLACE, StoredText(longer))


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=80), st.text(max_size=80).map(lambda text: f"enc:v1:{KEY.name}:{text}")))
def test_s47_anything_else_in_a_secret_column_is_refused_and_nothing_worse(text):
    with pytest.raises(Unreadable):
        Sealer(KEY).open(PLACE, StoredText(text))


@pytest.mark.parametrize("text", ["enc:v1:", "enc:v1:abcd1234:AAAA", "enc:v9:x", "plain:x", "plain:plain:", "enc:"])
def test_s47_a_user_cannot_store_text_that_passes_for_encrypted_or_marked(text):
    for kind in (Sealer(None), Sealer(KEY)):
        stored = kind.seal(PLACE, Secret(text))
        assert stored.text != text
        assert kind.open(PLACE, stored).reveal() == text


def test_s47_plaintext_is_not_taken_once_there_is_a_key():
    with pytest.raises(Unreadable, match="plaintext although"):
        Sealer(KEY).open(PLACE, StoredText("plain:sk-1"))


def test_another_key_and_no_key_are_told_apart():
    stored = Sealer(KEY).seal(PLACE, Secret("sk-1"))
    with pytest.raises(Unreadable, match="another key"):
        sealer(OTHER).open(PLACE, stored)
    with pytest.raises(Unreadable, match="another key"):
        sealer(HEX, b"another salt....").open(PLACE, stored)
    with pytest.raises(Unreadable, match="no ENCRYPTION_KEY"):
        Sealer(None).open(PLACE, stored)


def test_s45_the_same_secret_is_never_sealed_the_same_way_twice():
    texts = {Sealer(KEY).seal(PLACE, Secret("sk-1")).text for _ in range(2000)}
    assert len(texts) == 2000
    nonces = {text.split(":")[3][:16] for text in texts}
    assert len(nonces) == 2000


@pytest.mark.parametrize("chance", [bytes, lambda size: b"", lambda size: b"x" * (size - 1)])
def test_s45_a_source_of_chance_that_fails_seals_nothing(chance):
    broken = Sealer(KEY, chance)
    with pytest.raises(RuntimeError, match="repeats itself"):
        for _ in range(2):
            broken.seal(PLACE, Secret("sk-1"))


def test_s45_a_source_of_chance_that_raises_is_heard():
    def dry(size: int) -> bytes:
        raise OSError("no entropy")

    with pytest.raises(OSError, match="no entropy"):
        Sealer(KEY, dry).seal(PLACE, Secret("sk-1"))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_secret_no_database_takes_is_refused_with_and_without_a_key(text):
    for kind in (Sealer(None), Sealer(KEY)):
        with pytest.raises(Unsealable):
            kind.seal(PLACE, Secret(text))


def test_s52_a_passphrase_goes_through_scrypt_with_the_salt_that_is_kept():
    phrase = Secret("correct horse battery staple")
    how = derivation(phrase, b"0123456789abcdef")
    assert how == {"kind": "scrypt", "salt": b"0123456789abcdef".hex(), **SCRYPT}
    assert derive(phrase, how) == derive(phrase, copy.deepcopy(how))
    assert derive(phrase, how).cipher != derive(phrase, derivation(phrase, b"another salt....")).cipher
    assert derive(phrase, how).cipher != hashlib.sha256(phrase.reveal().encode()).digest()
    assert phrase.reveal() not in str(how)


def test_s52_two_databases_with_the_same_key_do_not_seal_the_same_way():
    assert derive(HEX, derivation(HEX, b"a" * 16)).cipher != derive(HEX, derivation(HEX, b"b" * 16)).cipher


def test_a_key_in_upper_case_is_the_same_key():
    assert derive(Secret(HEX.reveal().upper()), derivation(HEX, SALT)) == KEY


@pytest.mark.parametrize(
    "how",
    [
        None,
        {},
        [],
        {"kind": "hex"},
        {"kind": "hex", "salt": "zz"},
        {"kind": "md5", "salt": "00"},
        {"kind": "scrypt", "salt": "00"},
        {"kind": "scrypt", "salt": "00", "n": 2**40, "r": 8, "p": 1},
        {"kind": "scrypt", "salt": "00", "n": 1000, "r": 8, "p": 1},
        {"kind": "scrypt", "salt": "00", "n": 2**20, "r": 32, "p": 16},
    ],
)
def test_a_way_of_making_the_key_that_nobody_wrote_is_refused(how):
    with pytest.raises(Underivable):
        derive(HEX, how)


def test_a_key_and_a_stored_text_show_themselves_to_nobody():
    stored = Sealer(None).seal(PLACE, Secret("sk-canary"))
    shown = f"{KEY!r} {KEY} {stored!r} {stored}"
    assert "canary" not in shown
    assert KEY.cipher.hex() not in shown
    assert repr(KEY.cipher) not in shown
    with pytest.raises(TypeError):
        pickle.dumps(stored)


def test_a_row_is_sealed_and_opened_as_a_whole():
    values = {
        "vendor": "v",
        "account": "a",
        "document": {"a": 1},
        "access_token": Secret("sk-1"),
        "refresh_token": "bare",
        "client_secret": None,
    }
    sealed = Sealer(KEY).seal_row(oauth_credentials, values)
    assert sealed["document"] == {"a": 1}
    assert isinstance(sealed["access_token"], StoredText)
    assert sealed["client_secret"] is None
    opened = Sealer(KEY).open_row(oauth_credentials, {**sealed, "version": 3})
    assert opened["access_token"] == Secret("sk-1")
    assert opened["refresh_token"] == Secret("bare")
    assert opened["version"] == 3
    del sealed["client_secret"]
    assert "client_secret" not in Sealer(KEY).open_row(oauth_credentials, sealed)


def test_a_secret_needs_its_whole_primary_key():
    with pytest.raises(KeyError):
        Sealer(KEY).seal_row(oauth_credentials, {"vendor": "v", "access_token": Secret("t")})
    assert row_of(oauth_credentials, {"account": "a", "vendor": "v", "x": 1}) == ("v", "a")
    assert Sealer(KEY).seal_row(vault, {"created_at": 0}) == {"created_at": 0}


def test_a_row_whose_name_cannot_be_stored_as_it_is_still_opens_by_the_name_that_was():
    sealed = Sealer(KEY).seal_row(vault, {"name": "a\0b", "value": Secret("s")})
    assert Sealer(KEY).open_row(vault, {**sealed, "name": "a\ufffdb"})["value"] == Secret("s")


def test_the_secret_columns_are_those_of_their_type():
    for table in METADATA.tables.values():
        assert secret_columns(table) == [c.name for c in table.c if isinstance(c.type, Sealed)]
    assert secret_columns(oauth_credentials) == ["access_token", "refresh_token", "client_secret"]
    assert secret_columns(config_revisions) == ["configuration"]
