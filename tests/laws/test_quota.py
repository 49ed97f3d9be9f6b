"""The quota ledger does what a simple model of it does, whatever happens in whatever order: Q15, and Q06, Q07, Q16 on the way.

The model keeps every request that ever was and works out the rest anew each time, with fractions, from the rules. Besides
the model the counters must equal those recomputed from usage rows, and those of a process that was killed and started again.
More than 10^4 steps here, ten times that in the deep version.
"""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from plexus.core.clock import Clock
from plexus.quota.admission import Admission, Booking, Charge, Offer
from plexus.quota.counter import CounterRow, Identity, RollingCounter
from plexus.quota.definition import Definition, Scope
from plexus.quota.ledger import Ledger
from plexus.quota.recompute import Spent, recompute
from plexus.quota.window import window_at

HOUR = 3_600_000
START = 1_700_000_000_000
LEASE = 5 * 3600.0
QUOTAS = {
    one.name: one
    for one in (
        Definition(name="calls", kind="daily", measure="requests", limit=4),
        Definition(name="calls-shared", kind="weekly", measure="requests", limit=7, shared=True),
        Definition(name="drain", kind="rolling", measure="tokens", limit=90, duration=7 * HOUR + 1),
        Definition(name="drain-calls", kind="rolling", measure="requests", limit=3, duration=HOUR, shared=True),
        Definition(
            name="money", kind="monthly", measure="cost", limit=500, scope=Scope(excluded_providers=frozenset("q"))
        ),
        Definition(
            name="tokens-a", kind="daily", measure="tokens", limit=60, scope=Scope(allowed_models=frozenset("a"))
        ),
    )
}
LIMITS = {"requests": [1, 3, 5, 8], "tokens": [1, 40, 90, 200], "cost": [1, 300, 500, 2000]}
KEYS = ["alice", "bob"]
TARGETS = [("p", "a"), ("p", "b"), ("q", "a")]
names = st.lists(st.sampled_from(sorted(QUOTAS)), min_size=1, max_size=4, unique=True).map(sorted)
targets = st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True)
tokens = st.sampled_from([10, 39, 1, 7, 20, 90, 150, 0])
cost = st.sampled_from([120, 1, 30, 499, 600, 0])
charges = st.lists(
    st.builds(
        lambda target, used, paid: Charge(target[0], target[1], used, paid),
        st.sampled_from(TARGETS),
        tokens,
        cost | st.none(),
    ),
    min_size=1,
    max_size=2,
).map(tuple)
requests: dict[str, Any] = {
    "key": st.sampled_from(KEYS),
    "asked": st.sampled_from(["a", "fast"]),
    "quotas": names,
    "chosen": targets,
    "most": tokens,
    "price": cost | st.none(),
    "known": st.booleans(),
}


def owner(definition: Definition, key: str) -> str:
    return "all" if definition.shared else key


class Under:
    """A request under way, as the model sees it."""

    def __init__(self, admission: Admission, key: str, asked: str, began: int, quotas: list[Definition]) -> None:
        self.admission, self.key, self.asked, self.began, self.quotas = admission, key, asked, began, quotas
        self.holds: dict[str, int] = {}
        self.live = True


class QuotaMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now, self.monotonic = START, 0.0
        self.clock = Clock(monotonic=lambda: self.monotonic, wall=lambda: self.now / 1000)
        self.ledger = Ledger(self.clock, LEASE)
        self.quotas = dict(QUOTAS)
        self.under: list[Under] = []
        self.over: list[Admission] = []
        self.booked: dict[str, list[Spent]] = {name: [] for name in QUOTAS}
        """The usage rows of the requests that had this quota."""
        self.shapes: dict[tuple[str, str], list[tuple[int, int]]] = {}
        """For a rolling counter: from when on it drained at which limit."""
        self.journal: list[Booking] = []
        self.stored: dict[tuple[Any, ...], CounterRow] = {}
        self.written = self.done = 0

    # -- the model ----------------------------------------------------------------------------------------------------

    def charged(self, definition: Definition, row: Spent) -> int:
        scope = definition.scope
        hit = [c for c in row.charges if scope.covers(row.asked, c.provider, c.model)]
        if definition.measure == "requests":
            return 1 if hit else 0
        return sum(c.tokens if definition.measure == "tokens" else c.cost or 0 for c in hit)

    def used(self, definition: Definition, key: str) -> Fraction:
        whose = owner(definition, key)
        rows = [row for row in self.booked[definition.name] if owner(definition, row.key) == whose]
        if definition.kind != "rolling":
            window = window_at(definition.kind, self.now)
            return Fraction(
                sum(self.charged(definition, row) for row in rows if window.start <= row.began < window.end)
            )
        events: list[tuple[int, int, int]] = [(row.booked, 1, self.charged(definition, row)) for row in rows]
        events += [(at, 0, limit) for at, limit in self.shapes.get((definition.name, whose), [])]
        level, at, limit = Fraction(0), 0, 0
        for moment, kind, value in [*sorted(events, key=lambda event: event[:2]), (self.now, 1, 0)]:
            level = max(Fraction(0), level - Fraction(limit * (moment - at), definition.duration))
            at = moment
            if kind == 0:
                limit = value
            else:
                level += value
        return level

    def held(self, definition: Definition, key: str) -> int:
        whose, total = owner(definition, key), 0
        for one in self.under:
            if one.live and definition.name in one.holds and owner(definition, one.key) == whose:
                same = definition.kind == "rolling" or (
                    window_at(definition.kind, one.began) == window_at(definition.kind, self.now)
                )
                total += one.holds[definition.name] if same else 0
        return total

    def room(self, definition: Definition, key: str) -> Fraction:
        return definition.limit - self.used(definition, key) - self.held(definition, key)

    def seen(self, definition: Definition, key: str) -> None:
        """A rolling counter drains from when it was first asked for."""
        if definition.kind == "rolling":
            self.shapes.setdefault((definition.name, owner(definition, key)), [(self.now, definition.limit)])

    @staticmethod
    def need(definition: Definition, offer: Offer) -> tuple[int, bool]:
        if definition.measure == "requests":
            return 1, True
        if definition.measure == "tokens":
            return offer.tokens, offer.known
        return offer.cost or 0, offer.known and offer.cost is not None

    def fits(self, definition: Definition, key: str, asked: str, offer: Offer) -> bool:
        if not definition.scope.covers(asked, offer.provider, offer.model):
            return True
        units, known = self.need(definition, offer)
        return self.room(definition, key) >= max(1, units if known else 1)

    # -- what happens -------------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([0, 0, 1, 2, 5, 24, 24 * 7]), extra=st.sampled_from([0, 1, 999, 12_345]))
    def time_passes(self, hours: int, extra: int) -> None:
        self.now += hours * HOUR + extra
        self.monotonic += (hours * HOUR + extra) / 1000
        for one in self.under:
            one.live = one.live and self.monotonic < one.admission.until

    @rule(name=st.sampled_from(sorted(QUOTAS)), data=st.data())
    def a_limit_is_edited(self, name: str, data: st.DataObject) -> None:
        one = self.quotas[name]
        limit = data.draw(st.sampled_from(LIMITS[one.measure]))
        self.quotas[name] = replace(one, limit=limit)
        self.ledger.configure(self.quotas.values())
        self.write(0)
        for whose, known in self.shapes.items():
            if whose[0] == name and known[-1][1] != limit:
                known.append((self.now, limit))

    @rule(**requests)
    def a_request_comes(self, **request) -> None:
        self.request(**request)

    def request(self, key, asked, quotas, chosen, most, price, known) -> Under | None:
        definitions = [self.quotas[name] for name in quotas]
        offers = [Offer(target[0], target[1], most + place, price, known) for place, target in enumerate(chosen)]
        for definition in definitions:
            self.seen(definition, key)
        expected = [
            place for place, offer in enumerate(offers) if all(self.fits(d, key, asked, offer) for d in definitions)
        ]
        rooms = {definition.name: self.room(definition, key) for definition in definitions}
        found = self.ledger.admit(definitions, key, asked, offers)
        if not expected:
            assert not isinstance(found, Admission)
            assert set(found.blocking) <= set(quotas)
            return None
        assert isinstance(found, Admission)
        assert list(found.allowed) == expected
        assert {one.place for one in found.removed} == set(range(len(offers))) - set(expected)
        request = Under(found, key, asked, self.now, definitions)
        for definition in definitions:
            inside = [
                self.need(definition, offers[place])[0]
                for place in expected
                if definition.scope.covers(asked, offers[place].provider, offers[place].model)
            ]
            request.holds[definition.name] = min(max(inside, default=0), max(0, int(rooms[definition.name] // 1)))
        self.under.append(request)
        return request

    def settle(self, one: Under, charged: tuple[Charge, ...]) -> None:
        self.under.remove(one)
        self.journal += self.ledger.settle(one.admission, charged, self.now)
        self.over.append(one.admission)
        for definition in one.quotas:
            self.booked[definition.name].append(Spent(one.key, one.asked, one.began, self.now, charged))

    @precondition(lambda self: self.under)
    @rule(data=st.data(), charged=charges)
    def a_request_is_settled(self, data, charged) -> None:
        self.settle(data.draw(st.sampled_from(self.under)), charged)

    @rule(**requests, charged=charges)
    def a_request_comes_and_is_settled(self, charged, **request) -> None:
        if (one := self.request(**request)) is not None:
            self.settle(one, charged)

    @precondition(lambda self: self.under)
    @rule(data=st.data())
    def a_request_is_released(self, data) -> None:
        one = data.draw(st.sampled_from(self.under))
        self.under.remove(one)
        self.ledger.release(one.admission)
        self.over.append(one.admission)

    @precondition(lambda self: self.over)
    @rule(data=st.data())
    def an_ended_request_ends_again(self, data) -> None:
        ended = data.draw(st.sampled_from(self.over))
        assert self.ledger.settle(ended, [Charge("p", "a", 1000, 1000)]) == []
        self.ledger.release(ended)
        self.ledger.renew(ended)

    @precondition(lambda self: any(one.live for one in self.under))
    @rule(data=st.data())
    def a_lease_is_renewed(self, data) -> None:
        self.ledger.renew(data.draw(st.sampled_from([one for one in self.under if one.live])).admission)

    @rule(journal_goes=st.booleans())
    def counters_are_written(self, journal_goes: bool) -> None:
        self.write(self.written)
        if journal_goes:
            self.journal = [one for one in self.journal if one.number > self.written]
            self.done = self.written

    def write(self, since: int) -> None:
        rows = self.ledger.export(since)
        for row in rows:
            self.stored[row[:5]] = row
            self.written = max(self.written, row.through)

    @rule(twice=st.booleans())
    def the_process_is_killed(self, twice: bool) -> None:
        self.under.clear()
        self.ledger = Ledger(self.clock, LEASE)
        self.ledger.load(self.stored.values())
        self.ledger.replay(self.journal)
        if twice:
            assert self.ledger.replay(self.journal) == 0

    @rule()
    def empty_counters_are_forgotten(self) -> None:
        for identity in self.ledger.prune(self.done):
            self.stored = {key: row for key, row in self.stored.items() if Identity(*key[:4]) != identity}

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def the_counters_equal_the_model_and_the_rows(self) -> None:
        for key in KEYS:
            for name in QUOTAS:
                definition = self.quotas[name]
                self.seen(definition, key)
                (reading,) = self.ledger.readings([definition], key)
                used = self.used(definition, key)
                assert reading.used == -(-used // 1), (name, key)
                assert reading.held == self.held(definition, key), (name, key)
                assert reading.used >= 0
                if definition.kind == "rolling":
                    counter = self.ledger._counters[
                        Identity(name, definition.owner(key), "rolling", definition.measure)
                    ]
                    assert isinstance(counter, RollingCounter)
                    filling = counter.bucket.drained(self.now).filling
                    assert filling == used * definition.duration, (name, key)
                else:
                    again = recompute(definition, self.booked[name]).get(definition.owner(key))
                    slot = window_at(definition.kind, self.now).start
                    assert (again.used(slot, self.now) if again else 0) == reading.used


def run(examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(QuotaMachine, settings=chosen)


def test_q15_the_ledger_equals_its_model_and_its_rows():
    run(300)


@pytest.mark.deep
def test_q15_the_ledger_equals_its_model_and_its_rows_over_100_000_steps():
    run(3000)
