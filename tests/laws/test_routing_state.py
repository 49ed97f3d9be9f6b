"""Cooldowns, slots and the retry budget do what a simple model of each does, whatever happens in whatever order.

The models are written from the rules, without the state that makes the real ones quick: they keep what happened and work out
the rest anew each time. 10^4 steps here, ten times that in the deep version.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from plexus.routing.budget import Retry, RetryBudget
from plexus.routing.cooldown import Cooldowns, Pass, Policy
from plexus.routing.slots import Slot, SlotLimits, Slots

KEYS = [("p", "a"), ("p", "b:c/d"), ("q", "a"), ("p:b", "c/d")]
# Multiples of the half-life keep the model's sums exact, and odd bounds keep them off a tie.
POLICY = Policy(initial=120.0, max=2000.0, jitter=0.05, lease=90.0, rate=0.47, volume=4.3, half_life=60.0)
RARELY = st.sampled_from(range(12))
LONGEST = 7 * 86_400.0


class Memory:
    """All that happened to one provider and model, or credential."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        """Deadlines set since the last time the target was well; the latest holds."""
        self.tellings: list[tuple[float, bool]] = []
        self.run = self.count = 0
        self.failed_at = float("-inf")
        self.trial: tuple[Any, float] | None = None

    def end(self) -> float:
        return max(self.ends)

    def closed(self, now: float) -> bool:
        return bool(self.ends) and (now < self.end() or (self.trial is not None and now < self.trial[1]))

    def weights(self, now: float) -> tuple[float, float]:
        aged = [(0.5 ** ((now - then) / POLICY.half_life), failed) for then, failed in self.tellings]
        return sum(weight for weight, _ in aged), sum(weight for weight, failed in aged if failed)

    def flaps(self, now: float) -> bool:
        volume, failures = self.weights(now)
        return volume >= POLICY.volume and failures >= POLICY.rate * volume

    def recovers(self, now: float) -> bool:
        volume, failures = self.weights(now)
        return volume < POLICY.volume or failures < POLICY.rate / 2 * volume or volume - failures < 2


class CooldownMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.threshold = 1
        self.real = Cooldowns(POLICY)
        self.model: dict[tuple[str, str], Memory] = {}
        self.under_way: list[tuple[Pass, set[str]]] = []

    @rule(threshold=st.sampled_from([1, 1, 3]), rarely=RARELY)
    def the_operator_changes_the_rules(self, threshold: int, rarely: int) -> None:
        if rarely:
            return
        self.threshold = threshold
        self.real.policy = replace(POLICY, threshold=threshold)

    @rule(half_lives=st.sampled_from([0, 1, 1, 2, 3, 10, 40]))
    def time_passes(self, half_lives: int) -> None:
        self.now += half_lives * POLICY.half_life

    def memories(self, key: tuple[str, str]) -> list[Memory]:
        return [self.model[k] for k in (key, (key[0], "")) if k in self.model]

    @rule(key=st.sampled_from([*KEYS[:1] * 3, *KEYS]), forced=st.booleans())
    def an_attempt_begins(self, key: tuple[str, str], forced: bool) -> None:
        found = self.real.enter(key[0], key[1], self.now, forced=forced)
        closed = any(memory.closed(self.now) for memory in self.memories(key))
        assert (found is None) == (closed and not forced)
        if found is None:
            return
        for memory in self.memories(key):
            if memory.ends and not memory.closed(self.now):
                memory.trial = (found, self.now + POLICY.lease)
        self.under_way.append((found, set()))

    def ended(self, attempt: Pass) -> None:
        for memory in self.model.values():
            if memory.trial is not None and memory.trial[0] is attempt:
                memory.trial = None

    def pick(self, data: st.DataObject) -> tuple[Pass, set[str]]:
        return data.draw(st.sampled_from(self.under_way))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def it_is_left(self, data: st.DataObject) -> None:
        attempt, _ = self.pick(data)
        self.real.left(attempt)
        self.ended(attempt)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def it_succeeds(self, data: st.DataObject) -> None:
        attempt, told = self.pick(data)
        cleared = self.real.succeeded(attempt, self.now)
        expected = []
        if not told:
            told.add("succeeded")
            self.ended(attempt)
            for key in ((attempt.provider, attempt.model), (attempt.provider, "")):
                memory = self.model.get(key)
                if memory is None:
                    continue
                memory.tellings.append((self.now, False))
                if attempt.started < memory.failed_at:
                    continue
                if memory.ends:
                    expected.append(key)
                memory.ends, memory.run = [], 0
                if memory.recovers(self.now):
                    memory.count = 0
        assert cleared == expected

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        wide=st.booleans(),
        said=st.sampled_from([None, None, None, 0.0, -3.0, 45.0, 700.0, 1e12]),
        chance=st.sampled_from([0.0, 0.5]),
    )
    def it_fails(self, data: st.DataObject, wide: bool, said: float | None, chance: float) -> None:
        attempt, told = self.pick(data)
        found = self.real.failed(attempt, self.now, lambda: chance, wide=wide, said=said)
        if "failed" in told:
            assert found is None
            return
        told.add("failed")
        self.ended(attempt)
        memory = self.model.setdefault((attempt.provider, "" if wide else attempt.model), Memory())
        memory.tellings.append((self.now, True))
        same_outage = bool(memory.ends) and attempt.started < memory.failed_at
        memory.failed_at = self.now
        memory.run += 1
        if said is None and memory.run < self.threshold and not memory.flaps(self.now):
            assert found is None
            return
        if memory.count == 0 or not same_outage:
            memory.count += 1
        seconds = min(POLICY.initial * 2 ** (memory.count - 1), POLICY.max)
        if said is not None:
            seconds = max(0.0, min(said, LONGEST))
        memory.ends.append(self.now + seconds + chance * min(0.05 * seconds, 30))
        assert found is not None
        assert found.count == memory.count
        assert found.until == pytest.approx(memory.end(), abs=1e-3)

    @rule(
        which=st.sampled_from([(), ("p",), ("p", "a"), ("p", ""), ("q", "a"), ("p", "b"), ("nobody",)]), rarely=RARELY
    )
    def somebody_clears(self, which: tuple[str, ...], rarely: int) -> None:
        if rarely:
            return
        gone = [key for key in self.model if key[: len(which)] == which]
        assert sorted(self.real.clear(*which)) == sorted(gone)
        for key in gone:
            del self.model[key]

    @rule(rarely=RARELY)
    def the_process_is_started_again(self, rarely: int) -> None:
        if rarely:
            return
        saved = json.loads(json.dumps(self.real.export()))
        self.real = Cooldowns(replace(POLICY, threshold=self.threshold))
        self.real.load(saved, self.now)
        self.under_way = []
        for memory in self.model.values():
            memory.trial, memory.tellings = None, []

    @invariant()
    def all_see_the_same(self) -> None:
        for key in [*KEYS, ("p", "never")]:
            cooling = self.real.cooling(key[0], key[1], self.now)
            assert (cooling is not None) == any(memory.closed(self.now) for memory in self.memories(key))
        closed = {key for key, memory in self.model.items() if memory.closed(self.now)}
        assert {(cooling.provider, cooling.model) for cooling in self.real.listing(self.now)} == closed


class SlotMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.real = Slots()
        self.given: list[Slot] = []
        self.held: list[Slot] = []

    @rule(
        providers=st.dictionaries(st.sampled_from(["p", "q", "p:b"]), st.integers(0, 4)),
        models=st.dictionaries(st.sampled_from(KEYS), st.integers(0, 3)),
    )
    def limits_change(self, providers: dict[str, int], models: dict[tuple[str, str], int]) -> None:
        self.real.limits = SlotLimits(providers, models)

    @rule(key=st.sampled_from(KEYS))
    def one_is_asked_for(self, key: tuple[str, str]) -> None:
        limits = self.real.limits
        same_provider = [slot for slot in self.held if slot.provider == key[0]]
        same_model = [slot for slot in same_provider if slot.model == key[1]]
        fits = len(same_provider) < limits.providers.get(key[0], 10**9) and len(same_model) < limits.models.get(
            key, 10**9
        )
        assert self.real.free(*key) == fits
        slot = self.real.try_acquire(*key)
        assert (slot is not None) == fits
        if slot is not None:
            self.given.append(slot)
            self.held.append(slot)

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def one_is_released(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.given) - 1))
        slot = self.given[place]
        was_held = any(slot is other for other in self.held)
        assert self.real.release(slot) == was_held
        self.held = [other for other in self.held if other is not slot]

    @invariant()
    def the_counts_are_those_held(self) -> None:
        for row in self.real.listing():
            mine = [s for s in self.held if s.provider == row.provider and row.model in ("", s.model)]
            assert row.count == len(mine)


class BudgetMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000
        self.real = RetryBudget(window=10)
        self.requests: list[int] = []
        self.retries: list[tuple[int, Retry]] = []
        self.worth_it: list[Retry] = []

    @rule(seconds=st.sampled_from([0, 0, 0, 1, 3, 9, 10, 11, 50]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(count=st.integers(1, 8))
    def requests_begin(self, count: int) -> None:
        for _ in range(count):
            self.real.request(self.now + 0.5)
            self.requests.append(self.now)

    def counted(self) -> tuple[int, int]:
        requests = [then for then in self.requests if then > self.now - 10]
        lost = [
            r for then, r in self.retries if then > self.now - 10 and all(r is not other for other in self.worth_it)
        ]
        return len(requests), len(lost)

    @rule()
    def a_retry_is_asked_for(self) -> None:
        requests, lost = self.counted()
        retry = self.real.retry(self.now + 0.25)
        assert (retry is not None) == (5 * (lost + 1) <= requests + 15)
        if retry is not None:
            self.retries.append((self.now, retry))

    @precondition(lambda self: self.retries)
    @rule(data=st.data())
    def one_brought_the_answer(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.retries) - 1))
        retry = self.retries[place][1]
        self.real.give_back(retry, self.now)
        self.worth_it.append(retry)

    @invariant()
    def the_bound_holds(self) -> None:
        if self.real.retry(self.now) is None:  # asking brings the window up to date
            assert (self.real.requests, self.real.retries) == self.counted()
        else:
            self.real.retries -= 1
            self.real._seconds[-1].retries -= 1
        requests, lost = self.counted()
        assert (self.real.requests, self.real.retries) == (requests, lost)


MACHINES = [(CooldownMachine, 100), (SlotMachine, 25), (BudgetMachine, 25)]


def run(machine: type[RuleBasedStateMachine], examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=100,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.parametrize(("machine", "examples"), MACHINES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_state_machines_equal_their_models(machine, examples):
    run(machine, examples)


@pytest.mark.deep
@pytest.mark.parametrize(("machine", "examples"), MACHINES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_state_machines_equal_their_models_over_100_000_steps(machine, examples):
    run(machine, examples * 10)
