"""Backups taken from a running gateway and put back into one: everything is as it was, in the database and in what is served."""

import asyncio
import contextlib
import re
import threading
from typing import Any

import pytest
import zstandard

import plexus.web.management.resources.backup as resource
from plexus.app import known
from plexus.core.secret import Secret
from plexus.pipeline import bookkeeping, safekeeping
from plexus.settings.file_home import FileHome
from plexus.storage.archive import MAGIC
from plexus.storage.backup import back_up, verify
from tests.gateway.test_configuring import ADMIN_KEY, CLIENT, Configured, serving
from tests.harness.raw_client import RawClient, Response, ask, request
from tests.harness.recorded_upstream import Answer, RecordedUpstream

KEY = Secret("a passphrase for the test")
LITERAL = "sk-literal-in-a-backup-0815"
ANSWER = b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'


def text(upstream: RecordedUpstream, alias: str = "fast") -> str:
    return f"""
providers:
  p: {{api_base_url: {{chat: {upstream.base_url("chat")}}}, api_key: {LITERAL}, models: [m, hangs]}}
models:
  {alias}: {{targets: [{{provider: p, model: m}}]}}
  slow: {{targets: [{{provider: p, model: hangs}}]}}
keys:
  alice: {{secret: {CLIENT}, quotas: [daily]}}
user_quotas:
  daily: {{type: monthly, limit_type: requests, limit: 9}}
"""


@pytest.fixture
async def upstream():
    async with RecordedUpstream() as server:
        server.on("m", Answer([ANSWER]))
        server.on("hangs", Answer([ANSWER], action="hang", stream=True))
        yield server


async def configure(gateway: Configured, configuration: str) -> None:
    replaced = await gateway.manage("PUT", f"config?version={await gateway.version()}", configuration.encode())
    assert replaced.status == 200, replaced.body


async def state(gateway: Configured) -> dict[str, Any]:
    """What can be seen of it from outside."""
    assert gateway.plexus.bookkeeping is not None
    await gateway.plexus.bookkeeping.drain.settle()
    [quota] = (await gateway.get("quota/status/alice"))["quotas"]
    return {
        "aliases": [row["name"] for row in (await gateway.get("aliases"))["data"]],
        "requests": (await gateway.get("usage"))["total"],
        "used": quota["used"],
        "served": {alias: (await gateway.chat(alias, "sk-nobody")).status for alias in ("fast",)},
    }


async def restored(gateway: Configured, content: bytes) -> Response:
    return await gateway.manage("POST", "restore", content)


def left_over(gateway: Configured) -> list[str]:
    assert gateway.plexus._safekeeping is not None
    return [file.name for file in gateway.plexus._safekeeping.folder.glob(".*")]


async def test_everything_is_as_it_was_when_the_backup_was_made(address, tmp_path, upstream):
    async with serving(tmp_path, None, address) as gateway:
        await configure(gateway, text(upstream))
        assert (await gateway.chat("fast")).status == 200
        before = await state(gateway)
        made = await gateway.manage("POST", "backup")
        assert made.status == 200
        assert re.fullmatch(r'attachment; filename="plexus-\d{8}-\d{6}\.backup"', made.header("content-disposition"))
        assert int(made.header("content-length")) == len(made.body)

        await configure(gateway, text(upstream, "other"))
        for _ in range(3):
            assert (await gateway.chat("other")).status == 200
        assert (await gateway.chat("fast")).status == 404
        since = await state(gateway)
        assert (since["requests"], since["used"]) != (before["requests"], before["used"])

        answer = await restored(gateway, made.body)
        assert answer.status == 200, answer.body
        assert await state(gateway) == before
        assert (await gateway.get("audit"))["data"][0]["action"] == "restore"
        assert left_over(gateway) == []
        folder = tmp_path / "backups"
        _, counts = await verify(folder / answer.json["kept"], KEY)
        assert counts["usage_requests"] == since["requests"]
        assert answer.json["rows"] > 0

        assert (await gateway.chat("fast")).status == 200
        after = await state(gateway)
        assert (int(after["used"]), after["requests"]) == (int(before["used"]) + 1, before["requests"] + 1)
        await configure(gateway, text(upstream, "third"))
        assert (await gateway.chat("third")).status == 200
    async with serving(tmp_path, None, address) as gateway:
        assert int((await state(gateway))["used"]) == int(before["used"]) + 2


async def test_secrets_of_an_encrypted_database_are_encrypted_in_its_backup_and_the_log_tells_of_it(tmp_path, upstream):
    async with serving(tmp_path, None) as gateway:
        await configure(gateway, text(upstream))
        made = await gateway.manage("POST", "backup")
        content = zstandard.ZstdDecompressor().stream_reader(made.body[len(MAGIC) :]).read()
        assert b"alice" not in content.split(b'"vault"')[-1]
        assert LITERAL.encode() not in content
        assert CLIENT.encode() not in content
        assert b'"backup"' in content
        entry = (await gateway.get("audit"))["data"][0]
        assert (entry["action"], entry["subject_kind"], entry["actor"]) == ("backup", "database", "admin")
        assert left_over(gateway) == []


