"""Usage through the management API: what was asked of the gateway is in its lists, sums and quotas; each key sees its own."""

import base64
import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from plexus.core.clock import Clock
from plexus.pipeline.books import Place
from plexus.usage.row import UsageRow
from plexus.usage.store import write_rows
from tests.faults.kit import body_of, path_of
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.raw_client import Response, ask
from tests.unit.usage.some_rows import some_rows

ADMIN_KEY = "sk-admin-usage-4711"
BASE = "/v0/management"
PRICE = {"source": "simple", "input": 1.0, "output": 10.0}


@pytest.fixture
async def gateway(address, tmp_path) -> AsyncIterator[Running]:
    async with FaultUpstream() as upstream:
        models: Any = {name: {"pricing": PRICE} for name in ("fault/ok", "fault/status-500")}
        config = {
            "providers": {"p": provider(upstream.base_url("chat"), "chat", models)},
            "keys": {"me": {"secret": KEY, "quotas": ["q"]}, "you": {"secret": "sk-you"}},
            "user_quotas": {"q": {"type": "daily", "limit_type": "requests", "limit": 9}},
        }
        books = Place(address, tmp_path / "journal")
        # The rows of tests are of the first hour of 1970, and must not be too old to be kept.
        clock = Clock(wall=lambda: 86_400.0 + time.monotonic() % 3600)
        async with running(config, clock, admin_key=ADMIN_KEY, books=books) as started:
            assert started.plexus.bookkeeping is not None
            await started.plexus.bookkeeping.ready()
            yield started


async def as_admin(gateway: Running, path: str, method: str = "GET") -> Response:
    return await ask(gateway.url + BASE + path, b"", [("x-admin-key", ADMIN_KEY)], method=method)


async def mine(gateway: Running, path: str) -> Response:
    return await gateway.get(BASE + path)


async def talk(gateway: Running, model: str, *, stream: bool = False) -> Response:
    model = f"direct/p/{model}"
    return await gateway.post(path_of("chat", model, stream=stream), body_of("chat", model, stream=stream))


async def settled(gateway: Running) -> None:
    assert gateway.plexus.bookkeeping is not None
    await gateway.plexus.bookkeeping.drain.settle()


async def put(gateway: Running, rows: list[UsageRow]) -> None:
    assert gateway.plexus.bookkeeping is not None
    async with gateway.plexus.bookkeeping.database.writing() as connection:
        await write_rows(connection, rows)


async def test_requests_are_listed_shown_summed_and_counted(gateway):
    assert (await talk(gateway, "fault/ok")).status == 200
    assert (await talk(gateway, "fault/ok", stream=True)).status == 200
    assert (await talk(gateway, "fault/status-500")).status == 502
    await settled(gateway)

    listed = (await mine(gateway, "/usage?sort=started_at&order=asc")).json
    assert (listed["total"], listed["total_is_exact"], listed["next_cursor"]) == (3, True, None)
    whole, _, failed = listed["data"]
    assert [row["streaming"] for row in listed["data"]] == [False, True, False]
    assert whole["key"] == "me"
    assert whole["provider"] == "p"
    assert float(whole["cost"]) > 0
    assert (failed["status"], failed["http_status"]) == ("error", 502)

    assert [row["request_id"] for row in (await mine(gateway, "/errors")).json["data"]] == [failed["request_id"]]
    shown = (await mine(gateway, f"/usage/{whole['request_id']}")).json
    assert shown["attempts"][0]["cost"] == whole["cost"]
    assert {name: shown[name] for name in whole} == whole

    summed = (await mine(gateway, "/usage/summary?group_by=status")).json
    by_status = {group["group"]["status"]: group["requests"] for group in summed["data"]}
    assert by_status == {"ok": 2, "error": 1}
    assert (summed["total"]["requests"], summed["total"]["errors"]) == (3, 1)
    costs = [float(row["cost"]) for row in listed["data"] if row["cost"]]
    assert float(summed["total"]["cost"]) == pytest.approx(sum(costs))

    standing = (await mine(gateway, "/quota/status/me")).json
    assert [(one["quota"], one["limit"], one["used"]) for one in standing["quotas"]] == [("q", "9", "2")]


