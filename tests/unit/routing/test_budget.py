"""Retries stay within their budget, and what was worth it does not count (row U36)."""

from plexus.routing.budget import RetryBudget


def test_u36_when_everything_fails_attempts_are_at_most_a_fifth_more_and_three():
    budget = RetryBudget()
    for _ in range(500):
        budget.request(0.0)
    granted = 0
    for _ in range(500):
        granted += budget.retry(0.5) is not None
    assert 500 + granted == 1.2 * 500 + 3


def test_a_single_request_may_try_three_more_times():
    budget = RetryBudget()
    budget.request(0.0)
    assert [budget.retry(0.0) is not None for _ in range(5)] == [True, True, True, False, False]


def test_one_dead_target_among_healthy_ones_never_uses_it_up():
    budget = RetryBudget()
    for second in range(100):
        budget.request(second)
        retry = budget.retry(second)
        assert retry is not None
        budget.give_back(retry, second + 0.5)
        budget.give_back(retry, second + 0.5)
        assert budget.retries == 0


def test_what_happened_before_the_window_is_forgotten():
    budget = RetryBudget(window=10)
    budget.request(0.0)
    old = [budget.retry(0.0) for _ in range(3)]
    assert budget.retry(9.9) is None
    assert budget.retry(10.0) is not None
    assert old[0] is not None
    budget.give_back(old[0], 10.0)
    assert (budget.requests, budget.retries) == (0, 1)


def test_a_clock_that_goes_back_changes_nothing():
    budget = RetryBudget()
    budget.request(50.0)
    budget.request(3.0)
    assert (budget.requests, budget.retries) == (2, 0)
