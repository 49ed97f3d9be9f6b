"""The client's address cannot be forged past the trusted proxies (catalogue 190, row C36)."""

from ipaddress import ip_network

import pytest

from plexus.web.address import client_address

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("203.0.113.9", [b"1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", [b"1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", [b"6.6.6.6, 1.2.3.4, 10.0.0.7"], "1.2.3.4"),
        ("10.0.0.1", [b"6.6.6.6", b"1.2.3.4"], "1.2.3.4"),
        ("10.0.0.1", [b"1.2.3.4:5678"], "1.2.3.4"),
        ("::1", [b"[2001:db8::7]:443"], "2001:db8::7"),
        ("::1", [b"fe80::1%eth0"], "fe80::1"),
        ("10.0.0.1", [b"1.2.3.4, garbage"], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [b",".join([b"10.0.0.1"] * 5000)], "10.0.0.1"),
        ("garbage", [b"1.2.3.4"], "garbage"),
    ],
)
def test_190_forwarded_addresses_count_only_behind_trusted_proxies(peer, forwarded, seen):
    assert client_address(peer, forwarded, TRUSTED) == seen


def test_without_trusted_proxies_only_the_peer_counts():
    assert client_address("10.0.0.1", [b"1.2.3.4"], []) == "10.0.0.1"