async def test_pages_follow_one_another_by_their_cursor(gateway):
    await put(gateway, some_rows(7, 25, 1_000, 1_010))
    for query in ("sort=cost&order=desc", "sort=duration_ms&order=asc", "sort=started_at"):
        found: list[str] = []
        cursor = ""
        while True:
            page = (await as_admin(gateway, f"/usage?{query}&limit=4{cursor}")).json
            found += [row["request_id"] for row in page["data"]]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert len(found) == len(set(found)) == page["total"]
        assert page["total"] == (
            25 if "cost" not in query else sum(row.cost is not None for row in some_rows(7, 25, 1_000, 1_010))
        )


async def test_s11_a_keys_holder_sees_its_own_requests_and_quotas_alone(gateway):
    rows = some_rows(8, 40, 1_000, 3_600_000)
    await put(gateway, rows)
    own = [row.request_id for row in rows if row.key == "me"]
    foreign = next(row.request_id for row in rows if row.key == "you")
    failed = [row.request_id for row in rows if row.key == "me" and row.status not in {"ok", "cancelled"}]
    assert {row["request_id"] for row in (await mine(gateway, "/usage")).json["data"]} == set(own)
    assert {row["request_id"] for row in (await mine(gateway, "/errors")).json["data"]} == set(failed)
    assert (await mine(gateway, "/usage?key=you")).json["total"] == 0
    summed = (await mine(gateway, "/usage/summary?since=0&until=7200000&group_by=key")).json
    assert {group["group"]["key"] for group in summed["data"]} == {"me"}
    assert summed["total"]["requests"] == len(own)
    assert (await mine(gateway, "/usage/summary?since=0&until=7200000&key=you")).json["data"] == []
    for path in (f"/usage/{foreign}", "/quota/status/you"):
        answer, nothing = await mine(gateway, path), await mine(gateway, path.replace(path.rpartition("/")[2], "none"))
        assert (answer.status, nothing.status) == (404, 404)
        assert answer.body.replace(path.rpartition("/")[2].encode(), b"none") == nothing.body
    assert (
        await ask(gateway.url + f"{BASE}/usage?before=9", b"", [("x-admin-key", KEY)], method="DELETE")
    ).status == 403


@pytest.mark.parametrize(
    "query",
    [
        "sort=cost;drop",
        "sort=password",
        "order=",
        "limit=-1",
        "limit=1000000000",
        "offset=5",
        "since=yesterday",
        "since=-1",
        "until=99999999999999999999",
        "until=9999-99-99",
        "min_cost=nan",
        "min_cost=-1",
        "max_cost=1e99",
        "max_duration_ms=inf",
        "status=broken",
        "cursor=WyJjb3N0Il0",
        "cursor=%25%25",
        "alias=" + "%25" * 600,
    ],
)
async def test_s14_what_a_list_does_not_know_is_refused(query, gateway):
    for path in ("/usage", "/errors"):
        answer = await as_admin(gateway, f"{path}?{query}")
        assert answer.status == 400, answer.body
        assert answer.json["error"]["type"] == "invalid_request_error"


async def test_s14_a_cursor_of_another_order_or_with_impossible_values_is_refused(gateway):
    await put(gateway, some_rows(9, 5, 1_000, 1_010))
    cursor = (await as_admin(gateway, "/usage?limit=1")).json["next_cursor"]
    for query in (f"sort=cost&cursor={cursor}", f"order=asc&cursor={cursor}"):
        assert (await as_admin(gateway, f"/usage?{query}")).status == 400
    for place in (
        ["started_at", "falling", "9" * 30, "x"],
        ["started_at", "falling", "-5", "x"],
        ["started_at", "falling", "1"],
    ):
        forged = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
        assert (await as_admin(gateway, f"/usage?cursor={forged}")).status == 400


@pytest.mark.parametrize(
    "query", ["timezone=Mars/Base", "bucket=minute", "group_by=secret", "group_by=key,key", "since=9&until=5"]
)
async def test_s14_what_a_summary_does_not_know_is_refused(query, gateway):
    assert (await as_admin(gateway, f"/usage/summary?{query}")).status == 400


async def test_s14_a_summary_of_too_many_buckets_is_refused(gateway):
    assert (await as_admin(gateway, "/usage/summary?since=0&until=2026-01-01&bucket=hour")).status == 400


