"""A plan: groups in order, who is left out and why, who goes first and why (rows U30, U35; statements 153-155)."""

from decimal import Decimal

import pytest
from tests.unit.routing.kit import NOW, dice, names, target

from plexus.routing.candidate import Candidate
from plexus.routing.cooldown import Cooldowns, Pass, Policy
from plexus.routing.exploration import Exploration
from plexus.routing.facts import Facts
from plexus.routing.measurements import Measurements, Sample
from plexus.routing.plan import Circumstances, Plan, undisputed
from plexus.routing.routes import Alias, Group, Routes
from plexus.routing.selectors import cost, in_order, latency
from plexus.routing.slots import SlotLimits, Slots

A, B, C, D = (target(name) for name in "abcd")
TWO = Alias("two", (Group("first", in_order.SELECTOR, (A, B)), Group("second", in_order.SELECTOR, (C, D))))
ROUTES = Routes([TWO], {})


def decide(routes: Routes = ROUTES, name: str = "two", **given) -> Plan:
    return routes.decide(name, Circumstances(dice=given.pop("dice", dice(0.99)), now=NOW, **given))


def cooled(*models: str, policy: Policy | None = None, **said: float) -> Cooldowns:
    """Cooldowns in which these models have failed; `said` gives how long their provider asked for."""
    cooldowns = Cooldowns(policy or Policy(jitter=0.0))
    for model in (*models, *said):
        cooldowns.failed(Pass("p", model, NOW), NOW, dice(0.0), said=said.get(model))
    return cooldowns


def left_out(plan: Plan) -> dict[str, str]:
    return {excluded.candidate.model: excluded.reason for excluded in plan.excluded}


def test_groups_are_exhausted_in_order():
    assert names(decide().candidates) == "abcd"


def test_153_a_cooling_target_is_left_out_and_the_reason_is_told():
    plan = decide(cooldowns=cooled("a"))
    assert names(plan.candidates) == "bcd"
    (excluded,) = plan.excluded
    assert (excluded.candidate, excluded.group, excluded.reason) == (A, "two/first", "cooling")
    assert excluded.sentence(NOW) == "the target cools down for another 120 s, after 1 failure"


def test_a_target_on_trial_is_left_out_for_everybody_else():
    cooldowns = cooled(a=0.0)
    assert names(decide(cooldowns=cooldowns).candidates) == "abcd"
    assert cooldowns.enter("p", "a", NOW) is not None
    assert names(decide(cooldowns=cooldowns).candidates) == "bcd"


def test_a_route_with_one_target_has_the_same_plan_each_time_unless_something_stands_in_its_way():
    routes = Routes([Alias("one", (Group("only", latency.SELECTOR, (A,)),)), TWO], {})
    route, free = routes.route("one"), Slots()
    found = undisputed(route, cooled(), free, NOW)
    assert found == decide(routes, "one")
    assert found is undisputed(route, cooled("b"), free, NOW)
    assert undisputed(route, cooled("a"), free, NOW) is None
    full = Slots(SlotLimits({"p": 1}))
    full.try_acquire("p", "b")
    assert undisputed(route, cooled(), full, NOW) is None
    assert undisputed(routes.route("two"), cooled(), free, NOW) is None


def test_planning_takes_neither_slot_nor_trial():
    cooldowns, slots = cooled(a=0.0), Slots(SlotLimits({"p": 1}))
    for _ in range(3):
        assert names(decide(cooldowns=cooldowns, slots=slots).candidates) == "abcd"


def test_a_target_without_a_free_slot_is_left_out_and_may_be_waited_for():
    slots = Slots(SlotLimits(models={("p", "b"): 1, ("p", "c"): 1}))
    slots.try_acquire("p", "b")
    plan = decide(slots=slots)
    assert names(plan.candidates) == "acd"
    assert plan.busy == (B,)
    assert plan.retry_after(NOW) is None


def test_what_the_key_may_not_use_is_left_out_with_its_words():
    plan = decide(refusal=lambda c: "not for this key" if c.model in "ad" else "")
    assert names(plan.candidates) == "bc"
    assert [excluded.sentence(NOW) for excluded in plan.excluded] == ["not for this key"] * 2


