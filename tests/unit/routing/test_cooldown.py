"""The life of a cooldown, on a clock that is moved by hand (rows U26, U30, U31, U33, U34, U35; statements 150-153)."""

import json

import pytest
from msgspec.structs import replace
from tests.unit.routing.kit import NOW, dice

from plexus.routing.cooldown import Cooldowns, Pass, Policy

P = ("p", "vendor/m:free")
EXACT = Policy(jitter=0.0)
ZERO = dice(0.0)


def fail(cooldowns: Cooldowns, now: float, key: tuple[str, str] = P, **how) -> float:
    """One forced attempt that fails at once; returns how long the target then rests."""
    attempt = cooldowns.enter(key[0], key[1], now, forced=True)
    assert attempt is not None
    set_ = cooldowns.failed(attempt, now, ZERO, **how)
    assert set_ is not None
    return set_.until - now


def test_each_failure_doubles_the_rest_up_to_the_maximum():
    cooldowns, now = Cooldowns(EXACT), NOW
    rests = []
    for _ in range(10):
        rests.append(fail(cooldowns, now))
        now += rests[-1]
    assert [rest / 60 for rest in rests] == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_initial_and_maximum_are_the_operators():
    cooldowns = Cooldowns(Policy(initial=1.0, max=3.0, jitter=0.0))
    assert [fail(cooldowns, NOW + second * 10) for second in range(3)] == [1, 2, 3]


def test_expiry_keeps_the_count_and_success_clears_it():
    cooldowns = Cooldowns(EXACT)
    assert fail(cooldowns, NOW) == 120
    assert fail(cooldowns, NOW + 5000) == 240
    attempt = cooldowns.enter(*P, NOW + 9000)
    assert attempt is not None
    assert cooldowns.succeeded(attempt, NOW + 9001) == [P]
    assert fail(cooldowns, NOW + 9100) == 120


def test_a_trial_has_the_target_for_its_lease_and_no_longer_whatever_others_come_to():
    cooldowns = Cooldowns(replace(EXACT, lease=90.0))
    first, second, third = (cooldowns.enter(*P, NOW) for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    cooldowns.failed(first, NOW, ZERO, said=0.0)
    assert cooldowns.enter(*P, NOW) is not None  # the trial, of which nothing more is heard
    cooldowns.failed(second, NOW, ZERO)
    cooldowns.succeeded(third, NOW)
    cooldowns.failed(third, NOW + 60, ZERO, said=0.0)
    resting = cooldowns.cooling(*P, NOW + 60)
    assert resting is not None
    assert resting.until == NOW + 90
    assert cooldowns.cooling(*P, NOW + 90) is None


def test_one_failed_attempt_counts_once():
    cooldowns = Cooldowns(EXACT)
    attempt = Pass(*P, NOW)
    first = cooldowns.failed(attempt, NOW, ZERO)
    assert first is not None
    assert cooldowns.failed(attempt, NOW + 1, ZERO, said=9999.0) is None
    assert cooldowns.cooling(*P, NOW) == first
    assert first.count == 1


@pytest.mark.parametrize(("said", "rest"), [(7.0, 7), (0.0, 0), (-5.0, 0), (86_400.0, 86_400), (1e12, 7 * 86_400)])
def test_what_the_provider_said_is_kept_as_said_within_a_week(said, rest):
    cooldowns = Cooldowns(EXACT)
    assert fail(cooldowns, NOW, said=said) == rest
    assert cooldowns.cooling(*P, NOW) is None or cooldowns.cooling(*P, NOW).said  # type: ignore[union-attr]


def test_u31_a_failure_while_cooling_never_shortens_the_rest():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW, said=1000.0)
    assert fail(cooldowns, NOW + 10, said=5.0) == 990
    assert fail(cooldowns, NOW + 20) == 980


def test_failures_of_one_outage_do_not_add_up():
    """Fifty requests that were under way when the provider went down are one failure, not fifty."""
    cooldowns = Cooldowns(EXACT)
    under_way = [cooldowns.enter(*P, NOW + second / 100) for second in range(50)]
    for second, attempt in enumerate(under_way):
        assert attempt is not None
        cooldowns.failed(attempt, NOW + 1 + second / 100, ZERO)
    cooling = cooldowns.cooling(*P, NOW + 2)
    assert cooling is not None
    assert cooling.count == 1
    assert cooling.until == pytest.approx(NOW + 1.49 + 120)


def test_u33_a_late_success_of_an_older_request_does_not_end_a_newer_cooldown():
    cooldowns = Cooldowns(EXACT)
    slow, quick = cooldowns.enter(*P, NOW), cooldowns.enter(*P, NOW + 1)
    assert slow is not None
    assert quick is not None
    cooldowns.failed(quick, NOW + 2, ZERO)
    assert cooldowns.succeeded(slow, NOW + 3) == []
    assert cooldowns.cooling(*P, NOW + 4) is not None


