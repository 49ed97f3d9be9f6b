"""Changing the configuration through the management API, with a file and with the database as its home: the same on both."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from sqlalchemy import text as sql

from plexus.app import Plexus, known
from plexus.core.secret import REDACTED, Secret
from plexus.pipeline.books import Place
from plexus.settings.database_url import DatabaseAddress
from plexus.settings.file_home import FileHome
from plexus.settings.schema import Settings
from plexus.storage.encrypted import WrongKey, rekey
from plexus.storage.failures import DatabaseAway
from plexus.web.server import Server
from tests.harness.raw_client import Response, ask
from tests.harness.recorded_upstream import Answer, RecordedUpstream

ADMIN_KEY = "sk-admin-configuring-4711"
LITERAL = "sk-literal-of-the-provider-0815"
FROM_ENVIRONMENT = "sk-from-the-environment-0816"
CLIENT = "sk-client-of-alice-0817"
TEXT = f"""# what we serve
providers:
  # the good one
  openai:
    api_base_url: {{chat: http://127.0.0.1:9/v1}}
    api_key: ${{CONFIGURING_KEY}}   # never here
    models: [gpt-4o, gpt-4o-mini]
  other/one:
    api_base_url: {{chat: http://127.0.0.1:9/v1}}
    api_key: {LITERAL}
    headers: {{x-team: "Bearer ${{CONFIGURING_KEY}}"}}
    models: [m]

models:
  fast:
    targets:
      - {{provider: openai, model: gpt-4o-mini}}   # cheap
keys:
  alice: {{secret: {CLIENT}, comment: the first}}
  # bob comes later
cooldown: {{initial: 2m}}
"""


class Configured(NamedTuple):
    """A gateway whose configuration has a home."""

    url: str
    plexus: Plexus
    file: Path | None

    async def manage(self, method: str, path: str, body: Any = b"") -> Response:
        return await ask(f"{self.url}/v0/management/{path}", body, [("x-admin-key", ADMIN_KEY)], method=method)

    async def get(self, path: str) -> Any:
        answer = await self.manage("GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    async def yaml(self) -> str:
        return (await self.manage("GET", "config?form=yaml")).body.decode()

    async def version(self) -> str:
        version: str = (await self.get("config"))["version"]
        return version

    async def put(self, path: str, settings: Any, version: str | None = None) -> Response:
        return await self.manage("PUT", path, {"version": version, "settings": settings})

    async def chat(self, model: str, secret: str = CLIENT) -> Response:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        return await ask(f"{self.url}/v1/chat/completions", body, [("authorization", f"Bearer {secret}")])

    async def stored(self) -> str:
        """All that stands in the tables, as text."""
        assert self.plexus.bookkeeping is not None
        async with self.plexus.bookkeeping.database.reading() as connection:
            rows = [
                (await connection.execute(sql(f"SELECT * FROM {name}"))).all()
                for name in ("config_revisions", "audit_log")
            ]
        return repr(rows)


@contextlib.asynccontextmanager
async def serving(
    folder: Path, file: FileHome | None, database: DatabaseAddress | None = None
) -> AsyncIterator[Configured]:
    address = database or DatabaseAddress("sqlite", path=folder / "plexus.db")
    settings = file.load() if file is not None else Settings()
    books = Place(address, folder / "journal", Secret("a passphrase for the test"))
    plexus = Plexus(
        settings, lambda _: None, admin_key=Secret(ADMIN_KEY), books=books, configuration=file or "database"
    )
    application = await plexus.start()
    assert plexus.bookkeeping is not None
    await plexus.bookkeeping.ready()
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(application, settings, grace=1.0, notice=0.0)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0)
    try:
        yield Configured(f"http://127.0.0.1:{listener.getsockname()[1]}", plexus, file.path if file else None)
    finally:
        server.should_exit = True
        await serving
        await plexus.stop()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGURING_KEY", FROM_ENVIRONMENT)


@pytest.fixture(params=["file", "database"])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Configured]:
    if request.param == "file":
        path = tmp_path / "plexus.yaml"
        path.write_text(TEXT, encoding="utf-8")
        async with serving(tmp_path, FileHome(path, known())) as started:
            yield started
        return
    async with serving(tmp_path, None) as started:
        replaced = await started.manage("PUT", f"config?version={await started.version()}", TEXT.encode())
        assert replaced.status == 200, replaced.body
        yield started


async def test_a_provider_is_made_changed_and_taken_out_and_the_rest_of_the_text_stays(gateway):
    before = await gateway.yaml()
    new = {"api_base_url": {"chat": "http://127.0.0.1:9/v1"}, "api_key": "${CONFIGURING_KEY}", "models": ["x"]}
    made = await gateway.put("providers/a:b/c", new)
    assert made.status == 200, made.body
    assert "+  a:b/c:" in made.json["diff"]
    shown = await gateway.get("providers/a:b/c")
    assert shown["written"] == new
    assert shown["version"] == made.json["version"]
    changed = await gateway.put("providers/a:b/c", {**new, "discount": 0.1}, shown["version"])
    assert changed.json["diff"].count("\n+") == 2  # the head of the diff, and one line
    assert gateway.plexus.settings.providers["a:b/c"].discount == Decimal("0.1")
    gone = await gateway.manage("DELETE", f"providers/a:b/c?version={changed.json['version']}")
    assert (gone.status, gone.json["version"]) == (200, None)
    assert await gateway.yaml() == before
    assert "a:b/c" not in gateway.plexus.settings.providers


async def test_comments_and_references_stay_where_they_are(gateway):
    shown = await gateway.get("providers/openai")
    changed = await gateway.put("providers/openai", {**shown["written"], "max_concurrency": 7}, shown["version"])
    assert changed.status == 200, changed.body
    text = await gateway.yaml()
    for kept in (
        "# what we serve",
        "# the good one",
        "${CONFIGURING_KEY}   # never here",
        "# cheap",
        "# bob comes later",
    ):
        assert kept in text
    assert gateway.plexus.settings.providers["openai"].api_key == Secret(FROM_ENVIRONMENT)
    if gateway.file is not None:
        old, new = TEXT.splitlines(), gateway.file.read_text().splitlines()
        assert [line for line in new if line not in old] == ["    max_concurrency: 7"]
        assert [line for line in old if line not in new] == []


@pytest.mark.parametrize("path", ["providers/other%2Fone", "config"])
async def test_187_a_masked_value_sent_back_leaves_the_secret(gateway, path):
    if path == "config":
        text = await gateway.yaml()
        assert text.count(REDACTED) >= 2
        sent = text.replace("initial: 2m", "initial: 3m").encode()
        changed = await gateway.manage("PUT", f"config?version={await gateway.version()}", sent)
    else:
        shown = await gateway.get(path)
        assert shown["written"]["api_key"] == REDACTED
        changed = await gateway.put(path, {**shown["written"], "discount": 0.5}, shown["version"])
    assert changed.status == 200, changed.body
    assert changed.json["diff"]
    provider = gateway.plexus.settings.providers["other/one"]
    assert provider.api_key == Secret(LITERAL)
    assert provider.headers["x-team"] == Secret(f"Bearer {FROM_ENVIRONMENT}")
    assert (await gateway.chat("fast")).status != 401


@pytest.mark.parametrize("value", [REDACTED, f"Bearer {REDACTED}"])
async def test_187_a_masked_value_where_there_is_no_secret_is_refused(gateway, value):
    base = {"api_base_url": {"chat": "http://127.0.0.1:9/v1"}, "models": ["m"]}
    refused = await gateway.put("providers/new", {**base, "api_key": value})
    assert (refused.status, refused.json["error"]["code"]) == (400, "masked_value")
    shown = await gateway.get("providers/openai")
    renamed = await gateway.put("providers/openai", {**shown["written"], "headers": {"x-new": value}}, shown["version"])
    assert (renamed.status, renamed.json["error"]["param"]) == (400, "providers.openai.headers.x-new")


async def test_p12_what_would_not_load_is_refused_as_a_whole_with_path_and_fix(gateway):
    before, served = await gateway.yaml(), gateway.plexus.settings
    cases = [
        ("aliases/loop", {"targets": [{"alias": "loop"}]}),
        ("aliases/lost", {"targets": [{"provider": "nobody", "model": "m"}]}),
        ("providers/p", {"models": ["m"], "api_kye": "x"}),
        ("user-quotas/q", {"type": "daily", "limit_type": "tokens", "limit": -1}),
        ("mcp-servers/s", {"url": "no url"}),
        ("settings/cooldown", {"initial": "soon"}),
        ("settings/cooldown", ["a list"]),
    ]
    for path, settings in cases:
        version = (await gateway.get(path))["version"] if path.startswith("settings") else None
        refused = await gateway.put(path, settings, version)
        assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_configuration"), refused.body
        assert refused.json["error"]["param"]
    for text in (
        b"",
        b"providers: [",
        b"providers: {}\nproviders: {}",
        b"a: " * 100,
        b"\xff\xfe",
        b"x: !!python/object:os {}",
    ):
        refused = await gateway.manage("PUT", f"config?version={await gateway.version()}", text)
        assert refused.status in {400, 409}, (text, refused.body)
    assert await gateway.yaml() == before
    assert gateway.plexus.settings is served


async def test_s12_fields_that_nobody_may_write_are_refused(gateway):
    for field in ("role", "is_admin", "owner", "id", "created_at", "quota", "version"):
        refused = await gateway.manage("POST", "keys", {"name": "eve", "settings": {field: 1}})
        assert refused.status == 400, (field, refused.body)
        refused = await gateway.manage("POST", "keys", {"name": "eve", "settings": {}, field: 1})
        assert refused.status == 400, (field, refused.body)
    assert "eve" not in gateway.plexus.settings.keys


async def test_p13_of_two_writes_on_one_version_one_is_told_the_current_one(gateway):
    shown = await gateway.get("providers/openai")
    writes = [
        gateway.put("providers/openai", {**shown["written"], "max_concurrency": n}, shown["version"]) for n in (3, 4, 5)
    ]
    answers = sorted(await asyncio.gather(*writes), key=lambda answer: answer.status)
    assert [answer.status for answer in answers] == [200, 409, 409]
    assert answers[0].json["version"] in answers[1].json["error"]["message"]
    assert gateway.plexus.settings.providers["openai"].max_concurrency in {3, 4, 5}
    made_again = await gateway.put("providers/openai", shown["written"])
    assert (made_again.status, made_again.json["error"]["code"]) == (409, "stale_version")


async def test_p13_writes_to_different_things_do_not_disturb_each_other(gateway):
    quota = {"type": "daily", "limit_type": "tokens", "limit": 1000}
    answers = await asyncio.gather(*(gateway.put(f"user-quotas/q{n}", quota) for n in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert set(gateway.plexus.settings.user_quotas) == {f"q{n}" for n in range(8)}


async def test_a_key_is_made_rotated_with_an_overlap_disabled_and_deleted(gateway):
    made = await gateway.manage("POST", "keys", {"name": "bob", "settings": {"comment": "ours"}})
    assert made.status == 201, made.body
    first = made.json["secret"]
    assert (await gateway.chat("nothing", first)).status == 404
    turned = await gateway.manage("POST", "keys/bob/rotate", {"version": made.json["version"], "overlap": 3600})
    second = turned.json["secret"]
    assert [(await gateway.chat("nothing", one)).status for one in (first, second)] == [404, 404]
    again = await gateway.manage("POST", "keys/bob/rotate", {"version": turned.json["version"]})
    third = again.json["secret"]
    assert [(await gateway.chat("nothing", one)).status for one in (first, second, third)] == [404, 401, 404]
    shown = await gateway.get("keys/bob")
    assert gateway.plexus.settings.keys["bob"].comment == "ours"
    off = await gateway.put("keys/bob", {"comment": "ours", "enabled": False}, shown["version"])
    assert off.status == 200, off.body
    assert (await gateway.chat("nothing", third)).status == 401
    on = await gateway.put("keys/bob", {"comment": "ours"}, off.json["version"])
    assert (await gateway.chat("nothing", third)).status == 404
    gone = await gateway.manage("DELETE", f"keys/bob?version={on.json['version']}")
    assert gone.status == 200
    assert (await gateway.chat("nothing", third)).status == 401
    everything = await gateway.stored() + await gateway.yaml() + str(await gateway.get("audit"))
    assert not [secret for secret in (first, second, third) if secret in everything]


async def test_a_secret_of_the_admins_own_is_kept_as_its_hash(gateway):
    made = await gateway.put("keys/carol", {"secret": "sk-chosen-by-the-admin"})
    assert made.status == 200, made.body
    assert (await gateway.chat("nothing", "sk-chosen-by-the-admin")).status == 404
    assert gateway.plexus.settings.keys["carol"].secret is None
    for secret in ("has blanks in it", "tail\n", "a:b"):
        refused = await gateway.put("keys/dave", {"secret": secret})
        assert (refused.status, refused.json["error"]["param"]) == (400, "keys.dave.secret"), secret


async def test_s24_each_change_is_in_the_log_with_who_what_and_both_sides_redacted(gateway):
    shown = await gateway.get("providers/other%2Fone")
    changed = await gateway.put(
        "providers/other%2Fone", {**shown["written"], "api_key": "sk-another-0818"}, shown["version"]
    )
    assert changed.status == 200
    newest = (await gateway.get("audit?limit=1"))["data"][0]
    assert (newest["actor"], newest["action"], newest["subject_kind"], newest["subject"]) == (
        "admin",
        "change",
        "providers",
        "other/one",
    )
    assert newest["before"]["api_key"] == newest["after"]["api_key"] == REDACTED
    assert newest["address"] == "127.0.0.1"
    assert newest["request_id"]
    told = str(await gateway.get("audit")) + str(await gateway.get("config/revisions")) + changed.body.decode()
    assert not [secret for secret in (LITERAL, "sk-another-0818", FROM_ENVIRONMENT, CLIENT) if secret in told]
    for method in ("PUT", "DELETE", "POST"):
        assert (await gateway.manage(method, "audit")).status == 405


async def test_revisions_are_listed_shown_and_gone_back_to(gateway):
    await gateway.put("user-quotas/one", {"type": "daily", "limit_type": "tokens", "limit": 1000})
    await gateway.put("user-quotas/two", {"type": "daily", "limit_type": "tokens", "limit": 1000})
    first = await gateway.get("config/revisions?limit=1")
    newest = first["data"][0]["revision"]
    rest = await gateway.get(f"config/revisions?cursor={first['next_cursor']}")
    assert [row["revision"] for row in rest["data"]] == list(range(newest - 1, 0, -1))
    shown = (await gateway.get(f"config/revisions/{newest - 1}"))["yaml"]
    assert "one:" in shown
    assert "two:" not in shown
    assert not [secret for secret in (LITERAL, FROM_ENVIRONMENT, CLIENT) if secret in shown]
    back = await gateway.manage("POST", f"config/revisions/{newest - 1}/restore", {"version": await gateway.version()})
    assert back.status == 200, back.body
    assert set(gateway.plexus.settings.user_quotas) == {"one"}
    assert gateway.plexus.settings.providers["other/one"].api_key == Secret(LITERAL)
    assert (await gateway.chat("nothing")).status == 404
    assert (await gateway.manage("GET", "config/revisions/4711")).status == 404
    stale = await gateway.manage("POST", f"config/revisions/{newest}/restore", {"version": "old"})
    assert stale.status == 409


async def test_no_secret_stands_in_the_database_in_plaintext_with_an_encryption_key(gateway, tmp_path):
    await gateway.put("user-quotas/one", {"type": "daily", "limit_type": "tokens", "limit": 1000})
    data = b"".join(path.read_bytes() for path in tmp_path.glob("plexus.db*"))
    assert not [secret for secret in (LITERAL, FROM_ENVIRONMENT, CLIENT) if secret.encode() in data]


async def test_p11_a_request_finishes_on_the_configuration_it_started_with(gateway):
    async with RecordedUpstream() as upstream:
        upstream.key = lambda _: "any"
        upstream.on(
            "any",
            Answer(
                [
                    b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}'
                ],
                pause=1.0,
            ),
        )
        provider = {"api_base_url": {"chat": upstream.base_url("chat")}, "api_key": "k", "models": ["slow"]}
        made = await gateway.put("providers/slow", provider)
        asking = asyncio.create_task(gateway.chat("direct/slow/slow"))
        while not upstream.received:  # noqa: ASYNC110 - the harness offers no event
            await asyncio.sleep(0.01)
        gone = await gateway.manage("DELETE", f"providers/slow?version={made.json['version']}")
        assert gone.status == 200
        assert (await asking).status == 200
        assert (await gateway.chat("direct/slow/slow")).status == 404


async def test_a_block_is_set_and_brought_back_to_its_default(gateway):
    assert (await gateway.get("settings/stall"))["written"] is None
    made = await gateway.put("settings/stall", {"window": "20s"})
    assert made.status == 200, made.body
    assert gateway.plexus.settings.stall.window == 20
    gone = await gateway.manage("DELETE", f"settings/stall?version={made.json['version']}")
    assert gone.status == 200
    assert gateway.plexus.settings.stall == Settings().stall
    assert (await gateway.put("settings/providers", {})).status == 404


async def test_p14_a_change_is_live_in_every_process_within_two_seconds(postgres, tmp_path):
    address = await postgres.fresh()
    async with serving(tmp_path / "a", None, address) as one, serving(tmp_path / "b", None, address) as other:
        made = await one.put("user-quotas/q", {"type": "daily", "limit_type": "tokens", "limit": 1000})
        assert made.status == 200, made.body
        async with asyncio.timeout(2.0):
            while "q" not in other.plexus.settings.user_quotas:  # noqa: ASYNC110 - what is measured
                await asyncio.sleep(0.02)
        assert (await other.get("user-quotas/q"))["version"] == made.json["version"]
        quota = {"type": "daily", "limit_type": "requests", "limit": 5}
        answers = await asyncio.gather(*((one, other)[n % 2].put(f"user-quotas/p{n}", quota) for n in range(4)))
        assert sorted(answer.status for answer in answers) == [200] * 4
        async with asyncio.timeout(2.0):
            while not all(len(each.plexus.settings.user_quotas) == 5 for each in (one, other)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)


async def test_s50_a_start_with_another_key_is_refused_on_both_engines(address, tmp_path):
    async with serving(tmp_path, None, address) as gateway:
        assert (await gateway.manage("POST", "keys", {"name": "me"})).status == 201
    for key in (Secret("another passphrase for the test"), None):
        books = Place(address, tmp_path / f"journal-{key is None}", key)
        plexus = Plexus(Settings(), lambda _: None, admin_key=Secret(ADMIN_KEY), books=books, configuration="database")
        with pytest.raises(WrongKey):
            await plexus.start()
        await plexus.stop()


async def test_a_key_of_the_secrets_that_was_changed_meanwhile_is_told_and_what_is_served_goes_on(postgres, tmp_path):
    address = await postgres.fresh()
    async with serving(tmp_path, None, address) as gateway:
        assert (await gateway.put("providers/p", {"type": "demo", "models": ["demo/chat"]})).status == 200
        secret = (await gateway.manage("POST", "keys", {"name": "me"})).json["secret"]
        assert gateway.plexus.bookkeeping is not None
        old, new = Secret("a passphrase for the test"), Secret("another passphrase for the test")
        await rekey(gateway.plexus.bookkeeping.database, old, new)
        told = [
            await gateway.manage("POST", "keys", {"name": "late"}),
            await gateway.manage("GET", "config/revisions/1"),
        ]
        for answer in told:
            assert (answer.status, answer.json["error"]["code"]) == (503, "key_changed"), answer.body
            assert "start it again" in answer.json["error"]["message"]
        assert (await gateway.chat("demo/chat", secret)).status == 200
        assert (await gateway.get("keys/me"))["usable"] is True


async def test_an_empty_database_is_served_and_configured_and_keeps_what_was_configured(tmp_path):
    async with serving(tmp_path, None) as gateway:
        assert gateway.plexus.settings == Settings()
        assert (await gateway.put("providers/p", {"type": "demo", "models": ["demo/chat"]})).status == 200
        key = (await gateway.manage("POST", "keys", {"name": "me"})).json["secret"]
        assert (await gateway.chat("demo/chat", key)).status == 200
    async with serving(tmp_path, None) as gateway:
        assert (await gateway.chat("demo/chat", key)).status == 200
        assert yaml.safe_load(await gateway.yaml())["providers"] == {"p": {"type": "demo", "models": ["demo/chat"]}}


async def test_a_key_made_for_a_file_is_keyed_and_works_after_a_restart(tmp_path):
    path = tmp_path / "plexus.yaml"
    path.write_text(TEXT, encoding="utf-8")
    async with serving(tmp_path, FileHome(path, known())) as gateway:
        secret = (await gateway.manage("POST", "keys", {"name": "me"})).json["secret"]
    assert path.read_text().count("secret_hash: hmac-sha256:") == 1
    async with serving(tmp_path, FileHome(path, known())) as gateway:
        assert (await gateway.chat("nothing", secret)).status == 404
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with serving(elsewhere, FileHome(path, known())) as gateway:
        assert (await gateway.chat("nothing", secret)).status == 401
        assert (await gateway.get("keys/me"))["usable"] is False
        assert (await gateway.get("keys/alice"))["usable"] is True
        assert (await gateway.chat("nothing")).status == 404


async def test_the_watcher_takes_an_own_write_for_no_news(tmp_path):
    path = tmp_path / "plexus.yaml"
    path.write_text(TEXT, encoding="utf-8")
    file = FileHome(path, known())
    news: list[Settings] = []
    async with serving(tmp_path, file) as gateway:
        watching = asyncio.create_task(file.watch(news.append, lambda error: pytest.fail(str(error))))
        assert (await gateway.put("user-quotas/q", {"type": "daily", "limit_type": "tokens", "limit": 1})).status == 200
        by_hand = path.with_suffix(".new")  # replaced in one step, so that it is never seen half written
        by_hand.write_text(path.read_text() + "# by hand\ndefault_quotas: [q]\n")
        by_hand.replace(path)
        while not news or not news[-1].default_quotas:  # noqa: ASYNC110 - watching offers no event
            await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert all(one.user_quotas for one in news)


async def test_revealing_tells_what_is_written_and_is_in_the_log_before(gateway):
    answer = await gateway.manage("POST", "providers/other/one/reveal")
    assert answer.header("cache-control") == "no-store"
    told = {row["path"]: (row["written"], row["variables"]) for row in answer.json["secrets"]}
    assert told == {"api_key": (LITERAL, []), "headers.x-team": ("Bearer ${CONFIGURING_KEY}", ["CONFIGURING_KEY"])}
    referring = (await gateway.manage("POST", "providers/openai/reveal")).json
    [only] = referring["secrets"]
    assert only == {"path": "api_key", "written": "${CONFIGURING_KEY}", "variables": ["CONFIGURING_KEY"]}
    entries = (await gateway.get("audit"))["data"][:2]
    assert [(entry["action"], entry["subject"]) for entry in entries] == [("reveal", "openai"), ("reveal", "other/one")]
    assert all(entry["request_id"] and entry["before"] is entry["after"] is None for entry in entries)
    stored = await gateway.stored()
    assert LITERAL not in stored
    assert FROM_ENVIRONMENT not in stored


async def test_what_cannot_be_noted_is_not_revealed(gateway, monkeypatch):
    async def away(*_: Any) -> None:
        raise DatabaseAway("the database does not answer")

    editing = gateway.plexus._editing
    assert editing is not None
    monkeypatch.setattr(editing.revisions, "log", away)
    answer = await gateway.manage("POST", "providers/other/one/reveal")
    assert answer.status == 503
    assert LITERAL.encode() not in answer.body