def test_u30_when_all_cool_down_there_is_nothing_and_the_first_end_is_told():
    plan = decide(cooldowns=cooled("a", "b", c=30.0, d=900.0))
    assert plan.candidates == ()
    assert plan.retry_after(NOW) == 30
    assert plan.retry_after(NOW + 100) == 0


def test_u30_by_option_the_one_nearest_to_its_end_is_tried():
    cooldowns = cooled("a", "b", c=30.0, d=900.0)
    plan = decide(cooldowns=cooldowns, nearest=True)
    assert names(plan.candidates) == names(plan.forced) == "c"
    assert left_out(plan) == dict.fromkeys("abd", "cooling")
    assert [row.why for row in plan.ranked()] == ["forced"]
    assert cooldowns.enter("p", "c", NOW) is None
    assert cooldowns.enter("p", "c", NOW, forced=True) is not None


def test_u30_the_option_tries_nobody_else_when_somebody_is_left():
    assert names(decide(cooldowns=cooled("a"), nearest=True).candidates) == "bcd"


def test_nothing_is_forced_on_who_may_not_use_it():
    plan = decide(refusal=lambda _c: "no", cooldowns=cooled("a"), nearest=True)
    assert plan.candidates == ()


def flapping(*models: str) -> Cooldowns:
    cooldowns = Cooldowns(Policy(jitter=0.0))
    for turn in range(40):
        for model in models:
            attempt = Pass("p", model, NOW - 1)
            if turn % 2:
                cooldowns.failed(attempt, NOW, dice(0.0))
            else:
                cooldowns.succeeded(attempt, NOW)
    return cooldowns


def test_u35_only_a_share_of_a_group_is_kept_away_for_flapping_and_the_rest_comes_last():
    plan = decide(cooldowns=flapping("a", "b"))
    assert len(plan.forced) == 1
    assert names(plan.candidates) == "cd" + names(plan.forced)
    assert names(decide(cooldowns=flapping("a")).candidates) == "bcd"
    assert names(decide(cooldowns=flapping("a", "b"), ejected_share=1.0).candidates) == "cd"
    assert names(decide(cooldowns=flapping("a", "b"), ejected_share=0.0).forced) == "ab"


def test_u35_targets_that_only_fail_stay_away_whatever_the_share():
    assert names(decide(cooldowns=cooled("a", "b"), ejected_share=0.0).candidates) == "cd"


def test_154_a_session_goes_to_its_target_first_and_yields_when_that_may_not_be_used():
    plan = decide(sticky=("p", "d"))
    assert names(plan.candidates) == "dabc"
    assert plan.ranked()[0].why == "sticky"
    for given in ({"cooldowns": cooled("d")}, {"refusal": lambda c: "no" if c.model == "d" else ""}):
        yielded = decide(sticky=("p", "d"), **given)
        assert names(yielded.candidates) == "abc"
        assert not yielded.sticky
    assert not decide(sticky=("q", "elsewhere")).sticky


def preferring(*groups: Group) -> Routes:
    return Routes([Alias("two", groups, prefer_protocol=True)], {})


def test_api_match_uses_those_that_speak_the_protocol_and_all_when_none_does():
    routes = preferring(
        Group("x", in_order.SELECTOR, (A, B)),
        Group("y", in_order.SELECTOR, (C,)),
        Group("z", in_order.SELECTOR, (A, D)),
    )
    plan = decide(routes, speaks=lambda c: c.model in "bd")
    assert names(plan.candidates) == "bcd"
    assert left_out(plan) == {"a": "other_protocol"}
    assert "speaks the client's protocol" in plan.excluded[0].sentence(NOW)
    assert names(decide(routes, speaks=lambda _c: False).candidates) == "abcd"


def test_api_match_does_not_lose_a_target_that_a_later_group_needs():
    routes = preferring(Group("x", in_order.SELECTOR, (A, B)), Group("y", in_order.SELECTOR, (A,)))
    assert names(decide(routes, speaks=lambda c: c.model == "b").candidates) == "ba"


