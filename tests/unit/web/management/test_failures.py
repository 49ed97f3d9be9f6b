"""S07: guessing is slowed for each address by itself, and remembering addresses is bounded."""

from plexus.web.management.failures import Failures


def test_s07_ten_failures_in_a_minute_are_let_through_and_the_next_one_waits():
    failures = Failures()
    for _ in range(10):
        assert failures.wait("192.0.2.1", 100.0) == 0
        failures.failed("192.0.2.1", 100.0)
    assert 0 < failures.wait("192.0.2.1", 100.0) <= 6


def test_s07_over_an_hour_no_more_than_ten_a_minute_get_through():
    failures, tried = Failures(), 0
    for tenth in range(36_000):
        now = tenth / 10
        if not failures.wait("192.0.2.1", now):
            failures.failed("192.0.2.1", now)
            tried += 1
    assert 590 <= tried <= 610


def test_s07_waiting_as_long_as_told_is_enough():
    failures = Failures()
    for _ in range(10):
        failures.failed("192.0.2.1", 0.0)
    seconds = failures.wait("192.0.2.1", 0.0)
    assert failures.wait("192.0.2.1", seconds + 0.001) == 0


def test_s07_another_address_is_not_held_up():
    failures = Failures()
    for _ in range(100):
        failures.failed("192.0.2.1", 0.0)
    assert failures.wait("192.0.2.1", 0.0) > 0
    assert failures.wait("192.0.2.2", 0.0) == 0


def test_c36_the_addresses_of_one_customer_count_as_one():
    failures = Failures()
    for number in range(10):
        failures.failed(f"2001:db8:1:2::{number:x}", 0.0)
    assert failures.wait("2001:db8:1:2:ffff::1%eth0", 0.0) > 0
    assert failures.wait("2001:db8:1:3::1", 0.0) == 0
    for _ in range(10):
        failures.failed("::ffff:192.0.2.9", 0.0)
    assert failures.wait("192.0.2.9", 0.0) > 0


def test_s07_memory_is_bounded_however_many_addresses_fail():
    failures = Failures(size=100)
    for number in range(10_000):
        failures.failed(f"10.0.{number // 256}.{number % 256}", float(number))
    assert len(failures) == 100
    failures.failed("garbage" * 1000, 0.0)
    assert max(len(name) for name in failures._counts) <= 64
