"""Reserving, settling and releasing: what is granted, what is refused, and what is booked in the end."""

import asyncio
import itertools

import pytest

from plexus.core.clock import Clock
from plexus.quota.admission import Admission, Charge, Offer, Refusal
from plexus.quota.definition import Definition, Scope
from plexus.quota.ledger import Ledger
from plexus.quota.recompute import Spent, rows_of

DAY = 86_400_000
START = 20_000 * DAY
P = [Offer("p", "m")]


class Time:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.ms, self.monotonic = START, 0.0
        self.clock = Clock(monotonic=lambda: self.monotonic, wall=lambda: self.ms / 1000)

    def passes(self, ms: int) -> None:
        self.ms += ms
        self.monotonic += ms / 1000


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def ledger(time: Time) -> Ledger:
    return Ledger(time.clock)


def calls(limit: int, **more) -> Definition:
    return Definition(name="calls", measure="requests", limit=limit, **more)


def tokens(limit: int, **more) -> Definition:
    return Definition(name="tokens", measure="tokens", limit=limit, **more)


def money(limit: int, **more) -> Definition:
    return Definition(name="money", measure="cost", limit=limit, **more)


def offer(used: int = 0, cost: int | None = None, *, known: bool = True, provider: str = "p") -> list[Offer]:
    return [Offer(provider, "m", used, cost, known)]


def admitted(found: Admission | Refusal) -> Admission:
    assert isinstance(found, Admission)
    return found


def refused(found: Admission | Refusal) -> Refusal:
    assert isinstance(found, Refusal)
    return found


def used(ledger: Ledger, quota: Definition, key: str = "alice") -> tuple[int, int]:
    (reading,) = ledger.readings([quota], key)
    return reading.used, reading.held


async def test_q01_and_162_of_200_parallel_requests_exactly_the_remaining_ones_pass(ledger):
    quota, most, under = calls(17), 0, 0

    async def request() -> bool:
        nonlocal most, under
        found = ledger.admit([quota], "alice", "fast", P)
        if isinstance(found, Refusal):
            return False
        under += 1
        most = max(most, sum(used(ledger, quota)))
        await asyncio.sleep(0)
        ledger.settle(found, [Charge("p", "m", 5)])
        return True

    assert sum(await asyncio.gather(*(request() for _ in range(200)))) == 17 == most
    assert used(ledger, quota) == (17, 0)


@pytest.mark.parametrize("measure", ["tokens", "cost"])
async def test_q02_200_parallel_requests_never_overshoot_when_the_maximum_is_known(ledger, measure):
    quota = Definition(name="q", measure=measure, limit=1000)
    past: list[int] = []

    async def request(number: int) -> bool:
        bound = 40 + number % 30
        found = ledger.admit([quota], "alice", "fast", offer(bound, bound))
        if isinstance(found, Refusal):
            await asyncio.sleep(0)
            return False
        past.append(sum(used(ledger, quota)))
        await asyncio.sleep(0)
        ledger.settle(found, [Charge("p", "m", bound - number % 40, bound - number % 40)])
        past.append(sum(used(ledger, quota)))
        return True

    passed = sum(await asyncio.gather(*(request(number) for number in range(200))))
    assert max(past) <= 1000
    assert passed >= 1000 // 69
    assert ledger.tallies == {}


async def test_q02_without_a_maximum_one_request_at_most_goes_past(ledger):
    quota = tokens(1000)

    async def request() -> int:
        found = ledger.admit([quota], "alice", "fast", offer(400, known=False))
        if isinstance(found, Refusal):
            return 0
        await asyncio.sleep(0)
        ledger.settle(found, [Charge("p", "m", 450)])
        return 450

    spent = await asyncio.gather(*(request() for _ in range(200)))
    # 400 and 400 are held whole, the third gets what is left; each used a little more than was thought
    assert sum(spent) == 1350
    assert used(ledger, quota) == (1350, 0)
    assert ledger.tallies["tokens"].overshot == 350