def test_api_match_falls_back_when_those_that_speak_it_cool_down():
    routes = preferring(Group("x", in_order.SELECTOR, (A, B)))
    assert names(decide(routes, speaks=lambda c: c.model == "b", cooldowns=cooled("b")).candidates) == "a"


def test_an_alias_in_a_group_comes_after_the_groups_own_targets_with_its_own_selector():
    inner = Alias("inner", (Group("g", cost.SELECTOR, (B, A)),))
    outer = Alias("outer", (Group("g", in_order.SELECTOR, ("inner", C)), Group("h", in_order.SELECTOR, (D, A))))
    prices = {"a": Decimal(1), "b": Decimal(2)}
    plan = decide(
        Routes([inner, outer], {}), "outer", weigh=Facts(Measurements(), NOW, lambda _p, model: prices.get(model))
    )
    assert names(plan.candidates) == "cabd"
    assert [row.group for row in plan.ranked()] == ["outer/g", "inner/g", "inner/g", "outer/h"]


def test_an_alias_within_itself_adds_nothing():
    first = Alias("first", (Group("g", in_order.SELECTOR, (A, "second")),))
    second = Alias("second", (Group("g", in_order.SELECTOR, ("first", B)),))
    assert names(decide(Routes([first, second], {}), "first").candidates) == "ab"
    assert names(decide(Routes([first, second], {}), "second").candidates) == "ba"


def test_a_target_is_in_the_plan_at_most_once():
    twice = Routes(
        [Alias("two", (Group("x", in_order.SELECTOR, (A, B, A)), Group("y", in_order.SELECTOR, (B, C))))], {}
    )
    assert names(decide(twice).candidates) == "abc"
    plan = decide(twice, cooldowns=cooled("b"))
    assert names(plan.candidates) == "ac"
    assert len(plan.excluded) == 1


MEASURED = Measurements()
MEASURED.took("p", "a", NOW, Sample(ttft=2.0))
MEASURED.took("p", "b", NOW, Sample(ttft=1.0))
BY_LATENCY = Routes([Alias("two", (Group("g", latency.SELECTOR, (A, B, C)),))], {})


def test_an_unmeasured_target_is_explored_never_fastest():
    facts = Facts(MEASURED, NOW)
    usual = decide(BY_LATENCY, weigh=facts, exploration=Exploration(rate=0.05))
    assert names(usual.candidates) == "bac"
    assert [row.score for row in usual.ranked()] == [1.0, 2.0, None]
    lucky = decide(BY_LATENCY, weigh=facts, exploration=Exploration(rate=0.05), dice=dice(0.01))
    assert names(lucky.candidates) == "cba"
    assert [row.why for row in lucky.ranked()] == ["explored", "selector", "selector"]
    in_background = Exploration(rate=0.05, background=True)
    assert names(decide(BY_LATENCY, weigh=facts, exploration=in_background, dice=dice(0.01)).candidates) == "bac"


def test_only_selectors_that_go_by_measurements_explore():
    assert (
        names(decide(weigh=Facts(MEASURED, NOW), exploration=Exploration(rate=1.0), dice=dice(0.0)).candidates)
        == "abcd"
    )


def test_explaining_shows_all_facts_and_decides_the_same():
    facts = Facts(MEASURED, NOW, lambda _p, _m: Decimal(1), lambda _p, _m: 0.5)
    shown, real = decide(weigh=facts, everything=True), decide(weigh=facts)
    assert names(shown.candidates) == names(real.candidates)
    assert shown.candidates[0] == Candidate(
        "p", "a", cost=Decimal(1), ttft=2.0, recent=0.0, error_rate=0.0, headroom=0.5, age=0.0, samples=1
    )


@pytest.mark.parametrize(("name", "sticky"), [("two", True), ("loose", False), ("direct/p/a", False)])
def test_whether_sessions_stick_is_the_aliases_choice(name, sticky):
    loose = Alias("loose", TWO.groups, sticky=False)
    assert Routes([TWO, loose], {"p": ["a"]}).sticky(name) is sticky
