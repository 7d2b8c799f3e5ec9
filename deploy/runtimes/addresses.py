"""Where servers listen beyond their host: such an address may come late, and others reach it."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from deploy.facts.machine import Machine
from deploy.runtimes.server import ServerSpec, in_url
from deploy.settings import Stack

Address = IPv4Address | IPv6Address


def late(addresses: Iterable[Address]) -> frozenset[str]:
    """The families, as the kernel names them, of those that a host may not have yet as it boots."""
    some = (a for a in addresses if not (a.is_loopback or a.is_unspecified))
    return frozenset(f"ipv{address.version}" for address in some)


def listening(stack: Stack, specs: Iterable[ServerSpec]) -> list[Address]:
    """All that the servers and the web process of a host listen on."""
    web = [stack.web.bind] if stack.web.enabled else []
    return [*(address for spec in specs for address in spec.stack.redis.bind), *web]


def past_the_firewall(stack: Stack, machine: Machine) -> Iterator[str]:
    """What ufw does not see of the ports that Docker publishes."""
    if not machine.ufw:
        return
    published = [("redis.bind", address, stack.redis.port) for address in stack.redis.bind]
    published += [("web.bind", stack.web.bind, stack.web.port)] if stack.web.enabled else []
    for setting, address, port in published:
        if not address.is_loopback:
            yield (
                f"{setting}: ufw is on here (facts.machine.ufw), and yet everybody gets to "
                f"{in_url(str(address))}:{port}, for Docker's rules come first; filter in the "
                "chain DOCKER-USER, or use 'native'"
            )