def test_q03_an_estimate_is_held_as_far_as_there_is_room(ledger):
    quota = tokens(100)
    admitted(ledger.admit([quota], "alice", "fast", offer(4096, known=False)))
    assert used(ledger, quota) == (0, 100)
    assert refused(ledger.admit([quota], "alice", "fast", offer(4096, known=False))).needed == 1


def test_q04_what_was_really_used_is_booked_and_blocks_the_next(ledger):
    quota = tokens(100)
    one = admitted(ledger.admit([quota], "alice", "fast", offer(60)))
    ledger.settle(one, [Charge("p", "m", 130)])
    assert used(ledger, quota) == (130, 0)
    no = refused(ledger.admit([quota], "alice", "fast", offer(1)))
    assert (no.used, no.limit) == (130, 100)
    assert (ledger.tallies["tokens"].overshoots, ledger.tallies["tokens"].overshot) == (1, 30)


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_q05_a_request_is_charged_to_the_window_it_began_in(ledger, time, kind):
    quota = tokens(100, kind=kind)
    one = admitted(ledger.admit([quota], "alice", "fast", offer(80)))
    time.passes(40 * DAY)
    assert used(ledger, quota) == (0, 0)
    (booking,) = ledger.settle(one, [Charge("p", "m", 70)])
    assert booking.slot <= START < booking.at
    assert used(ledger, quota) == (0, 0)
    time.passes(-40 * DAY)
    assert used(ledger, quota) == (70, 0)


def test_a_clock_that_goes_forward_and_back_finds_its_usage(ledger, time):
    quota = tokens(100)
    ledger.settle(admitted(ledger.admit([quota], "alice", "fast", offer(90))), [Charge("p", "m", 90)])
    time.ms += 400 * DAY
    ledger.settle(admitted(ledger.admit([quota], "alice", "fast", offer(50))), [Charge("p", "m", 50)])
    time.ms -= 400 * DAY
    assert used(ledger, quota) == (90, 0)


def test_a_rolling_hold_stays_whole_until_the_end_and_drains_from_then_on(ledger, time):
    quota = tokens(100, kind="rolling", duration=1000)
    one = admitted(ledger.admit([quota], "alice", "fast", offer(100)))
    time.passes(5000)
    assert used(ledger, quota) == (0, 100)
    ledger.settle(one, [Charge("p", "m", 100)])
    time.passes(250)
    assert used(ledger, quota) == (75, 0)


CHANGES = {
    "lower": [tokens(10)],
    "higher": [tokens(1000)],
    "counting something else": [Definition(name="tokens", measure="requests", limit=5)],
    "of another window": [tokens(100, kind="monthly")],
    "removed": [],
    "renamed": [Definition(name="other", measure="tokens", limit=100)],
    "broken": [Definition(name="tokens", broken="cannot be read")],
}


