"""Secrets are made with enough chance, kept as hashes, replaced with an overlap, and dead when they are ended."""

from datetime import UTC, datetime, timedelta

import pytest

from plexus.core.redact import redact
from plexus.core.secret import Secret
from plexus.keys.digest import Lookup, digest_of
from plexus.keys.keyring import Keyring
from plexus.keys.lifecycle import created, new_secret, revoked, rotated
from plexus.settings.key import KeySettings
from plexus.settings.secret_hash import fingerprint, stored

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
PEPPER, OTHER = Secret("p" * 32), Secret("q" * 32)
peppers = pytest.mark.parametrize("pepper", [None, PEPPER], ids=["plain", "keyed"])


def settings(fields: dict, **more) -> KeySettings:
    return KeySettings.model_validate({**fields, **more})


def ring(pepper: Secret | None, at: datetime = NOW, **keys: KeySettings) -> Keyring:
    return Keyring(keys, now=at.timestamp, pepper=pepper)


def name(keys: Keyring, secret: Secret) -> str | None:
    found = keys.authenticate(secret.reveal())
    return found.key.name if found else None


def test_s53_a_new_secret_has_256_bits_of_chance_and_is_known_as_one():
    asked: list[int] = []

    def chance(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    secret = new_secret(chance)
    assert asked == [32]
    assert secret.reveal() == "sk-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert secret.reveal() not in redact(f"it is {secret.reveal()}")
    assert len({new_secret().reveal() for _ in range(100)}) == 100


@peppers
def test_s53_what_is_kept_is_a_hash_and_four_characters(pepper):
    secret = new_secret()
    fields = created(secret, pepper)
    assert fields["last_four"] == secret.reveal()[-4:]
    assert secret.reveal()[:-4] not in repr(fields)
    assert fields["secret_hash"].startswith("sha256:" if pepper is None else f"hmac-sha256:{fingerprint(PEPPER)}:")
    assert name(ring(pepper, k=settings(fields)), secret) == "k"
    assert PEPPER.reveal() not in repr(fields)


def test_every_form_of_a_secret_is_looked_up_by_the_same_keyed_hash():
    secret = new_secret()
    wanted = Lookup(PEPPER.reveal().encode())(secret.reveal())
    assert digest_of(stored(secret), PEPPER) == wanted == digest_of(stored(secret, PEPPER), PEPPER)
    assert digest_of(stored(secret, OTHER), PEPPER) is None


def test_a_hash_under_another_pepper_is_dead_and_named():
    secret = new_secret()
    keys = ring(PEPPER, k=settings(created(secret, OTHER)), good=settings(created(new_secret(), PEPPER)))
    assert name(keys, secret) is None
    assert keys.unusable == ("k",)


def test_two_keys_with_one_secret_in_two_forms_do_not_share_it():
    secret = new_secret()
    keys = ring(PEPPER, first=settings(created(secret)), second=settings(created(secret, PEPPER)))
    assert name(keys, secret) == "first"
    assert keys.unusable == ("second",)


@peppers
def test_a_rotated_key_takes_both_secrets_until_the_overlap_ends(pepper):
    old, new = new_secret(), new_secret()
    end = NOW + timedelta(hours=1)
    before = settings(created(old, pepper), comment="mine")
    after = settings({**before.model_dump(exclude_unset=True), **rotated(before, new, NOW, end, pepper)})
    assert after.comment == "mine"
    for at, works in [(NOW, True), (end - timedelta(seconds=1), True), (end, False)]:
        keys = ring(pepper, at, k=after)
        assert name(keys, new) == "k"
        assert (name(keys, old) == "k") is works


@peppers
def test_s09_a_key_rotated_without_overlap_refuses_its_old_secret_at_once(pepper):
    old, new = new_secret(), new_secret()
    keys = ring(pepper, k=settings(rotated(settings({"secret": old}), new, NOW, None, pepper)))
    assert (name(keys, old), name(keys, new)) == (None, "k")


def test_rotating_twice_keeps_what_still_works_and_drops_what_has_ended():
    secrets = [new_secret() for _ in range(4)]
    key = settings({"secret": secrets[0]})
    for hour, secret in enumerate(secrets[1:]):
        at = NOW + timedelta(hours=hour)
        key = settings(rotated(key, secret, at, at + timedelta(minutes=90)))
    at = NOW + timedelta(hours=2)
    assert [name(ring(None, at, k=key), secret) for secret in secrets] == [None, "k", "k", "k"]
    assert len(key.previous) == 2


def test_an_old_secret_does_not_outlive_its_key():
    old = new_secret()
    key = settings(rotated(settings({"secret": old}), new_secret(), NOW, NOW + timedelta(days=9)), expires_at=NOW)
    assert name(ring(None, NOW, k=key), old) is None


def test_s09_a_revoked_key_is_dead_in_the_next_keyring_with_all_its_secrets():
    old, new = new_secret(), new_secret()
    key = settings(rotated(settings({"secret": old}), new, NOW, NOW + timedelta(hours=1)))
    ended = key.model_copy(update=dict(revoked()))
    assert [name(ring(None, k=key), one) for one in (old, new)] == ["k", "k"]
    assert [name(ring(None, k=ended), one) for one in (old, new)] == [None, None]
    assert name(ring(None), new) is None


@pytest.mark.parametrize(
    "secret_hash",
    ["", "sha256:", "sha256:" + "g" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 64 + "\n", "md5:" + "0" * 32,
     "hmac-sha256:" + "0" * 64, "0" * 64, "sk-secret"],
)  # fmt: skip
def test_s31_what_is_no_hash_is_refused_at_write(secret_hash):
    with pytest.raises(ValueError, match="hash"):
        settings({"secret_hash": secret_hash})


def test_a_key_has_a_secret_or_its_hash_and_not_both():
    with pytest.raises(ValueError, match="is missing"):
        settings({})
    with pytest.raises(ValueError, match="stands beside"):
        settings({"secret": "a", **created(new_secret())})
