"""No connection goes where it must not, however the address is spelled (S34, S35)."""

import socket

import pytest
from aiohttp.abc import AbstractResolver

from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.guard import GuardedResolver, refusal

METADATA = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "fd00:ec2::254",
    "100.100.100.200",
]
PRIVATE = [
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "::ffff:10.0.0.1",
    "100.64.0.1",
]


@pytest.mark.parametrize("address", METADATA)
def test_metadata_addresses_are_always_refused(address):
    assert refusal(address, private=True)
    assert refusal(address, private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_when_closed(address):
    assert refusal(address, private=True) is None
    assert refusal(address, private=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111"])
def test_public_addresses_may_be_dialled(address):
    assert refusal(address, private=False) is None


class Answers(AbstractResolver):
    def __init__(self, *addresses):
        self.addresses = addresses

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            for address in self.addresses
        ]

    async def close(self):
        pass


async def test_only_the_allowed_addresses_of_a_name_are_handed_on():
    resolver = GuardedResolver(private=False, resolver=Answers("10.0.0.1", "1.1.1.1"))
    assert [entry["host"] for entry in await resolver.resolve("mixed.test", 443)] == ["1.1.1.1"]


async def test_a_name_with_no_allowed_address_is_refused():
    resolver = GuardedResolver(private=True, resolver=Answers("169.254.169.254"))
    with pytest.raises(UpstreamFailed, match="metadata"):
        await resolver.resolve("innocent.test", 80)
