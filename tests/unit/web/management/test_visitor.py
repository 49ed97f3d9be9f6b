"""S05, S06, S25: whoever is nobody costs the same work and is told the same, whatever was wrong with the credential."""

import hmac
from typing import Any

import pytest

from plexus.app import Plexus
from plexus.core.secret import Secret
from plexus.settings.schema import Settings
from plexus.web.management.refusals import Refusal
from plexus.web.management.visitor import Doorkeeper

ADMIN = "sk-admin-visitor-4711"
KEYS = {"me": {"secret": "sk-me"}, "off": {"secret": "sk-off", "enabled": False}}
WRONG: dict[str, list[tuple[bytes, bytes]]] = {
    "unknown": [(b"x-admin-key", b"sk-unknown")],
    "one letter short": [(b"x-admin-key", ADMIN[:-1].encode())],
    "one letter long": [(b"x-admin-key", ADMIN.encode() + b"1")],
    "disabled": [(b"authorization", b"Bearer sk-off")],
    "not ASCII": [(b"x-admin-key", b"\xff\xfe\xe4" * 7)],
    "empty": [(b"x-admin-key", b"")],
    "blank": [(b"authorization", b"Bearer   ")],
    "two": [(b"x-admin-key", ADMIN.encode()), (b"authorization", b"Bearer sk-me")],
    "none": [],
    "a megabyte": [(b"x-admin-key", b"k" * 1_000_000)],
}


@pytest.fixture
async def plexus() -> Any:
    running = Plexus(Settings.model_validate({"keys": KEYS}), admin_key=Secret(ADMIN))
    await running.start()
    yield running
    await running.stop()


def scope(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"headers": headers, "client": ("192.0.2.1", 1)}


async def test_s06_s25_every_wrong_credential_takes_the_same_steps_and_gets_the_same_answer(plexus, monkeypatch):
    steps: list[str] = []
    keyring = plexus.gateway.snapshot.keyring
    look, compare = type(keyring).authenticate, hmac.compare_digest

    def looked(ring: Any, presented: Any) -> Any:
        steps.append("looked up")
        return look(ring, presented)

    def compared(one: Any, other: Any) -> bool:
        steps.append(f"compared {len(one)} bytes")
        return compare(one, other)

    monkeypatch.setattr(type(keyring), "authenticate", looked)
    monkeypatch.setattr(hmac, "compare_digest", compared)
    seen = set()
    for name, headers in WRONG.items():
        steps.clear()
        with pytest.raises(Refusal) as refused:
            Doorkeeper(plexus._managed()).admit(scope(headers))
        answer = refused.value.answer()
        seen.add((tuple(steps), answer.status, answer.body, tuple(answer.headers)))
        assert len(seen) == 1, name
    assert {step[0] for step in seen} == {("compared 32 bytes", "looked up", "compared 32 bytes")}


async def test_the_admin_and_a_keys_holder_are_told_apart(plexus):
    doorkeeper = Doorkeeper(plexus._managed())
    assert doorkeeper.admit(scope([(b"x-admin-key", ADMIN.encode())])).role == "admin"
    holder = doorkeeper.admit(scope([(b"authorization", b"BEARER sk-me")]))
    assert (holder.role, holder.key.name if holder.key else "") == ("key", "me")


async def test_s09_a_key_that_was_taken_away_is_nobody_at_once(plexus):
    doorkeeper = Doorkeeper(plexus._managed())
    headers = [(b"x-admin-key", b"sk-me")]
    assert doorkeeper.admit(scope(headers)).role == "key"
    await plexus.configure(Settings())
    with pytest.raises(Refusal):
        doorkeeper.admit(scope(headers))
