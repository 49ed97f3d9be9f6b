"""Client keys in a real process: made, listed, rotated, revoked, expired, narrowed, bound to addresses, and when they were used."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.gateway.processes import Told, chat, command, manage, tell, until
from tests.harness.gateway import Gateway

CONFIG = b"""
providers:
  p: {type: demo, models: [demo/chat, demo/echo]}
  q: {type: demo, models: [demo/chat]}
models:
  fast: {targets: [{provider: p, model: demo/chat}, {provider: q, model: demo/chat}], selector: in_order}
  smart: {targets: [{provider: q, model: demo/chat}]}
"""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """One process whose configuration is in its database."""
    with Gateway() as started:
        version = manage(started, "GET", "config").json["version"]
        assert manage(started, "PUT", f"config?version={version}", CONFIG).status == 200
        yield started


def made(gateway: Gateway, name: str, **settings: Any) -> str:
    answer = manage(gateway, "POST", "keys", {"name": name, "settings": settings})
    assert answer.status == 201, answer.body
    secret: str = answer.json["secret"]
    return secret


def shown(gateway: Gateway, name: str) -> Any:
    return manage(gateway, "GET", f"keys/{name}").json


def rotated(gateway: Gateway, name: str, overlap: int) -> str:
    answer = manage(
        gateway, "POST", f"keys/{name}/rotate", {"version": shown(gateway, name)["version"], "overlap": overlap}
    )
    assert answer.status == 200, answer.body
    secret: str = answer.json["secret"]
    return secret


def changed(gateway: Gateway, name: str, **settings: Any) -> Told:
    now = shown(gateway, name)
    return manage(
        gateway, "PUT", f"keys/{name}", {"version": now["version"], "settings": {**now["written"], **settings}}
    )


def test_s53_a_secret_is_shown_once_and_kept_as_a_keyed_hash_only(gateway):
    secret = made(gateway, "once", comment="the phone")
    assert chat(gateway, secret, "direct/p/demo/chat").status == 200
    paths = ("keys", "keys/once", "config", "config?form=yaml", "config/revisions", "audit", "usage", "self")
    told = b"".join(manage(gateway, "GET", path).body for path in paths)
    newest = manage(gateway, "GET", "config/revisions").json["data"][0]["revision"]
    told += manage(gateway, "GET", f"config/revisions/{newest}").body + gateway.output.encode()
    kept = b"".join(path.read_bytes() for path in (gateway.directory / "data").rglob("*") if path.is_file())
    assert secret.encode() not in told + kept
    exported = command(gateway, "config", "export").stdout
    assert exported.count("secret_hash: hmac-sha256:") >= 1
    assert "sha256:" not in exported.replace("hmac-sha256:", "")
    assert shown(gateway, "once")["settings"]["comment"] == "the phone"
    assert shown(gateway, "once")["settings"]["last_four"] == secret[-4:]


def test_keys_are_listed_in_pages_and_their_holders_see_their_own(gateway):
    secret = made(gateway, "listed-a")
    made(gateway, "listed-b")
    page = manage(gateway, "GET", "keys?limit=1").json
    names = [row["name"] for row in page["data"]]
    while page["next_cursor"]:
        page = manage(gateway, "GET", f"keys?limit=1&cursor={page['next_cursor']}").json
        names += [row["name"] for row in page["data"]]
    assert names == sorted(names)
    assert {"listed-a", "listed-b"} <= set(names)
    own = tell(gateway, "GET", "/v0/management/keys", headers={"x-admin-key": secret}).json
    assert [row["name"] for row in own["data"]] == ["listed-a"]
    assert tell(gateway, "GET", "/v0/management/keys/listed-b", headers={"x-admin-key": secret}).status == 404


def test_a_rotated_key_takes_both_secrets_until_the_overlap_is_over(gateway):
    first = made(gateway, "turned")
    second = rotated(gateway, "turned", overlap=2)
    assert [chat(gateway, one, "smart").status for one in (second, first)] == [200, 200]
    until(lambda: chat(gateway, first, "smart").status == 401)
    assert chat(gateway, second, "smart").status == 200
    third = rotated(gateway, "turned", overlap=0)
    assert [chat(gateway, one, "smart").status for one in (first, second, third)] == [401, 401, 200]


def test_s09_a_revoked_key_is_dead_with_the_answer_and_its_name_stays(gateway):
    secret = made(gateway, "ended")
    assert chat(gateway, secret, "smart").status == 200
    assert changed(gateway, "ended", enabled=False).status == 200
    assert chat(gateway, secret, "smart").status == 401
    assert shown(gateway, "ended")["settings"]["enabled"] is False
    gone = made(gateway, "gone")
    version = shown(gateway, "gone")["version"]
    assert manage(gateway, "DELETE", f"keys/gone?version={version}").status == 200
    assert chat(gateway, gone, "smart").status == 401


def test_a_key_expires_by_itself(gateway):
    end = datetime.now(UTC) + timedelta(seconds=3)
    secret = made(gateway, "short", expires_at=end.isoformat())
    assert chat(gateway, secret, "smart").status == 200
    until(lambda: chat(gateway, secret, "smart").status == 401)
    assert datetime.now(UTC) >= end


def test_models_and_providers_are_allowed_and_excluded(gateway):
    narrow = made(gateway, "narrow", allowed_models=["fast"], excluded_providers=["p"])
    answer = chat(gateway, narrow, "fast")
    assert (answer.status, answer.headers["x-plexus-provider"]) == (200, "q")
    assert chat(gateway, narrow, "smart").status == 403
    assert chat(gateway, narrow, "direct/q/demo/chat").status == 403
    listed = tell(gateway, "GET", "/v1/models", headers={"x-api-key": narrow}).json["data"]
    assert [model["id"] for model in listed] == ["fast"]
    wide = made(gateway, "wide", excluded_models=["smart"], allowed_providers=["p"])
    assert chat(gateway, wide, "smart").status == 403
    assert chat(gateway, wide, "fast").headers["x-plexus-provider"] == "p"
    assert chat(gateway, wide, "direct/q/demo/chat").status == 403
    assert chat(gateway, wide, "direct/p/demo/echo").status == 200


def test_addresses_are_kept_to_and_no_proxy_is_trusted_unless_it_is_named(gateway):
    far, near = made(gateway, "far", allowed_ips=["203.0.113.0/24"]), made(gateway, "near", allowed_ips=["127.0.0.1"])
    assert chat(gateway, near, "smart").status == 200
    assert chat(gateway, far, "smart").status == 403
    assert chat(gateway, far, "smart", x_forwarded_for="203.0.113.9").status == 403
    assert chat(gateway, near, "smart", x_forwarded_for="203.0.113.9").status == 200
    network = manage(gateway, "GET", "settings/network").json
    trusting = manage(
        gateway,
        "PUT",
        "settings/network",
        {"version": network["version"], "settings": {"trusted_proxies": ["127.0.0.1"]}},
    )
    assert trusting.status == 200, trusting.body
    try:
        assert chat(gateway, far, "smart", x_forwarded_for="203.0.113.9").status == 200
        assert chat(gateway, near, "smart", x_forwarded_for="203.0.113.9").status == 403
        assert chat(gateway, far, "smart", x_forwarded_for="203.0.113.9, 198.51.100.1").status == 403
        assert chat(gateway, far, "smart").status == 403
    finally:
        version = trusting.json["version"]
        assert manage(gateway, "DELETE", f"settings/network?version={version}").status == 200
    assert chat(gateway, far, "smart", x_forwarded_for="203.0.113.9").status == 403


def test_what_stands_behind_the_secret_is_booked_and_the_key_has_its_last_use(gateway):
    secret = made(gateway, "booked")
    assert shown(gateway, "booked")["last_used_at"] is None
    before = datetime.now(UTC).timestamp() * 1000
    assert chat(gateway, f"{secret}:Team-A", "smart").status == 200
    until(lambda: shown(gateway, "booked")["last_used_at"] is not None)
    [row] = manage(gateway, "GET", "usage?key=booked").json["data"]
    assert row["attribution"] == "team-a"
    last = shown(gateway, "booked")["last_used_at"]
    assert last == row["started_at"]
    assert abs(last - before) < 60_000
    [line] = [line for line in command(gateway, "keys", "list").stdout.splitlines() if line.startswith("booked ")]
    assert datetime.fromtimestamp(last / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC") in line


def test_keys_are_made_and_ended_by_commands_while_the_gateway_runs(gateway):
    created = command(gateway, "keys", "create", "by-command", "--comment", "a phone")
    assert created.returncode == 0, created.stderr
    secret = created.stdout.removesuffix("\n")
    until(lambda: chat(gateway, secret, "smart").status == 200)
    newest = manage(gateway, "GET", "audit?limit=1").json["data"][0]
    assert (newest["actor"], newest["action"], newest["subject"]) == ("plexus keys", "create", "by-command")
    assert shown(gateway, "by-command")["settings"]["comment"] == "a phone"
    ended = command(gateway, "keys", "revoke", "by-command")
    assert ended.stdout == "by-command is disabled.\n"
    until(lambda: chat(gateway, secret, "smart").status == 401)


def test_a_hash_of_another_pepper_is_refused_at_write(gateway):
    foreign = f"hmac-sha256:00000000:{'0' * 64}"
    refused = manage(gateway, "PUT", "keys/foreign", {"version": None, "settings": {"secret_hash": foreign}})
    assert (refused.status, refused.json["error"]["code"]) == (400, "foreign_hash")
    text = command(gateway, "config", "export").stdout + f"  foreign: {{secret_hash: '{foreign}'}}\n"
    assert "keys:" in text
    version = manage(gateway, "GET", "config").json["version"]
    assert manage(gateway, "PUT", f"config?version={version}", text.encode()).status == 200
    assert shown(gateway, "foreign")["usable"] is False
    assert "hashed with the pepper of another database" in gateway.output


@pytest.mark.deep
def test_keys_of_a_file_are_keyed_with_the_pepper_of_the_database_beside_it_and_outlive_a_restart():
    with Gateway({"providers": {"p": {"type": "demo", "models": ["demo/chat"]}}}) as gateway:
        mine = made(gateway, "by-api")
        created = command(gateway, "keys", "create", "by-command", "--config", str(gateway.config))
        assert created.returncode == 0, created.stderr
        theirs = created.stdout.strip()
        until(lambda: chat(gateway, theirs).status == 200)
        until(lambda: shown(gateway, "by-command")["last_used_at"] is not None)
        assert gateway.config.read_text(encoding="utf-8").count("secret_hash: hmac-sha256:") == 2
        gateway.signal(signal.SIGTERM)
        gateway.wait()
        gateway.launch().wait_ready()
        assert [chat(gateway, secret).status for secret in (mine, theirs)] == [200, 200]
        assert shown(gateway, "by-command")["last_used_at"] is not None