async def test_a_backup_of_another_gateway_brings_its_keys_along(tmp_path, upstream):
    async with serving(tmp_path / "one", None) as one:
        await configure(one, text(upstream))
        made = await one.manage("POST", "backup")
    async with serving(tmp_path / "two", None) as two:
        assert (await two.chat("fast")).status == 401
        assert (await restored(two, made.body)).status == 200
        assert (await two.chat("fast")).status == 200


async def test_a_backup_without_a_configuration_leaves_none(tmp_path, upstream):
    async with serving(tmp_path, None) as gateway:
        empty = await gateway.manage("POST", "backup")
        await configure(gateway, text(upstream))
        assert (await restored(gateway, empty.body)).status == 200
        assert (await gateway.get("aliases"))["data"] == []
        assert (await gateway.chat("fast")).status == 401


async def test_a_file_stays_what_is_served(tmp_path, upstream):
    path = tmp_path / "plexus.yaml"
    path.write_text(text(upstream), encoding="utf-8")
    async with serving(tmp_path, FileHome(path, known())) as gateway:
        made = await gateway.manage("POST", "backup")
        await configure(gateway, text(upstream, "other"))
        written = path.read_text(encoding="utf-8")
        assert (await gateway.chat("other")).status == 200
        assert (await restored(gateway, made.body)).status == 200
        assert path.read_text(encoding="utf-8") == written
        assert (await gateway.chat("other")).status == 200
        assert (await state(gateway))["requests"] == 1
        await configure(gateway, text(upstream, "third"))
        assert (await gateway.chat("third")).status == 200


async def test_nothing_is_put_back_while_requests_are_under_way(tmp_path, upstream, monkeypatch):
    monkeypatch.setattr(bookkeeping, "ENDING", 0.2)
    async with serving(tmp_path, None) as gateway:
        await configure(gateway, text(upstream))
        made = await gateway.manage("POST", "backup")
        waiting = asyncio.create_task(gateway.chat("slow"))
        while upstream.received == []:  # noqa: ASYNC110 - the harness offers no event
            await asyncio.sleep(0.01)
        refused = await restored(gateway, made.body)
        assert (refused.status, refused.json["error"]["code"]) == (409, "in_use")
        assert "1 requests are still under way" in refused.json["error"]["message"]
        assert (await gateway.chat("fast")).status == 200
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        assert (await gateway.manage("GET", "usage")).status == 200
        monkeypatch.setattr(bookkeeping, "ENDING", 10.0)
        assert (await restored(gateway, made.body)).status == 200


async def test_nothing_is_put_back_while_another_process_uses_the_database(postgres, tmp_path, upstream, monkeypatch):
    address = await postgres.fresh()
    async with serving(tmp_path, None, address) as gateway:
        await configure(gateway, text(upstream))
        made = await gateway.manage("POST", "backup")
        monkeypatch.setattr("plexus.storage.engine._PROCESS", "another")
        refused = await restored(gateway, made.body)
        assert (refused.status, refused.json["error"]["code"]) == (409, "in_use")
        assert (await gateway.chat("fast")).status == 200


async def test_what_cannot_be_served_is_taken_back(tmp_path, upstream, monkeypatch):
    monkeypatch.setenv("CONFIGURING_KEY", "sk-of-the-environment")
    async with serving(tmp_path, None) as gateway:
        await configure(gateway, text(upstream).replace(LITERAL, "${CONFIGURING_KEY}"))
        made = await gateway.manage("POST", "backup")
        await configure(gateway, text(upstream, "other"))
        assert (await gateway.chat("other")).status == 200
        before = await state(gateway)
        monkeypatch.delenv("CONFIGURING_KEY")
        refused = await restored(gateway, made.body)
        assert (refused.status, refused.json["error"]["code"]) == (409, "not_usable"), refused.body
        assert "CONFIGURING_KEY" in refused.json["error"]["message"]
        assert await state(gateway) == before
        assert (await gateway.chat("other")).status == 200


