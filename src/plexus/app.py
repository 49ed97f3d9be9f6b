"""The composition root: the only module that sees all the others. It makes the parts, joins them, and stops them."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

import plexus.protocols
import plexus.routing.selectors
import plexus.usage.pricing
from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.core.registry import find
from plexus.core.secret import Secret
from plexus.demo.server import DemoServer
from plexus.pipeline.books import Place
from plexus.pipeline.compiled import compiled
from plexus.pipeline.expected_cost import expected_cost
from plexus.pipeline.explain import explain
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.keeping import Home, Keeping
from plexus.pipeline.log import log_record
from plexus.pipeline.opaque_state import OpaqueState
from plexus.pipeline.price_feed import feeding
from plexus.pipeline.probe import probing
from plexus.pipeline.record import Record
from plexus.pipeline.snapshot import Snapshot
from plexus.pipeline.tallies import Tallies
from plexus.pipeline.telemetry.switch import Switch
from plexus.pipeline.tracing import Tracer
from plexus.pipeline.traffic import Traffic
from plexus.pipeline.whereabouts import Whereabouts
from plexus.protocols import WireProtocol
from plexus.providers import catalogue
from plexus.quota.ledger import Ledger
from plexus.routing.selectors import Selector
from plexus.settings.known import Known
from plexus.settings.schema import Settings
from plexus.traces.capture import Captures
from plexus.traces.redaction import Redactor, secrets_in
from plexus.upstream.client import Upstream
from plexus.usage.live_prices import LivePrices
from plexus.usage.pricing import PriceSource
from plexus.usage.shelf import FileShelf
from plexus.web.asgi import Application
from plexus.web.management.asked import Question, call_of, key_for
from plexus.web.management.entry import Management
from plexus.web.management.managed import Managed

if TYPE_CHECKING:
    from plexus.pipeline.bookkeeping import Bookkeeping
    from plexus.pipeline.safekeeping import Safekeeping
    from plexus.pipeline.summing import Summing
    from plexus.pipeline.trace_keeping import TraceKeeping
    from plexus.settings.editing import Editing
    from plexus.settings.file_home import FileHome
    from plexus.storage.engine import Database


def protocols() -> dict[str, WireProtocol]:
    """Every wire protocol, by name."""
    return find(plexus.protocols, "PROTOCOL", WireProtocol)


def selectors() -> dict[str, Selector]:
    """Every selector, by name."""
    found = find(plexus.routing.selectors, "SELECTOR", Selector)
    return {selector.name: selector for selector in found.values()}


def price_sources() -> dict[str, PriceSource]:
    """Every source of prices, by name."""
    return {source.name: source for source in find(plexus.usage.pricing, "SOURCE", PriceSource).values()}


def known() -> Known:
    """The names a configuration may use."""
    providers = catalogue.known()
    return Known(
        provider_types=frozenset(providers),
        selectors=frozenset(selectors()),
        hosts=frozenset(host for provider in providers.values() for host in provider.hosts),
        needs_key=frozenset(word for word, provider in providers.items() if provider.needs_key),
    )


log = logger("plexus")


class Plexus:
    """A running gateway: make it inside an event loop with `start`, change its configuration, and `stop` it."""

    def __init__(
        self,
        settings: Settings,
        sink: Callable[[Record], None] = log_record,
        clock: Clock | None = None,
        home: Home | None = None,
        admin_key: Secret | None = None,
        books: Place | None = None,
        configuration: "FileHome | Literal['database'] | None" = None,
    ) -> None:
        """`sink` receives the record of every finished request, `home` keeps what was learnt of the targets.

        Without an admin key nobody is the admin. `books`: where usage is kept; without it nothing outlives the process.
        `configuration`: the file that `settings` came from, which changes are written to, or that it is the database's, which
        is served as soon as it answers. Both need books; without either it cannot be changed.
        """
        self._configuration = configuration
        self._editing: Editing | None = None
        self._pepper: Secret | None = None
        self._settings, self._told, self._clock, self._home = settings, sink, clock or Clock(), home
        self._first = settings
        self._tallies = Tallies()
        self._admin_key, self._place = admin_key, books
        self.bookkeeping: Bookkeeping | None = None
        self.trace_keeping: TraceKeeping | None = None
        self._summing: Summing | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._following: asyncio.Task[None] | None = None
        self._safekeeping: Safekeeping | None = None
        self._protocols, self._selectors, self._sources = protocols(), selectors(), price_sources()
        self._live = LivePrices(FileShelf(books.folder.parent / "prices.json"), log.warning) if books else None
        self._demo = DemoServer(self._protocols)
        self._demo_bases: Mapping[str, str] = {}
        self._version = 0
        self.gateway: Gateway
        self._telemetry: Switch

    async def start(self) -> Application:
        """The application to serve.

        Raises:
            JournalFailed, DatabaseUnusable, ConfigurationError: when the operator has to do something first.
        """
        await self._reach_demo(self._settings)
        clock, dice = self._clock, random.SystemRandom().random
        snapshot = self._compiled(self._settings)
        snapshot.prices.warm(int(clock.wall() * 1000))  # nobody is served yet who would have to wait
        self.gateway = Gateway(
            snapshot=snapshot,
            upstream=Upstream(allow_private=self._settings.network.allow_private_upstreams),
            sink=self._sink,
            clock=clock,
            dice=dice,
            state=OpaqueState(),
            whereabouts=Whereabouts(),
            traffic=Traffic(clock, dice, snapshot.rules),
            quotas=Ledger(clock),
            expected_cost=expected_cost(clock),
        )
        self._telemetry = Switch(self.gateway)
        if self._place is not None:
            try:
                await self._keep_books(self._place)
            except BaseException:
                await self.gateway.upstream.close()
                raise
        if self._live is not None:
            feeding_it = feeding(self._live, self.gateway.upstream, lambda: self._settings)
            self._tasks.append(asyncio.create_task(feeding_it))
        await self._telemetry.set(self._settings)
        self._tasks.append(asyncio.create_task(probing(self.gateway)))
        if self._home is not None:
            self._tasks.append(asyncio.create_task(Keeping(self.gateway.traffic, self._home).run()))
        return Application(self.gateway, self._protocols, int(clock.wall()), Management(self._managed()))

    @property
    def settings(self) -> Settings:
        """The configuration that is served."""
        return self._settings

    async def _keep_books(self, place: Place) -> None:
        from plexus.pipeline.bookkeeping import Bookkeeping  # noqa: PLC0415 - without books no database library is loaded
        from plexus.pipeline.retention import Retaining  # noqa: PLC0415 - as above
        from plexus.pipeline.safekeeping import Safekeeping  # noqa: PLC0415 - as above
        from plexus.pipeline.summing import Summing  # noqa: PLC0415 - as above

        gateway = self.gateway
        self.bookkeeping = keeping = Bookkeeping(
            place,
            gateway.quotas,
            gateway.clock,
            gateway.dice,
            self._open_home,
            lambda key: gateway.snapshot.quotas.get(key, ()),
        )
        await keeping.start()
        await keeping.ready(or_away=place.database.path is None)

        def sink(record: Record) -> None:
            keeping.books.closed(record)
            self._sink(record)

        gateway.sink, gateway.opened = sink, keeping.books.opened
        gateway.waits_for = lambda: keeping.waits_for
        retaining = Retaining(
            keeping.database, lambda: self._settings.retention, gateway.clock, keeping.forget_counters
        )
        self._tasks.append(asyncio.create_task(retaining.run(lambda: keeping.waits_for)))
        self._summing = Summing(keeping.database, gateway.clock)
        self._tasks.append(asyncio.create_task(self._summing.run(lambda: keeping.waits_for)))
        self._keep_traces(keeping)
        self._safekeeping = Safekeeping(place, keeping, gateway, self._still, gateway.clock)

    def _keep_traces(self, books: "Bookkeeping") -> None:
        from plexus.pipeline.trace_keeping import TraceKeeping  # noqa: PLC0415 - as above

        gateway = self.gateway
        gateway.tracer = tracer = Tracer(Captures(self._settings.capture), gateway.clock, gateway.dice)
        keeping = TraceKeeping(tracer, books.database, lambda: self._settings.retention, gateway.clock)
        keeping.redactor = self._redactor()
        self.trace_keeping = keeping
        self._tasks.append(asyncio.create_task(keeping.run(lambda: books.waits_for)))

    def _redactor(self) -> Redactor:
        admin = (self._admin_key,) if self._admin_key is not None else ()
        return Redactor(secrets_in((self._settings, admin)))

    async def _open_home(self, database: "Database") -> None:
        """The database answers: from now on the configuration can be changed, and what is in there is served.

        So it is again when a backup was put back.
        """
        from plexus.pipeline.configuring import opened, unlocked  # noqa: PLC0415 - as above

        key = self._place.encryption_key if self._place is not None else None
        if self._configuration is None:
            return
        file = None if self._configuration == "database" else self._configuration
        revisions, self._pepper = await unlocked(database, key)
        self.gateway.snapshot = self._compiled(self._settings)
        if self._editing is not None:
            self._editing.end()
        if self._following is not None:
            self._following.cancel()
        self._editing, following = await opened(revisions, self._pepper, file, known(), self.configure)
        if file is None and not self._editing.number and self._settings is not self._first:
            await self.configure(self._first)  # a backup without a configuration was put back
        if following is not None:
            self._following = asyncio.create_task(following)
            self._tasks.append(self._following)

    @asynccontextmanager
    async def _still(self) -> AsyncIterator[None]:
        """Meanwhile the configuration is not changed."""
        async with self._editing.still() if self._editing is not None else AsyncExitStack():
            yield

    def _sink(self, record: Record) -> None:
        self._tallies.took(record)
        self._told(record)

    async def configure(self, settings: Settings) -> None:
        """Replace the configuration as a whole; requests under way keep the one they started with."""
        await self._reach_demo(settings)
        snapshot = self._compiled(settings)
        await asyncio.to_thread(snapshot.prices.warm, int(self._clock.wall() * 1000))
        if snapshot.version < self.gateway.snapshot.version:  # a newer one came meanwhile
            return
        self.gateway.snapshot = snapshot
        self._settings = settings
        self.gateway.traffic.configure(snapshot.rules)
        self.gateway.traffic.events.tell("config.reloaded", None, version=snapshot.version)
        self.gateway.quotas.configure({quota for quotas in snapshot.quotas.values() for quota in quotas})
        if self.gateway.tracer is not None and self.trace_keeping is not None:
            self.gateway.tracer.captures.configure(settings.capture)
            self.trace_keeping.redactor = self._redactor()
        await self._telemetry.set(settings)

    def explain(self, question: Question) -> dict[str, Any]:
        """What would become of a request.

        Raises:
            Refused, InvalidRequest: when it is no request that could be made.
        """
        key = key_for(question, self.gateway, None)
        return explain(call_of(question, key, self.gateway, self._protocols), self.gateway)

    async def stop(self) -> None:
        """Close what was opened."""
        if self._safekeeping is not None:
            await self._safekeeping.finish()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._telemetry.off()
        await self.gateway.upstream.close()
        if self.bookkeeping is not None:
            if self.trace_keeping is not None and not self.bookkeeping.waits_for:
                await self.trace_keeping.finish()
            await self.bookkeeping.stop()
        if self._demo_bases:
            await self._demo.stop()

    def _managed(self) -> Managed:
        return Managed(
            gateway=self.gateway,
            protocols=self._protocols,
            settings=lambda: self._settings,
            known=known(),
            admin_key=self._admin_key,
            tallies=self._tallies,
            books=self._behind,
            summed_in=lambda zone: self._summing.ask(zone) if self._summing is not None else None,
            database=lambda: self.bookkeeping.database if self.bookkeeping is not None else None,
            editing=lambda: self._editing,
            traces=self.trace_keeping,
            safekeeping=self._safekeeping,
        )

    def _behind(self) -> dict[str, float]:
        if self.bookkeeping is None:
            return {}
        drain, books = self.bookkeeping.drain, self.bookkeeping.books
        return {
            "plexus_journal_backlog_bytes": float(drain.behind),
            "plexus_journal_refused_entries": float(drain.refused),
            "plexus_rows_lost": float(books.lost),
        }

    async def _reach_demo(self, settings: Settings) -> None:
        if not self._demo_bases and any(provider.type == "demo" for provider in settings.providers.values()):
            self._demo_bases = await self._demo.start()

    def _compiled(self, settings: Settings) -> Snapshot:
        self._version += 1
        snapshot = compiled(
            settings,
            self._protocols,
            self._selectors,
            sources=self._sources,
            feed=self._live,
            demo=self._demo_bases,
            pepper=self._pepper,
        )
        if self._pepper is not None and snapshot.keyring.unusable:
            log.error(
                "these keys have a secret that is not accepted: hashed with the pepper of another database, or another key's",
                keys=", ".join(snapshot.keyring.unusable),
            )
        return replace(snapshot, version=self._version)
