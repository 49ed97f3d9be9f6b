"""Credentials are found quickly, compared safely, and never trusted beyond what was configured."""

import hashlib
import hmac
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.core.secret import Secret
from plexus.keys import keyring
from plexus.keys.key import Key
from plexus.keys.keyring import Keyring
from plexus.settings.key import KeySettings
from plexus.settings.secret_hash import stored

SECRET = "sk-alice-0123456789"


def key(secret, **settings):
    return KeySettings.model_validate({"secret": secret, **settings})


def ring(now=lambda: 0.0, default_quotas=(), **settings):
    return Keyring({"alice": key(SECRET, **settings)}, default_quotas, now)


def test_a_secret_is_found_and_another_is_not():
    keys = Keyring({"alice": key(SECRET), "bob": key("sk-bob")})
    found = [keys.authenticate(SECRET), keys.authenticate(b"sk-bob")]
    assert [one.key.name for one in found if one] == ["alice", "bob"]
    assert keys.authenticate("sk-carol") is None
    assert keys.authenticate("") is None
    assert keys.authenticate(SECRET + " ") is None
    assert keys.authenticate(SECRET[:-1]) is None


def test_an_empty_keyring_admits_nobody():
    assert Keyring({}).authenticate("") is None
    assert Keyring({}).authenticate("x") is None


@pytest.mark.parametrize(
    ("presented", "label"),
    [
        (SECRET, None),
        (f"{SECRET}:", None),
        (f"{SECRET}:Team-A", "team-a"),
        (f"{SECRET}:a:B:c", "a:b:c"),
        (f"{SECRET}:  ", None),
        (f"{SECRET}:a\x00b\x7f", "ab"),
        (f"{SECRET}:\xe9", "\xe9"),
    ],
)
def test_what_follows_the_first_colon_is_the_label_in_lower_case(presented, label):
    assert ring().authenticate(presented).attribution == label