@pytest.mark.parametrize("spoil", ["cut", "changed", "something", "nothing", "of another key"])
async def test_what_is_no_whole_backup_is_refused_and_changes_nothing(spoil, tmp_path, upstream):
    async with serving(tmp_path / "one", None) as gateway:
        await configure(gateway, text(upstream))
        made = (await gateway.manage("POST", "backup")).body
        if spoil == "of another key":
            async with serving(tmp_path / "two", None) as other:
                made = (await other.manage("POST", "backup")).body
            made = made[:-1] + bytes([made[-1] ^ 1])
        middle = len(made) // 2
        sent = {
            "cut": made[:-20],
            "changed": made[:middle] + bytes([made[middle] ^ 255]) + made[middle + 1 :],
            "something": b"PK\x03\x04 an archive of another kind",
            "nothing": b"",
        }.get(spoil, made)
        before = await state(gateway)
        refused = await restored(gateway, sent)
        assert (refused.status, refused.json["error"]["code"]) == (400, "not_restorable"), refused.body
        assert str(tmp_path).encode() not in refused.body
        assert await state(gateway) == before
        assert left_over(gateway) == []
        assert (await gateway.chat("fast")).status == 200


async def test_a_backup_that_is_too_large_is_not_taken_in(tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "LARGEST", 1000)
    async with serving(tmp_path, None) as gateway:
        assert (await restored(gateway, bytes(1001))).status == 413
        pieces = b"400\r\n" + bytes(1024) + b"\r\n0\r\n\r\n"
        head = [("x-admin-key", ADMIN_KEY), ("transfer-encoding", "chunked")]
        async with await RawClient.connect(gateway.url) as client:
            sent = request("POST", "/v0/management/restore", b"", head, host="x").split(b"\r\n\r\n")[0] + b"\r\n\r\n"
            await client.send(sent.replace(b"content-length: 0\r\n", b"") + pieces)
            assert (await client.read_response()).status == 413
        packed = await ask(
            f"{gateway.url}/v0/management/restore", b"x", [("x-admin-key", ADMIN_KEY), ("content-encoding", "gzip")]
        )
        assert packed.status == 415
        assert left_over(gateway) == []


async def test_others_than_the_admin_neither_get_a_backup_nor_put_one_back(tmp_path, upstream):
    async with serving(tmp_path, None) as gateway:
        await configure(gateway, text(upstream))
        made = (await gateway.manage("POST", "backup")).body
        for path in ("backup", "restore"):
            for secret, status in ((CLIENT, 403), ("sk-nobody", 401)):
                url = f"{gateway.url}/v0/management/{path}"
                assert (await ask(url, made, [("x-admin-key", secret)])).status == status
        assert left_over(gateway) == []
        assert [row["action"] for row in (await gateway.get("audit"))["data"]] == ["backup", "replace"]


@pytest.fixture
def slow_work(monkeypatch):
    """Backups that wait, in their thread, until the event is set; the other says that one has begun."""
    began, go_on, real = threading.Event(), threading.Event(), back_up

    async def slow(*arguments: Any) -> Any:
        began.set()
        go_on.wait(30)
        return await real(*arguments)

    monkeypatch.setattr(safekeeping, "back_up", slow)
    yield began, go_on
    go_on.set()


async def test_while_a_backup_is_made_everything_is_served_and_a_second_one_is_refused(tmp_path, upstream, slow_work):
    began, go_on = slow_work
    async with serving(tmp_path, None) as gateway:
        await configure(gateway, text(upstream))
        first = asyncio.create_task(gateway.manage("POST", "backup"))
        await asyncio.to_thread(began.wait, 30)
        assert (await gateway.chat("fast")).status == 200
        second = await gateway.manage("POST", "backup")
        assert (second.status, second.json["error"]["code"]) == (409, "busy")
        go_on.set()
        assert (await first).status == 200


async def test_while_one_is_put_back_requests_are_refused_and_a_client_that_leaves_stops_nothing(
    tmp_path, upstream, slow_work
):
    began, go_on = slow_work
    async with serving(tmp_path, None) as gateway:
        go_on.set()
        await configure(gateway, text(upstream))
        made = (await gateway.manage("POST", "backup")).body
        await configure(gateway, text(upstream, "other"))
        began.clear()
        go_on.clear()
        async with await RawClient.connect(gateway.url) as client:
            await client.send(
                request("POST", "/v0/management/restore", made, [("x-admin-key", ADMIN_KEY)], host="gateway")
            )
            await asyncio.to_thread(began.wait, 30)
        refused = await gateway.chat("other")
        assert (refused.status, refused.header("retry-after")) == (503, "5")
        assert (await gateway.manage("GET", "usage")).status == 503
        assert (await ask(f"{gateway.url}/health", method="GET")).status == 200
        assert (await ask(f"{gateway.url}/health/ready", method="GET")).status == 503
        change = asyncio.create_task(
            gateway.put("user-quotas/new", {"type": "daily", "limit_type": "requests", "limit": 1})
        )
        go_on.set()
        while (await gateway.chat("fast")).status != 200:  # noqa: ASYNC110 - as a client finds out
            await asyncio.sleep(0.01)
        assert (await change).status == 409
        assert gateway.plexus._safekeeping is not None
        await gateway.plexus._safekeeping.finish()
        assert left_over(gateway) == []