async def test_the_admin_deletes_what_is_older_than_a_moment(gateway):
    rows = some_rows(10, 60, 1_000, 2_000)
    await put(gateway, rows)
    answer = await as_admin(gateway, "/usage?before=1970-01-01T00:00:01.500Z", "DELETE")
    assert answer.json == {"deleted": sum(row.started_at < 1_500 for row in rows)}
    left = (await as_admin(gateway, "/usage?limit=500")).json
    assert left["total"] == sum(row.started_at >= 1_500 for row in rows)
    assert (await as_admin(gateway, "/usage", "DELETE")).status == 400


async def test_a_gateway_that_keeps_no_books_says_so():
    async with running({}, admin_key=ADMIN_KEY) as gateway:
        answer = await as_admin(gateway, "/usage")
        assert (answer.status, answer.json["error"]["code"]) == (503, "no_database")


async def test_a_database_that_does_not_answer_is_said_and_not_a_failure_of_the_gateway(gateway):
    assert gateway.plexus.bookkeeping is not None
    gateway.plexus.bookkeeping.waits_for = "the database does not answer"
    answer = await as_admin(gateway, "/usage")
    assert (answer.status, answer.json["error"]["code"]) == (503, "database_away")


async def anew(gateway: Running, wanted: dict[str, Any], key: str = ADMIN_KEY) -> Response:
    headers = [("x-admin-key", key), ("content-type", "application/json")]
    return await ask(gateway.url + f"{BASE}/usage/reprice", json.dumps(wanted).encode(), headers)


async def test_the_admin_prices_past_requests_anew_by_the_prices_of_now(gateway):
    names = [(await talk(gateway, "fault/ok")).json["id"] for _ in range(3)]
    assert len(names) == 3
    await settled(gateway)
    config = gateway.plexus.settings.model_dump(mode="json", by_alias=True)
    before = (await as_admin(gateway, "/usage")).json["data"]
    wanted: dict[str, Any] = {"since": "0", "until": "1970-01-03T00:00:00Z"}
    assert (await anew(gateway, wanted)).json["changed"] == 0
    assert (await anew(gateway, wanted, KEY)).status == 403
    config["providers"]["p"]["models"]["fault/ok"]["pricing"] = {**PRICE, "input": 3.0, "output": 30.0}
    await gateway.plexus.configure(type(gateway.plexus.settings).model_validate(config))
    told = (await anew(gateway, wanted)).json
    assert (told["dry_run"], told["requests"], told["changed"]) == (True, 3, 3)
    assert (await as_admin(gateway, "/usage")).json["data"] == before
    done = (await anew(gateway, {**wanted, "dry_run": False, "provider": "p"})).json
    assert done == {**told, "dry_run": False}
    rows = (await as_admin(gateway, "/usage")).json["data"]
    assert [Decimal(row["cost"]) for row in rows] == [3 * Decimal(row["cost"]) for row in before]
    summed = (await as_admin(gateway, "/usage/summary?since=0&until=1970-01-03")).json["total"]
    assert summed["cost"] == done["cost_after"]
    whole = (await as_admin(gateway, f"/usage/{rows[0]['request_id']}")).json
    assert [former["cost"] for former in whole["former_costs"]] == [before[0]["cost"]]
    assert (await anew(gateway, {**wanted, "dry_run": False})).json["changed"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"since": "5", "until": "4"},
        {"since": "yesterday"},
        {"cursor": "WyJhIl0"},
        {"cursor": "%%"},
        {"limit": 0},
        {"limit": 10**9},
        {"dryrun": False},
        {"until": None},
    ],
)
async def test_s14_what_cannot_be_priced_anew_is_refused(wrong, gateway):
    answer = await anew(gateway, {"since": "0", "until": "9", **wrong})
    assert answer.status == 400, answer.body


async def test_failures_are_listed_as_far_back_as_the_configuration_says_and_stay_in_usage(gateway):
    now = int(gateway.plexus.gateway.clock.wall() * 1000)
    ages = {"new": 10_000, "old": 20_000_000}
    await put(gateway, [UsageRow(request_id=name, started_at=now - age, status="error") for name, age in ages.items()])
    assert (await as_admin(gateway, "/errors")).json["total"] == 2
    settings = gateway.plexus.settings
    shorter = settings.retention.model_copy(update={"errors": 10_000.0})
    await gateway.plexus.configure(settings.model_copy(update={"retention": shorter}))
    for query in ("", "?since=0"):
        listed = (await as_admin(gateway, f"/errors{query}")).json
        assert [row["request_id"] for row in listed["data"]] == ["new"]
    assert (await as_admin(gateway, "/usage?status=error")).json["total"] == 2