ODD: dict[str, str | bytes] = {
    "known": SECRET, "unknown": "sk-carol", "disabled": "sk-disabled", "expired": "sk-expired", "ended": "sk-ended",
    "empty": "", "a label alone": ":x", "a megabyte": "x" * 1_000_000, "a megabyte of bytes": b"x" * 1_000_000,
    "not ASCII": "ключ", "not ASCII in bytes": "ключ".encode(), "a lone surrogate": "\ud800", "NUL": "\x00",
    "a newline": SECRET + "\n", "SQL": "' OR 1=1 --", "SQL with a label": f"{SECRET}' OR '1'='1:x", "format": "%s%n{0}{{}}",
    "LDAP": "*)(uid=*))(|(uid=*", "NoSQL": '{"$ne": null}', "a long label": f"sk-no:{'y' * 100_000}",
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_s06_and_s04_every_credential_costs_the_same_work(what, monkeypatch):
    """One hash of a bounded text, one look-up, one comparison of digests, whatever was presented."""
    ended = {
        "secret_hash": stored(Secret("sk-other")),
        "previous": [{"secret_hash": stored(Secret("sk-ended")), "until": 5}],
    }
    keys = Keyring(
        {
            "alice": key(SECRET),
            "disabled": key("sk-disabled", enabled=False),
            "expired": key("sk-expired", expires_at=datetime(1970, 1, 1, tzinfo=UTC)),
            "ended": KeySettings.model_validate(ended),
        },
        now=lambda: 10.0,
    )
    work: list[str] = []

    class Index(dict):
        def get(self, found, default=None):
            work.append("look-up")
            return super().get(found, default)

    digest = keys._digest

    def hashed(secret: str) -> bytes:
        assert len(secret) <= 512
        work.append("hash")
        return digest(secret)

    def compared(one: bytes, other: bytes) -> bool:
        assert len(one) == len(other) == 32
        work.append("comparison")
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(keys, "_by_digest", Index(keys._by_digest))
    monkeypatch.setattr(keys, "_digest", hashed)
    monkeypatch.setattr(keyring, "hmac", SimpleNamespace(compare_digest=compared))
    found = keys.authenticate(ODD[what])
    assert (found is not None) == (what == "known")
    assert work == ["hash", "look-up", "comparison"]


@pytest.mark.parametrize("hashed", ["sha256:" + hashlib.sha256(b"").hexdigest()])
def test_the_hash_of_nothing_opens_nothing(hashed):
    keys = Keyring({"k": KeySettings.model_validate({"secret_hash": hashed})})
    assert [keys.authenticate(text) for text in ("", ":x", "ключ", "x" * 1000)] == [None] * 4


def test_a_label_is_bounded():
    assert len(ring().authenticate(f"{SECRET}:{'x' * 10_000}").attribution) == 255


@pytest.mark.parametrize(
    "presented", ["sk-älice", "ключ", "sk-\ud800", "\x00", "x" * 1_000_000, "' OR 1=1 --", ":", ":x"]
)
def test_s05_odd_credentials_are_refused_without_an_exception(presented):
    assert ring().authenticate(presented) is None


@given(st.one_of(st.text(), st.binary()))
def test_no_credential_raises(presented):
    assert ring().authenticate(presented) is None


def test_disabled_keys_are_refused():
    assert ring(enabled=False).authenticate(SECRET) is None


def test_a_key_is_dead_from_the_moment_it_expires():
    moment = datetime(2027, 1, 1, tzinfo=UTC)
    at = [moment.timestamp() - 1]
    keys = ring(lambda: at[0], expires_at=moment)
    assert keys.authenticate(SECRET) is not None
    at[0] += 1
    assert keys.authenticate(SECRET) is None


def test_a_time_without_zone_is_utc():
    assert key("x", expires_at="2027-01-01T00:00:00").expires_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_exclusions_win_over_allowances():
    made = Key(
        name="k",
        allowed_models=frozenset({"fast", "smart"}),
        excluded_models=frozenset({"smart"}),
        excluded_providers=frozenset({"bad"}),
    )
    assert made.may_use("fast", "good")
    assert made.may_use("fast")
    assert made.may_use(provider="good")
    assert not made.may_use("smart", "good")
    assert not made.may_use("other", "good")
    assert not made.may_use("fast", "bad")
    assert not made.may_use("fas", "good")


def test_a_key_without_lists_may_use_everything():
    assert Key(name="k").may_use("any/model:free", "any")


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.0.0.1", False),
        ("192.168.0.5", True),
        ("192.168.0.6", True),
        ("192.168.0.7", False),
        ("fe80::1%eth0", True),
        ("2001:db8::1", False),
        ("", False),
        ("testclient", False),
    ],
)
def test_addresses_are_matched_by_network_and_range(address, allowed):
    keys = ring(allowed_ips=["10.0.0.0/8", "192.168.0.5-192.168.0.6", "fe80::/10"])
    assert keys.authenticate(SECRET).key.may_come_from(address) is allowed


def test_without_a_list_any_address_will_do():
    assert ring().authenticate(SECRET).key.may_come_from("not an address")


def test_default_quotas_hold_for_keys_that_list_none():
    assert ring(default_quotas=("d",)).authenticate(SECRET).key.quotas == ("d",)
    assert ring(default_quotas=("d",), quotas=["own"]).authenticate(SECRET).key.quotas == ("own",)


def test_a_keyring_does_not_hold_or_show_secrets():
    keys = ring()
    assert SECRET not in repr(keys)
    assert SECRET not in repr(vars(keys))
    assert SECRET not in repr(keys.authenticate(SECRET))


def test_authentication_costs_microseconds():
    keys = Keyring({f"k{n}": key(f"sk-{n}") for n in range(2_000)})

    def microseconds():
        started = time.perf_counter()
        for _ in range(2_000):
            keys.authenticate("sk-1234:label")
        return (time.perf_counter() - started) / 2_000 * 1e6

    assert min(microseconds() for _ in range(5)) < 20  # about 2 on an idle machine