def test_u34_exactly_one_request_tries_at_expiry():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW)
    then = NOW + 121
    passes = [cooldowns.enter(*P, then) for _ in range(100)]
    (trial,) = [attempt for attempt in passes if attempt is not None]
    seen = cooldowns.cooling(*P, then)
    assert seen is not None
    assert seen.trial
    assert "being tried" in seen.sentence(then)
    cooldowns.succeeded(trial, then + 1)
    assert all(cooldowns.enter(*P, then + 1) for _ in range(3))


def test_u34_a_trial_that_told_nothing_leaves_room_for_the_next():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW)
    trial = cooldowns.enter(*P, NOW + 121)
    assert trial is not None
    cooldowns.left(trial)
    assert cooldowns.enter(*P, NOW + 121) is not None
    assert cooldowns.enter(*P, NOW + 121) is None


def test_u34_a_lost_trial_runs_out_and_its_late_end_does_not_end_the_next_one():
    cooldowns = Cooldowns(Policy(jitter=0.0, lease=30.0))
    fail(cooldowns, NOW)
    lost = cooldowns.enter(*P, NOW + 121)
    assert lost is not None
    assert cooldowns.enter(*P, NOW + 150) is None
    assert cooldowns.enter(*P, NOW + 152) is not None
    cooldowns.left(lost)
    assert cooldowns.enter(*P, NOW + 153) is None


def test_u34_a_failure_from_before_does_not_hand_out_a_second_trial():
    cooldowns = Cooldowns(EXACT)
    stale = cooldowns.enter(*P, NOW - 1)
    assert stale is not None
    fail(cooldowns, NOW)
    assert cooldowns.enter(*P, NOW + 121) is not None
    cooldowns.failed(stale, NOW + 122, ZERO, said=0.0)
    assert cooldowns.enter(*P, NOW + 123) is None


def test_u34_the_trial_is_put_off_by_the_dice_and_never_brought_forward():
    cooldowns = Cooldowns(Policy(jitter=0.1))
    attempt = Pass(*P, NOW)
    cooldowns.failed(attempt, NOW, dice(0.5), said=100.0)
    assert cooldowns.enter(*P, NOW + 104.9) is None
    assert cooldowns.enter(*P, NOW + 105) is not None


def test_u26_a_credential_rests_with_all_models_and_a_model_alone():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW, ("p", "a"))
    assert cooldowns.cooling("p", "b", NOW) is None
    fail(cooldowns, NOW, ("p", "b"), wide=True)
    for model in ("a", "b", "never-seen"):
        cooling = cooldowns.cooling("p", model, NOW)
        assert cooling is not None
        assert cooldowns.enter("p", model, NOW) is None
    assert cooldowns.cooling("q", "a", NOW) is None


def test_a_credential_is_tried_by_one_request_whatever_its_model_and_its_success_frees_all():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW, ("p", "b"), wide=True)
    trial = cooldowns.enter("p", "a", NOW + 121)
    assert trial is not None
    assert cooldowns.enter("p", "b", NOW + 121) is None
    assert cooldowns.succeeded(trial, NOW + 122) == [("p", "")]
    assert cooldowns.enter("p", "b", NOW + 122) is not None


def test_the_longer_of_credential_and_target_is_told():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW, P, said=500.0)
    fail(cooldowns, NOW, P, wide=True, said=50.0)
    cooling = cooldowns.cooling(*P, NOW)
    assert cooling is not None
    assert (cooling.model, cooling.until) == (P[1], NOW + 500)


def test_an_exempt_provider_never_rests_even_if_it_did_before():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW)
    cooldowns.policy = Policy(exempt=frozenset({"p"}))
    assert cooldowns.cooling(*P, NOW) is None
    attempt = cooldowns.enter(*P, NOW)
    assert attempt is not None
    assert cooldowns.failed(attempt, NOW, ZERO) is None


def test_clearing_is_exact():
    cooldowns = Cooldowns(EXACT)
    keys = [("p", "gpt-4o"), ("p", "gpt-4o-mini"), ("p", "a/b:c"), ("p:a", "b"), ("p", "")]
    for provider, model in keys:
        fail(cooldowns, NOW, (provider, model or "x"), wide=not model)
    assert cooldowns.clear("p", "gpt-4o") == [("p", "gpt-4o")]
    assert cooldowns.clear("p", "a/b:c") == [("p", "a/b:c")]
    assert cooldowns.clear("p", "") == [("p", "")]
    assert {(c.provider, c.model) for c in cooldowns.listing(NOW)} == {("p", "gpt-4o-mini"), ("p:a", "b")}
    assert cooldowns.clear("p") == [("p", "gpt-4o-mini")]
    assert cooldowns.clear() == [("p:a", "b")]
    assert cooldowns.listing(NOW) == []


