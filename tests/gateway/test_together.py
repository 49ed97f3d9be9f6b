"""P14: two real processes on one PostgreSQL: what is changed through one, or by a command, is served by the other."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.processes import chat, command, manage, spelled, until
from tests.harness.databases import Postgres
from tests.harness.gateway import Gateway

CONFIG = (
    b"providers: {p: {type: demo, models: [demo/chat]}}\nmodels: {fast: {targets: [{provider: p, model: demo/chat}]}}\n"
)
Pair = tuple[Gateway, Gateway, dict[str, str]]


@pytest.fixture
async def pair(postgres: Postgres) -> AsyncIterator[Pair]:
    """Two processes, started at the same time on an empty database, and the environment that names it."""
    environ = {"DATABASE_URL": spelled(await postgres.fresh())}
    one, other = Gateway(env=environ), Gateway(env=environ)
    try:
        one.launch()
        other.launch()
        yield one.wait_ready(), other.wait_ready(), environ
    finally:
        one.stop()
        other.stop()


def replaced(gateway: Gateway, text: bytes) -> None:
    version = manage(gateway, "GET", "config").json["version"]
    assert manage(gateway, "PUT", f"config?version={version}", text).status == 200


def test_p14_a_change_through_one_process_or_a_command_is_live_in_the_other(pair):
    one, other, environ = pair
    replaced(one, CONFIG)
    secret = manage(one, "POST", "keys", {"name": "ours"}).json["secret"]
    until(lambda: chat(other, secret, "fast").status == 200)
    until(lambda: manage(one, "GET", "keys/ours").json["last_used_at"] is not None)  # the other one's use
    version = manage(other, "GET", "keys/ours").json["version"]
    turned = manage(other, "POST", "keys/ours/rotate", {"version": version})
    until(lambda: chat(one, secret, "fast").status == 401)
    secret = turned.json["secret"]
    assert [chat(each, secret, "fast").status for each in (one, other)] == [200, 200]
    assert command(other, "keys", "revoke", "ours", **environ).returncode == 0
    until(lambda: [chat(each, secret, "fast").status for each in (one, other)] == [401, 401])
    actors = [row["actor"] for row in manage(other, "GET", "audit").json["data"]]
    assert actors == ["plexus keys", "admin", "admin", "admin"]


def test_keyed_keys_are_too_early_before_the_database_answered_and_not_unknown():
    waiting = Gateway(env={"DATABASE_URL": "postgresql://127.0.0.1:9/none"})
    try:
        waiting.launch()
        until(lambda: _lives(waiting))
        answer = chat(waiting, "sk-anything", "fast")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.json["error"]["code"] == "keys_unknown"
    finally:
        waiting.stop()


def _lives(gateway: Gateway) -> bool:
    try:
        return gateway.get("/health")[0] == 200
    except OSError:
        return False


KEY, NEW = "0123456789abcdef" * 4, "fedcba9876543210" * 4


@pytest.mark.deep
async def test_keys_outlive_a_backup_into_the_other_engine_and_a_change_of_the_encryption_key(postgres, tmp_path):
    data = {"DATA_DIR": str(tmp_path)}
    with Gateway(env={**data, "ENCRYPTION_KEY": KEY}) as gateway:
        replaced(gateway, CONFIG)
        secret = manage(gateway, "POST", "keys", {"name": "ours"}).json["secret"]
        assert chat(gateway, secret, "fast").status == 200
        saved = command(gateway, "backup", str(tmp_path / "all.backup"), **data, ENCRYPTION_KEY=KEY)
        assert saved.returncode == 0, saved.stderr
    place = {"DATABASE_URL": spelled(await postgres.fresh())}
    gateway = Gateway(env={**place, "ENCRYPTION_KEY": NEW})
    environ = {**place, "ENCRYPTION_KEY": KEY}
    assert command(gateway, "restore", str(tmp_path / "all.backup"), **environ).returncode == 0
    assert command(gateway, "rekey", **environ, NEW_ENCRYPTION_KEY=NEW).returncode == 0
    with gateway:
        assert chat(gateway, secret, "fast").status == 200
        shown = manage(gateway, "GET", "keys/ours").json
        assert shown["usable"] is True
        assert shown["last_used_at"] is not None
