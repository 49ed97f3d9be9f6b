"""`GET /metrics`: what was counted and what stands now, as Prometheus reads it. For the admin and for scrapers."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Any

from plexus.core import ids
from plexus.pipeline.call import Answer
from plexus.pipeline.tallies import SECONDS, Histogram, Tallies
from plexus.web.body import Receive
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal
from plexus.web.management.visitor import Doorkeeper, presented
from plexus.web.reply import Send, send_answer

_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
Standing = Callable[[], Mapping[str, float]]
"""The lateness of the loop and the like: a number by the name of its metric."""


class Metrics:
    """The endpoint. The client library is loaded when somebody asks."""

    def __init__(
        self, managed: Managed, doorkeeper: Doorkeeper, standing: Standing, refused: Mapping[str, int]
    ) -> None:
        """`standing` gives what only the server knows, `refused` counts the requests it did not take, by the reason."""
        self._managed, self._doorkeeper, self._standing, self._refused = managed, doorkeeper, standing, refused
        self._pepper = secrets.token_bytes(32)

    async def __call__(self, scope: dict[str, Any], _receive: Receive, send: Send) -> None:
        """Answer one scrape."""
        try:
            self._admit(scope)
        except Refusal as refusal:
            answer = refusal.answer()
            answer.headers.append((b"x-plexus-request-id", ids.request_id().encode()))
            if answer.status == 405:  # noqa: PLR2004
                answer.headers.append((b"allow", b"GET, HEAD"))
            await send_answer(answer, send)
            return
        body = b"" if scope["method"] == "HEAD" else self.text()
        await send_answer(Answer(200, [(b"content-type", _TYPE), (b"cache-control", b"no-store")], body), send)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - a request needs none of it

        registry = CollectorRegistry()
        registry.register(_Collected(families(self._managed, self._standing(), self._refused)))
        return generate_latest(registry)

    def _admit(self, scope: dict[str, Any]) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise Refusal(405, "use GET, HEAD here", "method_not_allowed")
        token = self._managed.settings().network.metrics_token
        sent = presented(scope["headers"]) or b""
        if token is not None and hmac.compare_digest(self._digest(sent), self._digest(token.reveal().encode())):
            return
        if self._doorkeeper.admit(scope).role != "admin":
            raise Refusal(403, "only the admin key and network.metrics_token open this", "admin_only")

    def _digest(self, credential: bytes) -> bytes:
        return hashlib.blake2b(credential, key=self._pepper, digest_size=32).digest()


class _Collected:
    """Families as a registry takes them."""

    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def collect(self) -> Iterable[Any]:
        return self._found


def families(managed: Managed, standing: Mapping[str, float], refused: Mapping[str, int]) -> list[Any]:
    """All metrics, by name."""
    away = {(reason,): count for reason, count in refused.items()}
    said = "Requests that were not taken, because the process has too much to do."
    return [
        _counter("plexus_refused_requests", said, ("reason",), away),
        *_counted(managed.tallies),
        *_measured(managed.tallies),
        *_standing(managed, standing),
    ]


def _counted(tallies: Tallies) -> list[Any]:
    target = ("provider", "model")
    return [
        _counter(
            "plexus_requests", "Requests that are over.", (*target, "client_protocol", "status"), tallies.requests
        ),
        _counter("plexus_request_errors", "Requests by what went wrong.", ("provider", "error_class"), tallies.errors),
        _counter("plexus_attempts", "Attempts at providers.", ("provider", "status"), tallies.attempts),
        _counter("plexus_tokens", "Tokens; reasoning is a share of output.", (*target, "kind"), tallies.tokens),
        _counter("plexus_cost_usd", "Cost, as far as it is known.", target, tallies.cost),
        _counter("plexus_cost_unknown_requests", "Requests whose cost is not known.", target, tallies.unpriced),
    ]


def _measured(tallies: Tallies) -> list[Any]:
    return [
        _histogram("plexus_request_duration_seconds", "From a request to its end.", tallies.durations),
        _histogram("plexus_time_to_first_token_seconds", "From a request to its first content.", tallies.first_tokens),
    ]


def _standing(managed: Managed, standing: Mapping[str, float]) -> list[Any]:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as above

    gateway = managed.gateway
    traffic, quotas = gateway.traffic, gateway.quotas.tallies.values()
    slots = {(row.provider,): row.count for row in traffic.line.slots.listing() if not row.model}
    resting: dict[tuple[str], int] = {}
    for cooling in traffic.cooldowns.listing(gateway.clock.wall()):
        resting[cooling.provider,] = resting.get((cooling.provider,), 0) + 1
    gauges = {
        "plexus_waiting_requests": float(len(traffic.line.queue)),
        "plexus_event_listeners": float(traffic.events.listeners),
        **standing,
        **managed.books(),
    }
    return [
        _gauge("plexus_attempts_in_flight", "Attempts under way.", ("provider",), slots),
        _gauge("plexus_cooldowns", "Targets that rest.", ("provider",), resting),
        _counter("plexus_quota_overshoots", "Requests past a quota.", (), {(): sum(one.overshoots for one in quotas)}),
        _counter(
            "plexus_quota_unpriced", "Requests a cost quota missed.", (), {(): sum(one.unpriced for one in quotas)}
        ),
        *(GaugeMetricFamily(name, _SAID[name], value=value) for name, value in gauges.items()),
    ]


_SAID = {
    "plexus_waiting_requests": "Requests that wait for a slot.",
    "plexus_event_listeners": "Listeners of the stream of events.",
    "plexus_requests_in_flight": "HTTP requests under way, this one included.",
    "plexus_event_loop_lag_seconds": "The shortest turn of the event loop within a tenth of a second.",
    "plexus_journal_backlog_bytes": "Entries of the journal that the database does not have yet.",
    "plexus_journal_refused_entries": "Entries the database will not have, set aside.",
    "plexus_rows_lost": "Usage rows that could be kept nowhere.",
}


def _counter(name: str, said: str, labels: tuple[str, ...], counts: Mapping[Any, Any]) -> Any:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - as above

    family = CounterMetricFamily(name, said, labels=labels)
    for values, count in counts.items():
        family.add_metric(list(values), float(count))
    return family


def _gauge(name: str, said: str, labels: tuple[str, ...], counts: Mapping[Any, int]) -> Any:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as above

    family = GaugeMetricFamily(name, said, labels=labels)
    for values, count in counts.items():
        family.add_metric(list(values), float(count))
    return family


def _histogram(name: str, said: str, histograms: Mapping[str, Histogram]) -> Any:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415 - as above

    family = HistogramMetricFamily(name, said, labels=("provider",))
    ends = [*(str(end) for end in SECONDS), "+Inf"]
    for provider, histogram in histograms.items():
        below = accumulate(histogram.counts)
        family.add_metric([provider], list(zip(ends, below, strict=True)), histogram.sum)
    return family