def test_clearing_forgets_the_count():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW)
    fail(cooldowns, NOW + 200)
    cooldowns.clear(*P)
    assert fail(cooldowns, NOW + 400) == 120


def test_the_list_is_by_the_nearest_end():
    cooldowns = Cooldowns(EXACT)
    for model, said in (("a", 50.0), ("b", 10.0), ("c", 30.0)):
        fail(cooldowns, NOW, ("p", model), said=said)
    assert [cooling.model for cooling in cooldowns.listing(NOW)] == ["b", "c", "a"]
    assert [cooling.model for cooling in cooldowns.listing(NOW + 31)] == ["a"]
    assert cooldowns.listing(NOW)[0].sentence(NOW) == "the target cools down for another 10 s, as the provider asked"


def test_151_cooldowns_and_counts_survive_a_restart_as_json():
    before = Cooldowns(EXACT)
    fail(before, NOW, ("p", "a"))
    fail(before, NOW + 200, ("p", "a"))
    fail(before, NOW + 200, P, wide=True, said=1000.0)
    after = Cooldowns(EXACT)
    after.load(json.loads(json.dumps(before.export())), NOW + 300)
    assert after.listing(NOW + 300) == before.listing(NOW + 300)
    assert fail(after, NOW + 2000, ("p", "a")) == 480


def test_151_what_is_loaded_is_bounded_and_never_shortens_what_is_known():
    cooldowns = Cooldowns(EXACT)
    fail(cooldowns, NOW, said=100.0)
    (row,) = cooldowns.export()
    cooldowns.load([{**row, "until": NOW + 5, "opens": NOW + 5, "count": 3}], NOW)
    assert [cooling.until - NOW for cooling in cooldowns.listing(NOW)] == [100]
    assert cooldowns.listing(NOW)[0].count == 3
    cooldowns.load([{**row, "until": 1e18, "opens": 1e18}], NOW)
    assert [cooling.until - NOW for cooling in cooldowns.listing(NOW)] == [7 * 86_400 + EXACT.max_jitter]


@pytest.mark.parametrize(
    "row",
    [None, 3, {}, {"provider": 1}, {"provider": "p", "model": "m", "count": "x"}, {"provider": "p", "model": "m"}],
)
def test_rows_that_cannot_be_read_are_skipped(row):
    cooldowns = Cooldowns()
    cooldowns.load([row], NOW)
    assert cooldowns.export() == []


def test_152_how_many_failures_it_takes_is_the_operators():
    cooldowns = Cooldowns(Policy(threshold=3, jitter=0.0))
    ends = []
    for second in range(3):
        attempt = cooldowns.enter(*P, NOW + second)
        assert attempt is not None
        ends.append(cooldowns.failed(attempt, NOW + second, ZERO))
    assert [end is not None for end in ends] == [False, False, True]
    assert ends[2] is not None
    assert ends[2].until == NOW + 2 + 120


def flapping(policy: Policy, rounds: int) -> tuple[Cooldowns, float]:
    """A target whose attempts fail and succeed in turn, with forced attempts, until it has failed `rounds` times."""
    cooldowns, now = Cooldowns(policy), NOW
    for _ in range(rounds):
        for good in (True, False):
            now += 1
            attempt = cooldowns.enter(*P, now, forced=True)
            assert attempt is not None
            if good:
                cooldowns.succeeded(attempt, now)
            else:
                cooldowns.failed(attempt, now, ZERO)
    return cooldowns, now


def test_u35_a_flapping_target_rests_although_it_never_fails_often_in_a_row():
    patient = Policy(threshold=5, jitter=0.0)
    few, now = flapping(patient, 4)
    assert few.cooling(*P, now) is None
    many, now = flapping(patient, 12)
    cooling = many.cooling(*P, now)
    assert cooling is not None
    assert cooling.by_rate


def test_u35_a_success_of_a_flapping_target_does_not_reset_its_count():
    cooldowns, now = flapping(EXACT, 12)
    cooling = cooldowns.cooling(*P, now)
    assert cooling is not None
    assert cooling.count > 1


def test_a_target_that_only_fails_is_not_flapping():
    cooldowns = Cooldowns(EXACT)
    for second in range(30):
        fail(cooldowns, NOW + second)
    cooling = cooldowns.cooling(*P, NOW + 30)
    assert cooling is not None
    assert not cooling.by_rate


def test_memory_is_bounded():
    cooldowns = Cooldowns(Policy(size=10))
    for number in range(50):
        fail(cooldowns, NOW, ("p", str(number)))
    assert [row["model"] for row in cooldowns.export()] == [str(number) for number in range(40, 50)]