@pytest.mark.parametrize("kind", ["daily", "rolling"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("ending", ["settled", "released", "lapsed"])
def test_q06_a_quota_that_changes_under_way_leaves_no_hold_and_nothing_negative(ledger, time, kind, change, ending):
    quota = tokens(100, kind=kind, duration=1000)
    one = admitted(ledger.admit([quota], "alice", "fast", offer(60)))
    ledger.configure(CHANGES[change])
    for later in CHANGES[change]:
        ledger.admit([later], "alice", "fast", offer(3))
    if ending == "lapsed":
        time.passes(3 * 3600 * 1000)
        ledger.readings([], "alice")
    elif ending == "released":
        ledger.release(one)
    else:
        ledger.settle(one, [Charge("p", "m", 50)])
    before = used(ledger, quota)
    assert before == ((50, 0) if ending == "settled" else (0, 0)) or change in {"lower", "higher"}
    assert before[0] >= 0
    assert ledger.settle(one, [Charge("p", "m", 7)]) == [] or ending == "lapsed"
    assert all(row.used >= 0 for row in ledger.export())


def test_165_another_limit_keeps_what_was_used(ledger):
    ledger.settle(admitted(ledger.admit([tokens(100)], "alice", "fast", offer(90))), [Charge("p", "m", 90)])
    assert isinstance(ledger.admit([tokens(100)], "alice", "fast", offer(20)), Refusal)
    assert used(ledger, tokens(200)) == (90, 0)
    assert isinstance(ledger.admit([tokens(200)], "alice", "fast", offer(20)), Admission)


def test_q07_all_quotas_are_reserved_or_none(ledger):
    narrow, wide = calls(1), tokens(1000)
    admitted(ledger.admit([narrow, wide], "alice", "fast", offer(100)))
    before = used(ledger, wide)
    for order in itertools.permutations([narrow, wide]):
        no = refused(ledger.admit(order, "alice", "fast", offer(100)))
        assert no.blocking == ("calls",)
    assert used(ledger, wide) == before


def test_q07_a_shared_quota_is_one_counter_and_others_are_each_keys_own(ledger):
    shared, own = calls(2, shared=True), tokens(100)
    for key in ("alice", "bob"):
        admitted(ledger.admit([shared, own], key, "fast", offer(60)))
    assert isinstance(ledger.admit([shared, own], "carol", "fast", offer(60)), Refusal)
    assert used(ledger, shared, "carol") == (0, 2)
    assert used(ledger, own, "carol") == (0, 0)
    assert used(ledger, own, "alice") == (0, 60)


def test_an_exhausted_scoped_quota_takes_targets_out_instead_of_refusing(ledger):
    quota = calls(1, scope=Scope(allowed_providers=frozenset({"p"})))
    both = [Offer("p", "m"), Offer("q", "m")]
    first = admitted(ledger.admit([quota], "alice", "fast", both))
    assert first.allowed == (0, 1)
    ledger.settle(first, [Charge("p", "m")])
    second = admitted(ledger.admit([quota], "alice", "fast", both))
    assert second.allowed == (1,)
    assert second.removed == ((0, "calls"),)
    assert isinstance(ledger.admit([quota], "alice", "fast", both[:1]), Refusal)


def test_a_target_too_dear_for_what_is_left_is_out_and_a_cheap_one_stays(ledger):
    found = admitted(
        ledger.admit([money(100)], "alice", "fast", [Offer("dear", "m", 1, 101), Offer("cheap", "m", 1, 5)])
    )
    assert found.allowed == (1,)
    assert used(ledger, money(100)) == (0, 5)


def test_what_another_target_used_is_not_booked_on_a_scoped_quota(ledger):
    quota = tokens(100, scope=Scope(allowed_providers=frozenset({"p"})))
    one = admitted(ledger.admit([quota], "alice", "fast", [Offer("p", "m", 10), Offer("q", "m", 10)]))
    assert used(ledger, quota) == (0, 10)
    assert ledger.settle(one, [Charge("q", "m", 10)]) == []
    assert used(ledger, quota) == (0, 0)


def test_q10_only_billed_attempts_are_charged_and_the_request_counts_once(ledger):
    one = admitted(ledger.admit([calls(9), tokens(900)], "alice", "fast", [Offer("p", "m", 50), Offer("q", "m", 50)]))
    ledger.settle(one, [Charge("p", "m", 7), Charge("q", "m", 30)])
    assert used(ledger, calls(9)) == (1, 0)
    assert used(ledger, tokens(900)) == (37, 0)
    nobody = admitted(ledger.admit([calls(9), tokens(900)], "alice", "fast", offer(50)))
    assert ledger.settle(nobody, []) == []
    assert used(ledger, calls(9)) == (1, 0)


def test_q14_an_unknown_cost_is_not_zero_it_is_counted_as_unknown(ledger):
    one = admitted(ledger.admit([money(100)], "alice", "fast", offer(5, None)))
    assert ledger.settle(one, [Charge("p", "m", 5, None)]) == []
    assert ledger.tallies["money"].unpriced == 1


def test_absurd_charges_take_nothing_back(ledger):
    one = admitted(ledger.admit([tokens(100), money(100)], "alice", "fast", offer(5, 5)))
    ledger.settle(one, [Charge("p", "m", -1000, -1000), Charge("p", "m", 3, 2)])
    assert used(ledger, tokens(100)) == (3, 0)
    assert used(ledger, money(100)) == (2, 0)


@pytest.mark.parametrize("endings", sorted(set(itertools.permutations(["settle", "release", "settle"]))))
def test_q16_only_the_first_ending_counts(ledger, endings):
    one = admitted(ledger.admit([calls(5), tokens(100)], "alice", "fast", offer(40)))
    bookings = []
    for ending in endings:
        if ending == "settle":
            bookings += ledger.settle(one, [Charge("p", "m", 30)])
        else:
            ledger.release(one)
    first = endings[0] == "settle"
    assert len(bookings) == (2 if first else 0)
    assert used(ledger, tokens(100)) == (30 if first else 0, 0)


async def test_c35_holds_of_cancelled_requests_do_not_pile_up(ledger):
    quota = calls(1)

    async def request() -> None:
        found = admitted(ledger.admit([quota], "alice", "fast", P))
        try:
            await asyncio.Event().wait()
        finally:
            ledger.release(found)

    for _ in range(100):
        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        assert used(ledger, quota) == (0, 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert used(ledger, quota) == (0, 0)


def test_a_hold_nobody_ends_lapses_and_settling_still_books(ledger, time):
    quota = tokens(100)
    one = admitted(ledger.admit([quota], "alice", "fast", offer(100)))
    time.passes(2 * 3600 * 1000 - 1)
    assert isinstance(ledger.admit([quota], "alice", "fast", offer(1)), Refusal)
    time.passes(1)
    admitted(ledger.admit([quota], "alice", "fast", offer(1)))
    ledger.settle(one, [Charge("p", "m", 90)])
    assert used(ledger, quota)[0] == 90


def test_a_wall_clock_that_jumps_ends_no_lease(ledger, time):
    quota = calls(1)
    admitted(ledger.admit([quota], "alice", "fast", P))
    time.ms += 12 * 3600 * 1000 - 1  # a jump within the day: time of leases is another clock's
    assert isinstance(ledger.admit([quota], "alice", "fast", P), Refusal)


def test_a_renewed_lease_goes_on(ledger, time):
    quota = calls(1)
    one = admitted(ledger.admit([quota], "alice", "fast", P))
    other = admitted(ledger.admit([tokens(9)], "alice", "fast", offer(9)))
    time.passes(3600 * 1000)
    ledger.renew(one)
    time.passes(3600 * 1000)
    assert used(ledger, quota) == (0, 1)
    assert used(ledger, tokens(9)) == (0, 0)
    ledger.release(other)


def test_the_reset_of_a_calendar_window_is_told_and_waited_for(ledger, time):
    time.passes(3 * 3600 * 1000 + 500)
    ledger.settle(admitted(ledger.admit([calls(1)], "alice", "fast", P)), [Charge("p", "m")])
    no = refused(ledger.admit([calls(1)], "alice", "fast", P))
    assert no.resets_at == START + DAY
    assert no.retry_after == 21 * 3600  # half a second is rounded up


def test_a_client_comes_back_as_soon_as_enough_has_drained(ledger, time):
    quota = tokens(100, kind="rolling", duration=100_000)
    ledger.settle(admitted(ledger.admit([quota], "alice", "fast", offer(100))), [Charge("p", "m", 100)])
    no = refused(ledger.admit([quota], "alice", "fast", offer(30)))
    assert no.retry_after == 30
    time.passes(29_999)
    assert isinstance(ledger.admit([quota], "alice", "fast", offer(30)), Refusal)
    time.passes(1)
    assert isinstance(ledger.admit([quota], "alice", "fast", offer(30)), Admission)


def test_who_waits_for_requests_under_way_is_not_sent_away_for_a_month(ledger):
    quota = calls(1, kind="monthly")
    admitted(ledger.admit([quota], "alice", "fast", P))
    assert refused(ledger.admit([quota], "alice", "fast", P)).retry_after == 1


def test_a_request_larger_than_its_quota_is_told_so_and_not_to_come_back(ledger):
    no = refused(ledger.admit([tokens(100)], "alice", "fast", offer(101)))
    assert no.too_large
    assert no.retry_after is None


def test_the_refusal_tells_of_the_way_out_that_opens_first(ledger):
    slow = Definition(name="slow", kind="monthly", limit=1, scope=Scope(allowed_providers=frozenset({"p"})))
    also = Definition(name="also", kind="daily", limit=1, scope=Scope(allowed_providers=frozenset({"p"})))
    quick = Definition(name="quick", kind="daily", limit=1, scope=Scope(allowed_providers=frozenset({"q"})))
    both = [Offer("p", "m"), Offer("q", "m")]
    one = admitted(ledger.admit([also, quick, slow], "alice", "fast", both))
    ledger.settle(one, [Charge("p", "m"), Charge("q", "m")])
    no = refused(ledger.admit([also, quick, slow], "alice", "fast", both))
    assert no.quota == "quick"
    assert set(no.blocking) == {"also", "quick", "slow"}
    assert refused(ledger.admit([also, quick, slow], "alice", "fast", both[:1])).quota == "slow"


def test_a_request_without_a_target_is_not_admitted(ledger):
    with pytest.raises(ValueError, match="without a target"):
        ledger.admit([calls(1)], "alice", "fast", [])


def test_a_request_a_crash_interrupted_is_booked_without_an_admission(ledger):
    spent = Spent("alice", "fast", START - DAY, START, (Charge("p", "m", 12),))
    (booking,) = ledger.charge([tokens(100), Definition(name="bad", broken="cannot be read")], spent)
    assert (booking.slot, booking.units) == (START - DAY, 12)


def test_a_new_quota_can_learn_the_past_from_usage_rows(time):
    rows = [Spent("alice", "fast", START + hour, START + hour, (Charge("p", "m", 10),)) for hour in range(5)]
    ledger = Ledger(time.clock)
    ledger.load(rows_of(tokens(100), rows, through=7))
    assert used(ledger, tokens(100)) == (50, 0)


def test_changes_are_the_counters_booked_since(ledger):
    def request(key: str) -> None:
        ledger.settle(admitted(ledger.admit([tokens(100)], key, "fast", offer(1))), [Charge("p", "m", 1)])

    request("alice")
    since = max(row.through for row in ledger.export())
    assert ledger.export(since) == []
    request("bob")
    assert [row.owner for row in ledger.export(since)] == ["bob"]
    assert len(ledger.export()) == 2


def test_counters_of_windows_gone_by_are_forgotten_once_the_journal_is_done_with_them(ledger, time):
    (booking,) = ledger.settle(admitted(ledger.admit([tokens(100)], "alice", "fast", offer(1))), [Charge("p", "m", 1)])
    assert ledger.prune(booking.number) == []
    time.passes(DAY)
    assert ledger.prune(booking.number - 1) == []
    assert [identity.quota for identity in ledger.prune(booking.number)] == ["tokens"]
    assert ledger.export() == []


def test_a_bucket_that_drained_faster_later_is_not_brought_back_by_a_replay(ledger, time):
    def quota(limit: int) -> Definition:
        return tokens(limit, kind="rolling", duration=100_000)

    journal = ledger.settle(admitted(ledger.admit([quota(10)], "alice", "fast", offer(10))), [Charge("p", "m", 10)])
    ledger.configure([quota(1000)])
    time.passes(5000)
    assert used(ledger, quota(1000)) == (0, 0)
    assert ledger.prune(0) == []
    again = Ledger(time.clock)
    again.load(ledger.export())
    assert again.replay(journal) == 0
    assert used(again, quota(1000)) == (0, 0)
