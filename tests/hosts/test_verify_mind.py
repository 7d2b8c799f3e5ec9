"""The service attends a thought, end to end: from a window to what is recalled."""

import uuid
from collections.abc import Iterator

import pytest
from redis import Redis

from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from tests.servers import wait_until

from .site import Site

ONCE_ATTENDED_S = 60
"""A thought is attended at once and becomes memory 5 s later; a busy host takes its time."""


@pytest.fixture
def mind(site: Site) -> Iterator[str]:
    """A mind of our own, forgotten afterwards: the host's other minds see nothing of it."""
    name = f"verification-{uuid.uuid4().hex[:8]}"
    yield name
    for pattern in (f"thought:{{{name}}}:*", f"memory:{{{name}}}:*"):
        _forget(site, pattern)


def _forget(site: Site, pattern: str) -> None:
    if isinstance(site.runtime, Native | Docker):
        cli = site.runtime.cli
        for key in site.sh(cli("--scan", "--pattern", pattern)).splitlines():
            site.sh(cli("unlink", key))
        return
    with Redis.from_url(site.thoughtstream("status")["redis"]["url"]) as redis:
        for key in redis.scan_iter(pattern):
            redis.unlink(key)


def test_a_thought_is_attended_and_recalled(site: Site, mind: str) -> None:
    thought = "the verification looks at a blue kettle"
    site.thoughtstream("think", thought, "--salience", "0.9", "--mind", mind)

    def remembered() -> bool:
        found = site.thoughtstream("recall", "kettle", "--mind", mind)["memories"]
        return [memory["content"] for memory in found] == [thought]

    wait_until(remembered, "the thought is recalled", most_s=ONCE_ATTENDED_S, step_s=0.5)
    audit = site.thoughtstream("audit", "--mind", mind)
    assert audit["balanced"]
    assert (audit["adopted"], audit["attended"], audit["anchored"]) == (1, 1, 1)


def test_doctor_finds_nothing_wrong(site: Site) -> None:
    findings = site.thoughtstream("doctor")["findings"]

    assert [finding for finding in findings if finding["state"] == "bad"] == []
