"""docs/api.md against the code: paths and methods on a running server, errors, headers and limits from their sources."""

import http.client
import re
from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest

from plexus.app import Plexus, protocols
from plexus.ir.drops import DropKind
from plexus.ir.errors import STATUS_OF, Fault
from plexus.pipeline import headers
from plexus.pipeline.snapshot import Limits
from plexus.settings.schema import Settings
from plexus.web import asgi, body, head_rules
from tests.docs.documents import ROOT, rows, text, ticked
from tests.harness.gateway import Gateway

PAGE = "docs/api.md"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NOT_BY_PROVIDERS = {"billing"}
"""Kinds that no client ever sees."""
TOLD = [(set(ticked(row[0])), ticked(row[1])[0], row[2] == "yes") for row in rows(PAGE, "Paths")]


def _concrete(path: str) -> str:
    return (
        path.replace("{version}", "v1")
        .replace("{model}", "demo/chat")
        .replace("{id}", "resp_1")
        .replace("{", "")
        .replace("}", "")
    )


@pytest.fixture
async def routes() -> AsyncIterator[Any]:
    plexus = Plexus(Settings())
    application = await plexus.start()
    yield {path.decode() for path in application._exact}, application._patterns
    await plexus.stop()


def test_every_path_is_told_and_none_that_does_not_exist(routes):
    exact, patterns = routes
    told = [_concrete(path) for _, path, _ in TOLD]
    assert len(set(told)) == len(told)
    assert exact <= set(told)
    for path in told:
        assert path in exact or any(pattern.fullmatch(path) for pattern, _ in patterns), path
    for pattern, _ in patterns:
        assert any(pattern.fullmatch(path) for path in told), pattern.pattern


def test_every_version_told_is_served(routes):
    versions = ticked(text(PAGE).partition("`{version}` is ")[2].partition(". A key")[0])
    assert len(versions) == 4
    for version in versions:
        for path in [path for _, path, _ in TOLD if "{version}" in path]:
            concrete = _concrete(path.replace("{version}", version))
            assert any(pattern.fullmatch(concrete) for pattern, _ in routes[1]), concrete


def _status(gateway: Gateway, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    try:
        connection.request(method, path, b"{}" if method in {"POST", "PUT", "PATCH"} else None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("methods", "path", "key"), TOLD, ids=[path for _, path, _ in TOLD])
def test_the_methods_told_are_served_with_a_key_where_told(methods, path, key, demo: Gateway):
    stored = path.startswith("/v1/responses/{id}")  # one endpoint serves what lies below it, whatever the method
    for method in METHODS:
        status, _ = _status(demo, method, _concrete(path))
        if method in methods:
            assert status == (401 if key else 200), method
        elif not stored:
            assert status == 405, method


def test_everything_else_is_not_found(demo: Gateway):
    for path in ("/metric", "/v1/embeddings", "/v1/audio/speech", "/v1/images/generations", "/v0/managementx"):
        status, said = _status(demo, "GET", path)
        assert status == 404, path
        assert b"unknown_path" in said, path


def test_the_front_page_names_only_paths_that_are_served(demo: Gateway, routes):
    page = _status(demo, "GET", "/")[1].decode()
    named = re.findall(r"<code>[A-Z]+ (/\S+?)</code>", page)
    assert len(named) >= 5
    for path in (name.replace("MODEL", "demo/chat") for name in named):
        assert path in routes[0] or any(pattern.fullmatch(path) for pattern, _ in routes[1]), path


def _cell(name: str, kind: Any) -> str:
    status, said = protocols()[name].encode_error(Fault(kind=kind, status=STATUS_OF[kind], message="m"))
    error = said["error"]
    words = [error["status"]] if name == "gemini" else [error["type"], error.get("code")]
    return " ".join([str(status), *(f"`{word}`" for word in words if word)])


def test_the_table_of_errors_is_what_the_protocols_write():
    table = {ticked(row[0])[0]: row[1:] for row in rows(PAGE, "Errors") if len(row) == 5}
    names = ("chat", "responses", "messages", "gemini")
    assert table == {kind: [_cell(name, kind) for name in names] for kind in STATUS_OF.keys() - NOT_BY_PROVIDERS}


def test_the_headers_told_are_those_in_the_sources():
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    written = set(re.findall(r"""b?["'](x-plexus-[a-z-]+[a-z])["']""", sources))
    answers = {ticked(row[0])[0] for row in rows(PAGE, "Headers of an answer")}
    requests = {ticked(row[0])[0].partition(":")[0] for row in rows(PAGE, "Headers of a request")}
    assert answers | {name for name in requests if name.startswith("x-plexus-")} == written


def test_the_headers_of_a_provider_that_come_back_are_told():
    section = text(PAGE).partition("Of the provider's headers these come back:")[2].partition("\n\n")[0]
    assert set(ticked(section)) == (headers._BACK | set(headers._BACK_PREFIXES)) - {"x-plexus-simulated"}


def test_the_limits_told_are_the_limits():
    told = {row[0]: row[1] for row in rows(PAGE, "Limits")}
    limits, rules = Limits(), head_rules.HeadRules
    assert told["body, unpacked"] == f"`limits.body`, {limits.body // 1_000_000} MB"
    assert told["nesting of its JSON"] == f"`limits.depth`, {limits.depth}"
    assert told["values in its JSON"] == f"`limits.elements`, {limits.elements:,}"
    assert told["an event of a provider's stream"] == f"`limits.sse_event`, {limits.sse_event // 1_000_000} MB"
    assert told["a provider's whole answer"] == f"{limits.answer // 1_000_000} MB"
    assert told["head"] == f"`limits.head`, {rules.head_size // 1024} KiB"
    assert told["headers"] == f"`limits.headers`, {rules.head_count}"
    assert told["time for the head"] == f"{rules.head_time:g} s"
    assert told["client that does not read"].startswith(f"{rules.write_time:g} s")
    assert told["time for the body"].startswith(f"{body.PATIENCE:g} s")
    assert f"{body.SLOWEST} bytes per second" in told["time for the body"]
    assert f"longer than {asgi._LONGEST} characters" in text(PAGE)


def test_the_fields_of_kept_state_are_told():
    section = text(PAGE).partition("\n## Stored responses\n")[2].partition("\n## ")[0]
    told = set(ticked(section)) - {"store"}
    assert told == {field for protocol in protocols().values() for field in protocol.state_fields}


def test_the_kinds_of_loss_are_told():
    assert {ticked(row[0])[0] for row in rows(PAGE, "Fidelity")} == set(get_args(DropKind))


@pytest.mark.parametrize(
    ("path", "body", "asked"),
    [
        ("/v1/messages/count_tokens", {"model": "demo/chat", "messages": [{"role": "user", "content": "hi"}]}, True),
        ("/v1beta/models/demo/chat:countTokens", {"contents": [{"parts": [{"text": "hi"}]}]}, True),
        ("/v1/responses/input_tokens", {"model": "demo/chat", "input": "hi"}, False),
    ],
)
def test_a_target_that_can_count_is_asked_and_other_counts_are_marked(path, body, asked, demo: Gateway):
    status, said, _ = demo.post(path, body, {"authorization": "Bearer sk-plexus-demo"})
    assert status == 200
    assert ("x-plexus-estimated" not in said) == asked
