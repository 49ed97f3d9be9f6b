"""Metrics: what happened is counted, only those who may see it, and no label grows with what clients send (S23, S44)."""

import re
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from plexus.pipeline.tallies import MODELS, OTHER, Tallies
from tests.docs.documents import rows, ticked
from tests.faults.kit import body_of, path_of
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import Response, ask

ADMIN_KEY = "sk-admin-metrics-4711"
TOKEN = "scrape-4711-token"
PRICE = {"source": "simple", "input": 1.0, "output": 10.0}


@pytest.fixture
async def gateway(tmp_path) -> AsyncIterator[Running]:
    async with FaultUpstream() as upstream:
        models = {name: {"pricing": PRICE} for name in ("fault/ok", "fault/status-500")}
        target = {**provider(upstream.base_url("chat"), "chat", [], disable_cooldown=False), "models": models}
        config = {
            "providers": {"p": target},
            "keys": {"me": {"secret": KEY}, "a-key-with-a-name": {"secret": "sk-you"}},
            "network": {"metrics_token": TOKEN},
        }
        async with running(config, admin_key=ADMIN_KEY, books=tmp_path) as started:
            yield started


async def scrape(gateway: Running, secret: str = TOKEN, method: str = "GET") -> Response:
    return await ask(f"{gateway.url}/metrics", b"", [("authorization", f"Bearer {secret}")], method=method)


async def talk(gateway: Running, model: str, *, stream: bool, secret: str = KEY) -> None:
    model = f"direct/p/{model}"
    path, headers = path_of("chat", model, stream=stream), [("authorization", f"Bearer {secret}")]
    await ask(gateway.url + path, body_of("chat", model, stream=stream), headers)


def samples(answer: Response) -> dict:
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def only(found: dict, name: str, **labels: str) -> float:
    values = [value for (own, has), value in found.items() if own == name and labels.items() <= dict(has).items()]
    assert len(values) == 1, (name, labels, values)
    return float(values[0])


async def test_what_happened_is_counted(gateway):
    await talk(gateway, "fault/ok", stream=False)
    await talk(gateway, "fault/ok", stream=True)
    await talk(gateway, "fault/status-500", stream=False)
    answer = await scrape(gateway)
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/plain; version=0.0.4")
    found = samples(answer)
    booked = [record.row for record in gateway.records]
    assert (
        only(found, "plexus_requests_total", provider="p", model="fault/ok", client_protocol="chat", status="ok") == 2
    )
    assert only(found, "plexus_requests_total", model="fault/status-500", status="error") == 1
    assert only(found, "plexus_request_errors_total", provider="p") == 1
    for kind in ("input", "output"):
        counted = sum(getattr(row, f"{kind}_tokens") for row in booked)
        assert only(found, "plexus_tokens_total", model="fault/ok", kind=kind) == counted > 0
    cost = sum(row.cost for row in booked if row.cost is not None)
    assert only(found, "plexus_cost_usd_total", model="fault/ok") == pytest.approx(float(cost))
    assert only(found, "plexus_request_duration_seconds_count", provider="p") == 3
    assert only(found, "plexus_request_duration_seconds_bucket", provider="p", le="+Inf") == 3
    assert only(found, "plexus_time_to_first_token_seconds_count", provider="p") >= 1
    assert only(found, "plexus_cooldowns", provider="p") == 1
    assert only(found, "plexus_requests_in_flight") == 1
    assert only(found, "plexus_journal_backlog_bytes") >= 0
    assert only(found, "plexus_rows_lost") == 0
    assert only(found, "plexus_event_loop_lag_seconds") >= 0


async def test_s23_only_the_admin_and_the_token_open_it(gateway):
    for secret, status in ((TOKEN, 200), (ADMIN_KEY, 200), (KEY, 403), ("sk-nobody", 401), (TOKEN[:-1], 401)):
        assert (await scrape(gateway, secret)).status == status, secret
    bare = await ask(f"{gateway.url}/metrics", b"", [], method="GET")
    assert bare.status == 401
    in_query = await ask(f"{gateway.url}/metrics?key={TOKEN}", b"", [], method="GET")
    assert in_query.status == 401
    assert (await scrape(gateway, TOKEN, "POST")).status == 405
    token_elsewhere = await ask(f"{gateway.url}/v0/management/self", b"", [("x-admin-key", TOKEN)], method="GET")
    assert token_elsewhere.status == 401


async def test_s23_no_secret_and_no_name_of_a_key_is_shown(gateway):
    await talk(gateway, "fault/ok", stream=False, secret="sk-you:label-of-a-client")
    text = (await scrape(gateway)).body.decode()
    for word in ("a-key-with-a-name", "label-of-a-client", "sk-", TOKEN, ADMIN_KEY):
        assert word not in text, word


async def test_s44_labels_do_not_grow_with_what_clients_send(gateway):
    for number in range(60):
        await talk(gateway, f"a-made-up-model-{number}", stream=False)
    assert b"a-made-up-model" not in (await scrape(gateway)).body


async def test_s44_targets_beyond_the_most_are_counted_together(gateway):
    await talk(gateway, "fault/ok", stream=False)
    record, tallies = gateway.records[0], Tallies()
    for number in range(MODELS + 50):
        tallies.took(replace(record, row=replace(record.row, model=f"m{number}", error_class=f"c{number}")))
    assert len({(provider, model) for provider, model, _, _ in tallies.requests}) == MODELS + 1
    assert tallies.requests[OTHER, OTHER, "chat", "ok"] == 50
    assert sum(tallies.errors.values()) == MODELS + 50


async def test_every_metric_is_told_with_its_labels_and_no_other(gateway):
    await talk(gateway, "fault/status-500", stream=True)
    await talk(gateway, "fault/ok", stream=True)
    await talk(gateway, "fault/ok", stream=False)
    there: dict[str, set[str]] = {}
    for name, labels in samples(await scrape(gateway)):
        bare = re.sub(r"_(bucket|count|sum|created)$", "", name)
        there.setdefault(bare, set()).update(key for key, _ in labels if key != "le")
    told = {ticked(row[0])[0]: set(ticked(row[1])) for row in rows("docs/observability.md", "Metrics")}
    assert set(there) <= set(told)
    assert set(told) - set(there) <= {"plexus_attempts_in_flight", "plexus_cost_unknown_requests_total"}
    assert {name: told[name] for name in there} == there
